"""What was published with a token, as long as its copies may still be withdrawn.

A copy lies in an inbox until its agent is free. Nobody tells the publisher when that was, so
the newest publications are remembered here, and no others: a token that serves a whole
conversation must not keep all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from .._redis import Argument
from ..exceptions import RedisLinkLost
from ..messages import CancellationToken
from ._line import Line
from ._scripts import WITHDRAW

_REMEMBERED: Final = 1024


class Published(Protocol):
    """What was sent to some agents under one number."""

    serial: int
    agents: Sequence[str]


class Withdrawing:
    """Withdraws what one client published, when a token is cancelled."""

    def __init__(self, client: str, prefix: str, line: Line) -> None:
        self._client = client
        self._prefix = prefix
        self._line = line
        self._kept: dict[int, Callable[[], object]] = {}
        """What ends the registration with its token, by number; the oldest one first."""
        self._unsaid: dict[int, Published] = {}
        """What the server may not have heard of, since the connection was lost."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._unsaid)

    def keep(self, published: Published, token: CancellationToken) -> None:
        """Withdraw copies of a message when its token is cancelled."""
        forget = token.register(lambda: self._withdraw(published))
        if token.is_cancelled:
            forget()
            return
        self._kept[published.serial] = forget
        if len(self._kept) > _REMEMBERED:
            self._kept.pop(next(iter(self._kept)))()

    def resume(self) -> None:
        """Say again, after connecting, what the server may not have heard."""
        for published in [*self._unsaid.values()]:
            self._say(published)

    def close(self) -> None:
        """Forget all tokens: this client ends."""
        while self._kept:
            self._kept.popitem()[1]()
        self._unsaid.clear()

    def forget(self, published: Published) -> None:
        """Know that a message is not withdrawn any more."""
        forget = self._kept.pop(published.serial, None)
        if forget is not None:
            forget()

    def _withdraw(self, published: Published) -> None:
        self.forget(published)
        self._say(published)

    def _say(self, published: Published) -> None:
        self._unsaid[published.serial] = published

        def taker(value: Any, error: Exception | None) -> None:
            del value
            if not isinstance(error, RedisLinkLost):
                self._unsaid.pop(published.serial, None)

        words: list[Argument] = [self._client, published.serial, *published.agents]
        self._line.post(WITHDRAW.call(self._prefix, *words), taker=taker)
