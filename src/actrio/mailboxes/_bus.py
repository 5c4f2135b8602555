"""A bus, whatever it is made of, and an agent's end of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Container
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final

from .._concurrency import Host, current_host
from ..exceptions import MailboxLost
from ._message import EVERYBODY, AgentMessage, changed, check_fields, new_id

DEFAULT_CAPACITY: Final = 1024
"""How many messages a mailbox holds unless it is told otherwise."""
DEFAULT_BYTES: Final = 2**20
"""How many bytes a message may take as JSON unless the bus is told otherwise."""


_CALLS_BEFORE_YIELDING: Final = 32

REQUEST: Final = "request-"
"""How the ids of requests begin, so that late replies are known as such."""


def at_least_one(name: str, value: float) -> float:
    """Return a number that is at least 1.

    Raises:
        ValueError: If it is not.
    """
    if not value >= 1:
        message = f"{name}={value!r} must be at least 1"
        raise ValueError(message)
    return value


def as_request(message: AgentMessage) -> AgentMessage:
    """Return a message whose answer is known as such.

    Raises:
        MailboxContentInvalid: If an id is of another type.
        ValueError: If it has a correlation id, which its answer would have as well.
    """
    check_fields(message)
    if message.correlation_id is not None:
        fault = (
            f"a request with correlation_id={message.correlation_id!r}: its answer "
            "would have that and not the id of the request; put it into metadata"
        )
        raise ValueError(fault)
    if message.id.startswith(REQUEST):
        return message
    return changed(message, id=f"{REQUEST}{message.id}")


def check_is_only(message: AgentMessage, waiting: Container[str]) -> None:
    """Check that no other request with this id waits.

    Raises:
        ValueError: If one does.
    """
    if message.id in waiting:
        fault = f"a request with the id {message.id!r} waits already; give another id"
        raise ValueError(fault)


class MessageBus(ABC):
    """Brings messages from one mailbox to another.

    `InMemoryMessageBus` does it in one process, and `AgentMailbox` is how most programs
    use it. All names are those of mailboxes. A bus works in the event loop in which it
    is used.
    """

    def __init__(self) -> None:
        self._received: dict[str, AgentMessage] = {}
        """By name, what `receive` gave last, to be confirmed by the next call."""
        self._calls = 0

    async def _begin(self, host: Host) -> None:
        """Begin a call, where it may be cancelled before it has done anything.

        Others get their turn once in a while: yielding in each call would cost more
        than the call.
        """
        self._calls += 1
        if not self._calls % _CALLS_BEFORE_YIELDING or host.is_cancelled():
            await host.checkpoint()

    @abstractmethod
    async def register(
        self, name: str, *, capacity: float | None = None, takeover: bool = False
    ) -> AgentMailbox:
        """Make a mailbox.

        Args:
            name: A str of 1 to 255 bytes of UTF-8, and not ``"*"``.
            capacity: How many messages may wait in it, at least 1; ``math.inf`` for
                no limit, and the bus's own number if not given.
            takeover: Whether to take a mailbox that is registered already, with all that
                waits in it. What its owner was given and did not finish with comes
                again, with `AgentMessage.redelivered` set. The owner's calls raise
                `MailboxLost` from then on.

        Returns:
            The mailbox. It stays registered until `unregister`.

        Raises:
            MailboxExists: If there is one, and ``takeover`` is false.
            MailboxNameInvalid: If no mailbox can have this name.
            ValueError: If ``capacity`` is less than 1.
        """

    @abstractmethod
    async def unregister(self, name: str) -> None:
        """Remove a mailbox, and drop what waits in it.

        Raises:
            MailboxUnknown: If there is none of this name.
        """

    @abstractmethod
    async def agents(self) -> tuple[str, ...]:
        """Return the names of all mailboxes, in the order of registration."""

    @abstractmethod
    async def deliver(self, message: AgentMessage) -> None:
        """Put a message into its recipient's mailbox; into all if that is ``"*"``.

        Waits while the mailbox is full, behind whoever waits already. A message that
        answers a request of its recipient goes to who asked, and never waits.

        Raises:
            MailboxUnknown: If the recipient or the sender is not registered, or the
                recipient is unregistered while this waits.
            MailboxContentInvalid: If content or metadata is not JSON, or another field is
                of another type.
            MailboxMessageTooLarge: If they take too many bytes.

        Cancellation: The message is not delivered, unless it was already.
        """

    @abstractmethod
    async def broadcast(self, message: AgentMessage) -> tuple[str, ...]:
        """Put a message into all mailboxes but the sender's.

        First into all that have room, in one step; then it waits for the others, one
        after the other.

        Returns:
            The names of those that got it, in the order of registration. One that is
            unregistered while this waits for it did not.

        Raises:
            MailboxUnknown: If the sender is not registered.
            MailboxContentInvalid: If content or metadata is not JSON.
            MailboxMessageTooLarge: If they take too many bytes.

        Cancellation: Those that have got it keep it; the others do not get it.
        """

    @abstractmethod
    async def request(self, message: AgentMessage) -> AgentMessage:
        """Deliver a message, and wait for the one that answers it.

        That is the first one for the sender's mailbox whose ``correlation_id`` is the
        id of this message, which is delivered with ``request-`` before it if it does not
        begin so. The answer never comes out of `receive`.

        Raises:
            MailboxLost: If the sender's mailbox is unregistered or taken over meanwhile.
            MailboxUnknown: As `deliver`.
            MailboxContentInvalid: As `deliver`.
            MailboxMessageTooLarge: As `deliver`.
            ValueError: If the message has a ``correlation_id``, or another request with
                its id waits.

        Cancellation: The message stays delivered. Its answer, if one comes, is dropped
        and counted in `AgentMailbox.late_replies`.
        """

    @abstractmethod
    async def take(
        self, name: str, *, after: AgentMessage | None = None, wait: bool = True
    ) -> AgentMessage | None:
        """Take the next message, which is then pending until it is confirmed.

        Args:
            name: Whose message.
            after: A message to `confirm` in the same step.
            wait: Whether to wait for one; else None is returned if there is none.

        Raises:
            MailboxUnknown: If there is no mailbox of this name.
            MailboxLost: If it is unregistered or taken over while this waits.

        Cancellation: The message stays where it was.
        """

    @abstractmethod
    async def confirm(self, name: str, message: AgentMessage) -> None:
        """Be done with a message that was taken. Nothing if it is not pending."""

    @abstractmethod
    async def give_back(self, name: str, message: AgentMessage) -> None:
        """Put a message that was taken back, before the others of its priority.

        Nothing happens if it is not pending.
        """

    @abstractmethod
    async def peek(self, name: str) -> list[AgentMessage]:
        """Return what `receive` will give, in that order, without taking it.

        Raises:
            MailboxUnknown: If there is no mailbox of this name.
        """

    @abstractmethod
    async def message_count(self, name: str) -> int:
        """Return how many messages wait; those that were taken do not count.

        Raises:
            MailboxUnknown: If there is no mailbox of this name.
        """

    async def receive(
        self,
        name: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as documented
    ) -> AgentMessage | None:
        """Take the next message, and be done with the one that was received before.

        Args:
            name: Whose message.
            timeout: How many seconds to wait for one. None waits as long as it takes;
                then a cancel scope around the call says how long.

        Returns:
            The message; None if ``timeout`` passed.

        Raises:
            MailboxUnknown: If there is no mailbox of this name.
            MailboxLost: If it is unregistered or taken over while this waits.
            ValueError: If ``timeout`` is not a number of seconds from 0.

        Cancellation: The message stays where it was.
        """
        if timeout is not None and not 0 <= timeout < math.inf:
            fault = f"timeout={timeout!r} must be a number of seconds from 0, or None"
            raise ValueError(fault)
        before = self._received.pop(name, None)
        message = await self.take(name, after=before, wait=timeout is None)
        if message is None and timeout:
            host = current_host()
            with host.cancel_scope(deadline=host.current_time() + timeout):
                message = await self.take(name)
        if message is not None:
            self._received[name] = message
        return message


class AgentMailbox:
    """What one agent sends and receives with; made by `MessageBus.register`."""

    def __init__(self, agent_name: str, bus: MessageBus) -> None:
        self._agent_name = agent_name
        self._bus = bus
        self.lost: str | None = None
        """Why it is not this object's any more; None if it is."""
        self._late_replies = 0

    def __repr__(self) -> str:
        return f"<AgentMailbox {self._agent_name!r}>"

    @property
    def agent_name(self) -> str:
        """The name that others send to."""
        return self._agent_name

    @property
    def late_replies(self) -> int:
        """How many replies came when nobody waited for them any more."""
        return self._late_replies

    async def send(self, recipient: str, content: Any, **fields: Any) -> AgentMessage:
        """Send a message to one mailbox; waits while that is full.

        Args:
            recipient: The name of the mailbox.
            content: A str or another JSON value.
            **fields: Other fields of `AgentMessage`: ``priority``, ``metadata``, ….

        Returns:
            The message.

        Raises:
            MailboxUnknown: If the recipient is not registered.
            MailboxLost: If this mailbox was unregistered or taken over.
            MailboxContentInvalid: If content or metadata is not JSON.
            MailboxMessageTooLarge: If they take too many bytes.
            ValueError: If there is no such priority.
            TypeError: If there is no field of this name.

        Cancellation: The message is not delivered, unless it was already.
        """
        self._check()
        message = self._message(recipient, content, fields)
        await self._bus.deliver(message)
        return message

    async def broadcast(self, content: Any, **fields: Any) -> tuple[str, ...]:
        """Send a message to all other mailboxes; see `MessageBus.broadcast`.

        Returns:
            The names of those that got it.
        """
        self._check()
        return await self._bus.broadcast(self._message(EVERYBODY, content, fields))

    async def request(
        self, recipient: str, content: Any, **fields: Any
    ) -> AgentMessage:
        """Send a message, and wait for its answer; see `MessageBus.request`.

        Other messages may be received meanwhile. How long to wait is said by a cancel
        scope around the call.
        """
        self._check()
        if "id" in fields:
            fault = "request() makes the id itself, so that it knows the answer"
            raise TypeError(fault)
        fields["id"] = f"{REQUEST}{new_id()}"
        return await self._bus.request(self._message(recipient, content, fields))

    async def receive(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as documented
    ) -> AgentMessage | None:
        """Take the next message; see `MessageBus.receive`.

        The one that was received before is done with. Several tasks that read one
        mailbox use `next`, where each is done with its own.
        """
        self._check()
        return await self._bus.receive(self._agent_name, timeout=timeout)

    def next(self) -> AbstractAsyncContextManager[AgentMessage]:
        """Take the next message for a block: ``async with mailbox.next() as message:``.

        At the end of the block it is done with. If the block raises or is cancelled it
        is put back, before the others of its priority, and comes again with
        ``redelivered`` set.

        Raises:
            MailboxLost: If this mailbox is unregistered or taken over.
        """
        self._check()
        return _Taken(self, self._bus)

    async def peek(self) -> list[AgentMessage]:
        """Return what `receive` will give, in that order, without taking it."""
        self._check()
        return await self._bus.peek(self._agent_name)

    async def message_count(self) -> int:
        """Return how many messages wait; those that were taken do not count."""
        self._check()
        return await self._bus.message_count(self._agent_name)

    def _message(
        self, recipient: str, content: Any, fields: dict[str, Any]
    ) -> AgentMessage:
        return AgentMessage(
            sender=self._agent_name, recipient=recipient, content=content, **fields
        )

    def _check(self) -> None:
        if self.lost is not None:
            raise MailboxLost(self.lost, self._agent_name)

    # -- for the bus ------------------------------------------------------------

    def lose(self, why: str) -> None:
        """Refuse everything from now on; for buses."""
        self.lost = why

    def count_late_reply(self) -> None:
        """Count a reply that nobody waited for; for buses."""
        self._late_replies += 1


class _Taken(AbstractAsyncContextManager[AgentMessage]):
    """The block in which a message is taken; see `AgentMailbox.next`."""

    def __init__(self, mailbox: AgentMailbox, bus: MessageBus) -> None:
        self._name = mailbox.agent_name
        self._bus = bus
        self._message: AgentMessage | None = None

    async def __aenter__(self) -> AgentMessage:
        message = self._message = await self._bus.take(self._name)
        assert message is not None, "it was waited for"
        return message

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        message, self._message = self._message, None
        if message is None:
            return
        with current_host().cancel_scope(shield=True):
            if exc_type is None:
                await self._bus.confirm(self._name, message)
            else:
                await self._bus.give_back(self._name, message)
