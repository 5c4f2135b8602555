"""The files of a tree: found, read, and replaced as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_NOT_OURS = {"__pycache__", "node_modules", "site-packages", "venv"}
NOTEBOOK: Final = ".ipynb"
"""What the name of a notebook ends with."""


def program_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the Python files and notebooks in these places, each once, sorted.

    Hidden folders, virtual environments and installed packages are left out, unless
    they are named themselves.
    """
    seen: set[Path] = set()
    for path in paths:
        found = _below(path) if path.is_dir() else [path]
        for one in found:
            if one.resolve() not in seen:
                seen.add(one.resolve())
                yield one


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if not (path.name.startswith(".") or path.name in _NOT_OURS):
                yield from _below(path)
        elif path.suffix in (".py", ".pyi", NOTEBOOK):
            yield path


def changed_in_git(path: Path) -> list[str]:
    """Return the files below a path that git knows no committed version of.

    Returns:
        Their names as git gives them; empty also if there is no git, or no repository.
    """
    folder = path if path.is_dir() else path.parent
    command = ["git", "-C", str(folder), "status", "--porcelain"]
    command += ["--", str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a list
    except (OSError, subprocess.CalledProcessError):
        return []
    return [line[3:] for line in done.stdout.splitlines()]


def replace(path: Path, data: bytes) -> None:
    """Give a file new contents: whoever reads it sees the old ones or the new ones.

    The mode stays; of a symbolic link, the file that it leads to is replaced.

    Raises:
        OSError: If that cannot be; the file is as it was then.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, name)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
