"""The command `actrio demo`: an evening that is the same every time."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from actrio.cli import _demo
from actrio.cli._commands import actrio


def told(*arguments: str) -> str:
    result = CliRunner().invoke(actrio, ["demo", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_the_same_seed_is_the_same_evening(host: str) -> None:
    """Word for word, on each host; another seed is another evening."""
    evening = told("--host", host)
    assert told("--host", host, "--seed", "1", "--fast") == evening
    assert told("--host", host, "--seed", "2") != evening
    assert evening.endswith("The inn closes: 1 burnt, 1 left hungry, 5 served.\n")


@pytest.mark.slow
def test_every_evening_ends() -> None:
    """All guests are served or leave, whatever the seed."""
    for seed in range(20):
        last = told("--seed", str(seed)).splitlines()[-1]
        numbers = [int(word) for word in last.split() if word.isdigit()]
        names = last.removeprefix("The inn closes: ")
        burnt = numbers[0] if "burnt" in names else 0
        assert sum(numbers) - burnt == 6


def test_it_shows_what_it_is_about() -> None:
    """A request that fails, one that is cancelled, and a message nobody waits for."""
    evening = told()
    for words in ("is sorry, the soup is burnt", "stops: nobody waits", "smells pie"):
        assert words in evening
    assert "\x1b" not in evening  # no colours where there is no terminal


def test_a_terminal_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The telling waits as long as the agents do."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _demo.demo("trio", seed=1, fast=False)
    assert sum(slept) == pytest.approx(8.6, abs=0.1)


def on_a_terminal(command: list[str]) -> str:
    """Run a command on a terminal of its own."""
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdout=slave, stderr=slave) as process:
        os.close(slave)
        output = b""
        while True:
            try:
                read = os.read(master, 65536)
            except OSError:
                break
            if not read:
                break
            output += read
    os.close(master)
    assert process.returncode == 0
    return output.decode()


@pytest.mark.slow
@pytest.mark.parametrize("run", [on_a_terminal])
def test_a_terminal_has_colours(run: Callable[[list[str]], str]) -> None:
    """In a real one, which ends after the last line."""
    program = "from actrio.cli import main; main()"
    output = run([sys.executable, "-W", "error", "-c", program, "demo", "--fast"])
    assert "\x1b[31mcook/Kim" in output
    assert "The inn closes" in output
