"""The command line: what it refuses, what it says, and what it keeps."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import __main__ as command, instructions, pages, plan, plot, steps
from benchmarks.growth import grown
from benchmarks.imports import measure_imports
from benchmarks.peers import PEERS
from benchmarks.report import as_json, as_markdown, as_text
from benchmarks.results import Result, from_json, last_words, ratio
from benchmarks.rounds import Pace
from benchmarks.targets import verdicts
from benchmarks.turns import PeerFailedError, WorkerTurns
from benchmarks.worker import NAMED, answer
from benchmarks.workloads import CURVES, ROWS, STEPS

ROOT = Path(__file__).parents[2]


def result_of(row: str, peer: str, *values: float, unit: str = "requests/s") -> Result:
    return Result(row, row, peer, unit, list(values))


def everything() -> list[Result]:
    """A result for every row and peer, without having measured any."""
    results = []
    for row in ROWS:
        for number, peer in enumerate(PEERS, 1):
            result = Result(row.name, row.title, peer, row.unit, [100.0, 90.0 * number])
            if row.waits:
                result.p50, result.p99 = [1e-5, 2e-5], [3e-5, 4e-5]
            if peer == "Ray":
                result.values, result.lacks = [], "not installed: pip install x"
            results.append(result)
    for curve in CURVES:
        for count in (1, 10):
            title = f"{curve.title}: {curve.of}"
            values = [5.0 * count]
            results.append(
                Result(curve.name, title, "bare trio", curve.unit, values, count=count)
            )
    for name in ("memory", "import", "instructions-request-1", "step-switches"):
        results.append(result_of(name, "actrio on trio", 7.0, unit="bytes"))
        results.append(result_of(name, "bare trio", 14.0, unit="bytes"))
    return results


# ── Names and options ─────────────────────────────────────────────────────────────


def test_a_name_that_is_not_known_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``--only`` with a typing error measures nothing and lists rows and peers."""
    with pytest.raises(SystemExit) as exit_info:
        command.main(["--only", "requests"])
    assert exit_info.value.code == 2
    message = capsys.readouterr().err
    assert "'requests' is neither a row (request-1, request-16" in message
    assert "nor a peer (autogen_core, bare trio" in message
    assert "growth-queue" in message
    assert "Ray)" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rounds=0"], "0 is not more than 0"),
        (["--seconds=-1"], "-1 is not more than 0"),
        (["--live=many"], "invalid"),
        (["--plot=chart.pdf"], "must end in .svg or .png"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    """Nothing is measured, and the message says what is wrong."""
    with pytest.raises(SystemExit) as exit_info:
        command.main(options)
    assert exit_info.value.code == 2
    assert words in capsys.readouterr().err


def test_a_plot_without_matplotlib_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The install command is given before anything is measured."""
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    assert plot.why_not(Path("a.svg")) == (
        "--plot needs matplotlib: pip install 'actrio[bench-plot]'"
    )


def test_the_expected_time_is_said_first() -> None:
    """A quick run is shorter than a whole one; peers that are not there take none."""
    rows, peers = plan.DEFAULT_ROWS, list(PEERS)
    quick = plan.expected(rows, peers, command.QUICK, [1])
    whole = plan.expected(rows, peers, Pace(), [1])
    assert quick.startswith(f"{len(rows)} rows, ")
    assert "about" in quick
    assert whole.endswith("minutes")


def test_a_quick_run_has_actrio_autogen_and_the_floors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And every row of the table; the other peers are for the whole run."""
    asked: dict[str, Any] = {}

    def measure(rows: Any, peers: Any, results: Any, pace: Any, **rest: Any) -> None:
        asked.update(rows=rows, peers=peers, pace=pace)

    monkeypatch.setattr(command, "measure", measure)
    assert command.main(["--quick"]) == 0
    assert asked["rows"] == plan.DEFAULT_ROWS
    assert [*asked["peers"]] == [name for name, peer in PEERS.items() if peer.is_quick]
    assert "Pykka" not in asked["peers"]
    assert "autogen_core" in asked["peers"]
    assert "only for that" in capsys.readouterr().out
    assert command.main(["--growth"]) == 0
    assert asked["rows"] == plan.NAMES
    assert asked["peers"] == list(PEERS)
    assert asked["pace"].rounds >= 7


# ── Ends ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("error", "code"), [("", 0), ("it crashed", 1)])
def test_ctrl_c_prints_what_is_known(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: str,
    code: int,
) -> None:
    """And a missed goal alone is no failed run, while a peer that crashed is one."""

    def measure(
        rows: object,
        peers: object,
        results: list[Result],
        *rest: object,
        **more: object,
    ) -> None:
        results.append(result_of("request-1", "autogen_core", 100))
        results.append(result_of("request-1", "actrio on trio", 50))
        if error:
            results.append(Result("request-1", "", "Ray", "requests/s", error=error))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", measure)
    assert command.main([]) == code
    output = capsys.readouterr()
    assert "missed" in output.out
    assert "0.50" in output.out
    assert f"Ray (across processes): failed: {error}" in output.out or not error
    assert "interrupted" in output.err


def test_a_run_is_kept_and_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--json`` has machine, versions and every value; ``--markdown`` has tables."""

    def measure(
        rows: object,
        peers: object,
        results: list[Result],
        *rest: object,
        **more: object,
    ) -> None:
        results += everything()

    monkeypatch.setattr(command, "measure", measure)
    file = tmp_path / "run.json"
    assert command.main([f"--json={file}", "--markdown", "--rounds=2"]) == 0
    document = json.loads(file.read_text())
    assert document["machine"]["versions"]["trio"]
    assert document["settings"]["rounds"] == 2
    assert from_json(document["results"]) == everything()
    printed = capsys.readouterr().out
    assert "| autogen_core | 95 |" in printed
    assert "| actrio on trio |" in printed


# ── Workers ───────────────────────────────────────────────────────────────────────


def test_a_worker_answers_errors_and_what_a_peer_lacks() -> None:
    """Whatever happens to a peer is an answer."""
    line = json.dumps({"row": "cancel", "count": 1, "latency": False})
    assert "run to their end" in str(answer(PEERS["Pykka"], line)["lacks"])
    line = json.dumps({"row": "request-1", "count": "x", "latency": False})
    assert "TypeError" in str(answer(PEERS["bare trio"], line)["error"])


@pytest.mark.slow
def test_a_peer_that_crashes_is_a_failed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process may die; the next row gets a new one."""
    peer, row = PEERS["bare trio"], NAMED["request-1"]
    with WorkerTurns() as turns:
        worker = turns._worker(peer)
        worker.kill()
        with pytest.raises(PeerFailedError, match="exit code -9"):
            turns.take(peer, row, 10, latency=False)
        assert turns.take(peer, row, 10, latency=False).operations == 10
        with pytest.raises(PeerFailedError, match="TypeError"):
            turns.take(peer, row, None, latency=False)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_command_measures_everything(tmp_path: Path) -> None:
    """One real run, tiny: every row has a value from every peer that is installed."""
    file, chart = tmp_path / "results.json", tmp_path / "chart.png"
    options = ["--quick", "--rounds=1", "--seconds=0.005", "--live=200", "--markdown"]
    options += ["--growth", "--largest=10", f"--json={file}", f"--plot={chart}"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    assert {result["error"] for result in document["results"]} == {""}
    assert {result["row"] for result in document["results"]} >= {
        *(row.name for row in (*ROWS, *CURVES)),
        "memory",
        "memory-traced",
        "import",
    }
    assert len(document["targets"]) == 12
    assert "| actrio on trio |" in done.stdout
    assert chart.read_bytes()[:4] == b"\x89PNG"


def test_imports_of_what_is_not_there_and_of_what_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is lacking, the other failed."""
    statements = {"its dependencies": "import no_such_module", "Ray": "import ray"}
    monkeypatch.setattr("benchmarks.imports.STATEMENTS", statements)
    monkeypatch.setattr("benchmarks.imports.find_spec", lambda name: None)
    results: list[Result] = []
    measure_imports(list(PEERS), results, rounds=1, progress=lambda line: None)
    assert "No module named 'no_such_module'" in results[0].error
    assert results[1].lacks.startswith("not installed: pip install")


def test_instructions_without_valgrind_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is there, with the reason."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    results: list[Result] = []
    instructions.measure_instructions(
        ["bare trio"], results, progress=lambda line: None
    )
    assert results
    assert all("valgrind is not installed" in result.lacks for result in results)


# ── Results ───────────────────────────────────────────────────────────────────────


def test_ratios_compare_the_numbers_of_one_round() -> None:
    """A machine that slows down half way leaves the ratio as it was."""
    fast = result_of("request-1", "actrio on trio", 1000, 1000, 100)
    slow = result_of("request-1", "autogen_core", 100, 100, 10)
    assert ratio(fast, slow) == 10


def test_targets_are_judged_where_both_numbers_are_known() -> None:
    """Enough is met, too little is missed, and what was not measured is not judged."""
    results = [
        result_of("request-1", "autogen_core", 100),
        result_of("request-1", "actrio on trio", 1200),
        result_of("request-1", "actrio on asyncio", 1900),
        result_of("memory", "bare trio", 1000, unit="bytes"),
        result_of("memory", "actrio on trio", 1301, unit="bytes"),
    ]
    judged = {str(target): met for target, _, met in verdicts(results)}
    assert judged == {
        "request-1, actrio on trio ≥ 12 x autogen_core": True,
        "request-1, actrio on asyncio ≥ 20 x autogen_core": False,
        "memory, actrio on trio ≤ 1.3 x bare trio": False,
    }
    for text in (as_text(results), as_markdown(results)):
        assert all(target in text for target in judged)
    assert json.loads(json.dumps(as_json(results, {})))["targets"][0]["ratio"] == 12


def test_growth_is_the_last_cost_over_the_least_before() -> None:
    """One point alone has not grown."""
    points = [result_of("growth", "x", value) for value in (4.0, 2.0, 3.0)]
    assert grown(points) == 1.5
    assert grown(points[:1]) == 1.0


def test_last_words_are_found_inside_a_group() -> None:
    """The error shown for a peer is the innermost line, without the drawing."""
    assert last_words("Traceback\n  | ValueError: 3\n  +-------\n") == "ValueError: 3"
    assert last_words("\n") == "it said nothing"


def test_a_busy_machine_is_mentioned() -> None:
    """Programs that never wait and yet had no processor."""
    result = result_of("request-1", "bare trio", 10)
    result.samples.append({"seconds": 1.0, "cpu_seconds": 0.5})
    assert "The machine was busy: in 1 of 1" in as_text([result])


def test_what_is_left_of_a_request_is_the_rest() -> None:
    """The steps and the rest are the whole, in microseconds and in instructions."""
    results = [result_of("step-whole", "actrio on trio", 50_000)]
    results += [result_of(row.name, "actrio on trio", 200_000) for row in STEPS[:-1]]
    costs = steps.per_step(results, "actrio on trio")
    assert [cost.microseconds for cost in costs] == pytest.approx([5, 5, 5, 5, 20])
    assert costs[-2].title == steps.REST
    assert costs[-1].instructions is None


# ── Pages ─────────────────────────────────────────────────────────────────────────


def test_pages_are_filled_from_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is between the comments is replaced, the rest stays, the charts are drawn."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    for name in ("README.md", "docs/benchmarks.md"):
        (tmp_path / name).write_text(f"# a\n\n{pages.BEGIN}\nold\n{pages.END}\n\nz\n")
    drawn: list[Path] = []
    monkeypatch.setattr(plot, "draw", lambda results, file: drawn.append(file))
    document = as_json(everything(), {"rounds": 2})
    written = pages.refresh([document], tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith(f"# a\n\n{pages.BEGIN}\n\n| per second")
    assert "Medians of 2 interleaved rounds" in readme
    assert readme.endswith(f"\n\n{pages.END}\n\nz\n")
    assert "old" not in readme
    assert "An idle actor takes 7 bytes on trio" in readme
    page = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "growth-queue" not in page  # curves have their titles
    assert "| autogen_core | bare trio |" in page
    assert "- Ray (request-1, request-16" in page
    assert [path.name for path in written][2:] == ["benchmarks.svg", "growth.svg"]
    assert drawn == written[2:]


def test_a_later_file_replaces_rows_of_an_earlier_one() -> None:
    """So that one row can be measured again."""
    first = {
        "results": [result_of("a", "x", 1).as_json(), result_of("b", "x", 2).as_json()]
    }
    second = {"results": [result_of("b", "x", 3).as_json()], "machine": {}}
    results, last = pages.merged([first, second])
    assert [(one.row, one.values) for one in results] == [("a", [1]), ("b", [3])]
    assert last is second


def test_a_page_without_a_place_is_refused() -> None:
    """Nothing is written anywhere else."""
    with pytest.raises(ValueError, match="the page has no"):
        pages.replaced("# a", "section")


def test_a_file_that_is_not_there_says_how_to_make_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command line of the pages."""
    with pytest.raises(SystemExit):
        pages.main(["no-such-file.json"])
    assert "python -m benchmarks --growth --json FILE" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("suffix", plot.FORMATS)
def test_charts_are_drawn(tmp_path: Path, suffix: str) -> None:
    """Bars with their spread, and curves; nothing to draw is an error."""
    file = tmp_path / f"chart{suffix}"
    plot.draw(everything(), file)
    assert file.stat().st_size > 10_000
    if suffix == ".svg":
        assert "actrio on trio" in file.read_text()
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.draw([], file)
