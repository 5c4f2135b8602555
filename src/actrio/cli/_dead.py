"""``actrio dead``: the dead letters of a namespace of distributed runtimes."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
import trio

from ..exceptions import NamespaceError, RedisError

if TYPE_CHECKING:
    from ..distributed import DeadLetterQueue, QueuedDeadLetter

_JSON: Final = "application/json"


@attrs.frozen
class Wanted:
    """Which dead letters are meant."""

    reason: str | None = None
    recipient: str | None = None
    limit: int | None = None

    async def of(self, queue: DeadLetterQueue) -> AsyncIterator[QueuedDeadLetter]:
        """Give them, the oldest first, of those that are there now."""
        number, after, left = await queue.count(), "", self.limit
        while number > 0 and left != 0:
            page = await queue.letters(after=after)
            for letter in page[:number]:
                if left != 0 and self._fits(letter):
                    left = None if left is None else left - 1
                    yield letter
            number -= len(page) or number
            after = page[-1].id if page else after

    def _fits(self, letter: QueuedDeadLetter) -> bool:
        recipient = str(letter.recipient)
        return self.reason in (None, letter.reason) and self.recipient in (
            None,
            recipient,
            letter.recipient.type,
        )


def with_queue(
    url: str, namespace: str, work: Callable[[DeadLetterQueue], Awaitable[int]]
) -> int:
    """Open the queue of a namespace, work with it, and return what that returns.

    Raises:
        click.ClickException: If it cannot be opened, or the work fails; with the remedy.
    """

    async def main() -> int:
        async with queue:
            return await work(queue)

    try:
        from ..distributed import DeadLetterQueue

        queue = DeadLetterQueue(url, namespace=namespace)
        return trio.run(main)
    except (ImportError, NamespaceError, RedisError, ValueError) as exc:
        raise click.ClickException(str(exc)) from None


async def show(queue: DeadLetterQueue, wanted: Wanted, *, as_json: bool) -> int:
    """Print dead letters, a line each."""
    shown = 0
    async for letter in wanted.of(queue):
        click.echo(json.dumps(_plain(letter)) if as_json else _line(letter))
        shown += 1
    if not as_json:
        there = await queue.count()
        click.echo(f"{shown} of {there} dead letters", err=True)
    return 0


async def replay(
    queue: DeadLetterQueue, ids: Sequence[str], wanted: Wanted | None
) -> int:
    """Send dead letters again, and say what became of them.

    Returns:
        0 if all are on their way, 1 if some are not.
    """
    fates = await queue.replay(*await _chosen(queue, ids, wanted))
    sent = sum(fate.value == "sent" for fate in fates.values())
    for entry, fate in fates.items():
        if fate.value != "sent":
            click.echo(f"{entry}  not sent: {fate.value}")
    click.echo(f"{sent} of {len(fates)} sent again", err=True)
    return int(sent < len(fates))


async def remove(
    queue: DeadLetterQueue, ids: Sequence[str], wanted: Wanted | None
) -> int:
    """Remove dead letters for good, and say how many there were."""
    chosen = await _chosen(queue, ids, wanted)
    removed = await queue.remove(*chosen)
    click.echo(f"{removed} of {len(chosen)} removed", err=True)
    return 0


async def _chosen(
    queue: DeadLetterQueue, ids: Sequence[str], wanted: Wanted | None
) -> Sequence[str]:
    if wanted is None:
        return ids
    # all of them first: what fails again comes back behind them
    return [letter.id async for letter in wanted.of(queue)]


def _line(letter: QueuedDeadLetter) -> str:
    source = letter.topic_id or letter.sender or "outside"
    what = letter.type_name.rpartition(".")[2] or "unreadable"
    at = letter.at.strftime("%Y-%m-%d %H:%M:%S")
    size = len(letter.payload)
    return (
        f"{letter.id}  {at}  {letter.reason}: {what} ({size} bytes) from {source} to "
        f"{letter.recipient}"
    )


def _plain(letter: QueuedDeadLetter) -> dict[str, Any]:
    plain: dict[str, Any] = attrs.asdict(letter, recurse=False)
    payload: bytes = plain.pop("payload")
    for name in ("recipient", "sender", "topic_id"):
        plain[name] = None if plain[name] is None else str(plain[name])
    plain["at"] = letter.at.isoformat()
    try:
        is_json = letter.data_content_type == _JSON
        plain["payload"] = json.loads(payload) if is_json else payload.decode()
    except ValueError:
        plain["payload_base64"] = base64.b64encode(payload).decode()
    return plain
