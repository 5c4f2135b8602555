"""What one client sends, until it is known what became of it.

Each message has a number, which the server keeps when it has carried the sending out. Over
one connection that happens in order, so after a lost connection the last number that it kept
tells what was sent and what is to be sent again: nothing twice, nothing not at all. Replies
are kept by the server until the client says, with what it sends next, that it has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

from .._concurrency import Host, Timer
from .._redis import Argument
from ..exceptions import RedisLinkLost
from ._batches import Batches
from ._line import Line
from ._scripts import CANCEL, SEND
from ._withdrawing import Withdrawing

_OVERHEAD: Final = 100
_SEEN_AT_ONCE: Final = 256
_FOR_EVER: Final = 1e9
"""How many seconds are as good as no deadline; the server counts exactly up to there."""

WITHDRAWN: Final = b"w"
"""The reply to a request that was given up before a handler began."""
NOT_PUBLISHED: Final = b"S"
"""What is said of a message that was not sent, since the subscriptions have changed."""


class Sending:
    """One message on its way."""

    serial = 0
    given_up: str | None = None
    """How its sender gave it up: ``s`` by a scope, ``t`` by a token."""
    is_written = False
    """Whether the server may have it."""
    seen: Sequence[int] = ()
    """The serials whose replies the server may forget when it gets this."""

    def __init__(
        self,
        kind: str,
        agents: Sequence[str],
        data: bytes,
        deadline: float,
        version: int | str = 0,
    ) -> None:
        self.kind = kind
        self.agents = agents
        self.data = data
        self.deadline = deadline
        """When nobody waits for it any more, on the clock of the loop."""
        self.version = version
        self.size = len(data) + _OVERHEAD * (1 + len(agents))

    def numbered(self) -> None:
        """Finish what is written, now that there is a number."""

    def replied(self, reply: bytes) -> None:
        """Hear what became of it."""
        raise NotImplementedError

    def failed(self, error: Exception) -> None:
        """Hear that it could not be sent."""
        raise NotImplementedError


class Sender:
    """What one client sends."""

    def __init__(
        self, client: str, prefix: str, line: Line, host: Host, grace: float
    ) -> None:
        self.client = client
        self._prefix = prefix
        self._host = host
        self._grace = grace
        self._line = line
        self._serials = count(1)
        self._open: dict[int, Sending] = {}
        """What has no reply yet."""
        self._seen: list[int] = []
        """The serials whose replies the server may forget."""
        self._leaving: dict[int, tuple[Timer, Callable[[], object]]] = {}
        """The callers that were cancelled, and when they leave if nobody answers."""
        self.withdrawing = Withdrawing(client, prefix, line)
        self._batches = Batches[Sending](line, self._words, self._answered)

    def __len__(self) -> int:
        return len(self._open)

    def post(self, sending: Sending) -> None:
        """Send a message, as soon as there is a connection."""
        sending.serial = next(self._serials)
        sending.numbered()
        self._open[sending.serial] = sending
        if not self._batches.is_open:
            sending.seen = self._take_seen()
        self._batches.add(sending)

    def _number_again(self, batch: list[Sending]) -> None:
        """Give other numbers to what the server has not carried out.

        What was written after it may be carried out all the same, and the server keeps
        only the highest number.
        """
        for sending in batch:
            if self._open.pop(sending.serial, None) is None:
                continue  # it was given up
            before, sending.serial = sending.serial, next(self._serials)
            self._open[sending.serial] = sending
            if before in self._leaving:
                self._leaving[sending.serial] = self._leaving.pop(before)
            self._seen.append(before)  # of which the server may keep the cancellation

    def forget(self, sending: Sending) -> None:
        """Wait for nothing that concerns this message any more."""
        self._open.pop(sending.serial, None)
        self._stop_timer(sending.serial)

    def close(self, error: Callable[[], Exception]) -> None:
        """Fail what is on its way: this client ends."""
        for serial in [*self._leaving]:
            self._stop_timer(serial)
        self.withdrawing.close()
        while self._open:
            _, sending = self._open.popitem()
            sending.failed(error())

    # -- giving up --------------------------------------------------------------

    def cancel(self, sending: Sending, how: str, give_up: Callable[[], object]) -> None:
        """Have a request given up, wherever it is.

        Args:
            sending: The request.
            how: ``s`` if a scope was cancelled, ``t`` if a token.
            give_up: Called when nobody has answered in time.
        """
        if sending.serial not in self._open or sending.given_up is not None:
            return
        sending.given_up = how
        is_nowhere = not self._line.is_up and not sending.is_written
        if is_nowhere or self._batches.remove(sending):
            self._seen += sending.seen
            self._reply(sending.serial, WITHDRAWN)
            return
        timer = self._host.call_later(self._grace, give_up)
        self._leaving[sending.serial] = timer, give_up
        self._post_cancel(sending)

    def let_leave(self) -> None:
        """Let the callers leave that were cancelled: there is no time for an answer."""
        for _, give_up in [*self._leaving.values()]:
            give_up()

    def _stop_timer(self, serial: int) -> None:
        if serial in self._leaving:
            timer, _ = self._leaving.pop(serial)
            timer.cancel()

    def _post_cancel(self, sending: Sending) -> None:
        self._batches.close()  # it comes after what was sent before
        words = (
            self.client,
            sending.serial,
            sending.agents[0],
            sending.given_up or "",
        )
        self._line.post(CANCEL.call(self._prefix, *words), taker=_ignore)

    # -- what the server says ---------------------------------------------------

    def hear(self, text: bytes) -> None:
        """Hear the reply to a request."""
        serial, _, reply = text.partition(b" ")
        self._reply(int(serial), reply)

    def admitted(self, text: bytes) -> None:
        """Hear that there is room for what was published."""
        sending = self._open.get(int(text))
        if sending is not None:
            sending.replied(b"a")

    def _reply(self, serial: int, reply: bytes) -> None:
        self._seen.append(serial)
        self._stop_timer(serial)
        sending = self._open.pop(serial, None)
        if sending is not None:  # else it has given up waiting
            sending.replied(reply)

    def resume(self, kept: Sequence[bytes]) -> None:
        """Go on after connecting, with what the server kept for this client."""
        found = iter(kept)
        values = dict(zip(found, found, strict=True))
        carried_out = int(values.pop(b"s", 0))
        for name, reply in values.items():
            kind, serial = name[:1], int(name[1:])
            if kind == b"r" and serial not in self._seen:
                self._reply(serial, reply)
            elif kind == b"u" and serial not in self._open:
                self._seen.append(serial)  # its sender did not wait for that
        self._batches.close()
        for serial, sending in sorted(self._open.items()):
            if serial > carried_out or sending.kind.lower() not in "qn":
                self._batches.add(sending)
            if sending.given_up is not None:
                self._post_cancel(sending)
        self.withdrawing.resume()

    # -- sending ----------------------------------------------------------------

    def flush(self) -> None:
        """Tell the server what it may forget, though nothing is sent just now."""
        if self._seen and not self._batches.is_open and self._line.is_up:
            seen = self._take_seen()
            words = SEND.call(self._prefix, self.client, len(seen), *seen)
            self._line.post(words, taker=_ignore)

    def _take_seen(self) -> Sequence[int]:
        """Return what has been seen until now.

        Not when it is written: a cancellation may be about to be written then that has
        been overtaken by its reply, and the server would keep it for ever.
        """
        seen = self._seen[:_SEEN_AT_ONCE]
        del self._seen[:_SEEN_AT_ONCE]
        return seen

    def _words(self, batch: list[Sending]) -> Sequence[Argument]:
        seen = [serial for one in batch for serial in one.seen]
        words: list[Argument] = [self.client, len(seen), *seen]
        now = self._host.current_time()
        for one in batch:
            one.is_written = True
            left = _milliseconds(one.deadline - now)
            words += (one.kind, one.serial, left, one.version, one.data)
            words.append(len(one.agents))
            words += one.agents
        return SEND.call(self._prefix, *words)

    def _answered(
        self, batch: list[Sending], value: Any, error: Exception | None
    ) -> None:
        if isinstance(error, RedisLinkLost):
            if not error.was_sent:
                self._number_again(batch)
            return  # it is sent again
        if error is not None:
            for sending in batch:
                if self._open.pop(sending.serial, None) is not None:
                    sending.failed(error)
        elif value:
            found = iter(value)
            for serial, state in zip(found, found, strict=True):
                published = self._open.get(int(serial))
                if published is not None:
                    published.replied(state)
                if state == NOT_PUBLISHED:
                    self._seen.append(int(serial))


def _milliseconds(seconds: float) -> int:
    """Return how long somebody waits, as the server is told: at least 1; 0 for ever."""
    return 0 if seconds > _FOR_EVER else int(max(1.0, seconds * 1000))


def _ignore(value: object, error: Exception | None) -> None:
    """Do nothing: if it is lost it is said again, or the caller's time is up."""
