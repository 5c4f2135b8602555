"""The command `actrio migrate`: on trees of real programs, and on bad input."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from actrio.cli._commands import actrio

ROOT = Path(__file__).parents[2]
OURS = ROOT / "examples" / "asyncio"

# Programs that use the package in the ways that the documented ones do not.
PROGRAMS = {
    "by_name.py": """\
        import asyncio
        import autogen_core

        # autogen_core stays in comments, and in "autogen_core" strings
        class Echo(autogen_core.RoutedAgent):
            @autogen_core.message_handler
            async def on_call(
                self, message: autogen_core.FunctionCall, ctx: autogen_core.MessageContext
            ) -> autogen_core.FunctionCall:
                return message

        async def main() -> None:
            runtime = autogen_core.SingleThreadedAgentRuntime()
            await Echo.register(runtime, "echo", lambda: Echo("echoes"))
            runtime.start()
            call = autogen_core.FunctionCall("1", "{}", "f")
            print(await runtime.send_message(call, autogen_core.AgentId("echo", "1")))
            await runtime.stop_when_idle()

        asyncio.run(main())
        """,
    "by_alias.py": """\
        import asyncio, autogen_core as ac
        from autogen_core.exceptions import CantHandleException as Cannot
        from autogen_core import logging as events, EVENT_LOGGER_NAME

        async def main() -> None:
            print(EVENT_LOGGER_NAME, events.MessageKind.DIRECT.name)
            try:
                ac.TypeSubscription("a", "b").map_to_agent(ac.TopicId("x", "y"))
            except Cannot:
                print("cannot")

        asyncio.run(main())
        """,
    "shared/agents.py": """\
        from __future__ import annotations
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from autogen_core import MessageContext
        from dataclasses import dataclass
        from autogen_core import RoutedAgent, message_handler

        @dataclass
        class Number:
            value: int
        """,
    "uses_shared.py": """\
        from shared.agents import Number, RoutedAgent
        print(Number(1), issubclass(RoutedAgent, object))
        """,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A few programs that are written for autogen_core, and one that is not ours."""
    folder = tmp_path / "tree"
    for name, text in PROGRAMS.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(dedent(text))
    (folder / ".venv").mkdir()
    (folder / ".venv" / "theirs.py").write_text("import autogen_core\n")
    return folder


@pytest.fixture
def large_tree(tree: Path) -> Path:
    """The documented programs as well, as they are written for autogen_core."""
    shutil.copytree(OURS, tree / "documented")
    for path in (tree / "documented").glob("*.py"):
        text = path.read_text().replace(
            "from actrio import", "from autogen_core import"
        )
        path.write_text(text)
    return tree


def migrate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(actrio, ["migrate", *map(str, arguments)])


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def output_of(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


@pytest.mark.slow
def test_a_tree_becomes_ours(large_tree: Path) -> None:
    """All programs change, the documented ones into our own, and none is left over."""
    result = migrate(large_tree)
    assert result.exit_code == 0
    files = len(PROGRAMS) + len(list(OURS.glob("*.py")))
    assert result.stderr.startswith(f"{files} files: {files - 1} migrated, ")
    assert result.stderr.endswith(" places to look at, 0 failed\n")
    for path in OURS.glob("*.py"):
        assert (large_tree / "documented" / path.name).read_bytes() == path.read_bytes()
    assert f"{large_tree / 'by_name.py'}: migrated" in result.stdout
    assert (
        f"{large_tree / 'by_name.py'}:5: an agent handles one message" in result.stdout
    )
    assert (large_tree / ".venv" / "theirs.py").read_text() == "import autogen_core\n"
    again = migrate("--check", large_tree)
    assert (again.exit_code, again.stdout) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["by_name.py", "by_alias.py", "uses_shared.py", "documented/publishing.py"]
)
def test_a_migrated_program_prints_what_it_did(large_tree: Path, name: str) -> None:
    """Run on autogen_core before, and on actrio after."""
    before = output_of(large_tree / name)
    assert migrate(large_tree).exit_code == 0
    (large_tree / "autogen_core.py").write_text("raise ImportError('not migrated')")
    assert output_of(large_tree / name) == before
    assert before


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_what_writes_nothing(tree: Path, option: str) -> None:
    """--check exits with 1; --diff shows a patch on stdout, and only that."""
    before = contents(tree)
    result = migrate(option, tree / "by_alias.py", tree / "uses_shared.py")
    assert contents(tree) == before
    assert "2 files: 1 to migrate" in result.stderr
    if option == "--check":
        assert result.exit_code == 1
        assert result.stdout == f"{tree / 'by_alias.py'}: would be migrated\n"
        return
    assert result.exit_code == 0
    assert "\n-import asyncio, autogen_core as ac\n" in result.stdout
    assert "\n+import asyncio, actrio as ac\n" in result.stdout
    path = tree / "patch"
    path.write_text(result.stdout)
    if shutil.which("git"):  # a patch that git understands
        text = result.stdout.replace(str(tree) + "/", "")
        path.write_text(text)
        git(tree, "init", "-q")
        git(tree, "apply", "patch")
        assert "actrio as ac" in (tree / "by_alias.py").read_text()


def test_notebooks_are_named_and_stay(tmp_path: Path) -> None:
    """Those that would have to change; the others are nobody's business."""
    (tmp_path / "one.py").write_text("import autogen_core\n")
    notebook = tmp_path / "book.ipynb"
    notebook.write_text('{"cells": [{"source": ["import autogen_core"]}]}')
    (tmp_path / "other.ipynb").write_text('{"cells": []}')
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere")
    before = notebook.read_bytes()
    result = migrate(tmp_path)
    assert result.exit_code == 0
    assert f"{notebook}: left as it is: a notebook; change the imports" in result.stderr
    assert "0 failed, 1 notebooks left as they are\n" in result.stderr
    assert notebook.read_bytes() == before
    assert "other" not in result.output
    alone = migrate(notebook)
    assert alone.exit_code == 2
    assert "a notebook" in alone.stderr


# -- bad input ---------------------------------------------------------------------------


def test_files_that_cannot_be_migrated(tmp_path: Path) -> None:
    """Each is named with its reason; the others are migrated; the exit code is 3."""
    bad = {
        "syntax.py": b"import autogen_core\nif:\n",
        "latin.py": b"import autogen_core\nname = '\xff'\n",
        "coding.py": b"# coding: klingon\nimport autogen_core\n",
        "null.py": b"import autogen_core\n\x00\n",
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    good = tmp_path / "good.py"
    good.write_text("import autogen_core\n")
    result = migrate(tmp_path)
    assert result.exit_code == 3
    assert good.read_text() == "import actrio\n"
    for name, data in bad.items():
        assert f"{tmp_path / name}: not " in result.stderr
        assert (tmp_path / name).read_bytes() == data
    assert f"{tmp_path / 'syntax.py'}: not Python: line 2, column 3" in result.stderr
    assert "5 files: 1 migrated, 0 places to look at, 4 failed" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A link to nowhere, for example; permissions do not stop a root."""
    (tmp_path / "link.py").symlink_to(tmp_path / "nowhere.py")
    result = migrate(tmp_path)
    assert result.exit_code == 3
    assert "link.py: cannot be read: No such file" in result.stderr


def test_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as it was, and no other file is left beside it."""
    path = tmp_path / "one.py"
    path.write_text("import autogen_core\n")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("actrio.cli._files.os.replace", full)
    result = migrate(path)
    assert result.exit_code == 3
    assert (
        "cannot be written: No space left on device; it is as it was" in result.stderr
    )
    assert contents(tmp_path) == {path: b"import autogen_core\n"}


@pytest.mark.parametrize("paths", [["nowhere"], [], ["."]])
def test_nothing_to_migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    """No path, a path that is not there, a folder without Python files."""
    monkeypatch.chdir(tmp_path)
    result = migrate(*paths)
    assert result.exit_code == 2
    words = {
        "nowhere": "'nowhere' does not exist",
        ".": "no Python files in .",
    }
    expected = words[paths[0]] if paths else "Missing argument 'PATH...'"
    assert expected in result.stderr


@pytest.mark.slow
def test_a_dirty_tree_is_refused(tree: Path) -> None:
    """Unless one insists; what writes nothing is allowed; a clean tree is."""
    git(tree, "init", "-q")
    result = migrate(tree)
    assert result.exit_code == 2
    assert "git has no committed version of" in result.stderr
    assert "--even-if-dirty" in result.stderr
    assert "autogen_core" in (tree / "by_name.py").read_text()
    assert migrate("--check", tree).exit_code == 1
    git(tree, "add", "--all")
    git(tree, "commit", "-q", "-m", "x")
    assert migrate(tree / "by_name.py").exit_code == 0
    result = migrate(tree)
    assert result.exit_code == 2
    assert "by_name.py" in result.stderr
    assert migrate("--even-if-dirty", tree).exit_code == 0
    assert "actrio" in (tree / "by_alias.py").read_text()


def test_a_machine_without_git(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say what is dirty, so nothing is refused."""
    monkeypatch.setenv("PATH", "")
    assert migrate(tree).exit_code == 0


def test_mode_and_links_stay(tmp_path: Path) -> None:
    """A script stays executable, and a link stays a link to the same file."""
    script = tmp_path / "script.py"
    script.write_text("#!/usr/bin/env python3\nimport autogen_core\n")
    script.chmod(0o755)
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "link.py"
    link.symlink_to(script)
    assert migrate(folder).exit_code == 0
    assert link.is_symlink()
    assert script.read_text().endswith("import actrio\n")
    assert stat.S_IMODE(script.stat().st_mode) == 0o755


def test_a_file_named_twice_is_migrated_once(tmp_path: Path) -> None:
    """By its name and by its folder."""
    path = tmp_path / "one.py"
    path.write_text("import autogen_core\n")
    assert "1 files: 1 migrated" in migrate(path, tmp_path, path).stderr


@pytest.mark.slow
def test_the_command_without_its_extra(tmp_path: Path) -> None:
    """The message is the command that installs what is missing."""
    program = (
        "import sys\nsys.modules['click'] = None\nfrom actrio.cli import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the actrio command needs click: pip install 'actrio[cli]'\n"
