"""`ClosureAgent`: an agent made of one function."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol

from .._contextvars import AgentInstantiationContext, mark_unhandled
from ..abc import AgentRuntime, OnFailure, Subscription, UnboundSubscription
from ..exceptions import CantHandleException, HandlerSignatureError
from ..identity import AgentId, AgentType, TopicId
from ..messages import CancellationToken, MessageContext
from ._annotations import MISSING, evaluate, message_types, names_of, positional
from ._base import (
    BaseAgent,
    add_known_serializers,
    direct_message_subscription,
    make_subscriptions,
)

Closure = Callable[..., Awaitable[Any]]
"""``async (closure_context, message, message_context)``; the last may be left out."""

UnknownTypePolicy = Literal["error", "warn", "ignore"]


class ClosureContext(Protocol):
    """What a closure may do as an agent."""

    @property
    def id(self) -> AgentId:
        """The agent's address."""
        ...

    async def send_message(
        self,
        message: Any,
        recipient: AgentId,
        *,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send one message to one agent and wait for its response.

        See `AgentRuntime.send_message`.
        """
        ...

    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        cancellation_token: CancellationToken | None = None,
    ) -> None:
        """Publish one message; see `AgentRuntime.publish_message`."""
        ...


class ClosureAgent(BaseAgent, ClosureContext):
    """An agent whose only handler is a function; made by `register_closure`.

    Args:
        description: What the agent is for, in a sentence.
        closure: Handles the messages: an async function of a `ClosureContext`, the
            message and, if it wants it, the `MessageContext`. The annotation of the
            message says which classes it takes; ``Any`` takes all.
        unknown_type_policy: What to do with a message of another class: ``"warn"``
            drops it with a warning, ``"error"`` raises `CantHandleException`,
            ``"ignore"`` drops it silently.

    Raises:
        RuntimeError: Outside a factory that a runtime has called.
        HandlerSignatureError: If the closure has other parameters, or does not say
            which messages it takes.
    """

    def __init__(
        self,
        description: str,
        closure: Closure,
        *,
        unknown_type_policy: UnknownTypePolicy = "warn",
    ) -> None:
        if not AgentInstantiationContext.is_in_factory_call():
            message = (
                "ClosureAgent must be instantiated by a runtime; "
                "call ClosureAgent.register_closure() instead"
            )
            raise RuntimeError(message)
        super().__init__(description)
        self._closure = closure
        self._expected_types, self._takes_context = _signature(closure)
        self._unknown_type_policy = unknown_type_policy

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        """Call the closure, if it takes messages of this class."""
        expected = self._expected_types
        if type(message) not in expected and object not in expected:
            names = names_of(expected)
            text = (
                f"closure agent {self.id} takes {names} and was given a "
                f"{type(message).__name__}; set unknown_type_policy to 'error' to "
                "raise an exception, or 'ignore' to drop such messages silently"
            )
            if self._unknown_type_policy == "error":
                raise CantHandleException(text)
            mark_unhandled(self.id)
            if self._unknown_type_policy == "warn":
                warnings.warn(text, stacklevel=1)
            return None
        if self._takes_context:
            return await self._closure(self, message, ctx)
        return await self._closure(self, message)

    async def save_state(self) -> Mapping[str, Any]:
        """Return nothing: a closure keeps its state, if any, elsewhere."""
        return {}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Do nothing: see `save_state`."""

    @classmethod
    async def register_closure(
        cls,
        runtime: AgentRuntime,
        type: str,
        closure: Closure,
        *,
        unknown_type_policy: UnknownTypePolicy = "warn",
        skip_direct_message_subscription: bool = False,
        description: str = "",
        subscriptions: UnboundSubscription | None = None,
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        passivate_after: float | None = None,
        on_failure: OnFailure = "resume",
    ) -> AgentType:
        """Make a function the handler of an agent type.

        A way to get messages out of a runtime into the code around it::

            send, receive = trio.open_memory_channel[Done](100)

            async def collect(agent: ClosureContext, message: Done) -> None:
                await send.send(message)

            await ClosureAgent.register_closure(
                runtime, "collector", collect, subscriptions=lambda: [DefaultSubscription()]
            )

        Either everything is registered or, when this raises, nothing is.

        Args:
            runtime: The runtime.
            type: The name of the agent type; nobody else may have it.
            closure: See `ClosureAgent`.
            unknown_type_policy: See `ClosureAgent`.
            skip_direct_message_subscription: Leave out the topics ``"<type>:..."``.
            description: What the agent is for, in a sentence.
            subscriptions: Makes the subscriptions of the type; may be async.
            max_concurrency: See `AgentRuntime.register_factory`.
            inbox_capacity: See `AgentRuntime.register_factory`.
            reentrant: See `AgentRuntime.register_factory`.
            passivate_after: See `AgentRuntime.register_factory`.
            on_failure: See `AgentRuntime.register_factory`.

        Raises:
            ValueError: If the type is registered already or its name is not allowed,
                or a subscription equals one that exists.
            HandlerSignatureError: If the closure has other parameters, or does not say
                which messages it takes.
        """
        types, _ = _signature(closure)
        agent_type = AgentType(type)
        made: list[Subscription] = []
        if subscriptions is not None:
            made += await make_subscriptions(agent_type, [subscriptions])
        if not skip_direct_message_subscription:
            made.append(direct_message_subscription(agent_type))

        def factory() -> ClosureAgent:
            return cls(description, closure, unknown_type_policy=unknown_type_policy)

        add_known_serializers(runtime, types)  # first: messages may come at once
        return await runtime.register_factory(
            agent_type,
            factory,
            expected_class=cls,
            subscriptions=made,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            passivate_after=passivate_after,
            on_failure=on_failure,
        )


def _signature(closure: Closure) -> tuple[tuple[type, ...], bool]:
    """Return the classes of messages it takes, and whether it takes the context too."""
    parameters = positional(closure)
    described = f"closure {getattr(closure, '__qualname__', repr(closure))}"
    if len(parameters) not in (2, 3):
        names = ", ".join(parameter.name for parameter in parameters)
        text = (
            f"{described} has the parameters ({names}); a closure has two or three, as "
            "in (agent: ClosureContext, message: Task, ctx: MessageContext)"
        )
        raise HandlerSignatureError(text)
    annotation = parameters[1].annotation
    if annotation is MISSING:
        text = (
            f"{described} has no annotation for {parameters[1].name!r}; it says which "
            "messages are handled, so name their class, or Any"
        )
        raise HandlerSignatureError(text)
    try:
        types = message_types(evaluate(annotation, closure), described)
    except NameError as exc:
        text = (
            f"{described}: the annotation {annotation!r} cannot be evaluated: {exc}; "
            "define or import the name at module level and not for type checkers alone"
        )
        raise HandlerSignatureError(text) from exc
    return types, len(parameters) == 3
