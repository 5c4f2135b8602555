"""A runtime that only remembers what it was asked to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import attrs
import pytest

from actrio import (
    Agent,
    AgentId,
    AgentInstantiationContext,
    AgentType,
    CancellationToken,
    MessageContext,
    Subscription,
    TopicId,
)
from actrio._contextvars import CURRENT


@attrs.define(eq=False)
class FakeRuntime:
    """Registers all or nothing, records messages and answers with `response`."""

    response: object = None
    calls: list[tuple[Any, ...]] = attrs.field(factory=list[tuple[Any, ...]])
    factories: dict[str, Callable[[], Any]] = attrs.field(
        factory=dict[str, Callable[[], Any]]
    )
    instances: dict[AgentId, Agent] = attrs.field(factory=dict[AgentId, Agent])
    subscriptions: list[Subscription] = attrs.field(factory=list[Subscription])
    options: dict[str, object] = attrs.field(factory=dict[str, object])

    async def send_message(
        self,
        message: object,
        recipient: AgentId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> object:
        self.calls.append((message, recipient, sender, cancellation_token, message_id))
        return self.response

    async def publish_message(
        self,
        message: object,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> None:
        self.calls.append((message, topic_id, sender, cancellation_token))

    def add_message_serializer(self, serializer: object, **options: object) -> None:
        """Nothing leaves this process."""

    async def register_factory(
        self,
        type: AgentType,
        agent_factory: Callable[[], Any],
        *,
        expected_class: object = None,
        subscriptions: Sequence[Subscription] = (),
        **options: object,
    ) -> AgentType:
        if type.type in self.factories:
            message = f"{type} already exists"
            raise ValueError(message)
        for subscription in subscriptions:
            if subscription in self.subscriptions:
                message = f"{subscription!r} already exists"
                raise ValueError(message)
        self.factories[type.type] = agent_factory
        self.subscriptions += subscriptions
        self.options = {"expected_class": expected_class, **options}
        return type

    async def register_agent_instance(
        self,
        agent_instance: Agent,
        agent_id: AgentId,
        *,
        subscriptions: Sequence[Subscription] = (),
        **options: object,
    ) -> AgentId:
        await agent_instance.bind_id_and_runtime(agent_id, self)  # type: ignore[arg-type]
        self.instances[agent_id] = agent_instance
        self.subscriptions += [s for s in subscriptions if s not in self.subscriptions]
        self.options = options
        return agent_id

    async def agent_metadata(self, agent: AgentId) -> str:
        return f"metadata of {agent}"

    async def agent_save_state(self, agent: AgentId) -> dict[str, object]:
        return {"state": str(agent)}

    async def agent_load_state(self, agent: AgentId, state: object) -> None:
        self.calls.append((agent, state))

    def make(self, id: str, factory: Callable[[], Any] | None = None) -> Any:
        """Make the agent with this id as a runtime does, by its registered factory."""
        agent_id = AgentId.from_str(id)
        factory = factory or self.factories[agent_id.type]
        context: Any = (self, agent_id)
        with AgentInstantiationContext.populate_context(context):
            return factory()


@attrs.define
class Handling:
    """One run of a handler, as a runtime remembers it."""

    agent_id: AgentId
    live: bool = True
    unhandled: bool = False


@pytest.fixture
def handled_by() -> Callable[[AgentId], AbstractContextManager[Handling]]:
    """Run a block as if inside the handler of an agent."""

    @contextmanager
    def handled_by(agent_id: AgentId) -> Iterator[Handling]:
        handling = Handling(agent_id)
        token = CURRENT.set(handling)
        try:
            yield handling
        finally:
            CURRENT.reset(token)

    return handled_by


@pytest.fixture
def runtime() -> Any:
    """A fake runtime; typed as anything, since it is a small part of one."""
    return FakeRuntime()


Tell = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask() -> Tell:
    """Hand an agent a request, as a runtime does."""

    async def ask(agent: Agent, message: object) -> object:
        return await agent.on_message(message, ctx=context(is_rpc=True))

    return ask


@pytest.fixture
def tell() -> Tell:
    """Hand an agent a published message, as a runtime does."""

    async def tell(agent: Agent, message: object) -> object:
        return await agent.on_message(message, ctx=context(is_rpc=False))

    return tell


def context(*, is_rpc: bool) -> MessageContext:
    topic = None if is_rpc else TopicId("default", "default")
    return MessageContext(None, topic, is_rpc, CancellationToken(), "1")
