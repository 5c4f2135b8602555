"""A real Redis Cluster for tests, which needs nothing installed by hand."""

from __future__ import annotations

import socket
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from types import TracebackType
from typing import Final, Self

from ._redis_server import RedisServer, is_following, wait_until

_SLOTS: Final = 16_384
_MILLISECONDS: Final = 500
"""After how much silence a node is taken for dead."""
_PORTS: Final = range(10_000, 22_700)
"""Those 10,000 higher are for what the nodes tell each other; the system gives none of
both to anybody by itself."""


class RedisCluster:
    """A Redis Cluster of three primaries on free ports of this machine.

    ::

        with RedisCluster() as cluster:
            trio.run(program, cluster.url)

    It takes two seconds to start, since no node serves its slots before. Everything here
    waits by blocking the thread: in an event loop, call it in another one.

    Args:
        *options: Options of each server, as for `RedisServer`.
        replicas: How many replicas each primary has, 0 or 1. A primary that is killed is
            replaced after about a second and a half.

    Raises:
        FileNotFoundError: If there is no such program.
        RuntimeError: If there are no free ports, a server ends at once, or the cluster
            does not come about.
    """

    nodes: list[RedisServer]
    """The primaries, as they were at the start."""
    replicas: list[RedisServer]
    """The replica of each, in the same order; none if there are none."""

    def __init__(self, *options: str, replicas: int = 0) -> None:
        words = (
            *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
            *("--cluster-node-timeout", str(_MILLISECONDS)),
            *("--cluster-replica-validity-factor", "0"),
            *("--repl-diskless-sync-delay", "0"),
            *options,
        )
        found = [_Node(port, *words) for port in _free_ports(3 + 3 * replicas)]
        self.nodes, self.replicas = [*found[:3]], [*found[3:]]
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Where it is, as ``redis://127.0.0.1:port,127.0.0.1:port,127.0.0.1:port/0``."""
        return f"redis://{','.join(f'127.0.0.1:{one.port}' for one in self.nodes)}/0"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for one in self._all:
                stack.enter_context(one)
            self._join()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def _all(self) -> Sequence[RedisServer]:
        return [*self.nodes, *self.replicas]

    def _join(self) -> None:
        """Make one cluster of the servers."""
        share = _SLOTS // 3 + 1
        for number, node in enumerate(self.nodes):
            slots = range(number * share, min((number + 1) * share, _SLOTS))
            _do(node, "CLUSTER", "ADDSLOTS", *map(str, slots))
            _do(node, "CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for one in self._all:
            for other in self._all:
                if one is not other:
                    _do(one, "CLUSTER", "MEET", "127.0.0.1", str(other.port))
        self.wait_ok()
        for primary, replica in zip(self.nodes, self.replicas, strict=False):
            _do(replica, "CLUSTER", "REPLICATE", _id(primary))
        for replica in self.replicas:
            wait_until(
                partial(is_following, replica),
                "a replica has no connection to its primary",
            )
        for one in self._all:  # a node that does not know it refuses a failover
            wait_until(
                partial(_knows_replicas, one, len(self.replicas)),
                "not all nodes know the replicas",
            )

    def wait_ok(self) -> None:
        """Wait until every node that runs says that the cluster is in order.

        Raises:
            RuntimeError: If that takes too long.
        """
        for one in self._running:
            wait_until(partial(self._is_ok, one), f"the cluster is not ok: {one}")

    def _is_ok(self, node: RedisServer) -> bool:
        about = node.command("CLUSTER", "INFO")
        known = f"cluster_known_nodes:{len(self._all)}\r"
        return "cluster_state:ok" in about and known in about

    def owner(self, key: str) -> RedisServer:
        """Return the node that has the slot of a key, when there is one that runs.

        Raises:
            RuntimeError: If that takes too long.
        """
        slot, found = self._slot(key), list[RedisServer]()

        def is_there() -> bool:
            for line in self._witness.command("CLUSTER", "NODES").splitlines():
                port = _port_if_serving(line, slot)
                found.extend(one for one in self._running if one.port == port)
            return bool(found)

        wait_until(is_there, f"no node has the slot of {key!r}")
        return found[0]

    def other(self, key: str) -> RedisServer:
        """Return a primary that does not have the slot of a key now."""
        owner = self.owner(key)
        return next(one for one in self.nodes if one is not owner and one.is_running)

    def move(self, key: str, to: RedisServer) -> None:
        """Move the slot of a key to another primary, with all that is in it.

        Raises:
            RuntimeError: If a node refuses.
        """
        with self.moving(key, to):
            pass

    @contextmanager
    def moving(self, key: str, to: RedisServer) -> Generator[None]:
        """Begin to move the slot of a key, and have moved it at the end of the block.

        In the block the nodes know about it, and no key has been moved.

        Raises:
            RuntimeError: If a node refuses.
        """
        source, slot = self.owner(key), str(self._slot(key))
        _do(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", _id(source))
        _do(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", _id(to))
        yield
        where = ("127.0.0.1", str(to.port), "", "0", "5000")
        while keys := _words(source.command("CLUSTER", "GETKEYSINSLOT", slot, "100")):
            _do(source, "MIGRATE", *where, "KEYS", *keys)
        running = [one for one in self.nodes if one.is_running and one is not to]
        for one in (to, source, *running):
            _do(one, "CLUSTER", "SETSLOT", slot, "NODE", _id(to))

    @property
    def _running(self) -> Sequence[RedisServer]:
        return [one for one in self._all if one.is_running]

    @property
    def _witness(self) -> RedisServer:
        return self._running[0]

    def _slot(self, key: str) -> int:
        return int(self._witness.command("CLUSTER", "KEYSLOT", key).strip(":\r\n"))


class _Node(RedisServer):
    def __init__(self, port: int, *options: str) -> None:
        super().__init__(*options)
        self.port = port

    def __repr__(self) -> str:
        return f"<node at port {self.port}>"


def _free_ports(count: int) -> list[int]:
    """Return ports that are free, each of which has a free one 10,000 higher."""
    found: list[int] = []
    with ExitStack() as stack:  # bound until all are found, or one might come twice
        for port in Random().sample(_PORTS, len(_PORTS)):  # noqa: S311 - no secret
            with ExitStack() as pair:
                try:
                    for one in (port, port + 10_000):
                        pair.enter_context(socket.socket()).bind(("127.0.0.1", one))
                except OSError:
                    continue
                stack.enter_context(pair.pop_all())
                found.append(port)
            if len(found) == count:
                return found
    message = f"there are no free ports for {count} nodes of a cluster"
    raise RuntimeError(message)


def _do(node: RedisServer, *words: str) -> None:
    reply = node.command(*words)
    if reply[0] != "+":
        message = f"{node} says to {' '.join(words[:5])}: {reply.strip()}"
        raise RuntimeError(message)


def _id(node: RedisServer) -> str:
    return _words(node.command("CLUSTER", "MYID"))[0]


def _knows_replicas(node: RedisServer, count: int) -> bool:
    lines = node.command("CLUSTER", "NODES").splitlines()
    flags = [line.split()[2] for line in lines if line.count(" ") > 2]
    return sum("slave" in one for one in flags) == count


def _words(reply: str) -> list[str]:
    """Return the strings of a reply that is one, or an array of them."""
    lines = reply.split("\r\n")
    return lines[(1 if reply[0] == "$" else 2) : -1 : 2]


def _port_if_serving(line: str, slot: int) -> int | None:
    """Return the port of a node that a line of ``CLUSTER NODES`` says has a slot."""
    words = line.split()
    if len(words) < 9 or "fail" in words[2].split(","):
        return None
    for spread in words[8:]:
        first, _, last = spread.partition("-")
        if first.isdecimal() and int(first) <= slot <= int(last or first):
            return int(words[1].partition("@")[0].rpartition(":")[2])
    return None
