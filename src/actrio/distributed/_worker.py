"""One worker: what a runtime hosts for as long as its lease lasts.

Messages come from the server as they are sent, and lie in the worker's inbox there until it
says that they are done with. So nothing is lost with a connection: after connecting the
worker reads all of its inbox, and what it does not know is new. What it has finished is told
again until the server has answered; being told twice changes nothing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import attrs

from .._concurrency import Waiter, uninterruptible
from .._redis import Argument
from ..exceptions import NamespaceVersionUnknown, RedisLinkLost
from ..identity import AgentId, TopicId
from ..logging import ROOT_LOGGER_NAME
from ..messages import CancellationToken, Delivery, Request
from ..runtime._dead_letters import DeadLetterReason
from ..runtime._evicting import evict
from ..runtime._router import Router
from ._arrivals import Arrival, ArrivedCopy, FencedContext, Origin
from ._batches import Batches
from ._callers import Callers
from ._codec import Codec
from ._counters import Counters
from ._deadlines import Deadlines
from ._lease import Clock
from ._line import Line
from ._nesting import Nesting
from ._outcomes import fails_again, goes_elsewhere, reply_of
from ._probing import Probing
from ._room import room_of
from ._scripts import DONE, RELEASE
from ._wire import Header, Parcel, Pushed, read

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)
_OVERHEAD: Final = 100
_NOT_KEPT: Final = {DeadLetterReason.WITHDRAWN, DeadLetterReason.STOPPED}
"""Dead letters that nobody would want to send again."""


@attrs.frozen
class Done:
    """What the server is told of a message that is over."""

    id: bytes
    agent: bytes
    capacity: int
    client: bytes
    serial: int
    reply: bytes
    reason: str
    """Why it is a dead letter, if it is one."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.reply) + _OVERHEAD

    @property
    def words(self) -> Sequence[Argument]:
        """What is said of it."""
        return attrs.astuple(self)


@attrs.frozen
class Surroundings:
    """What workers of one runtime share."""

    router: Router
    codec: Codec
    callers: Callers
    nesting: Nesting
    probing: Probing
    clock: Clock
    counters: Counters
    prefix: str
    line: Line
    fences: dict[AgentId, int]
    """The fencing tokens of the agents that live here, or did."""


class Worker:
    """What a runtime hosts while it goes by one name."""

    def __init__(self, id: str, surroundings: Surroundings) -> None:
        self.id = id
        self.is_over = False
        """Whether its lease is lost, so that others have what it hosted."""
        self._around = surroundings
        self._router = surroundings.router
        self._open: dict[bytes, Arrival | ArrivedCopy] = {}
        """What has come and is not over, by its id in the inbox."""
        self._requests: dict[tuple[bytes, int], Arrival] = {}
        """The requests among it, by client and number."""
        self._copies: dict[tuple[bytes, int, bytes], ArrivedCopy] = {}
        """What was published with a token, by client, number and agent."""
        self._done: dict[bytes, Done] = {}
        """What is over, but not known to the server."""
        self._unwound = Waiter()
        self._is_behind = False
        """Whether the inbox is about to be read, so that what is shown may be old."""
        self._batches = Batches[Done](surroundings.line, self._words, self._answered)
        self._deadlines = Deadlines(self._router.host, self._expired)
        self._nesting = surroundings.nesting
        self._to_release: dict[AgentId, None] = {}
        """The agents that have left, until the server knows."""

    async def wait_unwound(self) -> None:
        """Wait until no handler is left of those that its end has cancelled."""
        while self._open:
            waiter = self._unwound = Waiter()
            await self._router.host.park(waiter)
            if waiter.cancelled is not None:
                waiter.cancelled()

    def end(self) -> None:
        """Stop all that it does: others have it by now, or may soon."""
        self.is_over = True
        self._deadlines.stop()
        if self._router.supervisor.alive:
            evict(self._router)

    @property
    def is_idle(self) -> bool:
        """Whether all that has come is done with, and the server knows."""
        return not self._open and not self._done

    # -- what comes -------------------------------------------------------------

    def show(self, text: bytes) -> None:
        """Be shown a message."""
        if self._is_behind or self.is_over:
            return
        pushed = Pushed.read(text)
        if pushed.worker == self.id.encode():
            self._take(pushed)

    def fall_behind(self) -> None:
        """Know that something may have been shown that has not come."""
        self._is_behind = True

    def catch_up(self, inbox: Sequence[bytes]) -> None:
        """Take what lies in the inbox, and say again what the server has not heard."""
        self._is_behind = False
        rest = iter(inbox)
        for entry, agent, fence, words, data, how in zip(*[rest] * 6, strict=True):
            one = Header.read(words.split(b" "))
            if entry in self._open:
                if how:
                    self._cancel((one.client, one.serial), how)
            elif entry not in self._done and not how:
                worker = self.id.encode()
                self._take(Pushed(worker, entry, int(fence or 0), one, agent, data))
            elif entry not in self._done:
                self._finish(Done(entry, agent, 1, one.client, one.serial, b"w", ""))
        self._batches.close()
        for done in self._done.values():
            self._batches.add(done)
        for agent in [*self._to_release]:
            if self._router.directory.known(agent) is None:
                self.release(agent)
            else:
                del self._to_release[agent]  # it has come again

    def _take(self, pushed: Pushed) -> None:
        """Give a message to its agent."""
        if self._router.accepting_thread is None:
            return  # it stays in the inbox, and goes to another worker from there
        around, header = self._around, pushed.header
        around.counters.received += 1
        around.counters.received_again += header.attempt > 0
        try:
            parcel = read(pushed.data)
            message = around.codec.read(parcel.body)
        except Exception as exc:  # noqa: BLE001 - its sender is told, or a dead letter made
            self._refuse(pushed, exc)
            return
        recipient = agent_id(pushed.agent)
        around.fences[recipient] = pushed.fence
        if header.is_request:
            self._take_request(pushed, recipient, parcel, message)
        else:
            self._take_copy(pushed, recipient, parcel, message)

    def _take_request(
        self, pushed: Pushed, recipient: AgentId, parcel: Parcel, message: object
    ) -> None:
        header, router = pushed.header, self._router
        deadline = math.inf
        if header.deadline:
            deadline = self._around.clock.local(header.deadline)
        actor = router.directory.find_actor(recipient)
        if actor is None:
            self._finish(self._told(pushed, b"U"))
            return
        origin = self._origin(pushed, room_of(actor.registration), parcel)
        context = _context(parcel, None, pushed.fence)
        arrival = Arrival(message, recipient, context, origin, deadline)
        if router.observers.is_watching():
            watch = router.observers.watch
            arrival.watch = watch(message, context, recipient, parcel.trace)
        self._open[pushed.id] = arrival
        self._requests[header.client, header.serial] = arrival
        router.quiescence.enter()
        if deadline < math.inf and not self._deadlines.add(arrival, deadline):
            arrival.withdraw()
            self.over(arrival)
            return
        lane = actor.lane_for(type(message))
        if origin.chain and self._nesting.admits(arrival, actor, lane):
            return
        arrival.queue = lane
        lane.put(arrival)

    def _take_copy(
        self, pushed: Pushed, recipient: AgentId, parcel: Parcel, message: object
    ) -> None:
        router = self._router
        actor = router.directory.find_actor(recipient)
        assert parcel.topic is not None, "only what is published is no request"
        topic = TopicId(*parcel.topic)
        context = _context(parcel, topic, pushed.fence)
        if actor is None:
            reason = DeadLetterReason.UNKNOWN_TYPE
            router.dead_message(message, context, reason, recipient)
            self._finish(self._told(pushed, b"", reason.value))
            return
        origin = self._origin(pushed, room_of(actor.registration), parcel)
        copy = ArrivedCopy(message, recipient, context, origin)
        if router.observers.is_watching():
            copy.watch = router.observers.watch(message, context, topic, parcel.trace)
        self._open[pushed.id] = copy
        if pushed.header.kind == "t":
            self._copies[pushed.header.client, pushed.header.serial, pushed.agent] = (
                copy
            )
        router.quiescence.enter()
        lane = copy.queue = actor.lane_for(type(message))
        lane.put(copy)

    def _origin(self, pushed: Pushed, capacity: int, parcel: Parcel) -> Origin:
        header, agent = pushed.header, pushed.agent
        return Origin(pushed.id, header, agent, capacity, self, tuple(parcel.chain))

    def _refuse(self, pushed: Pushed, exc: Exception) -> None:
        """Do what is to be done with a message that cannot be read."""
        if pushed.header.is_awaited:
            reply, reason = self._around.codec.reply_error(exc), ""
        else:
            reply, reason = b"", "unreadable"
            _logger.error(
                "A message to %s cannot be read, and is a dead letter",
                pushed.agent.decode(errors="replace"),
                exc_info=exc,
            )
        if isinstance(exc, NamespaceVersionUnknown):
            reason = "unknown version"
        self._finish(self._told(pushed, reply, reason))

    def _told(self, pushed: Pushed, reply: bytes, reason: str = "") -> Done:
        header = pushed.header
        reason = reason or fails_again(header, reply)
        return Done(
            pushed.id, pushed.agent, 1, header.client, header.serial, reply, reason
        )

    # -- who has left -----------------------------------------------------------

    def release(self, id: AgentId) -> None:
        """Give up the place of an agent that has left, unless messages are on their way."""
        self._to_release[id] = None
        self._batches.close()  # it comes after what the agent has done

        def taker(value: Any, error: Exception | None) -> None:
            if error is None:
                self._to_release.pop(id, None)
                if value[0] and self._router.directory.known(id) is None:
                    self._around.fences.pop(id, None)

        words = (self.id, str(id))
        self._around.line.post(RELEASE.call(self._around.prefix, *words), taker=taker)

    # -- giving up --------------------------------------------------------------

    def cancel(self, text: bytes) -> None:
        """Hear that a request is not wanted any more, or a copy of what was published."""
        client, serial, how, *agent = text.split(b" ", 3)
        if agent:
            self._withdraw(self._copies.get((client, int(serial), agent[0])))
        else:
            self._cancel((client, int(serial)), how)

    def _withdraw(self, copy: ArrivedCopy | None) -> None:
        """Withdraw a copy that no handler has begun with; tell one that has."""
        if copy is not None:
            copy.context.cancellation_token.cancel()
            copy.withdraw()

    def _cancel(self, key: tuple[bytes, int], how: bytes) -> None:
        arrival = self._requests.get(key)
        if arrival is None:
            return  # it is over, and its reply on the way
        self._around.counters.cancelled += 1
        if how == b"t":
            arrival.context.cancellation_token.cancel()
        if not arrival.withdraw():
            arrival.cancel_handler()

    def _expired(self, arrival: Arrival) -> None:
        """Give up a request whose caller's time is over, and perhaps unreachable."""
        if arrival.origin.id in self._open:
            self._around.counters.expired += 1
            header = arrival.origin.header
            self._cancel((header.client, header.serial), b"s")

    # -- what is over -----------------------------------------------------------

    @uninterruptible
    def over(self, envelope: Arrival | ArrivedCopy) -> None:
        """Hear that the runtime here has done with a message."""
        origin, around = envelope.origin, self._around
        envelope.on_over = None  # which refers to the envelope
        self._open.pop(origin.id, None)
        if isinstance(envelope, Request):
            self._requests.pop((origin.header.client, origin.header.serial), None)
            around.callers.remove(envelope)
            around.probing.forget(envelope)
            self._router.quiescence.leave()
        elif origin.header.kind == "t":
            header = origin.header
            self._copies.pop((header.client, header.serial, origin.agent), None)
        if self.is_over and not self._open:
            self._router.wake(self._unwound)
        is_stopping = self._router.accepting_thread is None
        if self.is_over or (is_stopping and goes_elsewhere(envelope)):
            envelope.goes_elsewhere = True
            return
        around.counters.handled += 1
        header, dead = origin.header, envelope.dead_because
        reply = reply_of(envelope, around.codec)
        reason = fails_again(header, reply)
        if reason and envelope.error is not None:
            _logger.error(
                "A dead letter to %s failed again",
                envelope.recipient,
                exc_info=envelope.error,
            )
        elif isinstance(envelope, Delivery) and dead and dead not in _NOT_KEPT:
            reason = dead.value
        self._finish(
            Done(
                origin.id,
                origin.agent,
                origin.capacity,
                header.client,
                header.serial,
                reply,
                reason,
            )
        )

    def _finish(self, done: Done) -> None:
        self._done[done.id] = done
        self._batches.add(done)

    def _words(self, batch: list[Done]) -> Sequence[Argument]:
        words: list[Argument] = list(chain.from_iterable(done.words for done in batch))
        return DONE.call(self._around.prefix, self.id, *words)

    def _answered(self, batch: list[Done], value: Any, error: Exception | None) -> None:
        del value
        if error is None:
            for done in batch:
                self._done.pop(done.id, None)
        elif not isinstance(error, RedisLinkLost):  # else it is told again
            self._around.line.connect_again(error)


def _context(parcel: Parcel, topic: TopicId | None, fence: int) -> FencedContext:
    sender = None if parcel.sender is None else agent_id(parcel.sender.encode())
    return FencedContext(
        sender,
        topic,
        topic is None,
        CancellationToken(),
        parcel.message_id,
        fence=fence,
    )


@lru_cache(4096)
def agent_id(text: bytes) -> AgentId:
    """Return an agent's id; few agents get most messages."""
    return AgentId.from_str(text.decode())
