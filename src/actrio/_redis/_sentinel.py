"""Asking sentinels where the primary of a service is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import anyio

from .._concurrency import Host
from ..exceptions import (
    RedisError,
    RedisRefused,
    RedisReplyError,
    RedisUnreachable,
)
from ._address import Address, Node
from ._dial import explained
from ._link import Link
from ._servers import Servers


class Sentinels:
    """The sentinels of a service. Whoever has answered is asked first the next time."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._nodes = [*servers.nodes]

    async def primary(self, host: Host, seconds: float) -> Node:
        """Return where the primary is, as the first one says that knows.

        Args:
            host: The event loop.
            seconds: How long each may take to be connected to, to log in, and to answer.

        Raises:
            RedisUnreachable: If none of them answers, or none knows the service.
            RedisRefused: If none of them knows, and one does not accept the login.
        """
        failures: list[RedisError] = []
        for node in [*self._nodes]:
            address = self._servers.sentinel_at(node)
            try:
                found = await self._ask(address, host, seconds)
            except (RedisUnreachable, RedisRefused) as exc:
                failures.append(exc)
                continue
            self._nodes.remove(node)
            self._nodes.insert(0, node)
            return found
        raise self._nobody(failures)

    async def _ask(self, address: Address, host: Host, seconds: float) -> Node:
        async with Link.open(address, host, _ignore, seconds) as link:
            words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._servers.service or "")
            try:
                with explained(address, seconds), anyio.fail_after(seconds):
                    found = cast("Sequence[bytes] | None", await link.call(*words))
            except RedisReplyError as exc:
                if link.greeting is not None and link.greeting.mode == "sentinel":
                    message = f"the sentinel at {address} does not answer: {exc}"
                else:
                    message = (
                        f"{address} is a Redis server and no sentinel; write redis:// for "
                        "it, or give the port of the sentinel, which is usually 26379"
                    )
                raise RedisUnreachable(message) from exc
        if found is None:
            message = f"the sentinel at {address} does not know it"
            raise _Unknown(message)
        return found[0].decode(), int(found[1])

    def _nobody(self, failures: Sequence[RedisError]) -> RedisError:
        """Return the error for a service whose primary nobody knows."""
        reasons = "; ".join(dict.fromkeys(map(str, failures)))
        message = f"no primary for the service {self._servers.service!r}: {reasons}"
        refused = [one for one in failures if isinstance(one, RedisRefused)]
        if refused:
            message += (
                "; for sentinels these are sentinel_username and sentinel_password"
            )
            return RedisRefused(message)
        if any(isinstance(one, _Unknown) for one in failures):
            message += "; check the name: SENTINEL MASTERS lists those that it knows"
        return RedisUnreachable(message)


class _Unknown(RedisUnreachable):
    """A sentinel does not know the service."""


def _ignore(found: Sequence[Any]) -> None:
    """Nobody has subscribed to anything."""
