"""The command line, as click knows it."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click

from ._demo import demo as run_demo
from ._migrate import migrate as run_migrate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("actrio"), prog_name="actrio")
def actrio() -> None:
    """Actors on structured concurrency."""


@actrio.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 if work is left."
)
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option(
    "--even-if-dirty", is_flag=True, help="Write even over what git has no copy of."
)
def migrate(
    paths: tuple[Path, ...], *, check: bool, diff: bool, even_if_dirty: bool
) -> None:
    """Move programs from autogen_core to actrio.

    Rewrites the imports of autogen_core in these files and folders, and lists every use
    that behaves differently, with a link into the guide. Strings and comments stay as
    they are; notebooks do too, and are listed.

    Exits with 0 if all is well, 1 if --check found work, 2 if the command line or the
    state of the tree is wrong, 3 if some files could not be migrated. A file is
    replaced as a whole or not at all.
    """
    sys.exit(run_migrate(paths, check=check, diff=diff, even_if_dirty=even_if_dirty))


@actrio.command()
@click.option(
    "--host",
    type=click.Choice(["trio", "asyncio"]),
    default="trio",
    show_default=True,
    help="The event loop.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another day.")
@click.option("--fast", is_flag=True, help="Do not wait between the steps.")
def demo(*, host: str, seed: int, fast: bool) -> None:
    """Watch a small society of agents at work: an inn, its cook, and guests."""
    run_demo(host, seed=seed, fast=fast)
