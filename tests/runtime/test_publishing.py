"""A publish is fire and forget, and reaches every subscriber once."""

from __future__ import annotations

import logging

import anyio
import anyio.lowlevel
import pytest

from actrio.exceptions import RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import DeadLetterReason, SingleThreadedAgentRuntime
from actrio.subscriptions import TypePrefixSubscription, TypeSubscription

from .kit import (
    Busy,
    Call,
    Scripted,
    agent_of,
    asking,
    assert_at_rest,
    every_host,
    raising,
    register,
    running,
    settled,
    start,
    subscribe,
)

pytestmark = every_host
TOPIC = TopicId("t", "k")


async def test_a_publish_does_not_wait_for_handlers() -> None:
    """It returns while every handler still runs, and returns nothing."""
    busy = Busy("dropped")
    async with running() as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        assert await runtime.publish_message(busy, TOPIC) is None  # type: ignore[func-returns-value]
        await busy.started.wait()
        busy.release.set()


async def test_an_error_is_logged_and_reaches_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The record names agent, topic and message; siblings and publisher go on."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")

        async def fail_in_a(agent: Scripted, ctx: MessageContext) -> None:
            if agent.id == a:
                raise ValueError("only in a")
            agent.seen.append("handled")

        await runtime.publish_message(fail_in_a, TOPIC, message_id="m-17")
        await runtime.publish_message("next", TOPIC)
        await settled()
        assert (await agent_of(runtime, b)).seen == ["handled", "next"]
        assert (await agent_of(runtime, a)).seen == ["next"]
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.name == "autogen_core"
    for text in ("a/k", "t/k", "m-17"):
        assert text in record.getMessage()
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "only in a"


async def test_an_agent_does_not_receive_its_own_publish() -> None:
    """Other agents of its type do, and so do those it asks."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")

        async def publish(agent: Scripted, ctx: MessageContext) -> None:
            await agent.publish_message("mine", TOPIC)

        await runtime.send_message(publish, AgentId("a", "other"))
        await runtime.send_message(publish, a)
        await settled()
        assert (await agent_of(runtime, a)).seen == ["mine"]
        assert (await agent_of(runtime, b)).seen == ["mine", "mine"]


async def test_two_subscriptions_that_give_one_agent_deliver_once() -> None:
    """Whatever their kinds."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        await runtime.add_subscription(TypePrefixSubscription("t", "a"))
        await runtime.add_subscription(TypePrefixSubscription("", "a"))
        await runtime.publish_message("x", TOPIC)
        await settled()
        assert (await agent_of(runtime, a)).seen == ["x"]


async def test_each_recipient_has_a_context_of_its_own() -> None:
    """What one handler writes into its context, no other one sees."""
    seen: list[MessageContext] = []

    async def look(agent: Scripted, ctx: MessageContext) -> None:
        assert ctx.message_id == "m"
        ctx.message_id = "changed"
        seen.append(ctx)

    async with running() as runtime:
        await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")
        await runtime.publish_message(
            look, TOPIC, message_id="m", sender=AgentId("x", "y")
        )
    first, second = seen
    assert first is not second
    assert (first.topic_id, first.is_rpc, first.sender) == (
        TOPIC,
        False,
        AgentId("x", "y"),
    )


async def test_a_token_withdraws_copies_not_yet_handled_and_no_others() -> None:
    """A running handler of a published message is left alone."""
    token, busy = CancellationToken(), Busy()
    async with running() as runtime:
        a, _ = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")
        async with anyio.create_task_group() as tasks:
            blocker = Busy()
            start(tasks, runtime.send_message, blocker, a)
            await blocker.started.wait()
            await runtime.publish_message(busy, TOPIC, cancellation_token=token)
            await busy.started.wait()  # in b; a's copy is queued
            token.cancel()
            await settled()
            assert not busy.cancelled
            blocker.release.set()
            busy.release.set()
        assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 1}
        await runtime.publish_message("late", TOPIC, cancellation_token=token)
        await settled()
        assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 3}
        assert (await agent_of(runtime, a)).seen == []
    assert not token._listeners


async def test_a_token_frees_the_publisher_that_waits_for_room() -> None:
    """The copy is withdrawn and the publish returns."""
    token, busy = CancellationToken(), Busy()
    async with running(inbox_capacity=1) as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")

        async def publish() -> None:
            await runtime.publish_message("waits", TOPIC, cancellation_token=token)

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            await runtime.publish_message("fills", TOPIC)
            call = start(tasks, publish)
            await settled()
            assert not call.done
            token.cancel()
            await settled()
            assert_left(call)
            assert call.error is None
            busy.release.set()
        assert (await agent_of(runtime, a)).seen == ["fills"]


def assert_left(call: Call) -> None:
    """Check that a call has returned."""
    assert call.done


async def test_fan_out_fills_the_inboxes_with_room_first() -> None:
    """A full inbox in the middle delays the publisher, not the other recipients."""
    busy = Busy()
    async with running(inbox_capacity=1) as runtime:
        a, b, c = await register(runtime, "a", "b", "c")
        await subscribe(runtime, "t", "a", "b", "c")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, b)
            await busy.started.wait()
            start(tasks, runtime.send_message, "fills", b)
            await settled()
            call = start(tasks, runtime.publish_message, "copy", TOPIC)
            await settled()
            assert (await agent_of(runtime, a)).seen == ["copy"]
            assert (await agent_of(runtime, c)).seen == ["copy"]
            assert not call.done
            busy.release.set()
        assert (await agent_of(runtime, b)).seen == ["fills", "copy"]


async def test_a_cancelled_publisher_leaves_its_delivered_copies_on_their_way() -> None:
    """Only the copies without room are withdrawn, each with a dead letter."""
    busy = Busy()
    async with running(inbox_capacity=1) as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, b)
            await busy.started.wait()
            start(tasks, runtime.send_message, "fills", b)
            await settled()
            call = start(tasks, runtime.publish_message, "copy", TOPIC)
            await settled()
            call.scope.cancel()
            await settled()
            assert call.cancelled
            busy.release.set()
        assert (await agent_of(runtime, a)).seen == ["copy"]
        assert (await agent_of(runtime, b)).seen == ["fills"]
        assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 1}


async def test_a_publisher_waiting_for_room_is_told_by_nothing_but_the_stop() -> None:
    """When the runtime stops its copy is a dead letter and the publish returns."""
    busy = Busy()
    runtime = SingleThreadedAgentRuntime(inbox_capacity=1, grace=0)
    runtime.start()
    await register(runtime, "a")
    await subscribe(runtime, "t", "a")
    await runtime.publish_message(busy, TOPIC)
    await busy.started.wait()
    await runtime.publish_message("fills", TOPIC)
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.publish_message, "waits", TOPIC)
        await settled()
        await runtime.stop()
    assert call.done
    assert call.error is None
    assert runtime.dead_letters.counts == {DeadLetterReason.STOPPED: 2}
    with pytest.raises(RuntimeStoppedError):
        await runtime.publish_message("late", TOPIC)
    assert_at_rest(runtime)


async def test_an_agent_that_cannot_be_built_for_a_publish_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The publisher is not told; the dead letter and the log say why."""

    def factory() -> Scripted:
        raise ValueError("no agent")

    async with running() as runtime:
        await runtime.register_factory("a", factory)
        await subscribe(runtime, "t", "a")
        await runtime.publish_message("x", TOPIC)
    assert runtime.dead_letters.counts == {DeadLetterReason.NOT_BUILT: 1}
    assert "no agent" in caplog.text


async def test_many_publishes_let_other_tasks_run() -> None:
    """A task that publishes in a loop yields at least once in 32 calls."""
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with running() as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            for number in range(352):  # the last time may be ours before the ticker's
                await runtime.publish_message(number, TOPIC)
            assert turns >= 10
            tasks.cancel_scope.cancel()


async def test_publishing_inside_a_nested_handler_knows_its_publisher() -> None:
    """The nested agent, not the outer one, is skipped."""
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        await subscribe(runtime, "t", "a", "b")

        async def publish(agent: Scripted, ctx: MessageContext) -> None:
            await agent.publish_message(f"by {agent.id}", TOPIC)

        await runtime.send_message(asking(asking(publish, a), b), a)
        await settled()
        assert (await agent_of(runtime, a)).seen == []
        assert (await agent_of(runtime, b)).seen == ["by a/k"]


async def test_an_exception_of_a_base_kind_in_a_publish_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A BaseException that is not meant for the program is logged like any other."""

    class Odd(BaseException):
        pass

    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        await runtime.publish_message(raising(Odd("strange")), TOPIC)
        await runtime.publish_message("next", TOPIC)
        await settled()
        assert (await agent_of(runtime, a)).seen == ["next"]
    assert "strange" in caplog.text


async def test_an_empty_topic_is_no_error() -> None:
    """Nobody listens: the publish returns, and the dead letter says so."""
    async with running() as runtime:
        await runtime.add_subscription(TypeSubscription("other", "a"))
        await runtime.publish_message("x", TOPIC)
        assert runtime.dead_letters.counts == {DeadLetterReason.NO_SUBSCRIBER: 1}
