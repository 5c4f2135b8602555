"""Actors on structured concurrency: the API of autogen_core, on trio and in asyncio.

The source, in layers; each imports only lower ones.

The road of a message, from top to bottom::

    identity.py        WHO              AgentType, AgentId, TopicId, AgentMetadata
    messages/          WHAT             envelopes, MessageContext, CancellationToken
    serialization/     AS BYTES         for messages that leave the process
    subscriptions.py   WHERE TO         from topics to agents; class decorators
    agents/            WHO HANDLES IT   agent classes; message_handler, event, rpc
    runtime/           HOW IT GETS THERE

What the road stands on::

    _concurrency/      the only door to an event loop: trio, or asyncio through anyio
    exceptions.py      every error, in one tree
    abc.py             the contracts between agents and their runtime
    _contextvars.py    "which agent am I"
    logging.py         the names of the loggers

Beside the road::

    testing/           tools for testing programs made of agents

The names below are the public ones, together with those of `actrio.exceptions`,
`actrio.logging` and `actrio.testing`.
"""

from ._contextvars import (
    AgentInstantiationContext,
    MessageHandlerContext,
    SubscriptionInstantiationContext,
)
from .abc import Agent, AgentRuntime, InterventionHandler, Subscription
from .agents import (
    AgentProxy,
    BaseAgent,
    ClosureAgent,
    ClosureContext,
    RoutedAgent,
    RpcCall,
    event,
    message_handler,
    rpc,
)
from .identity import AgentId, AgentMetadata, AgentType, TopicId
from .logging import EVENT_LOGGER_NAME, ROOT_LOGGER_NAME, TRACE_LOGGER_NAME
from .messages import CancellationToken, MessageContext
from .runtime import DefaultInterventionHandler, DropMessage, SingleThreadedAgentRuntime
from .serialization import (
    JSON_DATA_CONTENT_TYPE,
    PROTOBUF_DATA_CONTENT_TYPE,
    MessageSerializer,
    UnknownPayload,
    try_get_known_serializers_for_type,
)
from .subscriptions import (
    DefaultSubscription,
    DefaultTopicId,
    TypePrefixSubscription,
    TypeSubscription,
    default_subscription,
    type_subscription,
)

__all__ = [
    "EVENT_LOGGER_NAME",
    "JSON_DATA_CONTENT_TYPE",
    "PROTOBUF_DATA_CONTENT_TYPE",
    "ROOT_LOGGER_NAME",
    "TRACE_LOGGER_NAME",
    "Agent",
    "AgentId",
    "AgentInstantiationContext",
    "AgentMetadata",
    "AgentProxy",
    "AgentRuntime",
    "AgentType",
    "BaseAgent",
    "CancellationToken",
    "ClosureAgent",
    "ClosureContext",
    "DefaultInterventionHandler",
    "DefaultSubscription",
    "DefaultTopicId",
    "DropMessage",
    "InterventionHandler",
    "MessageContext",
    "MessageHandlerContext",
    "MessageSerializer",
    "RoutedAgent",
    "RpcCall",
    "SingleThreadedAgentRuntime",
    "Subscription",
    "SubscriptionInstantiationContext",
    "TopicId",
    "TypePrefixSubscription",
    "TypeSubscription",
    "UnknownPayload",
    "default_subscription",
    "event",
    "message_handler",
    "rpc",
    "try_get_known_serializers_for_type",
    "type_subscription",
]
