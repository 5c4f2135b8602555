"""Did every receiver take every message, once, and in order?"""

import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from .messages import WrongResultError
from .stages import Stage

__all__ = ["Deliveries", "Local", "Receiver", "Reported"]


class Receiver:
    """What a receiver does with a message: check that it is exactly the next one.

    It does not raise: an error of a subscriber would not reach the publisher.
    """

    __slots__ = ("_through", "fault", "goal", "taken")

    def __init__(self, through: Callable[[str], None] = lambda fault: None) -> None:
        self._through = through
        self.taken = 0
        self.goal = 0
        self.fault = ""

    def take(self, number: int) -> None:
        """Take one delivery."""
        if number != self.taken:
            self.fault = self.fault or f"{number} came where {self.taken} was due"
            self._through(self.fault)
        self.taken += 1
        if self.taken == self.goal:
            self._through("")

    def report(self) -> tuple[int, str]:
        """How many were taken, and what was wrong with one of them."""
        return self.taken, self.fault


class Deliveries(Protocol):
    """Everything that the receivers take; numbers go on from one batch to the next."""

    def expect(self, each: int) -> None:
        """Say that each receiver is about to be sent so many more."""
        ...

    async def wait(self) -> None:
        """Wait until they are there; raises `WrongResultError` if one is wrong."""
        ...

    async def collect(self) -> None:
        """Find out what else came; called just before the peer is closed."""
        ...

    def check(self) -> None:
        """Raise `WrongResultError` if more came than were sent; called afterwards."""
        ...


class Local:
    """Receivers in this process, which say themselves that they are through."""

    def __init__(self, receivers: int, stage: Stage) -> None:
        self._stage = stage
        self._lock = threading.Lock()  # some peers deliver in several threads
        self._left = 0
        self._event = stage.event()
        self.receivers = [Receiver(self._through) for _ in range(receivers)]

    def expect(self, each: int) -> None:
        self._left = len(self.receivers)
        self._event = self._stage.event()
        for receiver in self.receivers:
            receiver.goal += each

    def _through(self, fault: str) -> None:
        with self._lock:
            self._left -= 1
            over = self._left <= 0
        if over or fault:
            self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        self._raise_faults()

    async def collect(self) -> None:
        """Nothing to do: what comes is seen as it comes."""

    def check(self) -> None:
        self._raise_faults()
        for receiver in self.receivers:
            _check_count(receiver.taken, receiver.goal)

    def _raise_faults(self) -> None:
        for receiver in self.receivers:
            if receiver.fault:
                raise WrongResultError(receiver.fault)


class Reported:
    """Receivers out of sight, in other processes for example, which are asked.

    Args:
        receivers: How many there are.
        stage: Where the asking happens.
        report: Asks one of them for its `Receiver.report`.
    """

    def __init__(
        self,
        receivers: int,
        stage: Stage,
        report: Callable[[int], Awaitable[tuple[int, str]]],
    ) -> None:
        self._stage = stage
        self._report = report
        self._goal = 0
        self._taken = [0] * receivers

    def expect(self, each: int) -> None:
        self._goal += each

    async def wait(self) -> None:
        for number in range(len(self._taken)):
            await self._look(number)
            while self._taken[number] < self._goal:
                await self._stage.sleep(0.0005)
                await self._look(number)

    async def collect(self) -> None:
        for number in range(len(self._taken)):
            await self._look(number)

    def check(self) -> None:
        for taken in self._taken:
            _check_count(taken, self._goal)

    async def _look(self, number: int) -> None:
        self._taken[number], fault = await self._report(number)
        if fault:
            raise WrongResultError(fault)


def _check_count(taken: int, sent: int) -> None:
    if taken != sent:
        message = f"{taken} messages came where {sent} were sent"
        raise WrongResultError(message)
