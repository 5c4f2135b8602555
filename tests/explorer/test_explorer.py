"""The explorer itself, and the programs that it explores in every run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from actrio.messages import _envelope
from actrio.testing import Deadlocked, Host

from .explore import attempt, explore, main, shrink
from .generate import generate
from .play import play
from .program import AgentSpec, Ask, Nap, Program

HOSTS: list[Host] = ["trio", "asyncio"]
CHUNK = 200
CHUNKS = 5  # on each host, so 2,000 programs

CYCLE = Program(
    agents=(AgentSpec(), AgentSpec(), AgentSpec()),
    drivers=((Ask((0, 0), (Nap(0), Ask((1, 0), (Ask((0, 0)),)), Ask((2, 0)))),),),
)
"""One agent asks another, which asks back."""


@pytest.mark.parametrize("host", HOSTS)
def test_a_few_programs_keep_every_rule(host: Host) -> None:
    """Some random programs neither hang nor break a guarantee."""
    assert not explore(host, 0, 8).failures


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("host", HOSTS)
def test_many_programs_keep_every_rule(host: Host, chunk: int) -> None:
    """Random programs neither hang nor break a guarantee.

    Replay a failing seed with ``python -m tests.explorer --host HOST --replay SEED``.
    """
    tally = explore(host, chunk * CHUNK, CHUNK)
    assert not tally.failures
    assert tally.programs == CHUNK
    assert tally.nested > CHUNK / 2, "the programs do not mix enough"


@pytest.mark.parametrize("host", HOSTS)
def test_a_seed_replays_to_the_letter(host: Host) -> None:
    """The same seed gives the same program, and playing it the same events."""
    program = generate(77)
    assert program == generate(77)
    traces = [play(program, 77, host).trace for _ in range(2)]
    assert traces[0] == traces[1]
    assert len(traces[0]) > 20


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
def test_many_seeds_replay_to_the_letter(host: Host) -> None:
    """No order of events hangs on memory addresses."""
    for seed in range(100):
        program = generate(seed)
        first, second = (play(program, seed, host).trace for _ in range(2))
        assert first == second, f"seed {seed}"


@pytest.mark.parametrize("host", HOSTS)
def test_a_hang_shows_the_wait_graph(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without nested handlers a cycle hangs, and the report says who waits for whom."""
    monkeypatch.setattr("actrio.runtime._requests.stuck_if_queued", lambda *_: None)
    with pytest.raises(Deadlocked) as caught:
        play(CYCLE, 1, host)
    report = str(caught.value)
    assert "held by #1 of a0/0, waits for request 1 to a1/0 (running)" in report
    assert "queued request 2 to a0/0 (queued)" in report


@pytest.mark.slow
def test_a_broken_rule_is_found_and_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that is lost on its way is noticed, and the program shrinks."""
    monkeypatch.setattr(_envelope.Request, "leave", lambda self: True)
    # a sender that just walks away from a running handler
    tally = explore("trio", 0, 60)
    assert tally.failures
    seed, wrong = next(iter(tally.failures.items()))
    small, other = shrink(generate(seed), seed, "trio", seconds=2)
    assert attempt(small, other, "trio")[1]
    assert len(str(small)) < len(str(generate(seed)))
    assert wrong


def test_the_command_explores_and_replays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m tests.explorer`` counts programs, and shows one in full."""
    monkeypatch.setattr("sys.argv", ["explorer", "--start", "3", "--count", "2"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "trio from 3: 2 programs" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["explorer", "--replay", "3"])
    with pytest.raises(SystemExit):
        main()
    assert "nothing wrong" in capsys.readouterr().out
    assert Path(__file__).with_name("__main__.py").exists()
