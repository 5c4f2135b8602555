"""Exploring many seeds, replaying one, and cutting a failing program down."""

from __future__ import annotations

import argparse
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import attrs

from actrio.testing import Deadlocked, Host

from .generate import generate
from .play import Report, play
from .program import (
    Action,
    Ask,
    Block,
    Fan,
    Finally,
    Hook,
    Leave,
    Program,
    Publish,
    Script,
)


@attrs.define
class Tally:
    """What many programs showed."""

    programs: int = 0
    messages: int = 0
    nested: int = 0
    failures: dict[int, str] = attrs.field(factory=dict)
    """By seed, the first line of what was wrong."""

    def __str__(self) -> str:
        failed = f"FAILED {sorted(self.failures)}" if self.failures else "0 failures"
        return (
            f"{self.programs} programs, {self.messages} messages, "
            f"{self.nested} nested: {failed}"
        )


def attempt(program: Program, seed: int, host: Host) -> tuple[Report | None, str]:
    """Play one program; return its report, and what was wrong or an empty string."""
    try:
        report = play(program, seed, host)
    except Deadlocked as exc:
        return None, f"HANGS {exc}"
    except BaseException as exc:
        if isinstance(exc, KeyboardInterrupt):
            raise
        return None, "CRASHED " + "".join(traceback.format_exception(exc))
    return report, "\n".join(report.problems)


def explore(
    host: Host,
    start: int,
    count: int,
    seconds: float = float("inf"),
    report_failure: Callable[[str], object] = lambda line: None,
) -> Tally:
    """Play the programs of many seeds, for about this long at most."""
    tally = Tally()
    began = time.monotonic()
    for seed in range(start, start + count):
        report, wrong = attempt(generate(seed), seed, host)
        tally.programs += 1
        if report is not None:
            tally.messages += report.messages
            tally.nested += report.nested
        if wrong:
            tally.failures[seed] = wrong
            report_failure(f"seed {seed}: {wrong.splitlines()[0]}")
        if time.monotonic() - began > seconds:
            break
    return tally


# -- cutting down ---------------------------------------------------------------


def shorter_scripts(script: Script) -> Iterator[Script]:
    """Yield this script with one thing less, the big cuts first."""
    for index, action in enumerate(script):
        yield script[:index] + script[index + 1 :]
        for smaller in _smaller_actions(action):
            yield (*script[:index], smaller, *script[index + 1 :])


def _smaller_actions(action: Action) -> Iterator[Action]:
    match action:
        case Ask() | Publish():
            for script in shorter_scripts(action.script):
                yield attrs.evolve(action, script=script)
            if action.limit is not None:
                yield attrs.evolve(action, limit=None)
            if action.token is not None:
                yield attrs.evolve(action, token=None)
            if action.beside:
                yield attrs.evolve(action, beside=False)
            if isinstance(action, Ask) and not action.forgiving:
                yield attrs.evolve(action, forgiving=True)
        case Hook():
            if action.limit is not None:
                yield attrs.evolve(action, limit=None)
        case Block():
            for script in shorter_scripts(action.script):
                yield attrs.evolve(action, script=script)
        case Finally():
            for script in shorter_scripts(action.script):
                yield attrs.evolve(action, script=script)
            for script in shorter_scripts(action.cleanup):
                yield attrs.evolve(action, cleanup=script)
        case Leave(script):
            for shorter in shorter_scripts(script):
                yield Leave(shorter)
        case Fan(branches):
            for fewer in _shorter_lists(branches):
                yield Fan(fewer)
        case _:
            pass  # nothing less to do


def _shorter_lists(scripts: tuple[Script, ...]) -> Iterator[tuple[Script, ...]]:
    for index, script in enumerate(scripts):
        yield scripts[:index] + scripts[index + 1 :]
        for shorter in shorter_scripts(script):
            yield (*scripts[:index], shorter, *scripts[index + 1 :])


def smaller_programs(program: Program) -> Iterator[Program]:
    """Yield programs that do a little less than this one."""
    for drivers in _shorter_lists(program.drivers):
        yield attrs.evolve(program, drivers=drivers)
    for again in _shorter_lists(program.again):
        yield attrs.evolve(program, again=again)
    plain = {
        "disturbance": None,
        "starts_at": 0.0,
        "fatal": False,
        "waits_for_drivers": True,
        "grace": 5.0,
        "approval": 0.0,
        "drops": 0,
        "stored": False,
        "store_faults": 0,
        "store_nap": 0.0,
        "most": math.inf,
    }
    for name, value in plain.items():
        if getattr(program, name) != value:
            yield attrs.evolve(program, **{name: value})  # type: ignore[arg-type]  # by name
    for index, spec in enumerate(program.agents):
        specs = [
            attrs.evolve(spec, **{name: value})  # type: ignore[arg-type]  # by name
            for name, value in (
                ("slots", 1),
                ("capacity", 1024),
                ("reentrant", True),
                ("topics", ()),
                ("failing_builds", 0),
                ("building", ()),
                ("saving", ()),
                ("closing", ()),
                ("starting", ()),
                ("idle_after", None),
                ("restarts", 0),
                ("failing", "resume"),
            )
            if getattr(spec, name) != value
        ]
        specs += [
            attrs.evolve(spec, **{name: script})  # type: ignore[arg-type]  # by name
            for name in ("building", "saving", "closing", "starting")
            for script in shorter_scripts(getattr(spec, name))
        ]
        for smaller in specs:
            agents = (*program.agents[:index], smaller, *program.agents[index + 1 :])
            yield attrs.evolve(program, agents=agents)


def shrink(
    program: Program, seed: int, host: Host, tries: int = 5, seconds: float = 60.0
) -> tuple[Program, int]:
    """Cut a failing program down; each cut is tried with some scheduler seeds.

    Returns:
        The smallest program that still fails in the same way, and its scheduler seed.
    """
    kind = _kind(attempt(program, seed, host)[1])
    began = time.monotonic()
    progress = True
    while progress and time.monotonic() - began < seconds:
        progress = False
        for smaller in smaller_programs(program):
            if time.monotonic() - began > seconds:
                break
            for other in [seed, *range(tries)]:
                if _kind(attempt(smaller, other, host)[1]) == kind:
                    program, seed, progress = smaller, other, True
                    break
            if progress:
                break
    return program, seed


def _kind(wrong: str) -> str:
    """Return what a failure is like, without its numbers and names."""
    line = wrong.splitlines()[-1] if wrong.startswith("CRASHED") else wrong
    words = line.splitlines()[0].split() if line else []
    return " ".join(w for w in words if w.isalpha())


# -- by hand --------------------------------------------------------------------


def main() -> None:
    """Explore, or replay one seed, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.explorer")
    parser.add_argument("--host", choices=["trio", "asyncio"], default="trio")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--replay", type=int, help="play this seed and show everything")
    parser.add_argument("--shrink", type=int, help="cut the program of this seed down")
    options = parser.parse_args()
    host = cast("Host", options.host)
    if options.replay is not None:
        raise SystemExit(_show(generate(options.replay), options.replay, host))
    if options.shrink is not None:
        program, seed = shrink(generate(options.shrink), options.shrink, host)
        raise SystemExit(_show(program, seed, host))
    say = partial(print, flush=True)
    tally = explore(host, options.start, options.count, options.seconds, say)
    say(f"{host} from {options.start}: {tally}")
    raise SystemExit(bool(tally.failures))


def _show(program: Program, seed: int, host: Host) -> int:
    report, wrong = attempt(program, seed, host)
    out = [str(program).replace("AgentSpec", "\n  AgentSpec")]
    out += report.trace if report is not None else []
    out += [wrong or "nothing wrong", f"seed {seed} on {host}"]
    sys.stdout.write("\n".join(out) + "\n")
    return bool(wrong)
