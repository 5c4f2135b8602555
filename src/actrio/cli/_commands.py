"""The command line, as click knows it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import click

from ._dead import (
    Wanted,
    remove as remove_letters,
    replay as replay_letters,
    show,
    with_queue,
)
from ._demo import demo as run_demo
from ._migrate import migrate as run_migrate

T = TypeVar("T")


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


@actrio.group()
def dead() -> None:
    """Look at dead letters of a distributed runtime, and send them again.

    Dead letters are messages that no handler took. The namespace keeps the last 10,000.
    """


def _of_a_namespace(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command the options that say which dead letters it is about."""
    for option in (
        click.option("--reason", help="Only those with this reason."),
        click.option(
            "--recipient",
            metavar="AGENT",
            help="Only those for this agent (type/key), or this agent type.",
        ),
        click.option(
            "-n",
            "--namespace",
            required=True,
            envvar="ACTRIO_NAMESPACE",
            show_envvar=True,
            help="The namespace of the runtimes.",
        ),
        click.option(
            "--url",
            default="redis://localhost",
            show_default=True,
            envvar="ACTRIO_REDIS_URL",
            show_envvar=True,
            help="Where the server is; with a password, better in the variable.",
        ),
    ):
        command = option(command)
    return command


@dead.command(name="list")
@_of_a_namespace
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object in each line.")
def list_letters(
    *,
    url: str,
    namespace: str,
    reason: str | None,
    recipient: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Show dead letters, the oldest first, a line each.

    Each line has the id, the time in UTC, the reason, the message, and its way.
    """
    wanted = Wanted(reason, recipient, limit)
    sys.exit(with_queue(url, namespace, partial(show, wanted=wanted, as_json=as_json)))


@dead.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_of_a_namespace
@click.option("--all", "everything", is_flag=True, help="All that are there now.")
def replay(
    ids: tuple[str, ...],
    *,
    url: str,
    namespace: str,
    reason: str | None,
    recipient: str | None,
    everything: bool,
) -> None:
    """Send dead letters again, each to the agent that should have got it.

    Name their ids, or choose them with --all, --reason or --recipient. A letter that
    cannot be sent stays where it is: nobody hosts its type, or the inbox of its agent is
    full. Nobody waits for the answer to a request that is sent again: if it fails, it is
    a dead letter once more.

    Exits with 0 if all were sent, 1 if some were not, 2 if the command line is wrong.
    """
    wanted = _chosen(ids, reason, recipient, everything=everything)
    work = partial(replay_letters, ids=ids, wanted=wanted)
    sys.exit(with_queue(url, namespace, work))


@dead.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_of_a_namespace
@click.option("--all", "everything", is_flag=True, help="All that are there now.")
def remove(
    ids: tuple[str, ...],
    *,
    url: str,
    namespace: str,
    reason: str | None,
    recipient: str | None,
    everything: bool,
) -> None:
    """Remove dead letters for good.

    Name their ids, or choose them with --all, --reason or --recipient.
    """
    wanted = _chosen(ids, reason, recipient, everything=everything)
    work = partial(remove_letters, ids=ids, wanted=wanted)
    sys.exit(with_queue(url, namespace, work))


def _chosen(
    ids: tuple[str, ...], reason: str | None, recipient: str | None, *, everything: bool
) -> Wanted | None:
    """Return what chooses the letters; None if they are named.

    Raises:
        click.UsageError: If it is not clear which are meant.
    """
    is_choice = everything or reason is not None or recipient is not None
    if is_choice == bool(ids):
        message = "name ids, or choose with --all, --reason or --recipient"
        raise click.UsageError(message)
    return Wanted(reason, recipient) if is_choice else None
