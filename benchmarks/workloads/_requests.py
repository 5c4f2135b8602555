"""Callers that wait for their responses."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ..messages import Ask
from ..peers import Peer
from ..stages import Stage
from ._row import (
    Row,
    Sample,
    Stopwatch,
    call,
    call_timed,
    carry,
    carry_timed,
    warm_up,
)

__all__ = ["ChainRow", "RequestRow"]

Caller = Callable[..., Coroutine[Any, Any, None]]


class RequestRow(Row):
    """Some callers, each waiting for its response, all asking the same one agent."""

    waits = True

    def __init__(self, callers: int, *, payload: int = 0) -> None:
        self.name = f"payload-{payload // 1000}k" if payload else f"request-{callers}"
        plural = "1 caller" if callers == 1 else f"{callers} callers"
        size = f", {payload:,} bytes there and back" if payload else ""
        self.title = f"request and response, {plural} of one agent{size}"
        self._callers = callers
        self._caller: Caller = call
        self._timed_caller: Caller = call_timed
        if payload:
            text = "0123456789" * (payload // 10)
            self._caller = partial(carry, payload=text)
            self._timed_caller = partial(carry_timed, payload=text)

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        async with peer.open_echo(stage) as connect:
            asks = [connect() for _ in range(self._callers)]
            if latency:
                return await _measure_waits(asks, stage, count, self._timed_caller)
            return await _measure(asks, stage, count, self._caller)


class ChainRow(Row):
    """One caller asks the first agent, which asks the next, and so on."""

    unit = "chains/s"
    waits = True

    def __init__(self, agents: int) -> None:
        self.name = f"chain-{agents}"
        self.title = f"a request through a chain of {agents} agents, 1 caller"
        self._agents = agents

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        async with peer.open_chain(stage, self._agents) as connect:
            if latency:
                timed = partial(call_timed, adds=self._agents)
                return await _measure_waits([connect()], stage, count, timed)
            caller = partial(call, adds=self._agents)
            return await _measure([connect()], stage, count, caller)


async def _measure_waits(
    asks: list[Ask], stage: Stage, count: int, caller: Caller
) -> Sample:
    waits: list[float] = []
    return await _measure(asks, stage, count, partial(caller, waits=waits), waits)


async def _measure(
    asks: list[Ask],
    stage: Stage,
    count: int,
    caller: Caller,
    waits: list[float] | None = None,
) -> Sample:
    each = max(1, count // len(asks))
    before = max(1, warm_up(count) // len(asks))
    for ask in asks:
        await caller(ask, before)
    if waits:
        waits.clear()
    with Stopwatch() as watch:
        if len(asks) == 1:  # one caller is a program without any task of its own
            await caller(asks[0], each)
        else:
            await stage.together([partial(caller, ask, each) for ask in asks])
    return watch.sample(each * len(asks), waits)
