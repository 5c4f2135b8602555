"""A bus in one process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from .._concurrency import Host, current_host
from ..exceptions import MailboxExists, MailboxLost, MailboxUnknown
from ._box import Box
from ._bus import (
    DEFAULT_BYTES,
    DEFAULT_CAPACITY,
    REQUEST,
    AgentMailbox,
    MessageBus,
    as_request,
    at_least_one,
    check_is_only,
)
from ._guests import (
    Asker,
    Guest,
    Reader,
    exists,
    not_registered,
    parked,
    taken_over,
    turn_away,
    unregistered,
)
from ._message import (
    EVERYBODY,
    AgentMessage,
    changed,
    check_name,
    copied,
    taken_down,
)
from ._pending import Pending


class _Sender(Guest):
    """A task that waits for room."""

    def __init__(self, message: AgentMessage, queue: deque[_Sender]) -> None:
        self.message = message
        self._queue = queue

    def leave(self) -> bool:
        self._queue.remove(self)
        return True


class _Post:
    """A registered mailbox: its messages, and everybody who waits."""

    def __init__(self, name: str, capacity: float, mailbox: AgentMailbox) -> None:
        self.name = name
        self.box = Box(capacity)
        self.mailbox = mailbox
        self.pending = Pending[bool]()
        """What was taken and is not done with."""
        self.readers: deque[Reader] = deque()
        self.senders: deque[_Sender] = deque()
        self.askers: dict[str, Asker] = {}

    @property
    def has_room(self) -> bool:
        """Whether a message may be put here without overtaking one that waits."""
        return not self.box.is_full and not self.senders

    def take(self) -> AgentMessage:
        """Take the next message, of those that are there."""
        message = self.box.take()
        self.pending.add(message, True)
        return message

    def guests(self) -> Iterator[Guest]:
        """Yield everybody who waits here."""
        yield from self.readers
        yield from self.senders
        yield from self.askers.values()


class InMemoryMessageBus(MessageBus):
    """Mailboxes in this process, for one event loop at a time.

    What waits in them is lost when the process ends. Contents are copied when they are
    sent, so nobody sees what a sender or another receiver changes later.

    Args:
        capacity: How many messages may wait in a mailbox, at least 1, if it is
            registered without a number of its own.
        max_message_bytes: How many bytes content and metadata of a message may take as
            JSON.

    Raises:
        ValueError: If one of them is less than 1.
    """

    def __init__(
        self,
        *,
        capacity: float = DEFAULT_CAPACITY,
        max_message_bytes: int = DEFAULT_BYTES,
    ) -> None:
        super().__init__()
        self._capacity = at_least_one("capacity", capacity)
        self._limit = int(at_least_one("max_message_bytes", max_message_bytes))
        self._posts: dict[str, _Post] = {}
        self._host: Host | None = None

    def __repr__(self) -> str:
        return f"<InMemoryMessageBus: {len(self._posts)} mailboxes>"

    @property
    def registered_agents(self) -> tuple[str, ...]:
        """The names of all mailboxes, in the order of registration."""
        return tuple(self._posts)

    async def agents(self) -> tuple[str, ...]:
        await self._begin(self._bind())
        return tuple(self._posts)

    async def register(
        self, name: str, *, capacity: float | None = None, takeover: bool = False
    ) -> AgentMailbox:
        check_name(name)
        at_least_one("capacity", self._capacity if capacity is None else capacity)
        await self._begin(host := self._bind())
        post = self._posts.get(name)
        if post is not None and not takeover:
            raise MailboxExists(exists(name), name)
        mailbox = AgentMailbox(name, self)
        if post is None:
            post = _Post(
                name, self._capacity if capacity is None else capacity, mailbox
            )
            self._posts[name] = post
        else:
            self._hand_over(host, post, mailbox)
            if capacity is not None:
                post.box.capacity = capacity
                self._fill(host, post)
        return mailbox

    async def unregister(self, name: str) -> None:
        await self._begin(host := self._bind())
        post = self._post(name)
        del self._posts[name]
        self._received.pop(name, None)
        why = unregistered(name)
        post.mailbox.lose(why)
        for sender in post.senders:
            sender.error = MailboxUnknown(why, name)
        turn_away(host, post.guests(), MailboxLost(why, name))
        post.readers.clear()
        post.senders.clear()
        post.pending.clear()

    def _hand_over(self, host: Host, post: _Post, mailbox: AgentMailbox) -> None:
        """Give a mailbox to another owner, with what the old one did not finish."""
        why = taken_over(post.name)
        post.mailbox.lose(why)
        lost = [*post.readers, *post.askers.values()]
        post.readers.clear()
        turn_away(host, lost, MailboxLost(why, post.name))
        post.mailbox = mailbox
        self._received.pop(post.name, None)
        for message in reversed(post.pending):
            post.box.put_back(changed(message, redelivered=True))
        post.pending.clear()

    # -- sending ----------------------------------------------------------------

    async def deliver(self, message: AgentMessage) -> None:
        if message.recipient == EVERYBODY:
            await self.broadcast(message)
            return
        own = taken_down(message, self._limit)
        await self._begin(host := self._bind())
        self._post(message.sender, "sender")
        await self._put(host, self._post(message.recipient, "recipient"), own)

    async def broadcast(self, message: AgentMessage) -> tuple[str, ...]:
        own = taken_down(message, self._limit)
        await self._begin(host := self._bind())
        sender = self._post(message.sender, "sender")
        got: dict[str, bool] = {}
        full: list[tuple[_Post, AgentMessage]] = []
        for post in self._posts.values():
            if post is sender:
                continue
            copy = changed(copied(own), received_by=post.name)
            got[post.name] = post.has_room
            if post.has_room:
                self._add(host, post, copy)
            else:
                full.append((post, copy))
        for post, copy in full:
            with suppress(MailboxUnknown):
                await self._put(host, post, copy)
                got[post.name] = True
        return tuple(name for name, has_got_it in got.items() if has_got_it)

    async def _put(self, host: Host, post: _Post, message: AgentMessage) -> None:
        """Put a message into a box, when there is room."""
        if self._answers(host, post, message):
            return
        if post.name not in self._posts:  # unregistered while a broadcast waited
            raise MailboxUnknown(unregistered(post.name), post.name)
        if post.has_room:
            self._add(host, post, message)
            return
        message = changed(message)  # the same one may be there already
        sender = _Sender(message, post.senders)
        post.senders.append(sender)
        try:
            await parked(host, sender)
        except BaseException:
            if post.box.remove(message):
                self._fill(host, post)
            raise

    def _answers(self, host: Host, post: _Post, message: AgentMessage) -> bool:
        """Give a message to the task that asked for it, if it is an answer."""
        answered = message.correlation_id
        if answered is None or not answered.startswith(REQUEST):
            return False
        asker = post.askers.pop(answered, None)
        if asker is None:
            post.mailbox.count_late_reply()
        else:
            asker.answer = message
            host.wake(asker)
        return True

    def _add(self, host: Host, post: _Post, message: AgentMessage) -> None:
        post.box.put(message)
        self._serve(host, post)

    def _serve(self, host: Host, post: _Post) -> None:
        """Give a message to the reader that has waited longest, if there are both."""
        if post.readers and post.box.size:
            reader = post.readers.popleft()
            reader.message = post.take()
            host.wake(reader)

    def _fill(self, host: Host, post: _Post) -> None:
        """Let in those that wait for room, as many as there is room for."""
        while post.senders and not post.box.is_full:
            sender = post.senders.popleft()
            self._add(host, post, sender.message)
            host.wake(sender)

    async def request(self, message: AgentMessage) -> AgentMessage:
        message = as_request(message)
        host = self._bind()
        post = self._post(message.sender, "sender")
        check_is_only(message, post.askers)
        asker = post.askers[message.id] = Asker()
        try:
            await self.deliver(message)
            if asker.answer is None and asker.error is None:
                await parked(host, asker)
        finally:
            post.askers.pop(message.id, None)
        if asker.error is not None:  # since before it could wait
            raise asker.error
        assert asker.answer is not None, "it was woken with an answer or an error"
        return asker.answer

    # -- receiving --------------------------------------------------------------

    async def take(
        self, name: str, *, after: AgentMessage | None = None, wait: bool = True
    ) -> AgentMessage | None:
        await self._begin(host := self._bind())
        post = self._post(name)
        if after is not None:
            _finish(post, after)
        if post.box.size:
            message = post.take()
        elif wait:
            message = await self._wait_for_message(host, post)
        else:
            return None
        if post.senders:
            self._fill(host, post)
        return message

    async def _wait_for_message(self, host: Host, post: _Post) -> AgentMessage:
        reader = Reader(post.readers)
        post.readers.append(reader)
        try:
            await parked(host, reader)
        except BaseException:
            if reader.message is not None and _finish(post, reader.message):
                post.box.put_back(reader.message)
                self._serve(host, post)
            raise
        message = reader.message
        assert message is not None, "it was woken with a message or an error"
        if message not in post.pending:
            raise MailboxLost(taken_over(post.name), post.name)
        return message

    async def confirm(self, name: str, message: AgentMessage) -> None:
        await self._begin(self._bind())
        post = self._posts.get(name)
        if post is not None:
            _finish(post, message)

    async def give_back(self, name: str, message: AgentMessage) -> None:
        await self._begin(host := self._bind())
        post = self._posts.get(name)
        if post is not None and _finish(post, message):
            post.box.put_back(changed(message, redelivered=True))
            self._serve(host, post)

    async def peek(self, name: str) -> list[AgentMessage]:
        await self._begin(self._bind())
        # what whoever peeks does to a content is not to be received
        return [copied(one) for one in self._post(name).box.look()]

    async def message_count(self, name: str) -> int:
        await self._begin(self._bind())
        return self._post(name).box.size

    # -- finding ----------------------------------------------------------------

    def _post(self, name: str, role: str = "mailbox") -> _Post:
        post = self._posts.get(name)
        if post is None:
            raise MailboxUnknown(not_registered(name, role), name)
        return post

    def _bind(self) -> Host:
        """Return the loop that runs, and forget those who waited in one that is over."""
        host = self._host
        if host is not None and host.is_current():
            return host
        current = current_host()
        if host is not None:
            waiting = [
                guest for post in self._posts.values() for guest in post.guests()
            ]
            if waiting and not host.is_over():
                fault = "this bus is used in another event loop; make one for each loop"
                raise RuntimeError(fault)
            for post in self._posts.values():
                post.readers.clear()
                post.senders.clear()
                post.askers.clear()
        self._host = current
        return current


def _finish(post: _Post, message: AgentMessage) -> bool:
    """Be done with a message; say whether it was pending."""
    return post.pending.pop(message) is not None
