"""Cycles of requests over several processes: looked for when a request waits for long.

A request that waits may wait for its own sender, through handlers in other processes. Its
chain tells only of the requests before it; two chains that cross know nothing of each
other. So when a request that was sent by a handler has waited for a while, the workers that
are concerned are asked what is waited for there, one after the other; see `_graph`. If it
could never begin, it is handled nested, as in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, cast

import attrs
import msgpack  # pyright: ignore[reportMissingTypeStubs] - it has none

from .._concurrency import Host, Waiter
from .._redis import Redis
from ..messages import QUEUED
from ..runtime._actor import Lane
from ..runtime._waits import Node
from ._arrivals import Arrival
from ._callers import Caller, Callers, Journey
from ._graph import Described, describe, stuck_names
from ._line import Line
from ._scripts import PROBE

_LOOKED_AFTER: Final = 0.4
"""For how many seconds a request waits before somebody looks why."""
_ANSWERED_WITHIN: Final = 1.0
_LOOKS: Final = 3
"""How often; the time between grows. The last request to close a cycle finds it."""
_PARTS: Final = 256
"""How many workers are asked at most."""

_pack = cast("Any", msgpack).packb
_unpack = cast("Any", msgpack).unpackb

Nest = Callable[[Arrival, Caller, Lane, set[Node]], object]
"""Handles a request nested which could never begin otherwise."""


class Question(Waiter):
    """A task that waits for what another worker says."""

    answer: list[Described] | None = None


@attrs.frozen
class Suspect:
    """A request that waits."""

    arrival: Arrival
    caller: Caller
    lane: Lane
    due: float
    looks: int = 0


class Probing:
    """Looks for cycles, and answers those who do."""

    def __init__(
        self, client: str, prefix: str, host: Host, line: Line, callers: Callers
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._host = host
        self._line = line
        self._callers = callers
        self._nest: Nest | None = None
        self._redis: Redis | None = None
        self._suspects: dict[Arrival, Suspect] = {}
        self._news = Waiter()
        self._numbers = count(1)
        self._questions: dict[int, Question] = {}

    def suspect(self, arrival: Arrival, caller: Caller, lane: Lane) -> None:
        """Look after a while whether a request waits for its own sender."""
        due = self._host.current_time() + _LOOKED_AFTER
        self._suspects[arrival] = Suspect(arrival, caller, lane, due)
        self._host.wake(self._news)

    def forget(self, arrival: Arrival) -> None:
        """Know that a request is over."""
        self._suspects.pop(arrival, None)

    # -- looking ----------------------------------------------------------------

    async def run(self, redis: Redis, nest: Nest) -> None:
        """Look at each suspect when its time comes, for ever.

        Args:
            redis: The connection.
            nest: Called for each that could never begin otherwise.
        """
        self._redis, self._nest = redis, nest
        while True:
            if not self._suspects:
                await self._park(self._news)
                continue
            suspect = min(self._suspects.values(), key=lambda one: one.due)
            await self._host.sleep(max(0.0, suspect.due - self._host.current_time()))
            await self._look(suspect)

    async def _look(self, suspect: Suspect) -> None:
        arrival = suspect.arrival
        if arrival.state is not QUEUED or self._suspects.get(arrival) is not suspect:
            if self._suspects.get(arrival) is suspect:
                del self._suspects[arrival]
            return
        stuck = await self._stuck(suspect)
        if stuck and stuck == await self._stuck(suspect) and arrival.state is QUEUED:
            del self._suspects[arrival]
            assert self._nest is not None, "it is there while this runs"
            lane = suspect.lane
            names = {self._name(one): one for one in lane.actor.invocations()}
            hosts: set[Node] = {names[one] for one in stuck if one in names}
            self._nest(arrival, suspect.caller, lane, {lane, *hosts})
        elif suspect.looks + 1 < _LOOKS:
            looks = suspect.looks + 1
            due = self._host.current_time() + _LOOKED_AFTER * 2**looks
            self._suspects[arrival] = attrs.evolve(suspect, due=due, looks=looks)
        else:
            self._suspects.pop(arrival, None)

    async def _stuck(self, suspect: Suspect) -> dict[str, Described]:
        """Return what is stuck behind a suspect, in all processes; nothing if it is not."""
        roots: Sequence[Node] = (suspect.lane, suspect.caller)
        parts = describe(roots, self._name)
        asked: set[str] = set()
        # what was sent elsewhere may be waited for there
        frontier = [one for one in parts if one.agent]
        while frontier and len(asked) < _PARTS:
            journey = frontier.pop()
            if journey.name in asked:
                continue
            asked.add(journey.name)
            more = await self._ask(journey)
            parts += more
            frontier += [one for one in more if one.agent]
        target, start = self._name(suspect.caller), self._name(suspect.lane)
        return stuck_names(parts, target, start)

    async def _ask(self, journey: Described) -> list[Described]:
        """Ask the worker that handles a request what is waited for there."""
        number, question = next(self._numbers), Question()
        self._questions[number] = question
        text = b"p " + _pack((self._client, number, journey.name))
        until = self._host.current_time() + _ANSWERED_WITHIN
        assert self._redis is not None, "it is there while this runs"
        try:
            with self._host.cancel_scope(deadline=until):
                words = (journey.agent, text)
                if await self._redis.run(PROBE, self._prefix, *words, twice=True):
                    while question.answer is None:
                        await self._park(question)
        finally:
            del self._questions[number]
        return question.answer or []

    async def _park(self, waiter: Waiter) -> None:
        await self._host.park(waiter)
        if waiter.cancelled is not None:
            waiter.cancelled()

    # -- answering --------------------------------------------------------------

    def asked(self, text: bytes) -> None:
        """Say what a request waits for here."""
        client, number, name = _unpack(text)
        roots = self._callers.behind(name.partition(":")[2].encode())
        # the request waits for all that was sent on its behalf
        names = [self._name(one) for one in roots]
        parts = [Described(name, needs_all=True, blockers=names)]
        parts += describe(roots, self._name)
        answer = b"g " + _pack((number, [attrs.astuple(one) for one in parts]))
        channel = f"{self._prefix}:c:{client}"
        self._line.post(("PUBLISH", channel, answer), taker=_ignore)

    def answered(self, text: bytes) -> None:
        """Hear what another worker says."""
        number, parts = _unpack(text)
        question = self._questions.get(number)
        if question is not None:
            question.answer = [Described(*part) for part in parts]
            self._host.wake(question)

    def _name(self, node: Node) -> str:
        """Return the name of a node, the same in every process."""
        if isinstance(node, Journey):
            return f"j:{node.id.decode()}"
        if isinstance(node, Caller):
            return f"c:{node.chain[-1].decode()}"
        # as long as it lives: what is named is held by who waits
        return f"{self._client}:{id(node)}"


def _ignore(value: object, error: Exception | None) -> None:
    """Do nothing: who asked waits for a second, and no longer."""
