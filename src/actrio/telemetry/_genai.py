"""Spans of agents and tools, by OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from .._contextvars import AgentInstantiationContext
from ..identity import AgentId

_TRACER: Final = "autogen-core"
_SYSTEM: Final = "autogen"


@contextmanager
def trace_create_agent_span(
    agent_name: str | AgentId | None = None,
    *,
    tracer: Tracer | None = None,
    parent: Span | None = None,
    agent_id: str | AgentId | None = None,
    agent_description: str | None = None,
    agent_type: str | None = None,
) -> Generator[Span]:
    """Run a block that makes an agent under a span ``create_agent <name>``.

    What the block raises is recorded in the span, and raised.

    Args:
        agent_name: Its name; its id, or its type, do as well.
        tracer: Makes the span; the global provider's by default.
        parent: The span around it; the current one by default.
        agent_id: Its id; inside a factory, the id of the agent being made.
        agent_description: What it is for.
        agent_type: Its type.
    """
    if agent_id is None and AgentInstantiationContext.is_in_factory_call():
        agent_id = AgentInstantiationContext.current_agent_id()
    attributes = _agent(agent_name, agent_id, agent_description, agent_type)
    name = attributes.get("gen_ai.agent.name", "")
    with _span("create_agent", f"{name}", attributes, tracer, parent) as span:
        yield span


@contextmanager
def trace_invoke_agent_span(
    agent_name: str | AgentId | None = None,
    *,
    tracer: Tracer | None = None,
    parent: Span | None = None,
    agent_id: str | AgentId | None = None,
    agent_description: str | None = None,
    agent_type: str | None = None,
    message_type: str | None = None,
) -> Generator[Span]:
    """Run a block in which an agent works under a span ``invoke_agent <name>``.

    What the block raises is recorded in the span, and raised.

    Args:
        agent_name: Its name; its id, or its type, do as well.
        tracer: Makes the span; the global provider's by default.
        parent: The span around it; the current one by default.
        agent_id: Its id.
        agent_description: What it is for.
        agent_type: Its type.
        message_type: What kind of message it works on.
    """
    attributes = _agent(agent_name, agent_id, agent_description, agent_type)
    if message_type is not None:
        attributes["messaging.message.type"] = message_type
    name = attributes.get("gen_ai.agent.name", "")
    with _span("invoke_agent", f"{name}", attributes, tracer, parent) as span:
        yield span


@contextmanager
def trace_tool_span(
    tool_name: str,
    *,
    tracer: Tracer | None = None,
    parent: Span | None = None,
    tool_description: str | None = None,
    tool_call_id: str | None = None,
) -> Generator[Span]:
    """Run a block that calls a tool under a span ``execute_tool <name>``.

    What the block raises is recorded in the span, and raised.

    Args:
        tool_name: The tool.
        tracer: Makes the span; the global provider's by default.
        parent: The span around it; the current one by default.
        tool_description: What it does.
        tool_call_id: Which call of the model it answers.
    """
    attributes = _tool(tool_name, tool_description, tool_call_id)
    with _span(
        "execute_tool", tool_name, attributes, tracer, parent, SpanKind.INTERNAL
    ) as span:
        yield span


@contextmanager
def open_tool_span(
    name: str, description: str, call_id: str | None
) -> Generator[Callable[[], AbstractContextManager[Span]]]:
    """Keep the span of a tool open, and give what makes it the current one.

    What the block raises is recorded in the span, and raised.
    """
    span = trace.get_tracer(_TRACER).start_span(
        f"execute_tool {name}",
        kind=SpanKind.INTERNAL,
        attributes={
            **_operation("execute_tool"),
            **_tool(name, description, call_id),
        },
    )
    try:
        with _recording(span):
            yield partial(
                trace.use_span,
                span,
                record_exception=False,
                set_status_on_exception=False,
            )
    finally:
        span.end()


def _tool(
    name: str, description: str | None, call_id: str | None
) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {"gen_ai.tool.name": name}
    if description is not None:
        attributes["gen_ai.tool.description"] = description
    if call_id is not None:
        attributes["gen_ai.tool.call.id"] = call_id
    return attributes


def _agent(
    name: str | AgentId | None,
    agent_id: str | AgentId | None,
    description: str | None,
    agent_type: str | None,
) -> dict[str, AttributeValue]:
    if isinstance(name, AgentId):
        agent_id, name = agent_id or name, name.type
    found = {
        "gen_ai.agent.name": name or agent_type,
        "gen_ai.agent.id": None if agent_id is None else str(agent_id),
        "gen_ai.agent.description": description,
        "gen_ai.agent.type": agent_type,
    }
    return {key: value for key, value in found.items() if value is not None}


@contextmanager
def _span(
    operation: str,
    name: str,
    attributes: dict[str, AttributeValue],
    tracer: Tracer | None,
    parent: Span | None,
    kind: SpanKind = SpanKind.CLIENT,
) -> Generator[Span]:
    with (tracer or trace.get_tracer(_TRACER)).start_as_current_span(
        f"{operation} {name}".rstrip(),
        context=None if parent is None else trace.set_span_in_context(parent),
        kind=kind,
        attributes={**_operation(operation), **attributes},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        with _recording(span):
            yield span


def _operation(name: str) -> dict[str, AttributeValue]:
    return {"gen_ai.operation.name": name, "gen_ai.system": _SYSTEM}


@contextmanager
def _recording(span: Span) -> Generator[None]:
    """Record in the span what the block raises."""
    try:
        yield
    except Exception as exc:
        span.record_exception(exc)
        error = type(exc).__name__
        span.set_status(Status(StatusCode.ERROR, f"{error}: {exc}"))
        span.set_attribute("error.type", error)
        raise
