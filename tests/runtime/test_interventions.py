"""Interventions: a chain that runs in the message's own task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from actrio.exceptions import MessageDroppedException, RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import (
    DeadLetterReason,
    DefaultInterventionHandler,
    DropMessage,
    SingleThreadedAgentRuntime,
)

from .kit import (
    agent_of,
    asking,
    every_host,
    register,
    running,
    settled,
    start,
    subscribe,
    timed,
)

pytestmark = every_host
TOPIC = TopicId("t", "k")


class Wrap(DefaultInterventionHandler):
    """Notes each message and wraps it in its own name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.saw: list[object] = []

    async def on_send(
        self, message: Any, *, message_context: MessageContext, recipient: AgentId
    ) -> Any:
        self.saw.append(("send", message, message_context.sender, recipient))
        return f"{self.name}({message})"

    async def on_publish(self, message: Any, *, message_context: MessageContext) -> Any:
        self.saw.append(("publish", message, message_context.topic_id))
        return f"{self.name}({message})"

    async def on_response(
        self, message: Any, *, sender: AgentId, recipient: AgentId | None
    ) -> Any:
        self.saw.append(("response", message, sender, recipient))
        return f"{self.name}[{message}]"


class Doing(DefaultInterventionHandler):
    """Does the same thing to every message at one of the three places."""

    def __init__(self, where: str, what: Callable[[Any], Any]) -> None:
        self.where = where
        self.what = what

    async def on_send(self, message: Any, **details: Any) -> Any:
        return self.what(message) if self.where == "send" else message

    async def on_publish(self, message: Any, **details: Any) -> Any:
        return self.what(message) if self.where == "publish" else message

    async def on_response(self, message: Any, **details: Any) -> Any:
        return self.what(message) if self.where == "response" else message


def fail(message: object) -> object:
    raise ValueError(f"intervened on {message}")


def drop(message: object) -> object:
    raise DropMessage("not today")


async def test_each_handler_gets_what_the_one_before_returned() -> None:
    """In the order of the list, for requests, publishes and responses."""
    first, second = Wrap("1"), Wrap("2")
    async with running(intervention_handlers=[first, second]) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        sender = AgentId("s", "k")
        assert await runtime.send_message("x", a, sender=sender) == "2[1[2(1(x))]]"
        await runtime.publish_message("y", TOPIC)
        await settled()
        assert (await agent_of(runtime, a)).seen == ["2(1(x))", "2(1(y))"]
    assert second.saw == [
        ("send", "1(x)", sender, a),
        ("response", "1[2(1(x))]", a, sender),
        ("publish", "1(y)", TOPIC),
    ]


@pytest.mark.parametrize(
    "what",
    [lambda m: DropMessage, lambda m: DropMessage("not today"), drop],
    ids=["class", "instance", "raised"],
)
async def test_a_dropped_message(what: Callable[[Any], Any]) -> None:
    """A request's sender is told, a publish is gone; both are dead letters, neither hangs."""
    for where in ("send", "publish", "response"):
        runtime = SingleThreadedAgentRuntime(intervention_handlers=[Doing(where, what)])
        runtime.start()
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        if where == "publish":
            await runtime.publish_message("x", TOPIC)
        else:
            with pytest.raises(MessageDroppedException, match="dropped str") as caught:
                await runtime.send_message("x", a)
            assert caught.value.reason in ("", "not today")
        await runtime.stop_when_idle()
        expected = 0 if where == "response" else 1
        assert runtime.dead_letters.counts[DeadLetterReason.DROPPED] == expected
        agent = await agent_of(runtime, a)
        assert agent.seen == (["x"] if where == "response" else [])
        await runtime.close()


async def test_an_intervention_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A request's sender gets the error, a publisher does not; neither hangs the stop."""
    for where in ("send", "publish", "response"):
        runtime = SingleThreadedAgentRuntime(intervention_handlers=[Doing(where, fail)])
        runtime.start()
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        if where == "publish":
            await runtime.publish_message("x", TOPIC)
            assert "intervened on x" in caplog.text
        else:
            with pytest.raises(ValueError, match="intervened on x"):
                await runtime.send_message("x", a)
        await runtime.stop_when_idle()
        await runtime.close()
        expected = 0 if where == "response" else 1
        assert runtime.dead_letters.counts[DeadLetterReason.DROPPED] == expected, where


async def test_an_intervention_that_returns_none_is_warned_about() -> None:
    """It forgot its return: the message stays as it was."""
    for where in ("send", "publish", "response"):
        handler = Doing(where, lambda message: None)
        async with running(intervention_handlers=[handler]) as runtime:
            [a] = await register(runtime, "a")
            await subscribe(runtime, "t", "a")
            operation = (
                runtime.publish_message("x", TOPIC)
                if where == "publish"
                else runtime.send_message("x", a)
            )
            with pytest.warns(RuntimeWarning, match=f"on_{where} .* returned None"):
                result = await operation
            assert result == (None if where == "publish" else "x")
            await settled()
            assert (await agent_of(runtime, a)).seen == ["x"]


async def test_none_may_pass_as_a_message() -> None:
    """A response of None is not mistaken for a forgotten return."""
    async with running(intervention_handlers=[DefaultInterventionHandler()]) as runtime:
        [a] = await register(runtime, "a")
        assert await runtime.send_message(None, a) is None


class Approval(DefaultInterventionHandler):
    """Holds up every message called "slow"."""

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.approve = anyio.Event()

    async def on_send(self, message: Any, **details: Any) -> Any:
        if message == "slow":
            self.asked.set()
            await self.approve.wait()
        return message

    async def on_publish(self, message: Any, **details: Any) -> Any:
        return await self.on_send(message)


@pytest.mark.parametrize("how", ["send", "publish"])
async def test_a_slow_approval_delays_only_its_own_message(how: str) -> None:
    """Others go on; the runtime is not idle; a cancelled sender withdraws it."""
    approval = Approval()
    runtime = SingleThreadedAgentRuntime(intervention_handlers=[approval])
    runtime.start()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")

    async def go(message: str) -> None:
        if how == "send":
            await runtime.send_message(message, a)
        else:
            await runtime.publish_message(message, TOPIC)

    async with anyio.create_task_group() as tasks:
        start(tasks, go, "slow")
        cancelled = start(tasks, go, "slow")
        await approval.asked.wait()
        await go("fast")
        stopping = start(tasks, runtime.stop_when_idle)
        await settled()
        assert not stopping.done
        cancelled.scope.cancel()
        await settled()
        assert cancelled.cancelled
        approval.approve.set()
    assert stopping.done
    assert (await agent_of(runtime, a)).seen == ["fast", "slow"]
    await runtime.close()


async def test_a_stop_while_an_approval_is_pending_refuses_the_message() -> None:
    """When it is approved at last, its sender is told that the runtime has stopped."""
    approval = Approval()
    runtime = SingleThreadedAgentRuntime(intervention_handlers=[approval], grace=0)
    runtime.start()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, "slow", a)
        await approval.asked.wait()
        await runtime.stop()
        approval.approve.set()
    assert isinstance(call.error, RuntimeStoppedError)


async def test_a_handler_written_with_positional_parameters_works() -> None:
    """As in autogen_core's documents: (self, message, ctx)."""

    class Positional(DefaultInterventionHandler):
        async def on_send(self, message: Any, ctx: Any) -> Any:  # type: ignore[override]
            return (message, ctx.message_id)

        async def on_publish(self, message: Any, ctx: Any) -> Any:  # type: ignore[override]
            return (message, ctx.topic_id)

    async with running(intervention_handlers=[Positional()]) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        assert await runtime.send_message("x", a, message_id="m") == ("x", "m")
        await runtime.publish_message("y", TOPIC)
        await settled()
        assert (await agent_of(runtime, a)).seen == [("x", "m"), ("y", TOPIC)]


@timed
async def test_a_token_ends_an_approval_that_takes_long() -> None:
    """The sender is told when the approval is over, and no handler begins."""
    approval, token = Approval(), CancellationToken()
    async with running(intervention_handlers=[approval]) as runtime:
        [a] = await register(runtime, "a")

        async def ask() -> None:
            await runtime.send_message("slow", a, cancellation_token=token)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, ask)
            await approval.asked.wait()
            token.cancel()
            await settled()
            approval.approve.set()
        assert type(call.error).__name__ == "RequestCancelled"
        assert (await agent_of(runtime, a)).seen == []


async def test_requests_of_handlers_pass_the_chain_too() -> None:
    """Nested ones as well, and the response knows who asked."""

    class Only(Wrap):
        async def on_send(self, message: Any, **details: Any) -> Any:
            if isinstance(message, str):
                self.saw.append(message)
            return message

        async def on_response(self, message: Any, **details: Any) -> Any:
            return message

    only = Only("o")
    async with running(intervention_handlers=[only]) as runtime:
        a, b = await register(runtime, "a", "b")
        assert await runtime.send_message(asking(asking("deep", a), b), a) == "deep"
    assert only.saw == ["deep"]
