"""Spans of agents and tools, and what is loaded for telemetry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from typing import cast

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer
from pydantic import BaseModel

from actrio import (
    AgentId,
    AgentInstantiationContext,
    CancellationToken,
    SingleThreadedAgentRuntime,
    trace_create_agent_span,
    trace_invoke_agent_span,
    trace_tool_span,
)
from actrio.tools import BaseStreamTool, FunctionTool


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("test")


def only(exporter: InMemorySpanExporter) -> tuple[str, dict[str, object]]:
    span: ReadableSpan
    [span] = exporter.get_finished_spans()
    return span.name, dict(span.attributes or {})


def test_row_26_a_span_of_an_agent_by_its_type_or_id(
    tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    """``agent_type=`` alone, an `AgentId` first, and ``message_type=`` are accepted."""
    with trace_create_agent_span(agent_type="worker", tracer=tracer):
        pass
    name, attributes = only(exporter)
    assert name == "create_agent worker"
    assert attributes["gen_ai.agent.type"] == "worker"
    exporter.clear()
    with trace_invoke_agent_span(
        AgentId("worker", "k"), message_type="Task", tracer=tracer
    ):
        pass
    name, attributes = only(exporter)
    assert name == "invoke_agent worker"
    assert attributes["gen_ai.agent.id"] == "worker/k"
    assert attributes["messaging.message.type"] == "Task"


def test_a_span_without_a_name(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    """Nothing is invented."""
    with trace_invoke_agent_span(tracer=tracer):
        pass
    assert only(exporter) == (
        "invoke_agent",
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.system": "autogen"},
    )


def test_inside_a_factory_the_id_is_known(
    tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    """It is that of the agent being made."""
    made = SingleThreadedAgentRuntime(), AgentId("worker", "k")
    with (
        AgentInstantiationContext.populate_context(made),
        trace_create_agent_span("worker", tracer=tracer),
    ):
        pass
    assert only(exporter)[1]["gen_ai.agent.id"] == "worker/k"


def test_without_a_tracer_the_global_one_is_used() -> None:
    """Without a provider that is one that does nothing."""
    with trace_tool_span("search") as span:
        assert not span.is_recording()


PROGRAM = """
import sys
import actrio
assert "opentelemetry" not in sys.modules
actrio.SingleThreadedAgentRuntime()
assert "opentelemetry" not in sys.modules
sys.modules["opentelemetry"] = None
try:
    actrio.trace_tool_span
except ImportError as exc:
    print(exc)
"""


def test_opentelemetry_is_optional() -> None:
    """It is not loaded without need, and its absence gives the install command."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert "pip install 'actrio[otel]'" in done.stdout


@pytest.fixture
def _tracing(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has set a global provider, as it can do only once."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)


@pytest.mark.anyio
@pytest.mark.usefixtures("_tracing")
async def test_a_call_of_a_tool_has_a_span(exporter: InMemorySpanExporter) -> None:
    """It is the current one while the tool runs, and records what the tool raises."""

    async def look(ok: bool) -> str:
        if not ok:
            message = "broken"
            raise ValueError(message)
        return cast("ReadableSpan", trace.get_current_span()).name

    tool = FunctionTool(look, "looks")
    token = CancellationToken()
    seen = await tool.run_json({"ok": True}, token, call_id="7")
    assert seen == "execute_tool look"
    name, attributes = only(exporter)
    assert name == "execute_tool look"
    assert attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.system": "autogen",
        "gen_ai.tool.name": "look",
        "gen_ai.tool.description": "looks",
        "gen_ai.tool.call.id": "7",
    }
    exporter.clear()
    with pytest.raises(ValueError, match="broken"):
        await tool.run_json({"ok": False}, token)
    assert only(exporter)[1]["error.type"] == "ValueError"


class Word(BaseModel):
    text: str


class Naming(BaseStreamTool[Word, Word, Word]):
    """Says the name of the current span at each step."""

    async def run(self, args: Word, cancellation_token: CancellationToken) -> Word:
        return args

    async def run_stream(
        self, args: Word, cancellation_token: CancellationToken
    ) -> AsyncGenerator[Word, None]:
        for _ in range(2):
            span = cast("ReadableSpan", trace.get_current_span())
            yield Word(text=span.name)


@pytest.mark.anyio
@pytest.mark.usefixtures("_tracing")
async def test_whoever_reads_a_stream_is_outside_of_its_span(
    exporter: InMemorySpanExporter,
) -> None:
    """The tool has it while it works; the span lasts until the stream ends."""
    tool = Naming(Word, Word, "naming", "names")
    stream = tool.run_json_stream({"text": "x"}, CancellationToken())
    async for item in stream:
        assert item.text == "execute_tool naming"
        assert not trace.get_current_span().is_recording()
        assert exporter.get_finished_spans() == ()
    assert only(exporter)[0] == "execute_tool naming"
