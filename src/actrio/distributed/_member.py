"""A runtime's place in its namespace: its connection, and its lease as a worker.

::

    opening ──► joined ──renew──► joined …
                  │  no answer for 3/4 of the lease, or the lease is gone
                  ▼
                fenced ── all handlers are cancelled, others take over
                  │
                  └──► joined, under another name

What was sent from here is not touched by that: a client keeps its name.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from .._concurrency import CancelScope, Host
from .._redis import (
    RIGHTS,
    Argument,
    Link,
    Redis,
    Script,
    check_rights,
    ungrouped,
)
from ..exceptions import RedisError, RedisLinkLost, RedisReplyError
from ..logging import ROOT_LOGGER_NAME
from ..runtime._errors import wrong_loop
from ._hosting import Hosting
from ._lease import Lease
from ._membership import Membership
from ._scripts import (
    ALL,
    COMMANDS,
    GOODBYE,
    JOIN,
    LEAVE,
    RENEW,
    RESUME,
    VERSION,
)
from ._sender import Sender
from ._store import SCRIPTS, FencedStateStore
from ._topics import Topics
from ._worker import Surroundings, Worker

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)
_REMEMBERED_FOR: Final = 600.0
"""For how many seconds replies are kept for a client that is not heard of."""
_SHORTEST_GRACE: Final = 1.0
"""For how many seconds the server is waited for at the end, though handlers have less."""


class Member:
    """A runtime as a member of its namespace, while it is open."""

    def __init__(
        self,
        membership: Membership,
        sender: Sender,
        surroundings: Surroundings,
        topics: Topics,
        store: FencedStateStore,
        host: Host,
        close_agents: Callable[[], Awaitable[object]],
    ) -> None:
        self.lease = Lease(membership.lease)
        self.worker: Worker | None = None
        """None while no lease is held."""
        self._membership = membership
        self._prefix = membership.prefix
        self._sender = sender
        self._around = surroundings
        self._store = store
        self._host = host
        self._close_agents = close_agents
        """Called when it is seen that a handler has stopped the runtime."""
        self.redis: Redis | None = None
        self._name = membership.name or f"{socket.gethostname()}-{os.getpid()}"
        self._last = ""
        """The name that the worker had before."""
        self.hosting = Hosting(self, surroundings, topics)
        self._leaves = False
        self._is_done = False
        """Whether no agent is to live here any more."""
        self._ended: Worker | None = None
        """The worker that lost its lease, until the next one begins."""
        self._is_unheard = False
        """Whether the server was waited for in vain at the end, and not again."""

    @property
    def name(self) -> str:
        """The name of the worker, or the one it had last."""
        return self._last if self.worker is None else self.worker.id

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the server now."""
        return self._around.line.is_up

    # -- the connection ---------------------------------------------------------

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Be a member for the length of a block.

        Raises:
            RedisError: As `Redis.open`.
            NamespaceVersionUnknown: If the namespace is used by another version of actrio.
            WorkerIdentityTaken: If another runtime works under the name.
            NamespaceKeyInTheWay: If a key of the namespace is something else.
        """
        line, store = self._around.line, self._store
        opened = Redis.open(
            self._membership.servers,
            scripts=(*ALL, *SCRIPTS, RIGHTS),
            channels={f"{self._prefix}:c:{self._sender.client}": self._told},
            on_up=self._came_up,
            on_lost=self._went_down,
            key=self._prefix,
        )
        async with opened as redis:
            self.redis = redis
            line.use(redis)
            store.use(redis)
            try:
                yield
            finally:
                await self._say_goodbye()
                line.use(None)
                store.use(None)
                self.redis = None

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Hold the lease for the length of a block, and look for cycles of requests.

        What the block raises is raised as itself.
        """
        with ungrouped():
            async with self._host.open_nursery() as nursery:
                # shielded: a runtime that unwinds needs its lease for that
                keeping = self._host.cancel_scope(shield=True)
                probing = self._host.cancel_scope(shield=True)
                nursery.start_soon(self.keep, keeping)
                nursery.start_soon(self.probe, probing)
                try:
                    yield
                finally:
                    keeping.cancel()
                    probing.cancel()

    async def keep(self, scope: CancelScope) -> None:
        """Renew the lease, until a scope is cancelled."""
        with scope:
            while True:
                try:
                    await self._keep_once()
                except (RedisLinkLost, RedisReplyError) as exc:
                    _logger.warning(
                        "Worker %s cannot renew its lease: %s", self.name, exc
                    )
                left = self.lease.left(self._host.current_time())
                await self._host.sleep(min(self.lease.every, left or self.lease.every))

    async def probe(self, scope: CancelScope) -> None:
        """Look for cycles of requests, until a scope is cancelled."""
        assert self.redis is not None, "a member is open"
        with scope:
            while True:
                try:
                    await self._around.probing.run(
                        self.redis, self._around.nesting.nest
                    )
                except (RedisLinkLost, RedisReplyError) as exc:
                    _logger.debug("A look for cycles has failed: %s", exc)

    async def _keep_once(self) -> None:
        lease, host = self.lease, self._host
        router = self._around.router
        if self.hosting.has_begun and not router.supervisor.alive:
            try:
                await self._close_agents()
            finally:
                await self.depart()
        elif self.worker is None and not self._is_done:
            await self._join_again()
        with host.cancel_scope(deadline=lease.fenced_at):
            await self._renew()
        if not lease.is_held(host.current_time()):
            self._fence("it could not renew its lease")
        self._sender.flush()

    def _told(self, text: bytes) -> None:
        """Hear something on the channel of this client."""
        try:
            self._heard(text[:1], text[2:])
        except Exception:
            # our scripts say nothing that cannot be understood; somebody else may
            _logger.exception("What came on the channel of %s is ignored", self.name)

    def _heard(self, kind: bytes, rest: bytes) -> None:
        if kind == b"m":
            if self.worker is not None:
                self.worker.show(rest)
        elif kind == b"r":
            self._sender.hear(rest)
        elif kind == b"a":
            self._sender.admitted(rest)
        elif kind == b"p":
            self._around.probing.asked(rest)
        elif kind == b"g":
            self._around.probing.answered(rest)
        elif kind == b"x" and self.worker is not None:
            self.worker.cancel(rest)

    def _went_down(self) -> None:
        if self.worker is not None:
            self.worker.fall_behind()

    async def _came_up(self, link: Link) -> None:
        """Go on after connecting, or begin."""
        if not self._last:
            await check_rights(link, self._prefix, COMMANDS, "a runtime")
        await self._store.begin(link)
        if not self._last:
            await self._join(link)
            return
        if self.worker is not None:
            words = self._lease_words(self.worker)
            await self._renewed(await self._timed(link, RENEW, *words))
        try:
            await self._resume(link)
        finally:
            self._around.line.use_new(None)

    async def _resume(self, link: Link) -> None:
        """Go on with what was under way, in the very moment when it is known.

        What the server says next, perhaps in the same piece, is about what comes then.
        """
        worker = self.worker

        def take(value: Any, error: Exception | None) -> None:
            if error is None:
                kept, inbox = value
                self._around.line.use_new(link)
                if worker is not None and worker is self.worker:
                    worker.catch_up(inbox)
                self._sender.resume(kept)
            self._host.wake(reply)

        name = worker.id if worker is not None else ""
        words = RESUME.call(self._prefix, name, self._sender.client)
        reply = link.send(words, taker=take)
        await link.outcome(reply)

    # -- the lease --------------------------------------------------------------

    async def _timed(
        self, link: Link | Redis, script: Script, *words: Argument
    ) -> tuple[float, float, Sequence[Any]]:
        """Run a script; return when it was sent and answered, and its reply."""
        sent = self._host.current_time()
        if isinstance(link, Redis):
            reply = await link.run(script, self._prefix, *words, twice=True)
        else:
            reply = await link.run(script, self._prefix, *words)
        self._is_unheard = False
        return sent, self._host.current_time(), reply

    async def _renew(self) -> None:
        worker = self.worker
        assert self.redis is not None, "a member is open"
        if worker is None:
            return
        answered = await self._timed(self.redis, RENEW, *self._lease_words(worker))
        if worker is self.worker:
            await self._renewed(answered)

    async def _renewed(self, answered: tuple[float, float, Sequence[Any]]) -> None:
        sent, received, reply = answered
        if not reply[0]:
            self._fence("its lease was over when it came to renew it")
            return
        self.lease.renewed_at = max(sent, self.lease.renewed_at)
        self._around.clock.adjust(sent, received, int(reply[1]))

    def _fence(self, why: str) -> None:
        """Stop all that the worker does: others take over, or have done so."""
        worker = self.worker
        if worker is None:
            return
        self.worker, self._ended = None, worker
        worker.end()
        # handlers that wait for other processes have to stop now, and not when told so
        self._sender.let_leave()
        self._around.counters.fenced += 1
        _logger.warning(
            "Worker %s has stopped its agents, since %s; it goes on under another name",
            worker.id,
            why,
        )

    def _lease_words(self, worker: Worker) -> Sequence[Argument]:
        return (worker.id, self._sender.client, *self._times, self._membership.name)

    @property
    def _times(self) -> tuple[int, int]:
        remembered = max(_REMEMBERED_FOR, 10 * self.lease.seconds)
        return int(self.lease.seconds * 1000), int(remembered * 1000)

    async def _join_again(self) -> None:
        assert self.redis is not None, "a member is open"
        if self._ended is not None:
            # an agent must not come again while its handler unwinds here
            with self._host.cancel_scope(deadline=self.lease.ends_at):
                await self._ended.wait_unwound()
            self._ended = None
        await self._join(self.redis)

    async def _join(self, link: Link | Redis) -> None:
        """Become a worker, under a new name."""
        membership = self._membership
        name = f"{self._name}-{secrets.token_hex(4)}"
        words = (VERSION, name, self._sender.client, *self._times, self._last)
        answered = await self._timed(link, JOIN, *words, membership.name)
        sent, received, reply = answered
        self._membership.check(reply)
        self.lease.renewed_at = sent
        self._around.clock.adjust(sent, received, int(reply[1]))
        self._last = name
        self.worker = Worker(name, self._around)
        self._around.counters.joined += 1
        worker = await self._renewed_if_late(link)
        if self.hosting.has_begun and worker is not None:
            await self.hosting.host_all(link, worker)
        # a server that has lost its data knows nothing of what is under way
        self._sender.resume(reply[2])

    async def _renewed_if_late(self, link: Link | Redis) -> Worker | None:
        """Renew a lease that may be over, since joining took so long.

        Returns:
            The worker, unless its lease was over indeed.
        """
        while (worker := self.worker) is not None:
            if self.lease.is_held(self._host.current_time()):
                break
            words = self._lease_words(worker)
            await self._renewed(await self._timed(link, RENEW, *words))
        return worker

    # -- leaving ----------------------------------------------------------------

    async def leave(self) -> None:
        """Take nothing new from now on but what handlers here need."""
        worker = self.worker
        if worker is None or self.redis is None or self._leaves:
            return
        self._leaves = True
        with self._host.cancel_scope(deadline=self._grace_ends_at) as scope:
            await self.run(self.redis, LEAVE, worker.id)
        if scope.cancelled_caught:
            self._is_unheard = True
            _logger.warning("Worker %s could not say that it leaves", worker.id)

    @property
    def _grace_ends_at(self) -> float:
        grace = max(_SHORTEST_GRACE, self._around.router.settings.grace)
        return self._host.current_time() + (0 if self._is_unheard else grace)

    async def depart(self) -> None:
        """Give everything that is left to others.

        Cancellation: It is done all the same, within the grace: nobody would answer those
        who wait for an agent here.
        """
        self._is_done = True
        worker, redis = self.worker, self.redis
        if redis is None or worker is None:
            return
        self.worker = None
        worker.end()
        until = self._grace_ends_at
        with self._host.cancel_scope(deadline=until, shield=True) as scope:
            await self.run(redis, GOODBYE, worker.id, "", "")
        self._is_unheard = scope.cancelled_caught

    async def run(self, link: Link | Redis, script: Script, *words: Argument) -> Any:
        """Run a script, and return its reply.

        Raises:
            RuntimeError: If the runtime works in another event loop.
        """
        if not self._host.is_current():
            raise wrong_loop()
        return (await self._timed(link, script, *words))[2]

    async def _say_goodbye(self) -> None:
        """Leave nothing behind, if the server can be told in time."""
        assert self.redis is not None, "it is just about to end"
        worker = self.worker
        if worker is not None:
            self.worker = None
            worker.end()
        with self._host.cancel_scope(deadline=self._grace_ends_at, shield=True):
            try:
                words = (self.name, self._sender.client, self._membership.name)
                await self.run(self.redis, GOODBYE, *words)
                await self._store.end(self.redis)
            except RedisError as exc:
                _logger.warning("Worker %s could not say goodbye: %s", self.name, exc)
