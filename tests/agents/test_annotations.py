"""Handlers whose annotations are strings, as this future import makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from actrio import ClosureAgent, RoutedAgent, message_handler
from actrio.exceptions import HandlerSignatureError

if TYPE_CHECKING:
    from actrio.nowhere import Unknown  # type: ignore[import-not-found]

    from actrio import MessageContext


class Early(RoutedAgent):
    @message_handler
    async def on_late(self, message: Late, ctx: MessageContext) -> Late | None:
        return message


@dataclass
class Late:
    number: int


async def test_a_class_may_be_defined_after_the_agent(ask: Any) -> None:
    """Names are looked up when they are needed."""
    assert await ask(Early(), Late(1)) == Late(1)
    assert Early.on_late.target_types == [Late]  # type: ignore[attr-defined]
    assert Early.on_late.produces_types == [Late, type(None)]  # type: ignore[attr-defined]


async def test_a_class_may_be_local(ask: Any) -> None:
    """Names around the agent class count, in its own body too."""

    @dataclass
    class Local:
        number: int

    class Agent(RoutedAgent):
        @dataclass
        class Inner:
            number: int

        @message_handler
        async def on_local(self, message: Local, ctx: MessageContext) -> Local:
            return message

        @message_handler()
        async def on_inner(self, message: Inner, ctx: MessageContext) -> Inner:
            return message

    assert await ask(Agent(), Local(1)) == Local(1)
    assert await ask(Agent(), Agent.Inner(1)) == Agent.Inner(1)


async def test_a_name_that_does_not_exist_is_reported(runtime: Any) -> None:
    """At registration and at instantiation, with the name and a remedy."""

    class Agent(RoutedAgent):
        @message_handler
        async def on_it(self, message: Unknown, ctx: MessageContext) -> None: ...

    with pytest.raises(HandlerSignatureError, match="name 'Unknown' is not") as caught:
        await Agent.register(runtime, "agent", Agent)
    assert "Agent.on_it" in str(caught.value)
    assert "import the name at module level" in str(caught.value)
    assert runtime.factories == {}
    with pytest.raises(HandlerSignatureError, match="name 'Unknown' is not"):
        Agent()
    with pytest.raises(HandlerSignatureError, match="name 'Unknown' is not"):
        await Agent.on_it(object(), None, None)  # type: ignore[arg-type]


async def test_closures_too(runtime: Any, ask: Any) -> None:
    """Their annotations may be strings as well, and are reported as well."""

    async def take(agent: Unknown, message: Late) -> int:
        return message.number

    async def fail(agent: Unknown, message: Unknown) -> None: ...

    await ClosureAgent.register_closure(runtime, "taker", take)
    assert await ask(runtime.make("taker/1"), Late(3)) == 3
    with pytest.raises(HandlerSignatureError, match="'Unknown' cannot be evaluated"):
        await ClosureAgent.register_closure(runtime, "failing", fail)
