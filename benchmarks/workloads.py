"""How many requests, and how many deliveries of published messages, per second?

Every peer runs the same loops on the same message classes. What a peer supplies is one
awaitable call: ``ask(ping)``, which returns a pong, or ``publish(tick)``. Every pong is
verified by its caller, every tick by its receiver, and a wrong one fails the run: what
is not correct is never counted as fast.
"""

import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

import anyio

__all__ = [
    "ROWS",
    "Ask",
    "Peer",
    "Ping",
    "Pong",
    "Publish",
    "PublishRow",
    "Receiver",
    "RequestRow",
    "Row",
    "Sample",
    "Tick",
    "WrongResultError",
]

# Far beyond any honest round: a lost message fails its round instead of hanging it.
DEADLINE = 60.0


@dataclass
class Ping:
    number: int


@dataclass
class Pong:
    number: int


@dataclass
class Tick:
    number: int


class WrongResultError(Exception):
    """A peer answered wrongly, or delivered a message twice, out of order or never."""


# `Any`, not `Pong`: the value comes from user code on the other side, and is checked.
Ask: TypeAlias = Callable[[Ping], Awaitable[Any]]
Publish: TypeAlias = Callable[[Tick], Awaitable[None]]


class Peer(Protocol):
    """One way to send messages, in its own natural idiom."""

    name: str
    host: str
    """``trio``, ``asyncio`` or ``uvloop``."""

    def open_echo(self) -> AbstractAsyncContextManager[Callable[[], Ask]]:
        """Start one agent that answers ``Ping(n)`` with ``Pong(n + 1)``.

        Yields a function that each caller calls once, to get its own ``ask``.
        """
        ...

    def open_topic(
        self, receivers: list["Receiver"]
    ) -> AbstractAsyncContextManager[Publish]:
        """Subscribe one agent per receiver; it calls ``receiver.take`` per tick."""
        ...


@dataclass
class Sample:
    """One measurement."""

    operations: int
    seconds: float
    cpu_seconds: float
    """Time on a processor. Much less than ``seconds`` means that the machine was busy."""
    latencies: list[float]
    """Seconds each caller waited; empty unless they were asked for."""

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds


class Stopwatch:
    """Time and processor time of a ``with`` block, begun with the garbage collected."""

    seconds = 0.0
    cpu_seconds = 0.0

    def __enter__(self) -> Self:
        gc.collect()
        self.cpu_seconds = time.process_time()
        self.seconds = time.perf_counter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.seconds = time.perf_counter() - self.seconds
        self.cpu_seconds = time.process_time() - self.cpu_seconds


class Row(Protocol):
    """One block of the table."""

    unit: str
    waits: bool
    """Whether a caller waits, so that there is a latency to measure."""

    @property
    def name(self) -> str:
        """What ``--only`` calls it."""
        ...

    @property
    def title(self) -> str:
        """What the table calls it."""
        ...

    async def measure(self, peer: Peer, count: int, *, latency: bool = False) -> Sample:
        """Do ``count`` operations, after some that are not counted."""
        ...


def warm_up(count: int) -> int:
    """How many operations to do before the clock starts."""
    return min(200, count)


# ── Requests ──────────────────────────────────────────────────────────────────────


async def call(ask: Ask, count: int) -> None:
    """Be a caller: send a request, verify the response, send the next."""
    for number in range(count):
        pong = await ask(Ping(number))
        if pong.number != number + 1:
            msg = f"Ping({number}) was answered with {pong!r}"
            raise WrongResultError(msg)


async def call_timed(ask: Ask, count: int, waits: list[float]) -> None:
    """Be a caller with a watch; apart, so that the watch slows only its own pass."""
    clock = time.perf_counter
    for number in range(count):
        began = clock()
        pong = await ask(Ping(number))
        waits.append(clock() - began)
        if pong.number != number + 1:
            msg = f"Ping({number}) was answered with {pong!r}"
            raise WrongResultError(msg)


@dataclass
class RequestRow:
    """Some callers, each waiting for its response, all asking the same one agent."""

    callers: int
    unit = "requests"
    waits = True

    @property
    def name(self) -> str:
        return f"request-{self.callers}"

    @property
    def title(self) -> str:
        plural = "caller" if self.callers == 1 else "callers of one agent"
        return f"request-response, {self.callers} {plural}"

    async def measure(self, peer: Peer, count: int, *, latency: bool = False) -> Sample:
        each = max(1, count // self.callers)
        latencies: list[float] = []
        with anyio.fail_after(DEADLINE):
            async with peer.open_echo() as connect:
                asks = [connect() for _ in range(self.callers)]
                for ask in asks:
                    await call(ask, max(1, warm_up(count) // self.callers))
                with Stopwatch() as watch:
                    await self._call_all(asks, each, latencies if latency else None)
        return Sample(each * self.callers, watch.seconds, watch.cpu_seconds, latencies)

    async def _call_all(
        self, asks: list[Ask], each: int, latencies: list[float] | None
    ) -> None:
        if len(asks) == 1:  # one caller is a program without any task of its own
            await self._call_once(asks[0], each, latencies)
            return
        async with anyio.create_task_group() as group:
            for ask in asks:
                group.start_soon(self._call_once, ask, each, latencies)

    async def _call_once(
        self, ask: Ask, each: int, latencies: list[float] | None
    ) -> None:
        if latencies is None:
            await call(ask, each)
        else:
            await call_timed(ask, each, latencies)


# ── Publishes ─────────────────────────────────────────────────────────────────────


class Receiver:
    """What a subscriber does with a tick: check that it is exactly the next one."""

    def __init__(self, finished: Callable[[str], None]) -> None:
        self._finished = finished
        self.reset(0)

    def reset(self, count: int) -> None:
        """Expect ticks 0 to ``count - 1``."""
        self.taken = 0
        self._count = count

    def take(self, number: int) -> None:
        """Take one delivery.

        It does not raise: the exception of a subscriber would not reach the publisher.
        """
        if number != self.taken:
            self._finished(f"Tick({number}) came where Tick({self.taken}) was due")
        self.taken += 1
        if self.taken == self._count:
            self._finished("")


class Finish:
    """Lets the publisher wait for all receivers, or for the first wrong delivery."""

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, receivers: int) -> None:
        self._left = receivers
        self._fault = ""
        self._event = anyio.Event()

    def note(self, fault: str) -> None:
        self._fault = self._fault or fault
        self._left -= 1
        if self._left <= 0 or self._fault:
            self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        if self._fault:
            raise WrongResultError(self._fault)


@dataclass
class PublishRow:
    """One task publishes; each subscriber gets every message. Deliveries are counted."""

    subscribers: int
    unit = "deliveries"
    waits = False

    @property
    def name(self) -> str:
        return f"publish-{self.subscribers}"

    @property
    def title(self) -> str:
        plural = "" if self.subscribers == 1 else "s"
        return f"publish, 1 topic, {self.subscribers} subscriber{plural}"

    async def measure(self, peer: Peer, count: int, *, latency: bool = False) -> Sample:
        if latency:
            msg = "nobody waits for a publish, so it has no latency to measure"
            raise ValueError(msg)
        each = max(1, count // self.subscribers)
        with anyio.fail_after(DEADLINE):
            finish = Finish()
            receivers = [Receiver(finish.note) for _ in range(self.subscribers)]
            async with peer.open_topic(receivers) as publish:
                await self._publish_all(publish, receivers, finish, warm_up(each))
                with Stopwatch() as watch:
                    await self._publish_all(publish, receivers, finish, each)
        # By now the peer is closed: what it delivered too often has arrived as well.
        if any(receiver.taken != each for receiver in receivers):
            msg = f"{[receiver.taken for receiver in receivers]} of {each} ticks"
            raise WrongResultError(msg)
        return Sample(each * self.subscribers, watch.seconds, watch.cpu_seconds, [])

    async def _publish_all(
        self, publish: Publish, receivers: list[Receiver], finish: Finish, each: int
    ) -> None:
        finish.reset(len(receivers))
        for receiver in receivers:
            receiver.reset(each)
        for number in range(each):
            await publish(Tick(number))
        await finish.wait()


ROWS: list[Row] = [RequestRow(1), RequestRow(100), PublishRow(1), PublishRow(10)]
