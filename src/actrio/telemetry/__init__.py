"""Telemetry: traces, metrics and event records of messages.

A runtime knows of none of these; it has watchers, and `find_watchers` finds them when
it is made and when it starts. OpenTelemetry is needed, and loaded, only if there is a
provider: one that the runtime was given, or one that the program has set globally.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

from ..abc import Facts, Watcher, Watchers
from ._events import EventWatcher

__all__ = ["find_watchers", "is_tracing", "tool_span"]

_Step = Callable[[], AbstractContextManager[object]]


def find_watchers(tracers: object, meters: object, facts: Facts) -> Watchers:
    """Find those who watch a runtime.

    Args:
        tracers: Its provider of tracers; None for the global one, if there is one.
        meters: Its provider of meters; None for the global one, if there is one.
        facts: What they may ask about the runtime.
    """
    always: list[Watcher] = []
    tracers = tracers or _global_provider("trace", "get_tracer_provider")
    if tracers is not None and not _is_tracing_disabled():
        always.append(import_module("._spans", __name__).SpanWatcher(tracers, facts))
    meters = meters or _global_provider("metrics", "get_meter_provider")
    if meters is not None:
        always.append(import_module("._metrics", __name__).MetricWatcher(meters, facts))
    return Watchers(always, EventWatcher())


def is_tracing() -> bool:
    """Say whether the program has set a global provider of tracers."""
    return (
        "opentelemetry.trace" in sys.modules
        and _global_provider("trace", "get_tracer_provider") is not None
    )


def tool_span(
    name: str, description: str, call_id: str | None
) -> AbstractContextManager[_Step]:
    """Run a block that calls a tool under a span, if the program `is_tracing`.

    The block gets a function whose context makes the span the current one, so that a
    tool that streams has it only while it works, and not whoever reads the stream.
    """
    if not is_tracing():
        return _NO_SPAN
    genai = import_module("._genai", __name__)
    span: AbstractContextManager[_Step] = genai.open_tool_span(
        name, description, call_id
    )
    return span


def _no_step() -> AbstractContextManager[object]:
    return _NO_STEP


_NO_STEP = nullcontext()
_NO_SPAN = nullcontext(_no_step)


def _global_provider(module: str, function: str) -> object | None:
    """Return the provider that the program has set, without loading what it has not."""
    loaded: Any = sys.modules.get(f"opentelemetry.{module}")
    if loaded is None:
        return None
    provider: object = getattr(loaded, function)()
    name = type(provider).__name__
    # what the API gives as long as nobody has set one
    is_placeholder = name.startswith(("Proxy", "_Proxy", "NoOp", "_NoOp"))
    return None if is_placeholder else provider


def _is_tracing_disabled() -> bool:
    return os.environ.get("AUTOGEN_DISABLE_RUNTIME_TRACING", "").lower() == "true"
