"""Nothing vanishes silently: reasons, counts, hook and log."""

from __future__ import annotations

import logging

import anyio
import pytest

from actrio.agents import RoutedAgent, message_handler
from actrio.exceptions import CantHandleException, RecipientNotFound
from actrio.identity import AgentId, TopicId
from actrio.messages import MessageContext
from actrio.runtime import DeadLetter, DeadLetterReason, DeadLetters
from actrio.runtime._dead_letters import _RECIPIENTS_REMEMBERED

from .kit import Busy, every_host, register, running, settled, start, subscribe

pytestmark = every_host
TOPIC = TopicId("t", "k")


class Choosy(RoutedAgent):
    """Takes numbers only."""

    def __init__(self) -> None:
        super().__init__("choosy")

    @message_handler
    async def on_number(self, message: int, ctx: MessageContext) -> int:
        return message


def letter(
    reason: DeadLetterReason = DeadLetterReason.STOPPED, key: str = "k"
) -> DeadLetter:
    return DeadLetter("text", reason, None, AgentId("a", key), None, "m")


async def test_nobody_subscribes() -> None:
    """The letter names topic, message and sender, and no recipient."""
    letters: list[DeadLetter] = []
    async with running(on_dead_letter=letters.append) as runtime:
        sender = AgentId("s", "k")
        await runtime.publish_message("x", TOPIC, sender=sender, message_id="m")
    assert letters == [
        DeadLetter("x", DeadLetterReason.NO_SUBSCRIBER, sender, None, TOPIC, "m")
    ]


async def test_a_subscription_names_an_unknown_type() -> None:
    """The other subscribers get their copies."""
    letters: list[DeadLetter] = []
    async with running(on_dead_letter=letters.append) as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "nobody", "a")
        await runtime.publish_message("x", TOPIC)
    [only] = letters
    assert only.reason is DeadLetterReason.UNKNOWN_TYPE
    assert only.recipient == AgentId("nobody", "k")


async def test_a_request_names_an_unknown_type() -> None:
    """Its sender has the error, and the letter is counted."""
    async with running() as runtime:
        with pytest.raises(RecipientNotFound):
            await runtime.send_message("x", AgentId("nobody", "k"))
        assert runtime.dead_letters.counts == {DeadLetterReason.UNKNOWN_TYPE: 1}


async def test_no_handler_takes_it() -> None:
    """A request returns None, as in autogen_core, and is counted all the same."""
    letters: list[DeadLetter] = []
    async with running(on_dead_letter=letters.append) as runtime:
        await Choosy.register(runtime, "c", Choosy)
        await subscribe(runtime, "t", "c")
        c = AgentId("c", "k")
        assert await runtime.send_message("text", c) is None
        await runtime.publish_message("text", TOPIC)
        assert await runtime.send_message(1, c) == 1
    assert [one.reason for one in letters] == [DeadLetterReason.NO_HANDLER] * 2
    assert [one.recipient for one in letters] == [c, c]


async def test_strict_delivery_makes_it_an_error() -> None:
    """Also in a nested request; the agent goes on."""

    class Asking(Choosy):
        @message_handler
        async def on_list(self, message: list, ctx: MessageContext) -> object:  # type: ignore[type-arg]
            return await self.send_message("text", self.id)

    async with running(strict_delivery=True) as runtime:
        await Asking.register(runtime, "c", Asking)
        c = AgentId("c", "k")
        messages: list[object] = ["text", []]
        for message in messages:
            with pytest.raises(CantHandleException, match="c/k has no handler for str"):
                await runtime.send_message(message, c)
        assert await runtime.send_message(1, c) == 1
        assert runtime.dead_letters.counts == {DeadLetterReason.NO_HANDLER: 2}


async def test_a_sender_gives_up() -> None:
    """Withdrawn while queued; a handler that was cancelled had its message."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            running_call = start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            queued = start(tasks, runtime.send_message, "x", a)
            await settled()
            queued.scope.cancel()
            await settled()
            running_call.scope.cancel()
        assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 1}


async def test_a_hook_that_raises_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its error is logged, the count goes on."""

    def hook(letter: DeadLetter) -> None:
        raise ValueError("bad hook")

    async with running(on_dead_letter=hook) as runtime:
        await Choosy.register(runtime, "c", Choosy)
        assert await runtime.send_message("text", AgentId("c", "k")) is None
        await runtime.publish_message("x", TOPIC)
        assert runtime.dead_letters.counts.total() == 2
    assert "bad hook" in caplog.text


async def test_every_reason_has_its_level(caplog: pytest.LogCaptureFixture) -> None:
    """What is normal is logged at DEBUG, the rest at INFO."""
    caplog.set_level(logging.DEBUG, "autogen_core")
    letters = DeadLetters(None, lambda: 0.0)
    for reason in DeadLetterReason:
        letters.add(letter(reason))
    levels = {
        reason: record.levelname
        for reason, record in zip(DeadLetterReason, caplog.records, strict=True)
    }
    normal = {DeadLetterReason.NO_SUBSCRIBER, DeadLetterReason.WITHDRAWN}
    assert {reason for reason in levels if levels[reason] == "DEBUG"} == normal
    assert set(levels.values()) == {"DEBUG", "INFO"}
    assert "str from outside to a/k (message m)" in caplog.records[-1].getMessage()


async def test_one_line_per_recipient_and_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A hundred letters to one agent are one line; the next minute has its own."""
    caplog.set_level(logging.INFO, "autogen_core")
    now = 0.0
    letters = DeadLetters(None, lambda: now)
    for _ in range(100):
        letters.add(letter())
    assert len(caplog.records) == 1
    letters.add(letter(key="2"))
    letters.add(letter(DeadLetterReason.DROPPED))
    assert len(caplog.records) == 3
    now = 60.0
    letters.add(letter())
    assert len(caplog.records) == 4
    assert letters.counts[DeadLetterReason.STOPPED] == 102


async def test_the_log_remembers_a_bounded_number_of_recipients(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A letter to each of ten thousand agents does not grow the memory."""
    caplog.set_level(logging.INFO, "autogen_core")
    letters = DeadLetters(None, lambda: 0.0)
    for number in range(3 * _RECIPIENTS_REMEMBERED):
        letters.add(letter(key=str(number)))
        assert len(letters._logged) <= _RECIPIENTS_REMEMBERED


async def test_withdrawn_messages_are_silent_at_info(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the level at INFO nothing is said, nor remembered."""
    caplog.set_level(logging.INFO, "autogen_core")
    letters = DeadLetters(None, lambda: 0.0)
    letters.add(letter(DeadLetterReason.WITHDRAWN))
    assert caplog.records == []
    assert letters._logged == {}
