"""Every row measures every peer, verifies what it measures, and says what it found."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import coroutine
from typing import Any

import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.deliveries import Deliveries, Local, Receiver, Reported
from benchmarks.growth import grown, measure_curve
from benchmarks.messages import Ask, Load, Ping, Pong, Publish, Tick, WrongResultError
from benchmarks.peers import PEERS, Peer
from benchmarks.report import as_text
from benchmarks.results import Result
from benchmarks.rounds import Pace, measure_row
from benchmarks.stages import STAGES, Stage
from benchmarks.turns import LocalTurns
from benchmarks.worker import NAMED
from benchmarks.workloads import CURVES, ROWS, STEPS, Curve, Row, Sample

INSTANT = Pace(rounds=1, seconds=0.0001, quick=True)
LOOPS = ["bare trio", "bare asyncio", "actrio on trio", "actrio on asyncio"]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few operations as there can be where a row fixes their number."""
    monkeypatch.setattr(NAMED["create-10000"], "fixed_quick", 5)
    monkeypatch.setattr(NAMED["cancel"], "fixed_quick", 2)
    monkeypatch.setattr("benchmarks.workloads._curves.MESSAGES", 20)


def measure_quickly(row: Row, peer: str) -> Result:
    """Measure a row in this process."""
    results: list[Result] = []
    with LocalTurns() as turns:
        measure_row(row, [peer], results, turns, INSTANT)
    (result,) = results
    return result


def every_row_and_peer() -> Iterator[Any]:
    """The pairs that are measured; those with many tasks or threads are slow."""
    for row in ROWS:
        for peer in (*LOOPS, "Pykka"):
            many = row.name in ("request-256", "publish-1000") or peer == "Pykka"
            marks = [pytest.mark.slow] if many and row.name != "request-1" else []
            yield pytest.param(row, peer, id=f"{row}-{peer}", marks=marks)


@pytest.mark.parametrize(("row", "peer"), [*every_row_and_peer()])
def test_every_row_measures_every_peer(row: Row, peer: str) -> None:
    """Each row gives each peer a number, and a latency where somebody waits."""
    result = measure_quickly(row, peer)
    if peer == "Pykka" and row.name == "cancel":
        assert "run to their end when the caller is cancelled" in result.lacks
    else:
        assert (result.error, result.lacks) == ("", "")
        assert result.middle > 0
        shown = row.waits or row.name == "cancel"
        assert len(result.p50) == len(result.p99) == (1 if shown else 0)
    assert peer in as_text([result])


@pytest.mark.parametrize("peer", ["actrio on trio", "actrio on asyncio"])
@pytest.mark.parametrize("row", STEPS, ids=str)
def test_steps_of_a_request_are_measured(row: Row, peer: str) -> None:
    """Each step runs by itself."""
    assert measure_quickly(row, peer).middle > 0


@pytest.mark.parametrize("peer", LOOPS)
@pytest.mark.parametrize("curve", CURVES, ids=str)
def test_every_curve_is_drawn_for_every_peer(curve: Curve, peer: str) -> None:
    """One point for each count, or a word why there is none."""
    results: list[Result] = []
    with LocalTurns() as turns:
        measure_curve(curve, [peer], results, turns, counts=[1, 3], rounds=1)
    if curve.name in ("growth-topics", "growth-subscriptions") and "bare" in peer:
        assert [result.lacks for result in results] == [
            "not measured, it has no topics"
        ]
    else:
        assert [result.count for result in results if result.values] == [1, 3]
        assert grown(results) > 0
    assert peer in as_text(results)


# ── Wrong answers ─────────────────────────────────────────────────────────────────


class Careless(Peer):
    """A peer that is fast because it does not care."""

    name = "careless"
    host = "trio"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    async def _answer(self, ping: Ping | Load) -> Any:
        if self.fault == "crashes":
            message = "out of order"
            raise RuntimeError(message)
        if isinstance(ping, Load):
            return Load(ping.number + 1, ping.payload[1:])
        return Pong(ping.number)

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Callable[[], Ask]]:
        yield lambda: self._answer

    @asynccontextmanager
    async def open_chain(
        self, stage: Stage, length: int
    ) -> AsyncIterator[Callable[[], Ask]]:
        yield lambda: self._answer

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        async def address(number: int) -> Ask:
            return self._answer

        yield address

    @asynccontextmanager
    async def open_topic(
        self, stage: Stage, subscribers: int
    ) -> AsyncIterator[tuple[Publish, Deliveries]]:
        deliveries: Any = Local(subscribers, stage)
        receivers = deliveries.receivers
        if self.fault.startswith("remote"):
            receivers = [Receiver() for _ in range(subscribers)]

            async def report(number: int) -> tuple[int, str]:
                taken, fault = receivers[number].report()
                return taken, fault

            deliveries = Reported(subscribers, stage, report)

        async def publish(tick: Tick) -> None:
            for receiver in receivers:
                swapped = self.fault.endswith("swaps")
                receiver.take(tick.number ^ 1 if swapped else tick.number)
                if self.fault.endswith("remote repeats"):
                    receiver.take(receiver.taken)

        yield publish, deliveries
        if self.fault == "repeats":
            receivers[0].take(receivers[0].taken)

    @asynccontextmanager
    async def open_sink(
        self, stage: Stage, senders: int
    ) -> AsyncIterator[tuple[Publish, Deliveries]]:
        deliveries = Local(senders, stage)

        async def tell(tick: Tick) -> None:
            deliveries.receivers[tick.sender].take(tick.number + (tick.sender == 7))

        yield tell, deliveries


@pytest.mark.parametrize(
    ("row", "fault", "words"),
    [
        ("request-1", "wrong", "request 0 was answered with Pong(number=0)"),
        ("request-16", "wrong", "request 0 was answered with Pong(number=0)"),
        (
            "payload-10k",
            "wrong",
            "request 0 was answered with Load(number=1, payload='1",
        ),
        ("chain-5", "wrong", "request 0 was answered with Pong(number=0)"),
        ("create-10000", "wrong", "request 0 was answered with Pong(number=0)"),
        ("request-1", "crashes", "out of order"),
        ("publish-10", "swaps", "1 came where 0 was due"),
        ("publish-10", "repeats", "messages came where"),
        ("publish-10", "remote swaps", "1 came where 0 was due"),
        ("publish-10", "remote repeats", "1 came where 2 was due"),
        ("fan-in-100", "wrong", "1 came where 0 was due"),
    ],
)
def test_a_wrong_result_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, row: str, fault: str, words: str
) -> None:
    """A peer that answers wrongly, out of order or twice has no number, but an error."""
    monkeypatch.setitem(PEERS, "careless", Careless(fault))
    result = measure_quickly(NAMED[row], "careless")
    assert result.values == []
    assert words in result.error
    assert f"careless: failed: {result.error}" in as_text([result])


def test_a_peer_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row names the extra."""
    absent = Careless("")
    absent.needs = ("no_such_module",)
    monkeypatch.setitem(PEERS, "careless", absent)
    result = measure_quickly(NAMED["request-1"], "careless")
    words = "not installed: pip install 'actrio[bench-peers]'"
    assert result.lacks == words
    assert f"careless: {words}" in as_text([result])


@pytest.mark.parametrize("name", sorted(PEERS))
def test_every_peer_names_itself_and_what_it_needs(name: str) -> None:
    """The table is made from it; a peer runs on a stage that there is."""
    peer = PEERS[name]
    assert peer.name == name
    assert peer.host in STAGES
    assert peer.install.startswith("pip install 'actrio[bench")


def test_a_peer_lacks_what_it_does_not_have() -> None:
    """Every kind of work that a peer may lack has words for it."""
    peer, stage = Peer(), STAGES["trio"]
    opened: list[Callable[[], object]] = [
        lambda: peer.open_echo(stage),
        lambda: peer.open_chain(stage, 5),
        lambda: peer.open_topic(stage, 1),
        lambda: peer.open_sink(stage, 1),
        lambda: peer.open_population(stage),
        lambda: peer.open_topics(stage, 1),
        lambda: peer.open_queue(stage, 1),
        lambda: peer.open_hanging(stage),
    ]
    for each in opened:
        with pytest.raises(Exception, match="not measured, "):
            each()


def test_a_curve_stops_where_a_peer_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Larger counts are not tried, and the table has a gap there."""

    class Slow(LocalTurns):
        def take_timed(self, peer: Peer, row: Row, count: int) -> tuple[Sample, float]:
            return Sample(1, 0.5, 0.5), 100.0

    results: list[Result] = []
    measure_curve(
        CURVES[0], ["bare trio"], results, Slow(), counts=[1, 10, 100], rounds=1
    )
    assert [result.count for result in results] == [1]
    assert "bare trio (no further: 1 took 100 s)" in as_text(results)


def test_receivers_out_of_sight_are_asked_until_all_is_there() -> None:
    """They are asked again until the messages came, and what came too often is seen."""
    stage, taken = STAGES["threads"], 0

    async def report(number: int) -> tuple[int, str]:
        nonlocal taken
        taken += 1
        return taken, ""

    async def program() -> None:
        deliveries = Reported(1, stage, report)
        deliveries.expect(3)
        await deliveries.wait()
        deliveries.check()
        await deliveries.collect()
        with pytest.raises(WrongResultError, match="4 messages came where 3 were sent"):
            deliveries.check()

    stage.run(program)


def test_threads_raise_what_a_program_raised() -> None:
    """The first error comes out, after all have ended; a program may not suspend."""
    stage, ended = STAGES["threads"], 0

    async def fails() -> None:
        nonlocal ended
        ended += 1
        message = "no"
        raise ValueError(message)

    with pytest.raises(ValueError, match="no"):
        stage.run(lambda: stage.together([fails, fails]))
    assert ended == 2

    @coroutine
    def suspends() -> Generator[None]:
        yield

    async def waits() -> None:
        await suspends()

    with pytest.raises(AssertionError, match="waited for an event loop"):
        stage.run(waits)
