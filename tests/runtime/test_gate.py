"""What is sent before the start is held; stepping lets one thing through at a time."""

from __future__ import annotations

import anyio
import pytest

from actrio.exceptions import RequestCancelled, RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import DeadLetterReason, SingleThreadedAgentRuntime

from .kit import (
    Busy,
    Scripted,
    agent_of,
    asking,
    assert_at_rest,
    every_host,
    raising,
    register,
    settled,
    start,
    subscribe,
)

pytestmark = every_host
TOPIC = TopicId("t", "k")


async def test_messages_before_the_start_are_handled_in_order() -> None:
    """Requests and publishes alike."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        for number in range(0, 6, 2):
            start(tasks, runtime.send_message, number, a)
            await settled()
            await runtime.publish_message(number + 1, TOPIC)
        assert runtime.unprocessed_messages_count == 6
        runtime.start()
    await runtime.stop_when_idle()
    assert (await agent_of(runtime, a)).seen == list(range(6))
    assert runtime.unprocessed_messages_count == 0


async def test_a_subscription_added_before_the_start_counts() -> None:
    """A held publish is routed when it is let through."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await runtime.publish_message("early", TOPIC)
    await subscribe(runtime, "t", "a")
    runtime.start()
    await runtime.stop_when_idle()
    assert (await agent_of(runtime, a)).seen == ["early"]


async def test_held_messages_can_be_withdrawn() -> None:
    """By scope and by token; they leave the gate."""
    runtime, token = SingleThreadedAgentRuntime(), CancellationToken()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")

    async def ask() -> None:
        await runtime.send_message("by token", a, cancellation_token=token)

    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.send_message, "by scope", a)
        second = start(tasks, ask)
        await runtime.publish_message("published", TOPIC, cancellation_token=token)
        third = start(tasks, runtime.send_message, "stays", a)
        await settled()
        assert runtime.unprocessed_messages_count == 4
        first.scope.cancel()
        token.cancel()
        await settled()
        assert first.cancelled
        assert isinstance(second.error, RequestCancelled)
        runtime.start()
    assert third.value == "stays"
    await runtime.stop_when_idle()
    assert (await agent_of(runtime, a)).seen == ["stays"]
    assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 3}


async def test_a_full_gate_is_an_error_not_a_hang() -> None:
    """The error names the remedy; the sender who would call start() is not stuck."""
    runtime = SingleThreadedAgentRuntime(inbox_capacity=2)
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    for number in range(2):
        await runtime.publish_message(number, TOPIC)
    with pytest.raises(RuntimeError, match=r"2 messages wait.*start"):
        await runtime.publish_message(2, TOPIC)
    with pytest.raises(RuntimeError, match=r"2 messages wait.*start"):
        await runtime.send_message(2, a)
    runtime.start()
    await runtime.stop_when_idle()
    assert (await agent_of(runtime, a)).seen == [0, 1]
    assert_at_rest(runtime)


async def test_close_before_the_start_refuses_what_is_held() -> None:
    """The sender is told; the publish is a dead letter."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, "x", a)
        await settled()
        await runtime.publish_message("y", TOPIC)
        await runtime.close()
    assert isinstance(call.error, RuntimeStoppedError)
    assert runtime.dead_letters.counts == {DeadLetterReason.STOPPED: 2}
    with pytest.raises(RuntimeStoppedError):
        await runtime.send_message("x", a)
    assert_at_rest(runtime)


async def test_stepping_takes_one_message_or_response_at_a_time() -> None:
    """A request is two steps; the handler runs on by itself."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, "x", a)
        await settled()
        await runtime.publish_message("y", TOPIC)
        assert runtime.unprocessed_messages_count == 2
        await runtime.process_next()
        await settled()
        assert not call.done
        assert runtime.unprocessed_messages_count == 2  # y, and the response to x
        await runtime.process_next()
        await settled()
        assert runtime.unprocessed_messages_count == 1
        assert not call.done
        await runtime.process_next()
        await settled()
        assert call.value == "x"
        assert runtime.unprocessed_messages_count == 0
    assert (await agent_of(runtime, a)).seen == ["x", "y"]
    await runtime.close()
    assert_at_rest(runtime)


async def test_a_step_returns_when_the_handler_has_begun() -> None:
    """Also the very first one, which builds the agent."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    for _ in range(2):
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await settled()
            await runtime.process_next()
            assert busy.started.is_set()
            assert not busy.ended
            busy.release.set()
            await runtime.process_next()
    await runtime.close()


async def test_a_step_waits_for_something_to_do() -> None:
    """One task steps; a second one is told so, and nothing is lost."""
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.process_next)
        await settled()
        with pytest.raises(RuntimeError, match="another task waits"):
            await runtime.process_next()
        await runtime.publish_message(1, TOPIC)
        await settled()
        assert first.done
        await runtime.publish_message(2, TOPIC)
        await runtime.process_next()
        await settled()
    assert (await agent_of(runtime, a)).seen == [1, 2]
    await runtime.close()


async def test_a_nested_request_while_stepping_runs_at_once() -> None:
    """A call cycle is a function call, and functions are not stepped."""
    runtime = SingleThreadedAgentRuntime()
    a, b = await register(runtime, "a", "b")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, asking(asking("deep", a), b), a)
        for _ in range(4):  # two requests that wait, and their responses
            await runtime.process_next()
            await settled()
        assert call.value == "deep"
    await runtime.close()


async def test_a_failure_while_stepping_is_raised_by_a_step() -> None:
    """With ignore_unhandled_exceptions=False, by this step or the next."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    for _ in range(2):
        await runtime.publish_message(raising(ValueError("stepped")), TOPIC)
        with pytest.raises(ValueError, match="stepped"):
            await runtime.process_next()
            await settled()
            await runtime.publish_message("next", TOPIC)
            await runtime.process_next()
    await runtime.close()


async def test_a_started_runtime_is_not_stepped() -> None:
    """Nor a stopped one; the error says what it is."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    with pytest.raises(RuntimeError, match="this one is running"):
        await runtime.process_next()
    await runtime.stop()
    with pytest.raises(RuntimeError, match="this one is stopped"):
        await runtime.process_next()


async def test_a_stepped_runtime_can_be_started() -> None:
    """Handlers that run already go on; held responses are let through."""
    busy = Busy("answer")
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        first = start(tasks, runtime.send_message, "done", a)
        second = start(tasks, runtime.send_message, busy, a)
        await settled()
        await runtime.process_next()
        await settled()
        await runtime.process_next()
        await settled()
        assert not first.done
        runtime.start()
        await settled()
        busy.release.set()
    assert (first.value, second.value) == ("done", "answer")
    await runtime.close()


async def test_a_cancelled_handler_while_stepping_lets_its_sender_leave() -> None:
    """Giving up is not stepped either: nobody else would make the step."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, busy, a)
        await settled()
        await runtime.process_next()
        await busy.started.wait()
        call.scope.cancel()
        await settled()
        assert busy.cancelled
        assert call.done
        tasks.cancel_scope.cancel()
    await runtime.close()
    assert_at_rest(runtime)


async def test_a_sender_may_leave_while_its_response_is_held() -> None:
    """By scope and by token: nobody has to make a step for it."""
    runtime, token = SingleThreadedAgentRuntime(), CancellationToken()
    [a] = await register(runtime, "a")

    async def ask() -> None:
        await runtime.send_message("by token", a, cancellation_token=token)

    async with anyio.create_task_group() as tasks:
        calls = [start(tasks, runtime.send_message, "by scope", a), start(tasks, ask)]
        await settled()
        for _ in calls:
            await runtime.process_next()
            await settled()
        assert runtime.unprocessed_messages_count == 2
        calls[0].scope.cancel()
        await settled()
        assert calls[0].done
        token.cancel()
        await runtime.process_next()
        await settled()
        assert calls[1].done
    await runtime.close()
    assert_at_rest(runtime)


async def test_a_subscription_that_raises_does_not_break_the_start() -> None:
    """A held publish whose routing fails is not handled; the others are."""

    class Broken:
        id = "broken"

        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return 1

        def is_match(self, topic_id: TopicId) -> bool:
            if topic_id.type == "bad":
                raise ZeroDivisionError
            return False

        def map_to_agent(self, topic_id: TopicId) -> AgentId:
            raise NotImplementedError

    runtime = SingleThreadedAgentRuntime()
    [a] = await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    await runtime.add_subscription(Broken())
    await runtime.publish_message("bad", TopicId("bad", "k"))
    await runtime.publish_message("good", TOPIC)
    runtime.start()
    with pytest.raises(ZeroDivisionError):
        await runtime.publish_message("bad", TopicId("bad", "k"))

    async def look(agent: Scripted, ctx: MessageContext) -> object:
        return [*agent.seen]

    assert await runtime.send_message(look, a) == ["good"]
    await runtime.stop_when_idle()
    assert_at_rest(runtime)
