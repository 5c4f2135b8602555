"""The runtime that programs written for AutoGen expect.

Two habits of autogen_core's runtime are no guarantee of anybody's, and AgentChat is
built on both. An agent handles all its messages at once: pausing a team sends a request
to agents that are at work. And what is published arrives, whatever becomes of the token
that travels with it: a team counts the answers that it has asked for, and one that was
cancelled goes on counting in its next run.
"""

import math
from collections.abc import Callable
from typing import Any

from .._concurrency import uninterruptible
from ..abc import InterventionHandler, StateStore
from ..identity import AgentId, TopicId
from ..messages import CancellationToken, MessageContext
from ..runtime import DeadLetter, SingleThreadedAgentRuntime as _Runtime
from ..runtime._sending import check_sendable, publish

__all__ = ["SingleThreadedAgentRuntime"]


class SingleThreadedAgentRuntime(_Runtime):
    """`actrio.SingleThreadedAgentRuntime`, as AgentChat needs it.

    An agent handles all its messages at once, and a token withdraws no message that was
    published with it; its handlers get the token and may heed it. A request that waits
    is withdrawn by its token here too, and its handler cancelled.

    Args:
        intervention_handlers: See `actrio.SingleThreadedAgentRuntime`, as for all others.
        tracer_provider: Where spans go.
        ignore_unhandled_exceptions: Whether a failing event handler is only logged.
        max_concurrency: How many messages one agent handles at once.
        inbox_capacity: How many messages may queue for one agent.
        grace: Seconds that handlers may still run when the runtime stops.
        strict_delivery: Whether a request that nobody takes raises.
        on_dead_letter: Called with each dead letter.
        warn_busy_after: Seconds after which a busy agent is logged.
        meter_provider: Where metrics go.
        state_store: Where states lie.
        max_live_agents: How many agents may live.
    """

    def __init__(
        self,
        *,
        intervention_handlers: list[InterventionHandler] | None = None,
        tracer_provider: object | None = None,
        ignore_unhandled_exceptions: bool = True,
        max_concurrency: float = math.inf,
        inbox_capacity: int = 1024,
        grace: float = 5.0,
        strict_delivery: bool = False,
        on_dead_letter: Callable[[DeadLetter], object] | None = None,
        warn_busy_after: float = 30.0,
        meter_provider: object | None = None,
        state_store: StateStore | None = None,
        max_live_agents: float = math.inf,
    ) -> None:
        super().__init__(
            intervention_handlers=intervention_handlers,
            tracer_provider=tracer_provider,
            ignore_unhandled_exceptions=ignore_unhandled_exceptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            grace=grace,
            strict_delivery=strict_delivery,
            on_dead_letter=on_dead_letter,
            warn_busy_after=warn_busy_after,
            meter_provider=meter_provider,
            state_store=state_store,
            max_live_agents=max_live_agents,
        )

    @uninterruptible
    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> None:
        """Publish a message; its token is for the handlers, and withdraws nothing.

        The rest is as in `actrio.SingleThreadedAgentRuntime.publish_message`.
        """
        router = self._router
        check_sendable(router, topic_id)
        context = MessageContext(
            sender,
            topic_id,
            False,
            cancellation_token or CancellationToken(),
            message_id or router.next_message_id(),
        )
        await publish(router, message, context, None)
