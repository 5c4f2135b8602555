"""What an exception carries when it leaves a handler."""

from collections.abc import Mapping
from typing import Any

import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
)

pytestmark = pytest.mark.anyio


class Failing(RoutedAgent):
    """Raises the same exception object again and again."""

    error = ZeroDivisionError("again")

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> None:
        raise self.error


async def test_a_note_names_agent_handler_and_message_once() -> None:
    """However often one exception object is raised, its notes do not grow."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Failing.register(runtime, "failing", Failing)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError) as caught:
                await runtime.send_message("x", AgentId("failing", "1"))
            assert caught.value is Failing.error
    assert Failing.error.__notes__ == [
        "raised by agent failing/1, in Failing.on_text, while it handled str"
    ]


async def test_the_notes_of_many_agents_are_bounded() -> None:
    """An exception object that is shared by all agents remembers some of them."""
    Failing.error = ZeroDivisionError("everywhere")
    async with SingleThreadedAgentRuntime() as runtime:
        await Failing.register(runtime, "failing", Failing)
        for number in range(100):
            with pytest.raises(ZeroDivisionError):
                await runtime.send_message("x", AgentId("failing", str(number)))
    assert len(Failing.error.__notes__) == 32


async def test_a_note_says_that_a_hook_raised() -> None:
    """It waits its turn like a message, but there is no message."""

    class Forgetful(Failing):
        async def save_state(self) -> Mapping[str, Any]:
            raise ZeroDivisionError("nothing to save")

    async with SingleThreadedAgentRuntime() as runtime:
        await Forgetful.register(runtime, "forgetful", Forgetful)
        with pytest.raises(ZeroDivisionError) as caught:
            await runtime.agent_save_state(AgentId("forgetful", "1"))
    [note] = caught.value.__notes__
    assert note == "raised by agent forgetful/1 in one of its hooks"


@pytest.mark.parametrize(
    ("fails_early", "words"),
    [
        (True, "Error constructing agent failing/1 (topic failing:t/1,"),
        (False, "Error processing publish message for failing/1 (topic failing:t/1,"),
    ],
)
async def test_the_log_tells_what_failed(
    fails_early: bool, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A published message finds no agent, or one whose handler raises."""

    def factory() -> Failing:
        if fails_early:
            raise Failing.error
        return Failing()

    async with SingleThreadedAgentRuntime() as runtime:
        await Failing.register(runtime, "failing", factory)
        await runtime.publish_message("x", TopicId("failing:t", "1"))
    (record,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert record.getMessage().startswith(words)
    assert record.exc_info is not None
