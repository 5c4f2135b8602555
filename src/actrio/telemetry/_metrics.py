"""Metrics: counters, durations and gauges of one runtime, for OpenTelemetry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final
from weakref import ref

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from ..abc import Facts, Passage, Report
from ..identity import AgentId

_METER: Final = "actrio"


class MetricWatcher:
    """Counts and times messages; see `Watcher`.

    Everything has the attribute ``agent_type``; dead letters also have a ``reason``,
    messages and durations a ``kind`` (``request`` or ``publish``), and durations of
    handlers an ``outcome`` (``ok``, ``error`` or ``cancelled``).
    """

    def __init__(self, provider: MeterProvider, facts: Facts) -> None:
        meter = provider.get_meter(_METER)
        self._messages = meter.create_counter(
            "actrio.messages", "{message}", "Messages that were handed to a handler."
        )
        self._dead = meter.create_counter(
            "actrio.dead_letters", "{message}", "Messages that no handler took."
        )
        self._queueing = meter.create_histogram(
            "actrio.queue_time", "s", "From sending to the begin of the handler."
        )
        self._handling = meter.create_histogram(
            "actrio.handling_time", "s", "How long handlers ran."
        )
        meter.create_observable_gauge(
            "actrio.live_actors",
            [_gauge(facts, _live)],
            "{actor}",
            "Agents that live now.",
        )
        meter.create_observable_gauge(
            "actrio.inbox_depth",
            [_gauge(facts, _queued)],
            "{message}",
            "Messages that wait in inboxes now.",
        )

    @contextmanager
    def sending(self, passage: Passage) -> Generator[Report]:
        """Measure nothing."""
        del passage
        yield None

    @contextmanager
    def intercepting(self, passage: Passage, handler: str) -> Generator[Report]:
        """Measure nothing."""
        del passage, handler
        yield None

    @contextmanager
    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> Generator[Report]:
        """Count the message, and measure how long it waited and takes."""
        del agent
        kind = "request" if passage.context.is_rpc else "publish"
        attributes = {"agent_type": recipient.type, "kind": kind}
        began = passage.clock()
        self._messages.add(1, attributes)
        self._queueing.record(began - passage.began_at, attributes)
        outcome = "ok"
        try:
            yield None
        except BaseException as exc:
            outcome = "error" if isinstance(exc, Exception) else "cancelled"
            raise
        finally:
            taken = passage.clock() - began
            self._handling.record(taken, {**attributes, "outcome": outcome})

    def carry(self, passage: Passage) -> Mapping[str, str]:
        """Return nothing."""
        del passage
        return {}

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Do nothing: what is dropped is a dead letter."""

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Do nothing: what cannot be handled is a dead letter."""

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Count a dead letter."""
        agent_type = "" if recipient is None else recipient.type
        self._dead.add(1, {"reason": reason, "agent_type": agent_type})


_Count = Callable[[Counter[str], str, int], None]


def _live(counts: Counter[str], agent_type: str, queued: int) -> None:
    del queued
    counts[agent_type] += 1


def _queued(counts: Counter[str], agent_type: str, queued: int) -> None:
    counts[agent_type] += queued


def _gauge(
    facts: Facts, count: _Count
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    # weak: the provider keeps its callbacks for ever, and must not keep the runtime
    weak_facts = ref(facts)

    def observe(options: CallbackOptions) -> Iterable[Observation]:
        del options
        facts = weak_facts()
        if facts is None:
            return
        counts: Counter[str] = Counter()
        for agent_type, queued in facts.census():
            count(counts, agent_type, queued)
        for agent_type, number in counts.items():
            yield Observation(number, {"agent_type": agent_type})

    return observe
