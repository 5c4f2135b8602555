"""One connection, for as long as it lasts."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import anyio
import hiredis
from anyio.abc import ByteStream

from .._concurrency import Host, Waiter
from ..exceptions import RedisLinkLost, RedisRefused, RedisReplyError
from ._address import Address, Node
from ._dial import LOST, Greeting, close, connect, explained, log_in
from ._script import Argument, Script
from ._verdict import NotDone, is_refused, not_done

Command = Sequence[Argument] | Callable[[], Sequence[Argument]]
"""A command and its arguments; or what makes them when they are about to be written."""
Push = Callable[[Sequence[Any]], object]
Taker = Callable[[Any, Exception | None], object]

_BYTES_AT_ONCE: Final = 65536
_NOTHING: Final = object()
_pack: Final = cast(
    "Callable[[tuple[Argument, ...]], bytes]",
    hiredis.pack_command,  # pyright: ignore[reportUnknownMemberType] - it names no result
)
_UNKNOWN: Final = "before the reply; the command may or may not have been carried out"
_NOT_SENT: Final = "before the command was sent"
_REFUSED: Final = "before the command was carried out"
"""What became of a command."""
_ABOUT_SUBSCRIPTIONS: Final = frozenset([b"subscribe", b"unsubscribe"])


class Reply(Waiter):
    """A command that was sent, and what came back."""

    value: Any = None
    error: Exception | None = None
    is_there = False
    is_subscription = False
    """Whether it comes as a push."""

    def __init__(
        self, link: Link, command: bytes | Callable[[], Sequence[Argument]]
    ) -> None:
        self._link = link
        self.command = command
        self.taker: Taker | None = None
        """Who takes it, if no task waits for it."""

    def leave(self) -> bool:
        """Withdraw the command, unless it was written."""
        self._link.withdraw(self)
        return True


class Link:
    """One connection to a server: commands in, replies out in the same order.

    What several tasks send in one turn of the event loop is written in one go.
    """

    def __init__(
        self, address: Address, host: Host, push: Push, stream: ByteStream
    ) -> None:
        self.address = address
        self.is_lost: bool = False
        self.why: str = "it hung up"
        """Why it was lost."""
        self.greeting: Greeting | None = None
        """What the server has said of itself; None before the login."""
        self.leads_to: Node | None = None
        """Which node can do what this one could not, if it has said so."""
        self._host = host
        self._push = push
        self._stream = stream
        self._parser = hiredis.Reader(notEnoughData=_NOTHING)
        self._unwritten: dict[Reply, None] = {}
        self._written: deque[Reply] = deque()
        self._writer = Waiter()
        self._lost = anyio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: Address, host: Host, push: Push, seconds: float
    ) -> AsyncGenerator[Link]:
        """Connect and log in, for the length of a block.

        Args:
            address: Where to, and as whom.
            host: The event loop.
            push: Called with each message that the server sends by itself.
            seconds: How long connecting and logging in may take, each.

        Raises:
            RedisUnreachable: If there is no server, or it is no Redis, or its
                certificate is not accepted.
            RedisRefused: If it does not accept user and password.
            RedisTooOld: If it is older than 6.2.
        """
        with explained(address, seconds), anyio.fail_after(seconds):
            stream = await connect(address)
        link = cls(address, host, push, stream)
        try:
            with ungrouped():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(link._read)
                    tasks.start_soon(link._write)
                    try:
                        with explained(address, seconds), anyio.fail_after(seconds):
                            link.greeting = await log_in(address, link.call)
                        yield link
                    finally:
                        tasks.cancel_scope.cancel()
        finally:
            link.give_up("its block has ended")
            await close(stream)

    async def wait_lost(self) -> None:
        """Wait until the connection is lost."""
        await self._lost.wait()

    def give_up(self, why: str = "it was given up") -> None:
        """Be lost: every command that has no reply fails."""
        if self.is_lost:
            return
        self.is_lost = True
        self.why = why
        self._host.wake(self._writer)
        written, self._written = self._written, deque()
        unwritten, self._unwritten = self._unwritten, {}
        for reply in written:
            self._settle(reply, None, self._loss(why, _UNKNOWN))
        for reply in unwritten:
            self._settle(reply, None, self._loss(why, _NOT_SENT))
        self._lost.set()

    # -- commands ---------------------------------------------------------------

    def send(self, command: Command, *, taker: Taker | None = None) -> Reply:
        """Send a command; `outcome` waits for its reply.

        Args:
            command: The command and its arguments.
            taker: Called with the value or the error, for a command that no task
                waits for.

        Raises:
            RedisLinkLost: If the connection is lost already.
            TypeError: If an argument is neither bytes nor str, int or float.
        """
        if self.is_lost:
            raise self._loss(self.why, _NOT_SENT)
        reply = Reply(self, command if callable(command) else _packed(command))
        reply.taker = taker
        self._unwritten[reply] = None
        self._host.wake(self._writer)
        return reply

    def withdraw(self, reply: Reply) -> None:
        """Do not send a command after all; nothing if it was written."""
        self._unwritten.pop(reply, None)

    async def outcome(self, reply: Reply) -> Any:
        """Wait for the reply to a command.

        Raises:
            RedisReplyError: If the server replies with an error.
            RedisRefused: If the user may not do that.
            RedisLinkLost: If the connection is lost before.

        Cancellation: If the command was written, its reply is read when it comes, and
        dropped; else it is withdrawn.
        """
        if not reply.is_there:
            await self._host.park(reply)
            if reply.cancelled is not None:
                reply.cancelled()
        if reply.error is not None:
            raise reply.error
        return reply.value

    async def call(self, *arguments: Argument) -> Any:
        """Send a command, and return its reply; see `outcome`."""
        return await self.outcome(self.send(arguments))

    async def run(self, script: Script, key: str, *arguments: Argument) -> Any:
        """Run a script that was loaded, and return its reply; see `outcome`.

        Args:
            script: The script.
            key: Its key.
            *arguments: Its arguments.
        """
        return await self.call(*script.call(key, *arguments))

    async def load(self, scripts: Sequence[Script]) -> None:
        """Make scripts known to the server."""
        replies = [self.send(("SCRIPT", "LOAD", one.source)) for one in scripts]
        for reply in replies:
            await self.outcome(reply)

    async def subscribe(self, channel: Argument) -> None:
        """Have the messages of a channel pushed."""
        reply = self.send(("SUBSCRIBE", channel))
        reply.is_subscription = True
        await self.outcome(reply)

    # -- reading and writing ----------------------------------------------------

    async def _write(self) -> None:
        while not self.is_lost:
            while self._unwritten:
                replies, self._unwritten = self._unwritten, {}
                self._written.extend(replies)
                words = [_written(reply.command) for reply in replies]
                try:
                    await self._stream.send(b"".join(words))
                except LOST:
                    return  # the reader sees it as well
            try:
                await self._host.idle(self._writer)
            finally:
                self._writer.parked = None

    async def _read(self) -> None:
        why = "it hung up"
        try:
            while not self.is_lost:
                self._parse(await self._stream.receive(_BYTES_AT_ONCE))
        except LOST as exc:
            why = str(exc) or why
        except hiredis.ProtocolError as exc:
            why = f"it does not speak as Redis does: {exc}"
        self.give_up(why)

    def _parse(self, data: bytes) -> None:
        self._parser.feed(data)
        while not self.is_lost and (found := self._parser.gets()) is not _NOTHING:
            if not isinstance(found, hiredis.PushNotification):
                self._answer(found)
            elif found[0] not in _ABOUT_SUBSCRIPTIONS:
                self._push(found)
            elif self._written and self._written[0].is_subscription:
                self._answer(found)

    def _answer(self, found: Any) -> None:
        text = str(found) if isinstance(found, hiredis.ReplyError) else None
        if not self._written:
            self.give_up(f"it said, without having been asked: {text or found!r}")
        elif text is None:
            self._settle(self._written.popleft(), found, None)
        elif text.startswith("NOSCRIPT"):
            # somebody removed our scripts: connecting loads them again
            self.give_up("its scripts were removed")
        elif self.greeting is not None and (verdict := not_done(text)) is not None:
            # at the first one: what is carried out after it would be out of order
            self._turn_away(verdict, text)
        else:
            error = _reply_error(self.address, text)
            self._settle(self._written.popleft(), None, error)

    def _turn_away(self, verdict: NotDone, text: str) -> None:
        """Be lost, since another connection may do better."""
        self.leads_to = verdict.leads_to
        self._settle(self._written.popleft(), None, self._loss(text, _REFUSED))
        self.give_up(text)

    def _settle(self, reply: Reply, value: Any, error: Exception | None) -> None:
        reply.is_there = True
        reply.value, reply.error = value, error
        if reply.taker is None:
            self._host.wake(reply)
        else:
            reply.taker(value, error)

    def _loss(self, why: str, fate: str) -> RedisLinkLost:
        message = f"the connection to {self.address} was lost {fate} ({why})"
        return RedisLinkLost(message, why=why, was_sent=fate is _UNKNOWN)


def _written(command: bytes | Callable[[], Sequence[Argument]]) -> bytes:
    return _packed(command()) if callable(command) else command


def _packed(words: Sequence[Argument]) -> bytes:
    return _pack(tuple(words))


@contextmanager
def ungrouped() -> Generator[None]:
    """Raise the one error in a group as itself; the group is of our own tasks.

    Only the outermost layer is taken off: what is in it may be a group that was raised
    by the caller's block.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        exc, *others = group.exceptions
        if others:
            raise
        context = exc.__context__
        try:
            raise exc
        finally:
            exc.__context__ = context  # it was not raised because of the group


def _reply_error(address: Address, text: str) -> Exception:
    if is_refused(text):
        return RedisRefused(f"{address} does not permit that: {text}")
    return RedisReplyError(text)
