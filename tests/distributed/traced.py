"""A worker whose spans a test looks at: ``python -m … HOST URL NAMESPACE``.

It hosts agents until it is told to leave with SIGTERM, and then writes each span as a line.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence

import anyio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.distributed.kit import Add, Sum

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    TypeSubscription,
    message_handler,
)
from actrio.distributed import RedisAgentRuntime


class Passing(RoutedAgent):
    """Passes what it is asked on to its neighbour, if there is one."""

    def __init__(self, neighbour: AgentId | None = None) -> None:
        super().__init__("passes on")
        self._neighbour = neighbour

    @message_handler
    async def on_add(self, message: Add, ctx: MessageContext) -> Sum:
        if self._neighbour is None or not ctx.is_rpc:
            return Sum(message.number)
        found: Sum = await self.send_message(message, self._neighbour)
        return found


class Recorded:
    """A tracer provider, and the spans that were made with it."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def spans(self) -> list[Sequence[object]]:
        """Return name, trace, own id and that of the parent of each span."""
        return [_parts(span) for span in self._exporter.get_finished_spans()]


def _parts(span: ReadableSpan) -> Sequence[object]:
    context = span.get_span_context()
    assert context is not None
    parent = None if span.parent is None else span.parent.span_id
    return span.name, context.trace_id, context.span_id, parent


async def main(url: str, namespace: str) -> None:
    """Host two types until SIGTERM comes."""
    recorded = Recorded()
    runtime = RedisAgentRuntime(
        url,
        namespace=namespace,
        lease=2.0,
        messages=[Sum],
        tracer_provider=recorded.provider,
    )
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with runtime:
            await Passing.register(
                runtime, "first", lambda: Passing(AgentId("second", "k"))
            )
            await Passing.register(runtime, "told", Passing)
            await runtime.add_subscription(TypeSubscription("t", "told"))
            say("ready")
            async for _ in signals:
                break
    for span in recorded.spans():
        say(json.dumps(span))
    say("left")


def say(text: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    host, url, namespace = sys.argv[1:]
    anyio.run(main, url, namespace, backend=host)
