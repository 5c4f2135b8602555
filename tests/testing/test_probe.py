"""Probes: what they record, how they answer, and how one waits for them."""

from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from actrio import AgentId, SingleThreadedAgentRuntime, TopicId
from actrio.testing import Probe

pytestmark = pytest.mark.anyio

PROBE = AgentId("probe", "default")


@dataclass
class News:
    text: str


@dataclass
class Late(News):
    pass


async def test_what_was_published_is_expected_in_order(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """From every source of the topic, and with the context it came with."""
    await probe.listen("news")
    await runtime.publish_message(News("one"), TopicId("news", "here"))
    await runtime.publish_message(News("two"), TopicId("news", "there"))
    await runtime.publish_message(News("other"), TopicId("weather", "here"))
    assert await probe.expect(News) == News("one")
    assert await probe.expect() == News("two")
    await probe.expect_nothing()
    topics = [str(one.context.topic_id) for one in probe.received]
    assert topics == ["news/here", "news/there"]


async def test_a_probe_that_listens_to_everything(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """Without a topic type it has all topics."""
    await probe.listen()
    await runtime.publish_message(1, TopicId("a", "x"))
    await runtime.publish_message(2, TopicId("b", "y"))
    assert [await probe.expect(int), await probe.expect(int)] == [1, 2]
    with pytest.raises(ValueError, match="already exists"):
        await probe.listen()


async def test_waiting_takes_virtual_time(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """A message that comes in an hour is there at once."""

    async def later() -> None:
        await anyio.sleep(3600)
        await runtime.send_message(News("late"), PROBE)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        before = anyio.current_time()
        assert await probe.expect(News, within=4000) == News("late")
        assert anyio.current_time() - before == pytest.approx(3600)


async def test_another_message_than_expected(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """The text says what was expected and what came; the message is not taken."""
    await runtime.send_message("hello", PROBE)
    with pytest.raises(AssertionError) as caught:
        await probe.expect(News)
    assert str(caught.value) == (
        "probe probe/default expected a News, and got 'hello'\n  received: 'hello'"
    )
    with pytest.raises(AssertionError, match="'hello', which `where` refuses"):
        await probe.expect(str, where=str.isupper)
    with pytest.raises(AssertionError, match="expected no message, and got 'hello'"):
        await probe.expect_nothing()
    assert await probe.expect(str, where=str.islower) == "hello"


async def test_no_message_at_all(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """The dead letters tell where it may have gone."""
    await runtime.publish_message(News("lost"), TopicId("news", "here"))
    with pytest.raises(AssertionError) as caught:
        await probe.expect(within=60)
    assert str(caught.value).startswith(
        "probe probe/default expected a message, and got nothing in 60 s\n"
        "  dead letters: 1 "
    )


async def test_answers(runtime: SingleThreadedAgentRuntime, probe: Probe) -> None:
    """A value, an exception, a function, an async one; the latest rule that fits."""

    async def slowly(message: News) -> str:
        await anyio.sleep(1)
        return message.text

    async def ask(message: object) -> Any:
        return await runtime.send_message(message, PROBE)

    assert await ask(News("x")) is None
    probe.answer(News, "read")
    assert await ask(Late("x")) == "read"
    probe.answer(Late, lambda message: message.text * 2)
    assert [await ask(Late("x")), await ask(News("x"))] == ["xx", "read"]
    probe.answer(News, slowly)
    assert await ask(News("slow")) == "slow"
    probe.answer(str, KeyError("no"))
    with pytest.raises(KeyError, match="no"):
        await ask("x")
    probe.answer(int, News)
    assert await ask(1) is News


async def test_two_probes_and_a_name_of_ones_own(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """`install` takes a type or an id; an id that is taken is refused."""
    other = await Probe.install(runtime, AgentId("probe", "two"))
    third = await Probe.install(runtime, "third")
    await runtime.send_message(1, other.id)
    await runtime.send_message(2, third.id)
    assert (await other.expect(), await third.expect(), probe.received) == (1, 2, [])
    with pytest.raises(ValueError, match="third/default"):
        await Probe.install(runtime, "third")


async def test_several_tasks_wait_for_one_probe(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """Each gets a message of its own."""
    got: list[object] = []

    async def expect() -> None:
        got.append(await probe.expect(within=5))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expect)
        tasks.start_soon(expect)
        await anyio.sleep(1)
        await runtime.send_message(1, PROBE)
        await anyio.sleep(1)
        await runtime.send_message(2, PROBE)
    assert sorted(map(str, got)) == ["1", "2"]


async def test_an_expectation_that_is_cancelled_takes_nothing(
    runtime: SingleThreadedAgentRuntime, probe: Probe
) -> None:
    """The next one gets the message."""
    with anyio.move_on_after(1):
        await probe.expect(within=10)
    await runtime.send_message("x", PROBE)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await probe.expect(within=0)
    await runtime.send_message("y", PROBE)
    remaining = "y" if not scope.cancelled_caught else "x"
    assert await probe.expect() == remaining
