"""What goes out without anybody waiting for the reply."""

from __future__ import annotations

from .._redis import Command, Link, Redis, Taker
from ..exceptions import RedisLinkLost


class Line:
    """The connection of a runtime, also while it is being set up.

    What is due after connecting goes over the new connection before all else: nothing
    new is sent before it is known what became of what was sent before.
    """

    def __init__(self) -> None:
        self._redis: Redis | None = None
        self._new: Link | None = None

    def use(self, redis: Redis | None) -> None:
        """Take the connection; None when it is over."""
        self._redis = redis

    @property
    def is_up(self) -> bool:
        """Whether there is a connection."""
        return self._redis is not None and self._redis.link is not None

    def use_new(self, link: Link | None) -> None:
        """Send over this connection, which is not open for others yet; None when it is."""
        self._new = link

    def post(self, command: Command, *, taker: Taker) -> bool:
        """Send a command without waiting for it; say whether there is a connection."""
        if self._new is not None:
            try:
                self._new.send(command, taker=taker)
            except RedisLinkLost:
                return False
            return True
        return self._redis is not None and self._redis.post(command, taker=taker)

    def connect_again(self, why: Exception) -> None:
        """Give the connection up for a new one, after a reply that makes no sense."""
        if self._redis is not None:
            self._redis.connect_again(why)
