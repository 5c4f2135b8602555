"""Messages on their way to Redis, until they are in their mailboxes.

Each has a number, which the server keeps when it has carried the sending out. Over one
connection that happens in order, so after a lost connection the last number that it kept
tells which messages were sent and which are to be sent again: none twice, none not at all.
What several tasks send in one turn goes in one command, a `Batch`.

A message for a full mailbox waits in Redis, and its sender here, until there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

from .._redis import Argument, Link, Redis, Script
from ..exceptions import MailboxError, MailboxUnknown, RedisLinkLost, RedisReplyError
from ._guests import Guest, not_registered, parked
from ._scripts import BROADCAST, SEND, WITHDRAW

_AT_ONCE: Final = 64
"""How many messages go in one command at most."""
_BYTES_AT_ONCE: Final = 2**18
"""How many bytes they have at most, unless there is only one."""


class Outbox:
    """What one client sends."""

    def __init__(self, redis: Redis, prefix: str, client: str) -> None:
        self.redis = redis
        self.prefix = prefix
        self.client = client
        self.carried_out = 0
        """The last number that the server knew when the connection was made."""
        self.open: dict[int, Sending] = {}
        """What is not in its mailboxes yet, by number."""
        self._serials = count(1)
        self._batch: Batch | None = None
        """What may be added to."""
        self._to_withdraw: list[Sending] = []

    def offer(self, sending: Sending) -> None:
        """Send a message, now that there is a connection."""
        sending.is_again = 0 < sending.serial <= self.carried_out
        if not sending.is_again:
            self.open.pop(sending.serial, None)
            sending.serial = next(self._serials)
            self.open[sending.serial] = sending
        batch = self._batch
        if batch is None or not batch.has_room_for(sending):
            batch = Batch(self, sending.script)
            self.redis.post(batch.words, taker=batch.answered)
            self._batch = None if sending.script is BROADCAST else batch
        batch.add(sending)

    def take_number(self, sending: Sending) -> None:
        """Take the number of a message that the server has not carried out.

        What was written after it may be carried out all the same, and the server keeps
        only the highest number.
        """
        self.open.pop(sending.serial, None)
        sending.serial = 0

    def withdraw(self, sending: Sending) -> None:
        """Take a message back wherever it was not taken by a receiver."""
        if sending.batch is not None and sending.batch.remove(sending):
            return
        self._batch = None  # what is sent now comes after

        def taker(value: object, error: Exception | None) -> None:
            if error is not None:
                self._to_withdraw.append(sending)

        if not self.redis.post(self._withdrawal(sending), taker=taker):
            self._to_withdraw.append(sending)

    async def resume(self, link: Link, carried_out: int) -> None:
        """Go on after connecting."""
        self.carried_out = carried_out
        self._batch = None
        while self._to_withdraw:
            sending = self._to_withdraw[0]
            if sending.serial <= carried_out:
                await link.call(*self._withdrawal(sending))
            del self._to_withdraw[0]
        for sending in self.open.values():
            sending.is_unsure = True
            self.redis.host.wake(sending)

    def _withdrawal(self, sending: Sending) -> Sequence[Argument]:
        words = (self.client, sending.serial, sending.recipient, sending.lane)
        return WITHDRAW.call(self.prefix, *words)

    def admitted(self, serial: int, number: int) -> None:
        """Be told that a message found room in a mailbox."""
        sending = self.open.get(serial)
        if sending is not None:
            sending.is_admitted.add(number)
            self.redis.host.wake(sending)

    def refused(self, serial: int, number: int) -> None:
        """Be told that a mailbox, for which a message waited, was unregistered."""
        sending = self.open.get(serial)
        if sending is not None:
            sending.is_gone.add(number)
            self.redis.host.wake(sending)


class Batch:
    """What is sent in one command."""

    def __init__(self, outbox: Outbox, script: Script) -> None:
        self._outbox = outbox
        self._script = script
        self._sendings: list[Sending] = []
        self._bytes = 0
        self._is_written = False

    def has_room_for(self, sending: Sending) -> bool:
        """Whether a message may be added."""
        return (
            not self._is_written
            and sending.script is self._script
            and len(self._sendings) < _AT_ONCE
            and self._bytes + sending.size <= _BYTES_AT_ONCE
        )

    def add(self, sending: Sending) -> None:
        """Add a message behind the others."""
        self._sendings.append(sending)
        self._bytes += sending.size
        sending.batch = self

    def remove(self, sending: Sending) -> bool:
        """Take a message back, and say whether it was not written yet."""
        if not self._is_written:
            self._sendings.remove(sending)
        return not self._is_written

    def words(self) -> Sequence[Argument]:
        """Return the command, to which nothing can be added then."""
        self._is_written = True
        words: list[Argument] = [self._outbox.client]
        for sending in self._sendings:
            words += (sending.serial, int(sending.is_again), *sending.words)
        return self._script.call(self._outbox.prefix, *words)

    def answered(self, value: Sequence[Any] | None, error: Exception | None) -> None:
        """Tell each message what the server has answered."""
        replies = [error] * len(self._sendings) if value is None else value
        for sending, reply in zip(self._sendings, replies, strict=True):
            sending.batch = None
            sending.reply = reply
            self._outbox.redis.host.wake(sending)


class Sending(Guest):
    """One message on its way, and the task that waits for it."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        sender: str,
        recipient: str | None,
        lane: int,
        payload: bytes,
        answers: bool = False,
    ) -> None:
        self.serial = 0
        self.size = len(payload)
        self.sender = sender
        self.recipient = recipient or "*"
        self.lane = lane
        self.script = SEND if recipient else BROADCAST
        self.words: Sequence[Argument]
        if recipient:
            self.words = (sender, recipient, lane, payload, int(answers))
        else:
            self.words = (sender, lane, payload)
        self.batch: Batch | None = None
        """The command in which it is on its way."""
        self.reply: Sequence[Any] | Exception | None = None
        """What the server has answered to that."""
        self.waits_for = set[int]()
        """The numbers of the mailboxes that had no room for it."""
        self.is_admitted = set[int]()
        """The numbers of those that had room later; known before the reply, perhaps."""
        self.is_gone = set[int]()
        """The numbers of those that were unregistered meanwhile."""
        self.is_again = False
        """Whether it is only asked what became of it."""
        self.is_unsure = False
        """Whether the connection was lost since it is known where this waits."""
        self._outbox = outbox

    async def deliver(self) -> tuple[str, ...]:
        """Send it, and wait until it is in all mailboxes.

        Returns:
            The names of the mailboxes that got it.

        Raises:
            MailboxUnknown: If sender or recipient is not registered.

        Cancellation: It is withdrawn from where it was not taken; a broadcast only from
        where it waits for room.
        """
        try:
            boxes = await self._attempt()
            got = [name for number, name in boxes.items() if await self._is_in(number)]
            return tuple(got)
        except MailboxError:
            raise
        except BaseException:
            if self.serial:
                self._outbox.withdraw(self)
            raise
        finally:
            self._outbox.open.pop(self.serial, None)

    async def _is_in(self, number: int) -> bool:
        """Wait until it is in one mailbox; say no if that is gone."""
        while number in self.waits_for - self.is_admitted - self.is_gone:
            if self.is_unsure:
                await self._attempt()
            else:
                await parked(self._outbox.redis.host, self)
        return number not in self.is_gone

    async def _attempt(self) -> dict[int, str]:
        """Send it, unless it was; return the mailboxes, by number, and note which wait."""
        while True:
            await self._outbox.redis.up()
            self.is_unsure = False
            self._outbox.offer(self)
            reply = await self._answer()
            if isinstance(reply, RedisLinkLost):
                if not reply.was_sent:
                    self._outbox.take_number(self)
                continue
            if isinstance(reply, Exception):
                raise reply
            return self._noted(reply)

    async def _answer(self) -> Sequence[Any] | Exception:
        """Wait for what the server answers."""
        while (reply := self.reply) is None:
            await parked(self._outbox.redis.host, self)
        self.reply = None
        return reply

    def _noted(self, reply: Sequence[Any]) -> dict[int, str]:
        if reply[0] == b"X":
            raise RedisReplyError(reply[1].decode())
        if reply[0] == b"U":
            role = reply[1].decode()
            name = self.sender if role == "sender" else self.recipient
            raise MailboxUnknown(not_registered(name, role), name)
        rest, boxes = iter(reply[1:]), dict[int, str]()
        for state, name, raw in zip(rest, rest, rest, strict=True):
            number = int(raw)
            boxes[number] = name.decode()
            if state == b"W":
                self.waits_for.add(number)
            else:
                self.is_admitted.add(number)
        if self.waits_for:
            self.is_gone |= self.waits_for - boxes.keys()
        return boxes
