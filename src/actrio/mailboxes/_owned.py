"""A mailbox in Redis, as its owner sees it.

The server shows the owner the next messages before they are asked for, so most reading
waits for nothing: the owner takes what it was shown, and tells the server afterwards, much
in one command and a moment later. What it tells, in `Op` s, is kept until the server
has answered. After a lost connection all that has no answer is told again; each op is one
that may be carried out twice.

What is shown is not taken. If something more urgent comes, or the connection is lost, it is
forgotten and asked for again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

import attrs

from .._concurrency import Host, Timer
from .._redis import Argument, Link, Redis, Taker
from ..exceptions import (
    MailboxError,
    MailboxLost,
    MailboxMessageUnreadable,
    RedisLinkLost,
)
from ._bus import AgentMailbox
from ._guests import Asker, Reader, parked, taken_over, turn_away, unregistered
from ._message import AgentMessage
from ._pending import Pending
from ._scripts import OWN
from ._wire import read

Op = tuple[str, int, bytes]
"""What is done to a message: t take, d be done, g give back, u give back as if never
taken, x be done with an answer; then its priority, and its id in the stream."""

_SHOWN_AT_ONCE: Final = 32
_BYTES_AT_ONCE: Final = 2**18
_SECONDS_UNTOLD: Final = 0.002
"""How long an op may wait for others at most."""
_URGENT: Final = frozenset("gu")
"""What is told at once, since it changes what comes next."""


@attrs.frozen
class Shown:
    """A message that may be taken."""

    lane: int
    id: bytes
    message: AgentMessage | MailboxMessageUnreadable


@attrs.frozen
class Bus:
    """What an owner needs of the bus."""

    redis: Redis
    prefix: str
    on_lost: Callable[[Owned], object]
    """Called with a mailbox that is lost."""


@attrs.define
class Telling:
    """What the server is told in one command."""

    ops: list[Op] = attrs.field(factory=list[Op])
    asks: bool = False
    """Whether it is to show more."""
    is_posted: bool = False
    """Whether it is on its way to be written."""
    is_written: bool = False
    """Whether nothing can be added any more."""


class OwnReader(Reader):
    """A task that waits for a message, or only wants to know whether there is one."""

    def __init__(self, queue: deque[Reader], *, waits: bool) -> None:
        super().__init__(queue)
        self.waits = waits


class Owned:
    """A mailbox that belongs to this client."""

    def __init__(
        self,
        mailbox: AgentMailbox,
        number: int,
        epoch: int,
        bus: Bus,
    ) -> None:
        self.mailbox = mailbox
        self.name = mailbox.agent_name
        self.number = number
        self.epoch = epoch
        self.askers: dict[str, Asker] = {}
        self._redis = bus.redis
        self._prefix = bus.prefix
        self._on_lost = bus.on_lost
        self._shown: deque[Shown] = deque()
        self._taken = Pending[Shown]()
        self._readers: deque[Reader] = deque()
        self._told: deque[Telling] = deque()
        """What the server was told, or is to be told, and has not answered."""
        self._heard = set[bytes]()
        """The answers that the server has not deleted, and may tell a second time."""
        self._is_asking = False
        """Whether the server is about to show something."""
        self._credit = 0
        """How many messages the server shows as soon as they come, before it is told what
        was taken; 0 if it has to be asked, and what it shows unasked is stale."""
        self._enough = 1
        """How many ops are not to wait for others."""
        self._timer: Timer | None = None
        """Tells what is untold, in a moment."""

    @property
    def has_told_all(self) -> bool:
        """Whether the server has answered all that it was told."""
        return not self._told

    # -- what its owner does ----------------------------------------------------

    async def take(
        self, host: Host, after: AgentMessage | None, *, wait: bool
    ) -> AgentMessage | None:
        """Take the next message; see `MessageBus.take`."""
        done = self._finished(after)
        if self._shown and not self._readers:
            return self._take(self._shown.popleft(), done)
        reader = OwnReader(self._readers, waits=wait)
        self._readers.append(reader)
        if wait and self._credit:
            self._tell(done)
        else:
            self._tell(done, asks=True)
        try:
            await parked(host, reader)
        except BaseException:
            if reader.message is not None:
                self._put_back(reader.message, "u")
            raise
        return reader.message

    def confirm(self, message: AgentMessage) -> None:
        """Be done with a message; nothing if it is not pending."""
        self._tell(self._finished(message))

    def give_back(self, message: AgentMessage) -> None:
        """Put a message back; nothing if it is not pending."""
        self._put_back(message, "g")

    def _finished(self, message: AgentMessage | None) -> tuple[Op, ...]:
        shown = None if message is None else self._taken.pop(message)
        return () if shown is None else (("d", shown.lane, shown.id),)

    def _put_back(self, message: AgentMessage, how: str) -> None:
        shown = self._taken.pop(message)
        if shown is None:
            return
        self._shown.clear()  # it comes before all that
        self._credit = 0
        self._tell(((how, shown.lane, shown.id),), asks=bool(self._readers))

    def _take(self, shown: Shown, done: tuple[Op, ...] = ()) -> AgentMessage:
        """Take what was shown, and have more shown if that was all.

        Raises:
            MailboxMessageUnreadable: If it cannot be read. It is taken all the same.
        """
        self._tell(
            (*done, ("t", shown.lane, shown.id)), asks=not (self._shown or self._credit)
        )
        message = shown.message
        if isinstance(message, MailboxMessageUnreadable):
            raise message
        self._taken.add(message, shown)
        return message

    # -- what the server is told, and what it shows -----------------------------

    def _tell(self, ops: tuple[Op, ...], *, asks: bool = False) -> None:
        """Tell the server what was done, and ask it to show more."""
        asks = asks and not self._is_asking
        if not ops and not asks:
            return
        telling = self._told[-1] if self._told else None
        if telling is None or telling.is_written:
            telling = Telling()
            self._told.append(telling)
        telling.ops += ops
        if asks:
            telling.asks = self._is_asking = True
            self._credit = 0
        is_enough = len(telling.ops) >= self._enough
        if asks or is_enough or any(op[0] in _URGENT for op in ops):
            self.tell()
        elif not telling.is_posted and self._timer is None:
            host = self._redis.host
            self._timer = host.call_later(_SECONDS_UNTOLD, self._tell_late)

    def tell(self) -> None:
        """Tell the server now what it was not told."""
        telling = self._told[-1] if self._told else None
        if telling is not None and not telling.is_posted:
            telling.is_posted = True
            self._redis.post(partial(self._words, telling), taker=self._taker(telling))

    def _tell_late(self) -> None:
        self._timer = None
        self.tell()

    def _words(self, telling: Telling, *, is_back: bool = False) -> Sequence[Argument]:
        telling.is_written = True
        count = _SHOWN_AT_ONCE if telling.asks else 0
        options = (self.number, self.epoch, count, _BYTES_AT_ONCE, int(is_back))
        ops: Iterable[Argument] = chain.from_iterable(telling.ops)
        return OWN.call(self._prefix, *options, *ops)

    def _taker(self, telling: Telling) -> Taker:
        def take(value: Any, error: Exception | None) -> None:
            if error is None:
                self._told.popleft()  # answers come in order: it is this one
                self._answered(telling, value)
            elif not isinstance(error, RedisLinkLost):  # else it is told again
                self._redis.connect_again(error)

        return take

    async def resume(self, link: Link) -> None:
        """Tell the server again what it has not answered, after connecting."""
        told = list(self._told)
        again = Telling([op for one in told for op in one.ops], asks=True)
        self._shown.clear()
        self._is_asking, self._credit = True, 0
        for one in told:
            one.is_posted = one.is_written = True
        value = await link.call(*self._words(again, is_back=True))
        for _ in told:
            self._told.popleft()
        self._answered(again, value)

    def _answered(self, telling: Telling, value: Sequence[Any]) -> None:
        if self._heard:
            self._heard -= {op[2] for op in telling.ops if op[0] == "x"}
        if value[0] != b"K":
            self.lose(is_gone=value[0] == b"G")
        elif telling.asks:
            self._is_asking = False
            self._credit, self._enough = max(value[1], 0), abs(value[1])
            rest = iter(value[2:])
            self._shown.extend(map(self._read, rest, rest, rest, rest))
            self._serve()
            for reader in [*self._readers]:
                if self._credit and not reader.waits:  # type: ignore[attr-defined]  # an OwnReader
                    self._readers.remove(reader)
                    self._redis.host.wake(reader)
        elif self._credit and value[1] < 0:
            self._credit = 0
            self._serve()

    def _read(
        self, lane: int | bytes, id: bytes, again: bytes, payload: bytes
    ) -> Shown:
        message: AgentMessage | MailboxMessageUnreadable
        try:
            message = read(payload, self.name, redelivered=again == b"1")
        except MailboxMessageUnreadable as exc:
            message = exc
        return Shown(int(lane), id, message)

    def _serve(self) -> None:
        """Give what is shown to those who wait."""
        while self._readers and self._shown:
            reader = self._readers.popleft()
            try:
                reader.message = self._take(self._shown.popleft())
            except MailboxError as exc:
                reader.error = exc
            self._redis.host.wake(reader)
        if self._readers and not self._credit:
            self._tell((), asks=True)

    # -- what the server says by itself -----------------------------------------

    def show(self, lane: bytes, id: bytes, again: bytes, payload: bytes) -> None:
        """Be shown a message that has just come."""
        if self._credit:  # else it is in the next answer
            self._shown.append(self._read(lane, id, again, payload))
            self._serve()

    def forget(self) -> None:
        """Forget what was shown: something comes before it."""
        if not self._is_asking:
            self._shown.clear()
            self._credit = 0
            self._serve()

    def hear(self, id: bytes, payload: bytes) -> None:
        """Be told an answer to a request."""
        if id in self._heard:
            return
        self._heard.add(id)
        self._tell((("x", 0, id),))
        try:
            answer = read(payload, self.name, redelivered=False)
        except MailboxMessageUnreadable:
            self.mailbox.count_late_reply()
            return
        asker = self.askers.pop(answer.correlation_id or "", None)
        if asker is None:
            self.mailbox.count_late_reply()
        else:
            asker.answer = answer
            self._redis.host.wake(asker)

    def lose(self, *, is_gone: bool) -> None:
        """Be told that the mailbox was taken over, or is gone."""
        why = unregistered(self.name) if is_gone else taken_over(self.name)
        self.mailbox.lose(why)
        self.turn_away(MailboxLost(why, self.name))
        self._on_lost(self)

    def turn_away(self, error: MailboxError) -> None:
        """Tell all who wait that they do so in vain; nobody will wait again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        guests = [*self._readers, *self.askers.values()]
        self._readers.clear()
        turn_away(self._redis.host, guests, error)
