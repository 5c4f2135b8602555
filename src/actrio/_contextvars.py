"""Which agent am I: what is known without being passed.

The runtime sets one context variable per message, `CURRENT`; the public classes below
read it, or the variable of their own that the user (or a test) populates. They are
namespaces and have no instances.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn, Protocol

from .abc import AgentRuntime
from .identity import AgentId, AgentType

__all__ = [
    "CURRENT",
    "POPULATED",
    "AgentInstantiationContext",
    "Handling",
    "MessageHandlerContext",
    "SubscriptionInstantiationContext",
    "mark_unhandled",
]


class Handling(Protocol):
    """One run of a handler, as far as it is known to the task it runs in."""

    agent_id: AgentId
    """The agent whose handler runs."""
    live: bool
    """False once the handler has returned; tasks that it started may still see it."""
    unhandled: bool
    """Set to True by an agent that has no handler for the message."""


CURRENT: ContextVar[Handling | None] = ContextVar("actrio.CURRENT", default=None)
"""The handler that runs in this task; the runtime sets it for each message."""

POPULATED: ContextVar[AgentId | None] = ContextVar("actrio.POPULATED", default=None)
"""What `MessageHandlerContext.populate_context` was given; wins over `CURRENT`."""


def mark_unhandled(agent_id: AgentId | None) -> None:
    """Have the runtime count the message that this agent handles now as dead."""
    handling = CURRENT.get()
    if handling is not None and handling.agent_id == agent_id:
        handling.unhandled = True


_INSTANTIATING: ContextVar[tuple[AgentRuntime, AgentId] | None] = ContextVar(
    "actrio.INSTANTIATING", default=None
)
_SUBSCRIBING: ContextVar[AgentType | None] = ContextVar(
    "actrio.SUBSCRIBING", default=None
)


class _Namespace:
    """A class that is never instantiated."""

    def __init__(self) -> None:
        name = type(self).__name__
        message = f"{name} cannot be instantiated; call its class methods instead"
        raise RuntimeError(message)


class MessageHandlerContext(_Namespace):
    """Tells code inside a message handler whose handler it is."""

    @classmethod
    def agent_id(cls) -> AgentId:
        """Return the id of the agent that handles the current message.

        Tasks started inside a handler see the same id, also after it has returned.

        Raises:
            RuntimeError: Outside a message handler.
        """
        agent_id = POPULATED.get()
        if agent_id is not None:
            return agent_id
        handling = CURRENT.get()
        if handling is None:
            _outside("MessageHandlerContext.agent_id()", "a message handler")
        return handling.agent_id

    @classmethod
    @contextmanager
    def populate_context(cls, ctx: AgentId) -> Generator[None]:
        """Let `agent_id` return ``ctx`` inside the block; for runtimes and tests."""
        token = POPULATED.set(ctx)
        try:
            yield
        finally:
            POPULATED.reset(token)


class AgentInstantiationContext(_Namespace):
    """Tells a factory, and the constructors that it calls, which agent is being made.

    ::

        def factory() -> Worker:
            return Worker(store[AgentInstantiationContext.current_agent_id().key])
    """

    @classmethod
    def current_runtime(cls) -> AgentRuntime:
        """Return the runtime that the agent will belong to.

        Raises:
            RuntimeError: Outside a factory that a runtime has called.
        """
        current = _INSTANTIATING.get()
        if current is None:
            _outside("AgentInstantiationContext.current_runtime()", _A_FACTORY)
        return current[0]

    @classmethod
    def current_agent_id(cls) -> AgentId:
        """Return the id that the agent will have.

        Raises:
            RuntimeError: Outside a factory that a runtime has called.
        """
        current = _INSTANTIATING.get()
        if current is None:
            _outside("AgentInstantiationContext.current_agent_id()", _A_FACTORY)
        return current[1]

    @classmethod
    def is_in_factory_call(cls) -> bool:
        """Say whether a factory is being called in this task."""
        return _INSTANTIATING.get() is not None

    @classmethod
    @contextmanager
    def populate_context(cls, ctx: tuple[AgentRuntime, AgentId]) -> Generator[None]:
        """Make agents created inside the block this runtime's, under this id."""
        token = _INSTANTIATING.set(ctx)
        try:
            yield
        finally:
            _INSTANTIATING.reset(token)


class SubscriptionInstantiationContext(_Namespace):
    """Tells code that makes an agent class's subscriptions for which type they are."""

    @classmethod
    def agent_type(cls) -> AgentType:
        """Return the agent type that is being registered.

        Raises:
            RuntimeError: Outside the registration of an agent class.
        """
        agent_type = _SUBSCRIBING.get()
        if agent_type is None:
            _outside(
                "SubscriptionInstantiationContext.agent_type()",
                "the subscriptions of a class that register() is registering",
            )
        return agent_type

    @classmethod
    @contextmanager
    def populate_context(cls, ctx: AgentType) -> Generator[None]:
        """Let `agent_type` return ``ctx`` inside the block."""
        token = _SUBSCRIBING.set(ctx)
        try:
            yield
        finally:
            _SUBSCRIBING.reset(token)


_A_FACTORY = (
    "a factory that the runtime calls; register the factory and let the runtime make "
    "the agent, or wrap the call in AgentInstantiationContext.populate_context()"
)


def _outside(call: str, place: str) -> NoReturn:
    message = f"{call} must be called inside {place}"
    raise RuntimeError(message)
