"""What does a traced request cost, and how much of it is OpenTelemetry's SDK?

A dataclass with one field goes to an agent that returns it, with every span recorded and
exported to memory. Beside it stands what nobody can avoid who makes the same four spans:
the SDK alone, with the same names, attributes, links and parents. The candidates take
turns in one process; the figures are medians of processor time, the ratios medians over
the rounds. ``python -m benchmarks.tracing``
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import autogen_core
import trio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, set_span_in_context

import actrio

__all__ = ["measure"]

_LIBRARIES: dict[str, Any] = {"actrio": actrio, "autogen_core": autogen_core}


@dataclass
class Ping:
    text: str


Turn = Callable[[int], Any]
"""Makes this many requests."""


@asynccontextmanager
async def requests(library: str, *, traced: bool) -> AsyncIterator[Turn]:
    """Yield what makes requests to one agent of a library."""
    package = _LIBRARIES[library]

    async def on_ping(self: Any, message: Ping, ctx: Any) -> Ping:
        return message

    # autogen_core wants real classes for annotations, by this very name
    on_ping.__annotations__["ctx"] = package.MessageContext
    handler = package.message_handler(on_ping)
    echo: Any = type("Echo", (package.RoutedAgent,), {"on_ping": handler})
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    runtime = package.SingleThreadedAgentRuntime(
        tracer_provider=provider if traced else None
    )
    await echo.register(runtime, "echo", lambda: echo("echoes"))
    runtime.start()
    message, recipient = Ping("hello"), package.AgentId("echo", "1")

    async def turn(count: int) -> None:
        for _ in range(count):
            await runtime.send_message(message, recipient)
        spans = len(exporter.get_finished_spans())
        assert spans == (4 * count if traced else 0), f"{library} made {spans} spans"
        exporter.clear()

    yield turn
    await runtime.stop()


@asynccontextmanager
async def sdk() -> AsyncIterator[Turn]:
    """Yield what makes the four spans of a request, and nothing else."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    start = provider.get_tracer("alone").start_span
    place = {
        "messaging.operation": "create",
        "messaging.destination": "echo.(1)-A",
    }
    agent = {"sender_agent_type": "echo", "sender_agent_class": "Echo"}
    text = {"message": '{"text": "hello"}'}

    async def turn(count: int) -> None:
        for _ in range(count):
            created = start(
                "autogen create echo.(1)-A",
                None,
                SpanKind.PRODUCER,
                {**place, "messaging.message.type": "Ping"},
            )
            context = set_span_in_context(created)
            link = Link(created.get_span_context())
            sent = start(
                "autogen send echo.(1)-A", context, SpanKind.PRODUCER, place, (link,)
            )
            processing = {**place, **agent, **text, "message_context": "{}"}
            start(
                "autogen process echo.(1)-A",
                context,
                SpanKind.CONSUMER,
                processing,
                (link,),
            ).end()
            sent.end()
            start(
                "autogen ack",
                context,
                SpanKind.CONSUMER,
                {**place, **agent, **text},
                (Link(sent.get_span_context()),),
            ).end()
            created.end()
        exporter.clear()

    yield turn


async def _take_turns(
    candidates: dict[str, Any], rounds: int, count: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in candidates}
    async with AsyncExitStack() as stack:
        turns = {
            name: await stack.enter_async_context(candidate)
            for name, candidate in candidates.items()
        }
        for number in range(rounds + 1):
            for name, turn in turns.items():
                began = time.process_time()
                await turn(count)
                if number:  # the first round warms up
                    found[name].append((time.process_time() - began) / count)
    return found


def measure(*, rounds: int, count: int) -> dict[str, dict[str, list[float]]]:
    """Return the seconds per request, by host, candidate and round."""

    def candidates(*, with_peer: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "actrio, not traced": requests("actrio", traced=False),
            "actrio, traced": requests("actrio", traced=True),
            "the SDK alone": sdk(),
        }
        if with_peer:
            found["autogen_core, traced"] = requests("autogen_core", traced=True)
        return found

    return {
        "trio": trio.run(_take_turns, candidates(with_peer=False), rounds, count),
        "asyncio": asyncio.run(
            _take_turns(candidates(with_peer=True), rounds, count),
        ),
    }


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.tracing", description=__doc__.splitlines()[0]
    )
    options.add_argument("--rounds", type=int, default=15, help="turns per candidate")
    options.add_argument("--count", type=int, default=300, help="requests per turn")
    arguments = options.parse_args()
    for host, found in measure(rounds=arguments.rounds, count=arguments.count).items():
        base = found["actrio, traced"]
        for name, times in found.items():
            ratios = [other / ours for other, ours in zip(times, base, strict=True)]
            print(
                f"{host:8} {name:21} {median(times) * 1e6:6.1f} µs "
                f"{median(ratios):5.2f} times actrio, traced"
            )


if __name__ == "__main__":
    main()
