"""The way of a message out of this process.

It takes the place of the one that leads to the inboxes here: `begin` for a request,
`publish` for what is published. What waits is the same as in one process, an envelope; so
outcomes, cancellation and the wait graph are those of one process too.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Final

from .._concurrency import Timer, Waiter, uninterruptible
from .._contextvars import CURRENT
from ..exceptions import RuntimeStoppedError
from ..identity import AgentId
from ..messages import DONE, RUNNING, CancellationToken, MessageContext, Request
from ..runtime._dead_letters import DeadLetterReason
from ..runtime._requests import current_invocation, hold
from ..runtime._router import Router
from ..runtime._waits import Invocation
from ..runtime._watching import Watch, WatchedRequest
from ._arrivals import Arrival
from ._callers import Callers, Journey
from ._codec import Codec
from ._counters import Counters
from ._member import Member
from ._outcomes import CANCELLED, WITHDRAWN, settle
from ._sender import NOT_PUBLISHED, Sender, Sending
from ._topics import Topics
from ._wire import Parcel, write

_ADMITTED: Final = b"a"
_DEAD: Final = {
    b"U": DeadLetterReason.UNKNOWN_TYPE,
    b"I": DeadLetterReason.NOT_BUILT,
    b"G": DeadLetterReason.STOPPED,
}
"""The replies to requests that no agent can take."""


class OnceContext(MessageContext):
    """The context of a message that is sent at most once."""


class Transport:
    """Sends what agents and programs here send, to wherever it is handled."""

    def __init__(
        self,
        router: Router,
        sender: Sender,
        codec: Codec,
        topics: Topics,
        callers: Callers,
        counters: Counters,
        member: Member,
    ) -> None:
        self.router = router
        # not the router's, which is over before the last caller leaves
        self.wake = router.host.wake
        self.sender = sender
        self.codec = codec
        self._topics = topics
        self._callers = callers
        self._counters = counters
        self._member = member

    def begin(self, request: Request) -> Awaitable[object]:
        """Send a request, and return what waits until it is over."""
        me = None if CURRENT.get() is None else current_invocation()
        arrival = None if me is None else me.arrival
        deadline = self.router.host.effective_deadline()
        before: tuple[bytes, ...] = ()
        if isinstance(arrival, Arrival):
            before = arrival.origin.chain
            deadline = min(deadline, arrival.deadline)
        sending = RequestSending(self, request, deadline)
        sending.write(before, is_nested=me is not None)
        self.sender.post(sending)
        self._counters.sent += 1
        request.state = RUNNING
        request.scope = sending  # type: ignore[assignment]  # all that is asked of a scope
        if me is None:
            return self.router.park(request)
        request.invocation = Journey(sending.id, sending.agents[0], self._callers)
        return self._wait_inside(request, me)

    def gone(self, id: AgentId) -> None:
        """Hear that an agent has left, and that nothing waits for it here."""
        self._member.hosting.release(id)

    @uninterruptible
    async def _wait_inside(self, request: Request, me: Invocation) -> None:
        """Wait for a request made inside a handler: an edge of the wait graph."""
        me.begin_waits((request,))
        try:
            await self.router.park(request)
        finally:
            me.end_waits((request,))
            if me.guests:
                await hold(self.router, me)

    @uninterruptible
    async def publish(
        self,
        message: object,
        context: MessageContext,
        token: CancellationToken | None,
        watch: Watch | None,
    ) -> None:
        """Send a copy to each agent that the topic leads to."""
        topic = context.topic_id
        assert topic is not None, "it is published to one"
        if token is not None and token.is_cancelled:
            reason = DeadLetterReason.WITHDRAWN
            for one in self._topics.recipients(topic, context.sender) or (None,):
                self.router.dead_message(message, context, reason, one)
            return
        await self.router.host.checkpoint()
        body = self.codec.write(message)
        sender = None if context.sender is None else str(context.sender)
        trace = None if watch is None else watch.carried()
        parcel = Parcel(
            body, sender, (topic.type, topic.source), context.message_id, (), trace
        )
        data = write(parcel)
        state = NOT_PUBLISHED
        recipients = self._topics.recipients(topic, context.sender)
        while state == NOT_PUBLISHED:
            if not recipients:
                await self._member.hosting.read_topics()
                recipients = self._topics.recipients(topic, context.sender)
            if not recipients:
                reason = DeadLetterReason.NO_SUBSCRIBER
                self.router.dead_message(message, context, reason)
                return
            state = await self._publish_once(data, recipients, token)
            if state == NOT_PUBLISHED:
                await self._member.hosting.read_topics()
                recipients = self._topics.recipients(topic, context.sender)
        self._counters.published += 1
        for recipient, letter in zip(recipients, state.decode(), strict=False):
            if letter == "U":
                reason = DeadLetterReason.UNKNOWN_TYPE
                self.router.dead_message(message, context, reason, recipient)

    async def _publish_once(
        self,
        data: bytes,
        recipients: Sequence[AgentId],
        token: CancellationToken | None,
    ) -> bytes:
        """Publish to these, and wait for room where there is none."""
        agents = [str(one) for one in recipients]
        kind = "e" if token is None else "t"
        sending = Publishing(self, agents, data, self._topics.version, kind)
        self.sender.post(sending)
        if token is not None:
            self.sender.withdrawing.keep(sending, token)
        me = None if CURRENT.get() is None else current_invocation()
        forget = None if token is None else token.register(sending.let_go)
        try:
            while sending.state is None and sending.error is None:
                await self._parked(sending)
            if sending.error is not None:
                raise sending.error
            if me is not None:
                me.has_published = True
            await self._wait_for_room(sending, me)
        finally:
            self.sender.forget(sending)
            if forget is not None:
                forget()
            if sending.state == NOT_PUBLISHED:
                self.sender.withdrawing.forget(sending)
        assert sending.state is not None
        return sending.state

    async def _wait_for_room(self, sending: Publishing, me: Invocation | None) -> None:
        """Wait until there is room for every copy.

        A handler does not wait for longer than its grace: the room may depend on its own
        end. Its messages lie in the inboxes already.
        """
        host = self.router.host
        until = math.inf
        if me is not None:
            until = host.current_time() + self.router.settings.grace
        with host.cancel_scope(deadline=until):
            while sending.waits_for_room and sending.error is None:
                await self._parked(sending)

    async def _parked(self, waiter: Waiter) -> None:
        await self.router.host.park(waiter)
        if waiter.cancelled is not None:
            waiter.cancelled()


class RequestSending(Sending):
    """A request on its way; also what stands for the scope of its handler."""

    cancel_called = False
    id = b""
    """The name of the request in the chains of others, also under another number."""

    def __init__(self, transport: Transport, request: Request, deadline: float) -> None:
        super().__init__("q", (str(request.recipient),), b"", deadline)
        self._transport = transport
        self._request = request
        self._before: tuple[bytes, ...] = ()
        self._is_nested = False
        self._trace: dict[str, str] | None = None
        self._expired: Timer | None = None
        """Runs since it was given up because of its deadline, before its caller was."""

    def write(self, before: tuple[bytes, ...], *, is_nested: bool) -> None:
        """Write the message.

        Raises:
            SerializationError: If it cannot be written.
            PayloadTooLarge: If it takes too many bytes.
        """
        request, codec = self._request, self._transport.codec
        context = request.context
        self._body = codec.write(request.message)
        self._sender = None if context.sender is None else str(context.sender)
        self._before, self._is_nested = before, is_nested
        if isinstance(request, WatchedRequest):
            self._trace = request.watch.carried()
        self.kind = "n" if is_nested else "q"
        if isinstance(context, OnceContext):
            self.kind = self.kind.upper()

    def numbered(self) -> None:
        """Finish what is written, now that there is a number."""
        self.id = f"{self._transport.sender.client}-{self.serial}".encode()
        chain: tuple[bytes, ...] = ()
        if self._is_nested:
            chain = (*self._before, self.id)
        message_id = self._request.context.message_id
        parcel = Parcel(self._body, self._sender, None, message_id, chain, self._trace)
        self.data = write(parcel)
        self.size += len(self.data)

    def cancel(self) -> None:
        """Cancel the request, wherever it is."""
        self.cancel_called = True
        if self._expired is not None:
            self._expired.cancel()
            self._give_up()
            return
        how = "t" if self._request.withdrawn_by_token else "s"
        self._transport.sender.cancel(self, how, self._give_up)

    def _give_up(self) -> None:
        """Let the caller leave, though nobody knows whether the handler has stopped."""
        self._transport.sender.forget(self)
        self._request.state = DONE
        self._wake()

    def replied(self, reply: bytes) -> None:
        if reply in _DEAD:
            self._transport.router.dead(self._request, _DEAD[reply])
        is_given_up = reply in (CANCELLED, WITHDRAWN)
        if is_given_up and not self._request.scope_cancelled:
            host, settings = (
                self._transport.router.host,
                self._transport.router.settings,
            )
            # the caller's own deadline comes any moment: its clock runs a little behind
            self._expired = host.call_later(
                settings.grace, partial(self._settle, reply)
            )
        else:
            self._settle(reply)

    def _settle(self, reply: bytes) -> None:
        settle(self._request, reply, self._transport.codec)
        self._wake()

    def failed(self, error: Exception) -> None:
        self._request.state = DONE
        self._request.failure = error
        self._wake()

    def _wake(self) -> None:
        self._transport.wake(self._request)


class Publishing(Sending, Waiter):
    """A published message on its way to its recipients."""

    def __init__(
        self,
        transport: Transport,
        agents: list[str],
        data: bytes,
        version: str,
        kind: str = "e",
    ) -> None:
        super().__init__(kind, agents, data, math.inf, version)
        self._transport = transport
        self.state: bytes | None = None
        """A letter for each agent, when the server has answered."""
        self.error: Exception | None = None
        self._admitted = 0
        self._is_let_go = False

    @property
    def waits_for_room(self) -> bool:
        """Whether its publisher is to wait, since there is no room yet for some copy."""
        if self.state is None or self._is_let_go:
            return False
        return self.state.count(b"W") > self._admitted

    def let_go(self) -> None:
        """Let the publisher wait for room no longer: its token was cancelled."""
        self._is_let_go = True
        self._transport.wake(self)

    def replied(self, reply: bytes) -> None:
        if reply == _ADMITTED:
            self._admitted += 1
        else:
            self.state = reply
        self._transport.wake(self)

    def failed(self, error: Exception) -> None:
        self.error = error
        self._transport.wake(self)


def stopped(client: str) -> RuntimeStoppedError:
    """Return the error for what is on its way when a client ends."""
    return RuntimeStoppedError(
        f"the runtime {client} has stopped, so nothing waits for the answer any more; it "
        "may or may not have been handled"
    )
