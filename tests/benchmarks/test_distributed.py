"""The benchmark of the distributed runtime runs real processes, and verifies them."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import distributed
from benchmarks.distributed import Figures, Fleet, _sides, _table, _works

NOT_INSTALLED = "not installed: pip install 'autogen-ext[grpc]==0.7.5'"


@pytest.mark.slow
def test_every_work_is_measured_on_both_hosts() -> None:
    """A turn of each work, quick, with the server and the processes that it needs."""
    sides = [distributed.SIDES[name](False) for name in distributed.SIDES]
    works = {row.work: row for row in _table.ROWS if row.workers == 1}
    rows = [*works.values(), *(row for row in _table.ROWS if row.workers == 2)]
    assert [*works] == [*_works.WORKS]
    found = distributed.measure(sides, rows, rounds=1, scale=0.001)
    for row in rows:
        for side in sides:
            figures = found[row.title][side.name]
            if side.name == _sides.PEER:
                assert figures.lacks or figures.rates
                continue
            assert not figures.lacks, f"{row.title}: {figures.lacks}"
            assert len(figures.rates) == (row.work != "cancel")
            assert len(figures.p99) == (row.work != "publish")
    assert len([*distributed.lines(found, rows)]) == len(rows) * (1 + len(sides))


@pytest.mark.slow
def test_redis_can_write_to_disk() -> None:
    """With ``--aof`` the server keeps what it was sent."""
    with Fleet(distributed.SIDES["actrio on trio"](True)) as fleet:
        rate, waits = fleet.take("request", (4, 2, 10), 30)
    assert rate
    assert len(waits) == 4


@pytest.mark.slow
def test_work_that_fails_says_why() -> None:
    """A side whose client fails, or is not done in time, has a line and no figures."""
    row = _table.Row("too late", "cancel", 4, (1,))
    side = distributed.SIDES["actrio on trio"](False)
    with Fleet(side) as fleet:
        with pytest.raises(RuntimeError, match="argument"):
            fleet.take("request", (), 30)
        with pytest.raises(TimeoutError, match="not done after 0 s"):
            fleet.take("request", (4, 1, 10), 0)
    found = {row.title: {side.name: Figures(lacks="it ended")}}
    assert [*distributed.lines(found, [row])] == [
        "too late:",
        "  actrio on trio     no figures: it ended",
    ]


class _Broken(_sides.Actrio):
    """A side with nothing to meet at."""

    @contextmanager
    def serve(self) -> Generator[str]:
        if self.name:
            message = "there is no server"
            raise RuntimeError(message)
        yield ""


def test_a_side_that_does_not_begin_has_a_line() -> None:
    """The other sides go on, and the table says what was wrong with this one."""
    found = distributed.measure([_Broken("trio")], _table.ROWS[:1], rounds=2)
    figures = found[_table.ROWS[0].title]["actrio on trio"]
    assert figures == Figures(lacks="there is no server")


def test_a_peer_that_is_not_installed_has_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line gives the command that installs it."""
    monkeypatch.setitem(sys.modules, "autogen_ext.runtimes.grpc", None)
    peer = distributed.SIDES[_sides.PEER](False)
    found = distributed.measure([peer], _table.ROWS[:1], rounds=1)
    assert found[_table.ROWS[0].title][peer.name].lacks == NOT_INSTALLED


def test_a_peer_with_one_worker_has_no_row_with_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Growth with workers says that a type has only one of them there."""
    monkeypatch.setattr(_table, "missing", lambda side: None)
    peer = distributed.SIDES[_sides.PEER](False)
    rows = [row for row in _table.ROWS if row.workers == 2]
    found = distributed.measure([peer], rows, rounds=1)
    [figures] = found[rows[0].title].values()
    assert figures.lacks == "it lets only one worker host an agent type"


def test_ratios_are_medians_over_the_rounds() -> None:
    """A line has the median, the spread, the ratio to the peer and the waits."""
    ours, theirs = Figures(), Figures()
    for rate, other in [(200, 100), (600, 200), (400, 100)]:
        ours.note(rate, [0.001] * 99 + [0.005])
        theirs.note(other, [])
    row = _table.Row("row", "request", 1, (), goal="≥ 2 x")
    found = {"row": {"actrio on trio": ours, _sides.PEER: theirs}}
    assert [*distributed.lines(found, [row])] == [
        "row: (goal: ≥ 2 x)",
        (
            "  actrio on trio          400 per second [200..600], "
            "3.00 x [2.00..4.00], p50 1.00 ms, p99 5.00 ms"
        ),
        "  autogen-ext[grpc]       100 per second [100..200]",
    ]


def test_a_wrong_answer_is_an_error() -> None:
    """What was expected is named beside what came."""
    with pytest.raises(AssertionError, match="it gave 1 in place of 2"):
        _works._check(1, 2)
