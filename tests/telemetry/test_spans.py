"""Spans of messages: one tree for one conversation, on every host."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
from opentelemetry import baggage, context as otel_context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actrio import (
    AgentId,
    DefaultInterventionHandler,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    default_subscription,
    message_handler,
)

pytestmark = [pytest.mark.anyio, pytest.mark.every_host]

FIRST = AgentId("first", "k")


@default_subscription
class Agent(RoutedAgent):
    """Answers numbers; 2 asks another agent first, 3 fails, 4 never ends."""

    heard: list[object] = []  # noqa: RUF012 - emptied by each test

    @message_handler
    async def on_number(self, message: int, ctx: MessageContext) -> int:
        self.heard.append(baggage.get_baggage("user"))
        if message == 2:
            await self.send_message(1, AgentId("second", "k"))
        if message == 3:
            raise ZeroDivisionError
        if message == 4:
            await anyio.sleep_forever()
        return message


@pytest.fixture(autouse=True)
def _forget() -> None:
    Agent.heard.clear()


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


async def register(runtime: SingleThreadedAgentRuntime) -> None:
    for name in ("first", "second"):
        await Agent.register(runtime, name, Agent)


def tree(spans: Iterator[ReadableSpan] | tuple[ReadableSpan, ...]) -> dict[str, object]:
    """Which span has which parent, by their names."""
    spans = tuple(spans)
    names = {span.context.span_id: span.name for span in spans if span.context}
    return {
        span.name: names[span.parent.span_id] if span.parent else None for span in spans
    }


async def test_a_conversation_is_one_trace(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """The sender's span is the parent of the handler's, however deep they are."""
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        with provider.get_tracer("test").start_as_current_span("user"):
            await runtime.send_message(2, FIRST)
    spans = exporter.get_finished_spans()
    assert tree(spans) == {
        "user": None,
        "autogen create first.(k)-A": "user",
        "autogen send first.(k)-A": "autogen create first.(k)-A",
        "autogen process first.(k)-A": "autogen create first.(k)-A",
        "autogen create second.(k)-A": "autogen process first.(k)-A",
        "autogen send second.(k)-A": "autogen create second.(k)-A",
        "autogen process second.(k)-A": "autogen create second.(k)-A",
        "autogen ack first.(k)-A": "autogen create second.(k)-A",
        "autogen ack": "autogen create first.(k)-A",
    }
    assert len({span.context.trace_id for span in spans if span.context}) == 1


async def test_the_handlers_of_a_publish_belong_to_the_publisher(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Each copy has a span of its own, whose parent is the publisher's."""
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        await runtime.publish_message(1, TopicId("default", "k"))
    assert tree(exporter.get_finished_spans()) == {
        "autogen create default.(k)-T": None,
        "autogen publish default.(k)-T": "autogen create default.(k)-T",
        "autogen process first.(k)-A": "autogen create default.(k)-T",
        "autogen process second.(k)-A": "autogen create default.(k)-T",
    }


async def test_a_publish_before_the_start_is_traced_too(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """It is held with those who watch it."""
    runtime = SingleThreadedAgentRuntime(tracer_provider=provider)
    await register(runtime)
    await runtime.publish_message(1, TopicId("default", "k"))
    runtime.start()
    await runtime.stop_when_idle()
    assert "autogen process first.(k)-A" in tree(exporter.get_finished_spans())


async def test_baggage_travels_with_the_message(provider: TracerProvider) -> None:
    """The whole context of the sender does, and leaves with the message."""
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        before = otel_context.attach(baggage.set_baggage("user", "ann"))
        await runtime.send_message(2, FIRST)
        otel_context.detach(before)
        await runtime.send_message(1, FIRST)
    assert Agent.heard == ["ann", "ann", None]


async def test_a_cancelled_handler_ends_its_spans(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Cancellation is no error of the handler; the next message is not under it."""
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, 4, FIRST)
            while not Agent.heard:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await runtime.send_message(1, FIRST)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans].count("autogen process first.(k)-A") == 2
    assert {span.status.status_code for span in spans} == {trace.StatusCode.UNSET}
    traces = {span.context.trace_id for span in spans if span.context}
    assert len(traces) == 2


async def test_interventions_have_spans(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """They run in the sender's task, inside its span."""

    class Approving(DefaultInterventionHandler):
        """Lets everything pass."""

    runtime = SingleThreadedAgentRuntime(
        tracer_provider=provider, intervention_handlers=[Approving()]
    )
    async with runtime:
        await register(runtime)
        await runtime.send_message(1, FIRST)
    parents = tree(exporter.get_finished_spans())
    assert parents["autogen intercept Approving"] == "autogen create first.(k)-A"


async def test_tracing_builds_no_sender(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """A sender that does not live has a type in the spans, and no class."""
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        await runtime.send_message(1, FIRST, sender=AgentId("second", "never"))
        assert AgentId("second", "never") not in {
            actor.id for actor in runtime._router.directory
        }
    [process] = [s for s in exporter.get_finished_spans() if "process" in s.name]
    assert process.attributes is not None
    assert process.attributes["sender_agent_type"] == "second"
    assert "sender_agent_class" not in process.attributes


async def test_the_global_provider_is_found_when_the_runtime_starts(
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Programs set it before or after they make the runtime."""
    runtime = SingleThreadedAgentRuntime()
    await register(runtime)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    async with runtime:
        await runtime.send_message(1, FIRST)
    assert "autogen process first.(k)-A" in tree(exporter.get_finished_spans())


async def test_an_environment_variable_switches_tracing_off(
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is autogen_core's, and wins over a provider that is given."""
    monkeypatch.setenv("AUTOGEN_DISABLE_RUNTIME_TRACING", "true")
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        await runtime.send_message(1, FIRST)
    assert exporter.get_finished_spans() == ()


class Broken(SpanProcessor):
    """Raises at every span's begin, or end."""

    def __init__(self, at: str) -> None:
        self.at = at

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self.at == "start":
            message = "no room for spans"
            raise OSError(message)

    def on_end(self, span: ReadableSpan) -> None:
        if self.at == "end":
            message = "no room for spans"
            raise OSError(message)


@pytest.mark.parametrize("at", ["start", "end"])
async def test_what_an_exporter_raises_stops_no_message(
    at: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; the response, and the handler's exception, arrive."""
    provider = TracerProvider()
    provider.add_span_processor(Broken(at))
    caplog.set_level(logging.ERROR)
    async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
        await register(runtime)
        assert await runtime.send_message(2, FIRST) == 2
        with pytest.raises(ZeroDivisionError):
            await runtime.send_message(3, FIRST)
        with suppress(ZeroDivisionError):
            await runtime.publish_message(3, TopicId("default", "k"))
    assert "the message goes on" in caplog.text
    assert otel_context.get_current() == Context()
