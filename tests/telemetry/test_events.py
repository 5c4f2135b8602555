"""Event records: what is logged of messages; the differential scripts have the rest."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from actrio import (
    EVENT_LOGGER_NAME,
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
)
from actrio.logging import (
    DeliveryStage,
    LLMCallEvent,
    LLMStreamEndEvent,
    LLMStreamStartEvent,
    MessageEvent,
    ToolCallEvent,
)

pytestmark = [pytest.mark.anyio, pytest.mark.every_host]
FIRST = AgentId("first", "k")


class Events(logging.Handler):
    """Keeps the events."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.msg)


@pytest.fixture
def events() -> Iterator[Events]:
    logger, handler = logging.getLogger(EVENT_LOGGER_NAME), Events()
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


class Calling(RoutedAgent):
    """Logs what a model client and a tool would log."""

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> object:
        return ToolCallEvent(tool_name="t", arguments={"a": 1}, result="r")

    @message_handler
    async def on_object(self, message: object, ctx: MessageContext) -> None: ...


async def test_listening_may_begin_while_the_runtime_runs(events: Events) -> None:
    """Nothing is built before somebody listens, and nothing after."""
    logger = logging.getLogger(EVENT_LOGGER_NAME)
    async with SingleThreadedAgentRuntime() as runtime:
        await Calling.register(runtime, "first", Calling)
        for level in (logging.WARNING, logging.INFO, logging.WARNING):
            logger.setLevel(level)
            await runtime.send_message("x", FIRST)
    kinds = [
        each.kwargs["kind"] for each in events.seen if isinstance(each, MessageEvent)
    ]
    assert kinds == ["MessageKind.DIRECT"] * 2 + ["MessageKind.RESPOND"] * 2


async def test_what_cannot_be_text_is_logged_without_its_payload(
    events: Events,
) -> None:
    """A log never breaks a delivery."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Calling.register(runtime, "first", Calling)
        assert await runtime.send_message(object(), FIRST) is None
    first = events.seen[0]
    assert isinstance(first, MessageEvent)
    assert first.kwargs["payload"] == "Message could not be serialized"


async def test_what_a_handler_of_the_log_raises_stops_no_message(
    events: Events, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged elsewhere."""

    def fail(record: logging.LogRecord) -> None:
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr(events, "emit", fail)
    async with SingleThreadedAgentRuntime() as runtime:
        await Calling.register(runtime, "first", Calling)
        assert await runtime.send_message("x", FIRST) is not None
        await runtime.publish_message("x", TopicId("first:t", "k"))
    assert "the message goes on" in caplog.text


async def test_events_inside_a_handler_name_its_agent() -> None:
    """Those of models and tools do; outside they name none."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Calling.register(runtime, "first", Calling)
        event = await runtime.send_message("x", FIRST)
    assert event.kwargs["agent_id"] == "first/k"
    outside = LLMStreamStartEvent(messages=[])
    assert outside.kwargs["agent_id"] is None
    assert repr(outside).startswith('<LLMStreamStartEvent {"type": "LLMStreamStart"')


async def test_events_of_models_know_what_they_cost() -> None:
    """The prompt and the answer, in tokens."""
    call = LLMCallEvent(
        messages=[{"role": "user"}], response={}, prompt_tokens=3, completion_tokens=5
    )
    end = LLMStreamEndEvent(response={}, prompt_tokens=7, completion_tokens=9, more=1)
    assert (call.prompt_tokens, call.completion_tokens) == (3, 5)
    assert (end.prompt_tokens, end.completion_tokens) == (7, 9)
    assert end.kwargs["more"] == 1
    assert str(DeliveryStage.SEND) == "DeliveryStage.SEND"
