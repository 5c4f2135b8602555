"""A real Redis server with replicas, which sentinels watch over, for tests."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Final, Self

from ._redis_server import RedisServer, is_following, wait_until

_SILENCE: Final = 400
"""After how many milliseconds without an answer a server is taken for dead."""
_QUORUM: Final = 2


class RedisSentinels:
    """A Redis primary with a replica, and three sentinels that replace it if it dies.

    ::

        with RedisSentinels() as sentinels:
            trio.run(program, sentinels.url)

    Everything here waits by blocking the thread: in an event loop, call it in another one.

    Args:
        *options: Options of primary and replicas, as for `RedisServer`.
        replicas: How many replicas there are.
        service: The name that the sentinels know the primary by.
        password: What the sentinels want of whoever asks them; None for nothing.

    Raises:
        FileNotFoundError: If there is no such program.
        RuntimeError: If a server ends at once, or they do not find each other.
    """

    servers: list[RedisServer]
    """The primary, as it was at the start, then the replicas."""
    sentinels: list[RedisServer]
    """The sentinels."""

    def __init__(
        self,
        *options: str,
        replicas: int = 1,
        service: str = "main",
        password: str | None = None,
    ) -> None:
        self.service = service
        self._password = password
        primary = RedisServer(*options)
        follows = ("--replicaof", "127.0.0.1", str(primary.port))
        quick = ("--repl-diskless-sync-delay", "0")
        others = [RedisServer(*follows, *quick, *options) for _ in range(replicas)]
        self.servers = [primary, *others]
        self._ids = [secrets.token_hex(20) for _ in range(3)]
        self._sentinels = [_Sentinel() for _ in self._ids]
        self.sentinels = [*self._sentinels]
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Where it is, ``redis+sentinel://127.0.0.1:port,…/main/0``; without passwords."""
        nodes = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{nodes}/{self.service}/0"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for one in self.servers:
                stack.enter_context(one)
            for replica in self.servers[1:]:
                wait_until(
                    partial(is_following, replica),
                    "a replica has no connection to its primary",
                )
            for number, sentinel in enumerate(self._sentinels):
                sentinel.lines = self._lines(number)
                stack.enter_context(sentinel)
            self.wait_ok()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _lines(self, number: int) -> list[str]:
        """Return how a sentinel is configured; it knows the others from the beginning."""
        name, port = self.service, self.servers[0].port
        lines = [
            f"sentinel myid {self._ids[number]}",
            f"sentinel monitor {name} 127.0.0.1 {port} {_QUORUM}",
            f"sentinel down-after-milliseconds {name} {_SILENCE}",
            f"sentinel failover-timeout {name} 3000",
        ]
        if self._password is not None:
            lines.append(f"requirepass {self._password}")
            lines.append(f"sentinel sentinel-pass {self._password}")
        lines += [
            f"sentinel known-replica {name} 127.0.0.1 {replica.port}"
            for replica in self.servers[1:]
        ]
        for other, one in enumerate(self._sentinels):
            if other != number:
                where = f"127.0.0.1 {one.port} {self._ids[other]}"
                lines.append(f"sentinel known-sentinel {name} {where}")
        return lines

    def wait_ok(self) -> None:
        """Wait until the sentinels that run could replace the primary.

        Raises:
            RuntimeError: If that takes too long.
        """
        for one in self._sentinels:
            if one.is_running:
                wait_until(partial(self._is_ok, one), "the sentinels are not ready")

    def _is_ok(self, sentinel: _Sentinel) -> bool:
        quorum = sentinel.ask(self._password, "SENTINEL", "CKQUORUM", self.service)
        about = sentinel.ask(self._password, "SENTINEL", "REPLICAS", self.service)
        # without its run id a replica is not known well enough to be promoted
        known = about.count("\r\nrunid\r\n$40\r\n") == len(self.servers) - 1
        return "+OK" in quorum and known and "_down" not in about

    @property
    def primary(self) -> RedisServer:
        """The primary, when all sentinels that run name the same one, and it runs.

        Raises:
            RuntimeError: If that takes too long.
        """
        words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service)
        found = list[RedisServer]()

        def is_there() -> bool:
            running = [one for one in self._sentinels if one.is_running]
            replies = {one.ask(self._password, *words) for one in running}
            if len(replies) == 1:
                parts = replies.pop().split("\r\n")
                servers = [one for one in self.servers if str(one.port) in parts]
                found.extend(filter(_is_primary, servers))
            return bool(found)

        wait_until(is_there, "the sentinels name no primary that runs")
        return found[0]


class _Sentinel(RedisServer):
    _ready = b"Sentinel ID is"
    lines: list[str]

    def _words(self) -> list[str]:
        path = self.folder / "sentinel.conf"
        if not path.exists():
            where = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}"]
            path.write_text("\n".join([*where, *self.lines, ""]))
        return [str(path), "--sentinel"]

    def ask(self, password: str | None, *words: str) -> str:
        """Send a command, after the login if there is one, and return what comes back."""
        commands = [words] if password is None else [("AUTH", password), words]
        return self._ask(*commands)


def _is_primary(server: RedisServer) -> bool:
    return server.is_running and "role:master" in server.command("INFO", "replication")
