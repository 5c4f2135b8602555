"""Agents made of one function."""

from functools import partial
from typing import Any, NoReturn

import pytest

from actrio import (
    AgentId,
    AgentType,
    ClosureAgent,
    ClosureContext,
    DefaultSubscription,
    MessageContext,
    Subscription,
    TypePrefixSubscription,
    TypeSubscription,
)
from actrio.exceptions import CantHandleException, HandlerSignatureError


async def shout(agent: ClosureContext, message: str, ctx: MessageContext) -> str:
    return f"{agent.id} {message.upper()} {ctx.message_id}"


async def test_a_registered_closure_handles_messages(runtime: Any, ask: Any) -> None:
    """It is given the agent, the message and its context."""
    found = await ClosureAgent.register_closure(
        runtime, "shouter", shout, description="shouts"
    )
    assert found == AgentType("shouter")
    agent = runtime.make("shouter/1")
    assert await ask(agent, "hello") == "shouter/1 HELLO 1"
    expected = {"type": "shouter", "key": "1", "description": "shouts"}
    assert agent.metadata == expected


async def test_registering_a_closure(runtime: Any) -> None:
    """Its subscriptions are made for the type, and go to the runtime at once."""

    async def later() -> list[Subscription]:
        return [DefaultSubscription("b")]

    await ClosureAgent.register_closure(
        runtime, "a", shout, subscriptions=lambda: [DefaultSubscription()]
    )
    await ClosureAgent.register_closure(
        runtime,
        "b",
        shout,
        subscriptions=later,
        skip_direct_message_subscription=True,
        inbox_capacity=3,
    )
    assert runtime.subscriptions == [
        TypeSubscription("default", "a"),
        TypePrefixSubscription("a:", "a"),
        TypeSubscription("b", "b"),
    ]
    assert runtime.options["expected_class"] is ClosureAgent
    assert runtime.options["inbox_capacity"] == 3


async def test_a_failing_registration_registers_nothing(runtime: Any) -> None:
    """Neither for its subscriptions nor for its signature is the type name taken."""

    def fail() -> NoReturn:
        raise KeyError("no configuration")

    async def alone(agent: ClosureContext) -> None: ...

    with pytest.raises(KeyError):
        await ClosureAgent.register_closure(runtime, "a", shout, subscriptions=fail)
    with pytest.raises(HandlerSignatureError):
        await ClosureAgent.register_closure(runtime, "a", alone)
    assert (runtime.factories, runtime.subscriptions) == ({}, [])


async def test_unknown_types(runtime: Any, ask: Any, handled_by: Any) -> None:
    """Each policy does what it says."""
    heard: list[object] = []

    async def listen(agent: ClosureContext, message: str | None) -> None:
        heard.append(message)

    agents: dict[Any, Any] = {}
    policies: list[Any] = ["warn", "error", "ignore"]
    for policy in policies:
        await ClosureAgent.register_closure(
            runtime,
            policy,
            listen,
            unknown_type_policy=policy,
        )
        agents[policy] = runtime.make(f"{policy}/1")
        await ask(agents[policy], None)
    heard.clear()
    with handled_by(AgentId("warn", "1")) as handling:
        with pytest.warns(UserWarning, match="takes str or None and was given a int"):
            assert await ask(agents["warn"], 5) is None
    assert handling.unhandled
    with pytest.raises(CantHandleException, match="closure agent error/1 takes str"):
        await ask(agents["error"], 5)
    with handled_by(AgentId("ignore", "1")) as handling:
        assert await ask(agents["ignore"], 5) is None
    assert handling.unhandled
    assert heard == []


async def test_any_takes_every_message(runtime: Any, ask: Any) -> None:
    """As its documentation promises in autogen_core."""
    heard: list[object] = []

    async def listen(agent: ClosureContext, message: Any, ctx: MessageContext) -> None:
        heard.append(message)

    await ClosureAgent.register_closure(runtime, "a", listen)
    await ask(runtime.make("a/1"), 5)
    await ask(runtime.make("a/1"), "text")
    assert heard == [5, "text"]


async def test_other_callables(runtime: Any, ask: Any) -> None:
    """A bound method, a partial function and an object will do as well."""

    class Shouter:
        async def shout(self, agent: ClosureContext, message: str) -> str:
            return message.upper()

        async def __call__(self, agent: ClosureContext, message: "str") -> str:
            return message.upper()

    async def repeat(times: int, agent: ClosureContext, message: "str") -> str:
        return message * times

    closures: list[tuple[str, Any, str]] = [
        ("a", Shouter().shout, "HO"),
        ("b", Shouter(), "HO"),
        ("c", partial(repeat, 2), "hoho"),
    ]
    for name, closure, expected in closures:
        await ClosureAgent.register_closure(runtime, name, closure)
        assert await ask(runtime.make(f"{name}/1"), "ho") == expected


async def test_a_closure_has_no_state(runtime: Any) -> None:
    """Saving and loading are quiet."""
    await ClosureAgent.register_closure(runtime, "a", shout)
    agent = runtime.make("a/1")
    assert await agent.save_state() == {}
    await agent.load_state({"a": 1})


def test_it_is_made_by_a_runtime_only() -> None:
    """The error says what to call instead."""
    with pytest.raises(RuntimeError, match=r"call ClosureAgent\.register_closure\(\)"):
        ClosureAgent("description", shout)


async def many(a: object, b: str, c: object, d: object) -> None: ...
async def untyped(agent: object, message): ...  # type: ignore[no-untyped-def] # noqa: ANN001
async def generic(agent: object, message: list[str]) -> None: ...


@pytest.mark.parametrize(
    ("closure", "complaint"),
    [
        (many, r"many has the parameters \(a, b, c, d\); a closure has two or three"),
        (untyped, "untyped has no annotation for 'message'"),
        (generic, r"list\[str\] is no class.*; annotate it with 'list'"),
    ],
)
async def test_signatures_that_are_refused(
    closure: Any, complaint: str, runtime: Any
) -> None:
    """At registration, with what would be right."""
    with pytest.raises(HandlerSignatureError, match=complaint):
        await ClosureAgent.register_closure(runtime, "a", closure)


async def test_row_10_a_closure_may_leave_the_context_out(
    runtime: Any, ask: Any
) -> None:
    """Two parameters are enough: the agent and the message."""

    async def handler(ctx: ClosureContext, message: str) -> str:
        await ctx.send_message("processed", AgentId("other", "1"))
        return "Done"

    await ClosureAgent.register_closure(runtime, "my_agent", handler)
    assert await ask(runtime.make("my_agent/1"), "work") == "Done"
    [(message, recipient, sender, _, _)] = runtime.calls
    assert (message, str(recipient), str(sender)) == (
        "processed",
        "other/1",
        "my_agent/1",
    )
