"""The guard against getting slower: red where the way got longer, and only there."""

import json
import sys
from pathlib import Path

import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import __main__ as command, check, growth
from benchmarks.check import Count

NAMES = [f"{path} on {host}" for host, path in check.PATHS]

# A tenth more bytecodes of actrio for every request and every copy of a publish: what a
# careless change would add to the queue of an actor. The loop has about five bytecodes a
# turn, and the code counts as actrio's by its file.
WASTE = """
import actrio
from actrio.runtime._actor import Lane

source = '''
put = Lane.put

def wasteful_put(lane, envelope):
    for _ in range(14):
        lane.slots
    put(lane, envelope)

Lane.put = wasteful_put
'''
exec(compile(source, actrio.__path__[0] + "/runtime/_planted.py", "exec"))
"""


def counts(own: float = 500.0, everything: float = 1000.0) -> dict[str, Count]:
    return {name: Count(own, everything) for name in NAMES}


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    """Figures of this Python, in a file of their own."""
    file = tmp_path / "bytecodes.json"
    check.record(counts(), file=file, say=lambda line: None)
    return file


def said(counted: dict[str, Count], file: Path) -> tuple[int, str]:
    """The exit code of a check, and what it said."""
    lines: list[str] = []
    code = check.check(counted, file=file, say=lines.append)
    return code, "\n".join(lines)


@pytest.mark.parametrize(("own", "code"), [(400, 0), (509, 0), (511, 1), (550, 1)])
def test_more_than_two_percent_fails(figures: Path, own: float, code: int) -> None:
    """Less is welcome; a little more is not seen."""
    found, words = said(counts(own=own), figures)
    assert found == code
    assert f"request on trio: {own:.1f} bytecodes of actrio, 500.0 recorded" in words
    assert ("python -m benchmarks --record" in words) == bool(code)
    assert ("4 of 8 counts grew by more than 2%" in words) == bool(code)


def test_what_the_loop_does_counts_with_the_same_versions_only(figures: Path) -> None:
    """A newer trio may do more, and that is no fault of ours."""
    assert said(counts(everything=1100), figures)[0] == 1
    document = json.loads(figures.read_text())
    document[check.python_version()]["versions"]["trio"] = "0.1"
    figures.write_text(json.dumps(document))
    code, words = said(counts(everything=1100), figures)
    assert code == 0
    assert "not judged: recorded with trio 0.1" in words
    assert said(counts(own=550), figures)[0] == 1


def test_another_python_has_no_figures(figures: Path) -> None:
    """It says so, and how to record them, and does not fail."""
    document = json.loads(figures.read_text())
    figures.write_text(json.dumps({"3.9": document[check.python_version()]}))
    code, words = said(counts(own=5000), figures)
    assert code == 0
    assert f"no figures for Python {check.python_version()}, only for 3.9" in words
    assert "python -m benchmarks --record" in words
    assert said(counts(), figures.with_name("nothing.json"))[0] == 0


def test_recording_keeps_the_figures_of_other_versions(figures: Path) -> None:
    """One file for all of them, in their order."""
    document = json.loads(figures.read_text())
    figures.write_text(json.dumps({"3.9": {}, **document}))
    check.record(counts(own=1), file=figures, say=lambda line: None)
    document = json.loads(figures.read_text())
    assert list(document) == ["3.9", check.python_version()]
    assert document[check.python_version()]["counts"][NAMES[0]]["own"] == 1


def test_the_command_checks_and_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--check`` and ``--record`` count, and measure nothing."""
    called: list[str] = []

    def checked() -> int:
        called.append("check")
        return 1

    monkeypatch.setattr(check, "record", lambda: called.append("record"))
    monkeypatch.setattr(check, "check", checked)
    assert command.main(["--record"]) == 0
    assert command.main(["--check"]) == 1
    assert called == ["record", "check"]


def test_there_are_figures_in_the_repository() -> None:
    """Of Python 3.11, for every path."""
    recorded = json.loads(check.FIGURES.read_text())["3.11"]
    assert sorted(recorded["counts"]) == sorted(NAMES)
    assert set(recorded["versions"]) == set(check.library_versions())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_tenth_more_is_seen(tmp_path: Path) -> None:
    """Counts repeat closely, and a planted waste of a tenth turns the check red."""
    file = tmp_path / "bytecodes.json"
    check.record(file=file, say=lambda line: None)
    code, words = said(check.count_all(), file)
    assert code == 0, words
    wasteful = check.count_all(WASTE)
    clean = json.loads(file.read_text())[check.python_version()]["counts"]
    for name, count in wasteful.items():
        assert 1.08 < count.own / clean[name]["own"] < 1.25, name
    code, words = said(wasteful, file)
    assert code == 1
    assert "of 8 counts grew by more than 2%" in words


# Every publish looks at all subscriptions: what index and cache prevent.
SCAN = """
from actrio.runtime._routes import Routes

recipients = Routes.recipients

def scan(routes, topic):
    for subscription in routes.subscriptions():
        subscription.is_match(topic)
    return recipients(routes, topic)

Routes.recipients = scan
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_scanned_for_a_message() -> None:
    """More actors, topics, subscriptions or queued messages are no more bytecodes."""
    for name, (few, many) in growth.count_bytecodes().items():
        assert many < 1.15 * few, name
    scanned = growth.count_bytecodes(SCAN)
    few, many = scanned["topics on trio"]
    assert many > 1.5 * few
