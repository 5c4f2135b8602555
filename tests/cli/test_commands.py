"""The entry point of the command `actrio`."""

import sys
from importlib.metadata import version

import pytest

from actrio.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the command in this process, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["actrio", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


def test_version_and_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command says in a line what it is for."""
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"actrio, version {version('actrio')}\n"
    assert run(monkeypatch, "-h") == 0
    out = capsys.readouterr().out
    assert "migrate  Move programs from autogen_core to actrio." in out


def test_an_unknown_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 2, and the message on the other stream."""
    assert run(monkeypatch, "fly") == 2
    assert "No such command 'fly'" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["click", "libcst"])
def test_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """The message is the command that installs what is missing."""
    forget_commands(monkeypatch)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run(monkeypatch, "demo") == 2
    expected = f"the actrio command needs {missing}: pip install 'actrio[cli]'\n"
    assert capsys.readouterr().err == expected


def test_a_module_that_is_missing_for_another_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no matter of the extra, so the error stays as it is."""
    forget_commands(monkeypatch)
    monkeypatch.setitem(sys.modules, "difflib", None)
    with pytest.raises(ModuleNotFoundError, match="difflib"):
        main()


def forget_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("actrio.cli.")]:
        monkeypatch.delitem(sys.modules, name)
