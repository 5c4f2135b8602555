"""How the agents of one type are made, and how their actors work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final, cast

import attrs

from .._concurrency import interruptible
from .._contextvars import AgentInstantiationContext
from ..abc import Agent, AgentRuntime, OnFailure
from ..identity import AgentId
from ._settings import Settings, checked_capacity, checked_number, checked_seconds
from ._supervision import checked_policy

Factory = Callable[[], Any]
"""Makes an agent; may be async."""

_AGENT_METHODS: Final = ("on_message", "bind_id_and_runtime")


@attrs.frozen
class Registration:
    """How agents of one type are made, and how their actors work."""

    name: str
    factory: Factory | None
    """None for a type whose agents are registered as instances."""
    expected_class: type[Agent] | None
    max_concurrency: float
    inbox_capacity: int
    reentrant: bool
    passivate_after: float | None = None
    """After how many idle seconds its agents leave by themselves."""
    on_failure: OnFailure = "resume"
    """What happens to its agents when they fail."""

    async def build(self, runtime: AgentRuntime, id: AgentId) -> Agent:
        """Make the agent for an id.

        Raises:
            RuntimeError: If this type has no factory and ``id`` no instance.
            ValueError: If the factory made an agent of another class.
            Exception: What the factory raised.
        """
        if self.factory is None:
            message = (
                f"agent {id} was never registered: type {self.name!r} has no factory, "
                "only the instances given to register_agent_instance()"
            )
            raise RuntimeError(message)
        with AgentInstantiationContext.populate_context((runtime, id)):
            agent = await _call(self.factory)
        expected = self.expected_class
        if expected is not None and not isinstance(agent, expected):
            message = (
                f"Factory registered using the wrong type: expected "
                f"{expected.__name__}, got {type(agent).__name__}"
            )
            raise ValueError(message)
        # not isinstance(agent, Agent): that would ask for the id, which it has not yet
        if not all(hasattr(type(agent), name) for name in _AGENT_METHODS):
            message = (
                f"the factory of agent type {self.name!r} returned {agent!r}, which "
                "is not an agent; return an instance of BaseAgent or RoutedAgent"
            )
            raise TypeError(message)
        agent = cast("Agent", agent)
        await agent.bind_id_and_runtime(id=id, runtime=runtime)
        return agent


def register_type(
    settings: Settings,
    name: str,
    factory: Factory | None,
    expected_class: type[Agent] | None,
    *,
    max_concurrency: float | None,
    inbox_capacity: int | None,
    reentrant: bool,
    passivate_after: float | None = None,
    on_failure: OnFailure,
) -> Registration:
    """Return a registration in which the runtime's settings fill the gaps.

    Raises:
        ValueError: If the name, a number or the policy is not allowed.
        TypeError: If the policy is none, or the factory cannot be called.
    """
    AgentId(name, "default")  # checks the name
    _check_factory(name, factory)
    if max_concurrency is None:
        max_concurrency = settings.max_concurrency
    if inbox_capacity is None:
        inbox_capacity = settings.inbox_capacity
    if passivate_after is not None:
        checked_seconds("passivate_after", passivate_after)
    return Registration(
        name,
        factory,
        expected_class,
        checked_number("max_concurrency", max_concurrency),
        checked_capacity(inbox_capacity),
        reentrant,
        passivate_after,
        checked_policy(on_failure, is_instance=factory is None),
    )


def _check_factory(name: str, factory: object) -> None:
    if factory is not None and not callable(factory):
        message = (
            f"the factory of agent type {name!r} is {factory!r}, which cannot be called; "
            "write a function that makes one agent for each id: lambda: MyAgent(...)"
        )
        raise TypeError(message)


@interruptible
async def _call(factory: Factory) -> object:
    made = factory()
    return await made if isawaitable(made) else made


def make_interruptible(agent_class: type[Agent]) -> None:
    """Let Ctrl-C reach handlers although the frames beneath them are protected."""
    method: Callable[..., Awaitable[object]] = agent_class.on_message
    if hasattr(method, "__code__"):
        interruptible(method)
