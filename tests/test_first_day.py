"""What a newcomer does wrong on the first day, and what each mistake is told.

Every message says what to write instead. The list is that of the page on errors.
"""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from typing import Any, cast

import anyio
import pytest
import trio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
)
from actrio.exceptions import (
    HandlerSignatureError,
    RecipientNotFound,
    RuntimeStoppedError,
)
from actrio.runtime._blocking import DEV_LIMIT, LIMIT, TIMED, BlockingWatch

pytestmark = pytest.mark.anyio
CLERK = AgentId("clerk", "one")


class Clerk(RoutedAgent):
    """Calls the message, which is a function."""

    @message_handler
    async def on_script(self, message: object, ctx: MessageContext) -> str:
        script = cast("Callable[[], Awaitable[str]]", message)
        return await script()


async def register(runtime: SingleThreadedAgentRuntime) -> None:
    await Clerk.register(runtime, "clerk", lambda: Clerk("does as it is told"))


def says(*words: str) -> str:
    """A pattern for texts that contain these words in this order."""
    return ".*".join(words)


# -- forgot `await` ----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:coroutine .*register.* was never awaited")
async def test_register_without_await() -> None:
    """Python names the method in a warning, and the first request says it again."""
    runtime = SingleThreadedAgentRuntime()
    Clerk.register(runtime, "clerk", Clerk)  # type: ignore[unused-coroutine]
    async with runtime:
        with pytest.raises(RecipientNotFound, match=says("'clerk'", "until.*awaited")):
            await runtime.send_message("x", CLERK)


async def test_send_message_without_await() -> None:
    """Python's own warning names the method."""
    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.warns(RuntimeWarning, match="send_message' was never awaited"):
            runtime.send_message("x", CLERK)  # type: ignore[unused-coroutine]


@pytest.mark.filterwarnings("ignore:coroutine .*send_message.* was never awaited")
async def test_a_handler_that_returns_a_call_without_await() -> None:
    """A coroutine is no response; the text says where the word belongs."""

    async def forgetful() -> Any:
        return runtime.send_message("x", AgentId("other", "one"))

    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(ValueError, match=says("on_script returned", "'await'")):
            await runtime.send_message(forgetful, CLERK)


# -- forgot to start, and used too late --------------------------------------------------


async def test_a_request_before_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """It waits, as in AutoGen, but not in silence; said once."""
    runtime = SingleThreadedAgentRuntime()
    await register(runtime)
    for _ in range(2):
        with anyio.move_on_after(1):
            await runtime.send_message("x", CLERK)
    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert "A request to clerk/one waits" in record.getMessage()
    assert "'async with runtime:', or call runtime.start()" in record.getMessage()


async def test_a_request_after_the_block() -> None:
    """The runtime has stopped; send inside, or start it again."""
    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
    with pytest.raises(RuntimeStoppedError, match=says("has stopped", "start\\(\\)")):
        await runtime.send_message("x", CLERK)


async def test_a_stop_without_a_start() -> None:
    """There is nothing to stop."""
    with pytest.raises(RuntimeError, match=says("not started", "start\\(\\)")):
        await SingleThreadedAgentRuntime().stop()


async def test_a_block_without_async() -> None:
    """The word that is missing is given."""
    with pytest.raises(TypeError, match="'async with runtime:'"):
        with SingleThreadedAgentRuntime():  # type: ignore[attr-defined]
            raise AssertionError


async def test_an_awaited_start() -> None:
    """It returns None, as in AutoGen, so the words are Python's; it has started."""
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(TypeError, match="NoneType"):
        await runtime.start()  # type: ignore[func-returns-value, misc]
    await runtime.stop()


def test_a_start_outside_of_every_loop() -> None:
    """A runtime runs in an event loop, and there is none yet."""
    with pytest.raises(RuntimeError, match=says("no event loop", "asyncio.run")):
        SingleThreadedAgentRuntime().start()


# -- handlers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("async def on(self, message, ctx) -> None: ...", ["annotation", "'message'"]),
        ("async def on(self, message: str, ctx): ...", ["return annotation", "None"]),
        ("async def on(self, message: str) -> None: ...", ["three", "ctx"]),
        ("def on(self, message: str, ctx) -> None: ...", ["async def"]),
    ],
)
def test_a_handler_that_does_not_say_enough(method: str, words: list[str]) -> None:
    """The class is refused while it is made, with the place and the remedy."""
    program = f"class Mine(RoutedAgent):\n    @message_handler\n    {method}\n"
    with pytest.raises(HandlerSignatureError, match=says("Mine.on", *words)):
        exec(program, {"RoutedAgent": RoutedAgent, "message_handler": message_handler})


async def test_an_agent_in_place_of_its_factory() -> None:
    """One agent is not a way to make one for each id."""
    runtime = SingleThreadedAgentRuntime()
    for factory in (object(), None, "clerk"):
        if factory is not None:
            with pytest.raises(TypeError, match=says("cannot be called", "lambda:")):
                await Clerk.register(runtime, "clerk", factory)  # type: ignore[arg-type]


# -- wrong recipients --------------------------------------------------------------------


@pytest.mark.parametrize("recipient", ["clerk", TopicId("clerk", "one"), None])
async def test_a_recipient_that_is_no_agent_id(recipient: Any) -> None:
    """The text shows how to write one."""
    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(TypeError, match=says("AgentId", 'AgentId\\("type", "key"')):
            await runtime.send_message("x", recipient)


@pytest.mark.parametrize("topic", ["news", CLERK])
async def test_a_topic_that_is_no_topic_id(topic: Any) -> None:
    """The text shows how to write one."""
    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(TypeError, match=says("TopicId", 'TopicId\\("type", "sou')):
            await runtime.publish_message("x", topic)


async def test_a_recipient_that_nobody_registered() -> None:
    """The text lists those that there are."""
    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(RecipientNotFound, match=says("'cleric'", "clerk")):
            await runtime.send_message("x", AgentId("cleric", "one"))


# -- the wrong event loop, and none at all -----------------------------------------------


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
async def test_asyncio_sleep_under_trio() -> None:
    """asyncio finds no loop; the note says which functions there are instead."""

    async def sleep() -> None:
        await asyncio.sleep(0.1)

    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(RuntimeError, match="no running event loop") as caught:
            await runtime.send_message(sleep, CLERK)
    assert [note for note in caught.value.__notes__ if "anyio.sleep" in note]


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_trio_sleep_under_asyncio() -> None:
    """The other way round."""

    async def sleep() -> None:
        await trio.sleep(0.1)

    async with SingleThreadedAgentRuntime() as runtime:
        await register(runtime)
        with pytest.raises(RuntimeError, match="async context") as caught:
            await runtime.send_message(sleep, CLERK)
    assert [note for note in caught.value.__notes__ if "anyio.sleep" in note]


@pytest.mark.parametrize(("dev", "limit"), [(True, DEV_LIMIT), (False, LIMIT)])
async def test_a_handler_that_blocks_the_loop(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    dev: bool,
    limit: float,
) -> None:
    """It is named, and no other one whose step it ran in; development mode is strict."""
    real = [0.0]
    monkeypatch.setattr("actrio.runtime._router.is_wanted", lambda: dev)
    runtime = SingleThreadedAgentRuntime()
    runtime._router.blocking._clock = lambda: real[0]

    async def block() -> str:
        await anyio.sleep(1000)  # waiting blocks nobody
        real[0] += limit * 2
        return "done"

    async def ask_nested() -> str:
        response = await runtime.send_message(block, AgentId("other", "one"))
        real[0] += limit / 2
        return cast("str", response)

    async def cancelled() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            real[0] += limit * 3
        return "never"

    async with runtime:
        await register(runtime)
        await Clerk.register(runtime, "other", lambda: Clerk("blocks"))
        assert await runtime.send_message(ask_nested, CLERK) == "done"
        with anyio.move_on_after(1):
            await runtime.send_message(cancelled, CLERK)
    first, second = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert first.getMessage().startswith(
        f"Agent other/one blocked the event loop for {limit * 2:.2g} s"
    )
    assert "anyio.to_thread.run_sync" in first.getMessage()
    assert second.getMessage().startswith(
        f"Agent clerk/one blocked the event loop for {limit * 3:.2g} s"
    )


@pytest.mark.parametrize(("dev", "warnings"), [(True, 2 * TIMED), (False, TIMED)])
async def test_the_first_messages_of_a_type_are_timed(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    dev: bool,
    warnings: int,
) -> None:
    """Whichever agents they are for; in development mode all messages are."""
    real = [0.0]
    monkeypatch.setattr("actrio.runtime._router.is_wanted", lambda: dev)

    async def block() -> str:
        real[0] += LIMIT * 2
        return "done"

    async def ask_self() -> str:
        return cast("str", await runtime.send_message(block, CLERK))

    async with SingleThreadedAgentRuntime() as runtime:
        runtime._router.blocking._clock = lambda: real[0]
        await register(runtime)
        for number in range(TIMED // 2):
            await runtime.send_message(block, AgentId("clerk", f"k{number}"))
        for _ in range(TIMED):
            await runtime.send_message(block, CLERK)
        assert runtime._router.blocking.wants("clerk") is dev
        for _ in range(TIMED // 2):
            await runtime.send_message(ask_self, CLERK)
    named = [one for one in caplog.records if "blocked the" in one.getMessage()]
    assert len(named) == warnings


async def test_a_request_in_a_cycle_that_blocks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It runs in the task of the agent that asks, which is not named for it."""
    real = [0.0]
    other = AgentId("other", "one")

    async def block() -> str:
        real[0] += LIMIT * 2
        return "done"

    async def ask_back() -> str:
        return cast("str", await runtime.send_message(block, CLERK))

    async def ask() -> str:
        return cast("str", await runtime.send_message(ask_back, other))

    async with SingleThreadedAgentRuntime() as runtime:
        runtime._router.blocking._clock = lambda: real[0]
        await register(runtime)
        await Clerk.register(runtime, "other", lambda: Clerk("asks back"))
        assert await runtime.send_message(ask, CLERK) == "done"
    (record,) = [one for one in caplog.records if "blocked the" in one.getMessage()]
    assert record.getMessage().startswith("Agent clerk/one blocked the event loop")


async def test_a_hook_that_blocks(caplog: pytest.LogCaptureFixture) -> None:
    """A call of a hook waits its turn like a message, and is told of like one."""
    real = [0.0]

    class Saver(Clerk):
        async def save_state(self) -> dict[str, object]:
            real[0] += LIMIT * 2
            return {}

    async with SingleThreadedAgentRuntime() as runtime:
        runtime._router.blocking._clock = lambda: real[0]
        await Saver.register(runtime, "clerk", lambda: Saver("saves"))
        await runtime.get(CLERK, lazy=False)
        await runtime.agent_save_state(CLERK)
    (record,) = [one for one in caplog.records if "blocked the" in one.getMessage()]
    assert "handled a call of a hook" in record.getMessage()


async def test_a_nested_handler_that_blocks(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, and the handler whose step it runs in is not."""
    real = [0.0]
    watch = BlockingWatch(clock=lambda: real[0])

    async def inner() -> None:
        real[0] += LIMIT * 2

    async def outer() -> None:
        await watch.watched(AgentId("inner", "x"), "x", inner())
        real[0] += LIMIT / 2

    await watch.watched(AgentId("outer", "x"), "x", outer())
    (record,) = caplog.records
    assert record.getMessage().startswith("Agent inner/x blocked")


async def test_an_agent_whose_on_message_is_no_coroutine_function() -> None:
    """What it returns is awaited all the same, step by step."""

    class Later:
        def __await__(self) -> Generator[Any, Any, str]:
            yield from anyio.sleep(1).__await__()
            return "later"

    assert await BlockingWatch().watched(CLERK, "x", Later()) == "later"


@pytest.mark.slow
@pytest.mark.parametrize(("options", "seconds"), [(["-X", "dev"], 0.3), ([], 1.1)])
def test_a_blocking_program(options: list[str], seconds: float) -> None:
    """As a newcomer would see it, on the terminal."""
    program = f"""
import time, trio
from actrio import *

class Slow(RoutedAgent):
    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> None:
        time.sleep({seconds})

async def main():
    async with SingleThreadedAgentRuntime() as runtime:
        await Slow.register(runtime, "slow", Slow)
        await runtime.send_message("x", AgentId("slow", "one"))

trio.run(main)
"""
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.startswith("Agent slow/one blocked the event loop for ")
