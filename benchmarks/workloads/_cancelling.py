"""How long does a handler go on after its caller was cancelled?"""

import time
from functools import partial
from statistics import median

from ..messages import Ask, Hang
from ..peers import Peer, StartHanging
from ..stages import Stage
from ._row import Row, Sample, Stopwatch, call

__all__ = ["CancelRow"]


class CancelRow(Row):
    """A caller is cancelled while its handler waits; others keep the runtime busy.

    Timed from the cancellation until the handler's ``finally`` ran. The others are
    callers that ask another agent, one request after another, all the time.
    """

    name = "cancel"
    unit = "µs"
    fixed = 100
    fixed_quick = 30

    def __init__(self, others: int) -> None:
        self.title = (
            f"caller cancelled until its handler's finally ran, {others} others calling"
        )
        self._others = others

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        waits: list[float] = []
        busy = True

        async def keep_busy(ask: Ask) -> None:
            while busy:
                await call(ask, 10)

        async with peer.open_hanging(stage) as (start_hanging, connect):

            async def cancel_all() -> None:
                nonlocal busy
                try:
                    while len(waits) < count:
                        waits.append(await _cancel_one(start_hanging, stage))
                finally:
                    busy = False

            with Stopwatch() as watch:
                others = [partial(keep_busy, connect()) for _ in range(self._others)]
                await stage.together([cancel_all, *others])
        return watch.sample(count, waits)

    def value(self, sample: Sample, *, cpu: bool = False) -> float:
        """The median, in microseconds."""
        return median(sample.latencies) * 1e6


async def _cancel_one(start_hanging: StartHanging, stage: Stage) -> float:
    """Let a handler begin and cancel its caller; return how long it went on."""
    began, stopped = stage.event(), stage.event()
    ended_at = 0.0

    def note_end() -> None:
        nonlocal ended_at
        ended_at = time.perf_counter()
        stopped.set()

    async with start_hanging(Hang(began.set, note_end)) as cancel:
        await began.wait()
        cancelled_at = time.perf_counter()
        cancel()
    await stopped.wait()  # where the caller does not wait for its handler itself
    return ended_at - cancelled_at
