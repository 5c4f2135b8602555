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
    exceptions/        every error, in one tree
    _json.py           JSON that gives back what it was given
    _extras.py         what to install for a part that needs more
    abc/               the contracts: agents, states, and who watches messages
    _redis/            the only door to Redis
    _contextvars.py    "which agent am I"
    logging.py         the names of the loggers

Beside the road::

    function_call.py   a call that a model asks for
    components/        objects that are written down as data and made again from it
    cache.py           key-value stores, which are components
    images.py          images in messages
    mailboxes/         peers that write to each other, in memory and on Redis
    state/             where states lie while no agent holds them: memory, SQLite
    telemetry/         spans, metrics and event records of messages
    code_executor/     code that models write, and functions for it
    utils/             JSON and its schemas, as objects
    tools/             what models can call; tools of MCP servers
    models/            what is said to models, and the interface of their clients
    model_context/     conversations, and how much of one a model is given
    memory/            what agents remember beside a conversation
    tool_agent/        the agent that runs tools, and the loop with a model
    autogen/           AutoGen AgentChat on this runtime, with autogen_core or without
    distributed/       the same runtime over many processes
    portal.py          a runtime for programs and threads without an event loop
    testing/           tools for testing programs made of agents
    cli/               the `actrio` command

The names below are the public ones, together with those of `actrio.autogen`,
`actrio.code_executor`, `actrio.distributed`, `actrio.exceptions`, `actrio.logging`, `actrio.mailboxes`,
`actrio.memory`, `actrio.model_context`, `actrio.models`, `actrio.portal`,
`actrio.state`, `actrio.testing`, `actrio.tool_agent`, `actrio.tools`,
`actrio.tools.mcp` and `actrio.utils`. Those in `_LATE` need an extra, and are imported when they are first
asked for.
"""

from typing import TYPE_CHECKING

from ._contextvars import (
    AgentInstantiationContext,
    MessageHandlerContext,
    SubscriptionInstantiationContext,
)
from ._extras import late
from .abc import (
    Agent,
    AgentRuntime,
    InterventionHandler,
    RestartPolicy,
    Subscription,
)
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
from .function_call import FunctionCall
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
from .telemetry import find_watchers

# The runtime knows none of those who watch it; here everything is known.
SingleThreadedAgentRuntime.find_watchers = staticmethod(find_watchers)

if TYPE_CHECKING:
    from .cache import AsyncInMemoryStore, CacheStore, InMemoryStore
    from .components import (
        Component,
        ComponentBase,
        ComponentFromConfig,
        ComponentLoader,
        ComponentModel,
        ComponentSchemaType,
        ComponentToConfig,
        ComponentType,
        is_component_class,
        is_component_instance,
    )
    from .images import Image
    from .telemetry._genai import (
        trace_create_agent_span,
        trace_invoke_agent_span,
        trace_tool_span,
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
    "AsyncInMemoryStore",
    "BaseAgent",
    "CacheStore",
    "CancellationToken",
    "ClosureAgent",
    "ClosureContext",
    "Component",
    "ComponentBase",
    "ComponentFromConfig",
    "ComponentLoader",
    "ComponentModel",
    "ComponentSchemaType",
    "ComponentToConfig",
    "ComponentType",
    "DefaultInterventionHandler",
    "DefaultSubscription",
    "DefaultTopicId",
    "DropMessage",
    "FunctionCall",
    "Image",
    "InMemoryStore",
    "InterventionHandler",
    "MessageContext",
    "MessageHandlerContext",
    "MessageSerializer",
    "RestartPolicy",
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
    "is_component_class",
    "is_component_instance",
    "message_handler",
    "rpc",
    "trace_create_agent_span",
    "trace_invoke_agent_span",
    "trace_tool_span",
    "try_get_known_serializers_for_type",
    "type_subscription",
]

# The names that need an extra, and where they are. A star import asks for all of them.
_LATE = {
    "AsyncInMemoryStore": "cache",
    "CacheStore": "cache",
    "Component": "components",
    "ComponentBase": "components",
    "ComponentFromConfig": "components",
    "ComponentLoader": "components",
    "ComponentModel": "components",
    "ComponentSchemaType": "components",
    "ComponentToConfig": "components",
    "ComponentType": "components",
    "Image": "images",
    "InMemoryStore": "cache",
    "is_component_class": "components",
    "is_component_instance": "components",
    "trace_create_agent_span": "telemetry._genai",
    "trace_invoke_agent_span": "telemetry._genai",
    "trace_tool_span": "telemetry._genai",
}

# Type checkers must not see this, or every name would be one of actrio's for them.
if not TYPE_CHECKING:  # pragma: no branch
    __getattr__ = late(__name__, _LATE)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
