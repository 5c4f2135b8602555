"""The benchmarks run, verify what they measure, and say what they found."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import (
    __main__ as command,
    mailboxes,
    passivation,
    serialization,
    tool_calls,
)
from benchmarks.peers import PEERS
from benchmarks.report import as_json, as_markdown, as_text
from benchmarks.results import Result, last_words, ratio
from benchmarks.rounds import LocalTurns, measure_row
from benchmarks.targets import verdicts
from benchmarks.workloads import ROWS, Ask, Ping, Pong, Publish, Receiver, Row, Tick

from actrio.testing import Host, run

ROOT = Path(__file__).parents[2]
FAST_PEERS = ["bare trio", "bare asyncio", "actrio on trio", "actrio on asyncio"]


def measure_quickly(row: Row, peers: list[str]) -> list[Result]:
    """Measure a row with as few operations as there can be, in this process."""
    results: list[Result] = []
    with LocalTurns() as turns:
        measure_row(
            row,
            peers,
            results,
            turns,
            rounds=1,
            seconds=0.0001,
            cpu=False,
            progress=lambda _: None,
        )
    return results


def result_of(row: str, peer: str, *values: float, unit: str = "requests/s") -> Result:
    return Result(row, row, peer, unit, list(values))


@pytest.mark.parametrize("peer", FAST_PEERS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_measures_every_peer(row: Row, peer: str) -> None:
    """Each row gives each peer a rate, and a latency where somebody waits."""
    (result,) = measure_quickly(row, [peer])
    assert result.error == ""
    assert result.middle > 0
    assert len(result.p50) == len(result.p99) == (1 if row.waits else 0)
    assert peer in as_text([result])


class Careless:
    """A peer that is fast because it does not care."""

    name = "careless"
    host = "trio"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    @asynccontextmanager
    async def open_echo(self) -> AsyncIterator[Callable[[], Ask]]:
        async def ask(ping: Ping) -> Any:
            return Pong(ping.number)

        yield lambda: ask

    @asynccontextmanager
    async def open_topic(self, receivers: list[Receiver]) -> AsyncIterator[Publish]:
        async def publish(tick: Tick) -> None:
            for receiver in receivers:
                if self.fault == "swaps":
                    receiver.take(tick.number ^ 1)
                else:
                    receiver.take(tick.number)

        yield publish
        if self.fault == "repeats":
            receivers[0].take(receivers[0].taken)


@pytest.mark.parametrize(
    ("row", "fault", "words"),
    [
        (ROWS[0], "wrong", "Ping(0) was answered with Pong(number=0)"),
        (ROWS[1], "wrong", "Ping(0) was answered with Pong(number=0)"),
        (ROWS[2], "swaps", "Tick(1) came where Tick(0) was due"),
        (ROWS[3], "repeats", "ticks"),
    ],
)
def test_a_wrong_result_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, row: Row, fault: str, words: str
) -> None:
    """A peer that answers wrongly, out of order or twice has no rate, but an error."""
    monkeypatch.setitem(PEERS, "careless", Careless(fault))
    (result,) = measure_quickly(row, ["careless"])
    assert result.values == []
    assert words in result.error
    assert words in as_text([result])


def test_ratios_compare_the_numbers_of_one_round() -> None:
    """A machine that slows down half way leaves the ratio as it was."""
    fast = result_of("request-1", "actrio on trio", 1000, 1000, 100)
    slow = result_of("request-1", "autogen_core", 100, 100, 10)
    assert ratio(fast, slow) == 10


def test_targets_are_judged_where_both_numbers_are_known() -> None:
    """Enough is met, too little is missed, and what was not measured is not judged."""
    results = [
        result_of("request-1", "autogen_core", 100),
        result_of("request-1", "actrio on trio", 1000),
        result_of("request-1", "actrio on asyncio", 1100),
        result_of("memory", "bare trio", 1000, unit="bytes"),
        result_of("memory", "actrio on trio", 1301, unit="bytes"),
    ]
    judged = {str(target): met for target, _, met in verdicts(results)}
    assert judged == {
        "request-1, actrio on trio ≥ 10 x autogen_core": True,
        "request-1, actrio on asyncio ≥ 12 x autogen_core": False,
        "memory, actrio on trio ≤ 1.3 x bare trio": False,
    }
    for text in (as_text(results), as_markdown(results)):
        assert all(target in text for target in judged)
    assert json.loads(json.dumps(as_json(results, {})))["targets"][0]["ratio"] == 10


def test_a_name_that_is_not_known_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``--only`` with a typing error measures nothing and lists the names."""
    with pytest.raises(SystemExit) as exit_info:
        command.main(["--only", "requests"])
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert "'requests' is not one of: request-1, request-100" in message
    assert "actrio on uvloop" in message


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--check"], 1)])
def test_only_check_makes_a_missed_target_an_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
) -> None:
    """Ctrl-C prints what is known so far; a slow result alone is not a failed run."""

    def measure(
        rows: object, peers: object, results: list[Result], **settings: object
    ) -> None:
        results.append(result_of("request-1", "autogen_core", 100))
        results.append(result_of("request-1", "actrio on trio", 50))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", measure)
    assert command.main(options) == code
    output = capsys.readouterr()
    assert "MISSED" in output.out
    assert "interrupted" in output.err


def test_last_words_are_found_inside_a_group() -> None:
    """The error shown for a peer is the innermost line, without the drawing."""
    assert last_words("Traceback\n  | ValueError: 3\n  +-------\n") == "ValueError: 3"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_command_measures_everything(tmp_path: Path) -> None:
    """One real run, tiny: every row has a value from every peer that is installed."""
    file = tmp_path / "results.json"
    options = ["--quick", "--rounds=1", "--seconds=0.01", "--live=200", "--markdown"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, f"--json={file}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(file.read_text())
    errors = {result["error"] for result in document["results"]}
    assert errors <= {"", "not installed"}
    assert {result["row"] for result in document["results"]} == {
        *(row.name for row in ROWS),
        "memory",
        "memory-traced",
        "import",
    }
    assert len(document["targets"]) == 12
    assert "| actrio on trio |" in done.stdout


def test_round_trips_of_every_candidate_are_measured() -> None:
    """The benchmark of serialization does what it measures, and gives times."""
    found = serialization.measure(rounds=1, count=1)
    assert all(len(times) == 1 and times[0] >= 0 for times in found.values())
    assert serialization.CANDIDATES["dataclass, orjson"]() == serialization.ORDER


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("store", ["none", "memory", "sqlite"])
def test_passivation_touches_every_agent(
    store: str,
    host: Host,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each agent comes, leaves and, where it can, comes back with what it was told."""
    agents = 200 if store != "sqlite" else 40
    run(passivation.touch, agents, 10, store, tmp_path, host=host)
    *looks, last = capsys.readouterr().out.splitlines()
    if store == "none":
        looks.append(last)
    else:
        assert "remember what they were told" in last
    assert len(looks) == passivation.LOOKS
    assert f"{agents:,} agents touched,     10 live" in looks[-1]


@pytest.mark.parametrize("payload", mailboxes.PAYLOADS.values(), ids=str)
def test_mailboxes_are_measured(payload: Any) -> None:
    """Each round times mailbox and channel."""
    found = run(mailboxes.measure, payload, 10, 2)
    assert len(found) == 2
    assert all(mailbox > 0 and channel > 0 for mailbox, channel in found)


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_tool_calls_are_measured(host: Host) -> None:
    """Each round times a call and a plain request, and checks the result."""
    found = run(tool_calls.measure, 5, 2, host=host)
    assert len(found) == 2
    assert all(call > 0 and plain > 0 for call, plain in found)
