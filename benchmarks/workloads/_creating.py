"""How long does it take to create many actors, each with its first message?"""

from ..peers import Peer
from ..stages import Stage
from ._row import Row, Sample, Stopwatch, call

__all__ = ["CreateRow"]


class CreateRow(Row):
    """One task addresses one actor after the other, each for the first time.

    A peer that cannot have so many, since its actors are threads or processes, creates
    as many as it can; the table says how many those were.
    """

    unit = "actors/s"

    def __init__(self, actors: int, *, quickly: int) -> None:
        self.name = f"create-{actors}"
        self.title = f"create {actors:,} actors, each with its first request"
        self.fixed = actors
        self.fixed_quick = quickly

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        count = min(count, peer.most_actors)
        async with peer.open_population(stage) as address:
            await call(await address(count), 1)  # what the first one of all needs
            with Stopwatch() as watch:
                for number in range(count):
                    await call(await address(number), 1)
        return watch.sample(count)
