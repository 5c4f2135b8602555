"""Noticing that another server has taken the place of the one that is connected.

Mostly the server says so, with its next reply, or by hanging up. But whoever only listens
gets no reply; and a server that is frozen when it is replaced says nothing at all. So it is
asked something now and then, and if it is silent, the others are asked about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import anyio

from .._concurrency import Host
from ..exceptions import RedisError
from ._address import Node, written
from ._link import Link, Reply, Taker
from ._route import Route
from ._script import Argument, Script
from ._sentinel import Sentinels
from ._servers import Servers

_SECONDS: Final = 1.0
"""How long after a question there is to be an answer, and before the next one."""
HERE: Final = Script("return 1")
"""Runs only where the slot of its key is."""


class Watch:
    """Watches over a connection to one of several servers."""

    def __init__(
        self,
        servers: Servers,
        sentinels: Sentinels,
        route: Route,
        key: str | None,
        seconds: float,
    ) -> None:
        self._servers = servers
        self._sentinels = sentinels
        self._route = route
        self._key = key
        self._seconds = seconds

    def scripts(self, link: Link) -> Sequence[Script]:
        """Return what has to be loaded for it."""
        return (HERE,) if self._asks_for_slot(link) else ()

    def _asks_for_slot(self, link: Link) -> bool:
        assert link.greeting is not None, "it is logged in"
        return link.greeting.mode == "cluster" and self._key is not None

    async def wait_lost(self, link: Link, host: Host) -> None:
        """Wait until a connection is lost, or give it up for a server that is better."""
        question = self._question(link)
        if question is None:
            await link.wait_lost()
            return
        asked: Reply | None = None
        while not link.is_lost:
            if asked is None or asked.is_there:
                asked = link.send(question, taker=self._answered_by(link))
            elif (node := await self._successor(link, host)) is not None:
                link.leads_to = node
                link.give_up(f"it is silent, and {written(node)} is in its place")
            with anyio.move_on_after(_SECONDS):
                await link.wait_lost()

    def _question(self, link: Link) -> Sequence[Argument] | None:
        """Return what the server is asked; None if no other can take its place."""
        if self._asks_for_slot(link):
            return HERE.call(self._key or "")
        return ("HELLO",) if self._servers.service is not None else None

    def _answered_by(self, link: Link) -> Taker:
        def taker(value: Any, error: Exception | None) -> None:
            if error is None and _is_of_replica(value):
                link.give_up("it has become a replica")

        return taker

    async def _successor(self, link: Link, host: Host) -> Node | None:
        """Return who has the place of a server, as the others say; None if it is still its."""
        mine = link.address.node
        if self._servers.service is not None:
            try:
                node = await self._sentinels.primary(host, self._seconds)
            except RedisError:
                return None
            return None if node == mine else node
        for other in self._route.others(mine):
            owner = await self._owner_named_by(other, host)
            if owner is not None:
                return None if owner == mine else owner
        return None

    async def _owner_named_by(self, node: Node, host: Host) -> Node | None:
        """Ask a node of a cluster who has the slot; None if it cannot tell."""
        address = self._servers.at(node)
        link: Link | None = None
        try:
            async with Link.open(address, host, _ignore, self._seconds) as link:
                with anyio.fail_after(self._seconds):
                    await link.load([HERE])
                    await link.run(HERE, self._key or "")
        except (RedisError, TimeoutError):
            return None if link is None else link.leads_to
        return node


def _is_of_replica(reply: Any) -> bool:
    """Whether a reply to ``HELLO`` comes from a replica; one to a script does not say."""
    return isinstance(reply, dict) and b"replica" in reply.values()


def _ignore(found: Sequence[Any]) -> None:
    """Nobody has subscribed to anything."""
