"""The programs in ``examples/more`` print what they promise, on both hosts."""

import ast
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import actrio
from actrio.testing import Host, run

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted((EXAMPLES / "more").glob("*.py"))
REAL_TIME = {"mailboxes_redis"}
"""Those that wait for another process."""
each_program = pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
each_host = pytest.mark.parametrize("host", ["asyncio", "trio"])


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Import one program without running it."""
    module = types.ModuleType(f"example_{path.stem}")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    return module


def promised(doc: str) -> str:
    """Return what a docstring says that its program prints."""
    output = doc.partition("\nOutput:\n\n")[2]
    return "".join(
        line.removeprefix("    ") for line in output.splitlines(keepends=True)
    )


@each_host
@each_program
def test_program_prints_what_it_promises(
    path: Path,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In virtual time, under both event loops, although it is written for trio."""
    module = load(path, monkeypatch)
    run(module.main, host=host, virtual_time=path.stem not in REAL_TIME)
    assert capsys.readouterr().out == promised(module.__doc__ or "")


@pytest.mark.slow
@each_program
def test_program_runs_from_the_command_line(path: Path) -> None:
    """As its docstring says, and in real time."""
    doc = ast.get_docstring(ast.parse(path.read_text()), clean=False) or ""
    assert f"\n    python examples/more/{path.name}\n" in doc
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == promised(doc)


def test_every_name_of_the_top_level_occurs_in_an_example() -> None:
    """Whoever looks for a name finds a program that uses it."""
    text = "\n".join(path.read_text() for path in EXAMPLES.rglob("*.py"))
    missing = [name for name in actrio.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == []
