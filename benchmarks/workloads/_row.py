"""What every row has in common: a clock, a warm-up, and a number to show."""

import gc
import time
from dataclasses import dataclass, field
from typing import Self

from ..messages import Ask, Load, Ping, WrongResultError
from ..peers import Peer
from ..stages import Stage

__all__ = [
    "Row",
    "Sample",
    "Stopwatch",
    "call",
    "call_timed",
    "carry",
    "carry_timed",
    "warm_up",
]


@dataclass
class Sample:
    """One measurement."""

    operations: int
    seconds: float
    cpu_seconds: float
    """Time on a processor. Much less than ``seconds`` means that the machine was busy."""
    latencies: list[float] = field(default_factory=list)
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

    def sample(self, operations: int, latencies: list[float] | None = None) -> Sample:
        """What was measured."""
        return Sample(operations, self.seconds, self.cpu_seconds, latencies or [])


class Row:
    """One block of the table: a workload, and how its result is shown."""

    name: str
    """What ``--only`` calls it."""
    title: str
    """What the table calls it."""
    unit = "requests/s"
    waits = False
    """Whether a caller waits, so that there is a latency to measure in a turn of its own."""
    fixed = 0
    """How many operations a turn has, where that is not for the clock to decide."""
    fixed_quick = 0
    """The same in a quick run."""

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        """Do ``count`` operations, after some that are not counted."""
        raise NotImplementedError

    def value(self, sample: Sample, *, cpu: bool = False) -> float:
        """The number in the table."""
        seconds = sample.cpu_seconds if cpu else sample.seconds
        return sample.operations / seconds

    def __str__(self) -> str:
        return self.name


def warm_up(count: int) -> int:
    """How many operations to do before the clock starts."""
    return min(200, count)


async def call(ask: Ask, count: int, *, adds: int = 1) -> None:
    """Be a caller: send a request, verify the response, send the next."""
    for number in range(count):
        pong = await ask(Ping(number))
        if pong.number != number + adds:
            raise _wrong(number, pong)


async def call_timed(
    ask: Ask, count: int, *, waits: list[float], adds: int = 1
) -> None:
    """Be a caller with a watch; apart, so that the watch slows only its own pass."""
    clock = time.perf_counter
    for number in range(count):
        began = clock()
        pong = await ask(Ping(number))
        waits.append(clock() - began)
        if pong.number != number + adds:
            raise _wrong(number, pong)


async def carry(ask: Ask, count: int, *, payload: str) -> None:
    """Be a caller that sends something along, and looks whether it comes back."""
    for number in range(count):
        load = await ask(Load(number, payload))
        if load.number != number + 1 or load.payload != payload:
            raise _wrong(number, load)


async def carry_timed(
    ask: Ask, count: int, *, waits: list[float], payload: str
) -> None:
    """The same, with a watch."""
    clock = time.perf_counter
    for number in range(count):
        began = clock()
        load = await ask(Load(number, payload))
        waits.append(clock() - began)
        if load.number != number + 1 or load.payload != payload:
            raise _wrong(number, load)


def _wrong(number: int, answer: object) -> WrongResultError:
    text = str(answer)
    text = text if len(text) < 100 else f"{text[:97]}..."
    return WrongResultError(f"request {number} was answered with {text}")
