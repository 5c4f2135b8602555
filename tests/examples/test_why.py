"""The programs in ``examples/why`` show what they claim about both packages."""

import asyncio
import subprocess
import sys
import types
from pathlib import Path

import pytest

from actrio.testing import VirtualTimeLoop, run

WHY = Path(__file__).parents[2] / "examples" / "why"
ACTRIO = {
    "hang": [
        "small order: sold 1",
        "large order: MessageDroppedException",
        "stop_when_idle: returned",
    ],
    "cancel": [
        "handler: step 1 of 5",
        "handler: step 2 of 5",
        "handler: cancelled, cleaning up",
        "caller: gave up after 0.5 s",
        "stop_when_idle: returned",
    ],
    "instances": [
        "agents built for one id: 1",
        "balance after five deposits of 10: 50",
    ],
    "stop": [
        "second request: RuntimeStoppedError",
        "first request: RuntimeStoppedError",
        "stop: returned",
    ],
}
AUTOGEN_CORE = {
    "hang": [
        "small order: sold 1",
        "large order: MessageDroppedException",
        "stop_when_idle: still hanging after 2 s",
    ],
    "cancel": [
        "handler: step 1 of 5",
        "handler: step 2 of 5",
        "caller: gave up after 0.5 s",
        "handler: step 3 of 5",
        "handler: step 4 of 5",
        "handler: step 5 of 5",
        "handler: done, but nobody waits for it",
        "stop_when_idle: returned",
    ],
    "instances": [
        "agents built for one id: 5",
        "balance after five deposits of 10: 10",
    ],
    "stop": [
        "stop: returned",
        "first request: still hanging after 2 s",
        "second request: still hanging after 2 s",
    ],
}
each_program = pytest.mark.parametrize("name", sorted(ACTRIO))


def load(monkeypatch: pytest.MonkeyPatch, name: str, core: str) -> types.ModuleType:
    """Import one program on the given package; what it prints comes when it runs."""
    monkeypatch.setattr(sys, "argv", [f"{name}.py", core])
    module = types.ModuleType(f"why_{name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    path = WHY / f"{name}.py"
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    return module


@each_program
def test_actrio_does_it_right(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On actrio nothing hangs, runs on or is lost."""
    main = load(monkeypatch, name, "actrio").main
    run(main, host="asyncio", virtual_time=True)
    assert capsys.readouterr().out.splitlines() == ACTRIO[name]


@pytest.mark.filterwarnings("ignore")
@each_program
def test_autogen_core_really_does_that(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claims about autogen_core are true."""
    main = load(monkeypatch, name, "autogen_core").main
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    assert capsys.readouterr().out.splitlines() == AUTOGEN_CORE[name]


@pytest.mark.slow
@pytest.mark.parametrize("core", ["actrio", "autogen_core"])
@each_program
def test_program_runs_from_the_command_line(name: str, core: str) -> None:
    """Each program runs in real time on either package, and ends by itself."""
    command = [sys.executable, str(WHY / f"{name}.py")]
    command += [core] if core == "autogen_core" else []
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0
    expected = {"actrio": ACTRIO, "autogen_core": AUTOGEN_CORE}[core][name]
    assert done.stdout.splitlines() == expected


def test_every_program_is_listed() -> None:
    """No program in the folder goes untested."""
    assert sorted(ACTRIO) == sorted(path.stem for path in WHY.glob("*.py"))
