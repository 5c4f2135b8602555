"""``actrio migrate``: the imports of a tree, and a report of what to look at."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import click

from ._files import NOTEBOOK, changed_in_git, program_files, replace
from ._findings import Finding
from ._rewriting import OLD, rewrite

_FOR_NOTEBOOKS: Final = "change the imports in its cells by hand"
OK, WOULD_CHANGE, FAILED = 0, 1, 3


@attrs.frozen
class Outcome:
    """What became of one file."""

    path: Path
    old: bytes = b""
    new: bytes = b""
    findings: Sequence[Finding] = ()
    failure: str | None = None

    @property
    def changes(self) -> bool:
        """Whether the file is, or would be, another one afterwards."""
        return self.failure is None and self.new != self.old


def look_at(path: Path) -> Outcome:
    """Read and rewrite one file, in memory."""
    try:
        old = path.read_bytes()
        done = rewrite(old)
    except UnicodeDecodeError as exc:
        return Outcome(path, failure=f"not {exc.encoding}: {exc.reason}")
    except OSError as exc:
        return Outcome(path, failure=f"cannot be read: {exc.strerror}")
    except (SyntaxError, LookupError) as exc:
        return Outcome(path, failure=f"not Python: {exc}")
    return Outcome(path, old, done.data, done.findings)


def migrate(
    paths: Sequence[Path], *, check: bool, diff: bool, even_if_dirty: bool
) -> int:
    """Migrate these files and folders; see the command.

    Returns:
        The exit code.

    Raises:
        click.ClickException: If nothing may be written, or there is nothing to read.
    """
    found = list(program_files(paths))
    files = [path for path in found if path.suffix != NOTEBOOK]
    notebooks = [path for path in found if path.suffix == NOTEBOOK and concerns(path)]
    for path in notebooks:
        click.echo(f"{path}: left as it is: a notebook; {_FOR_NOTEBOOKS}", err=True)
    if not files:
        message = "no Python files in " + ", ".join(map(str, paths))
        raise click.UsageError(message)
    writes = not (check or diff)
    if writes and not even_if_dirty:
        refuse_if_dirty(paths)
    outcomes: list[Outcome] = []
    for path in files:
        outcome = look_at(path)
        if writes and outcome.changes:
            try:
                replace(path, outcome.new)
            except OSError as exc:
                failure = f"cannot be written: {exc.strerror}; it is as it was"
                outcome = attrs.evolve(outcome, failure=failure)
        outcomes.append(outcome)
        report(outcome, diff=diff, wrote=writes)
    return sum_up(outcomes, len(notebooks), check=check, wrote=writes)


def concerns(notebook: Path) -> bool:
    """Say whether a notebook imports what would be rewritten in a program."""
    try:
        return OLD.encode() in notebook.read_bytes()
    except OSError:
        return False


def refuse_if_dirty(paths: Sequence[Path]) -> None:
    """Refuse to write over work that git could not give back."""
    changed = [name for path in paths for name in changed_in_git(path)]
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        message = (
            f"git has no committed version of {shown}: commit or stash first, or use "
            "--even-if-dirty; --diff writes nothing"
        )
        raise click.UsageError(message)


def report(outcome: Outcome, *, diff: bool, wrote: bool) -> None:
    """Say what became of one file."""
    path = outcome.path
    if outcome.failure is not None:
        click.echo(f"{path}: {outcome.failure}", err=True)
        return
    if diff and outcome.changes:
        old, new = (
            data.decode(errors="replace").splitlines(keepends=True)
            for data in (outcome.old, outcome.new)
        )
        lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
        click.echo("".join(lines), nl=False)
    elif outcome.changes:
        click.echo(f"{path}: {'migrated' if wrote else 'would be migrated'}")
    for finding in outcome.findings:
        click.echo(f"{path}:{finding}", err=diff)


def sum_up(
    outcomes: Sequence[Outcome], notebooks: int, *, check: bool, wrote: bool
) -> int:
    """Say how many there were of each kind, and return the exit code."""
    changed = sum(outcome.changes for outcome in outcomes)
    failed = sum(outcome.failure is not None for outcome in outcomes)
    places = sum(len(outcome.findings) for outcome in outcomes)
    verb = "migrated" if wrote else "to migrate"
    left = f", {notebooks} notebooks left as they are" if notebooks else ""
    click.echo(
        f"{len(outcomes)} files: {changed} {verb}, {places} places to look at, "
        f"{failed} failed{left}",
        err=True,
    )
    if failed:
        return FAILED
    return WOULD_CHANGE if check and changed else OK
