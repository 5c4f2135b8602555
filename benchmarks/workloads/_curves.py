"""The cost of one message when there is more and more of something."""

from ..messages import Hold, Tick
from ..peers import Peer
from ..stages import Stage
from ._row import Row, Sample, Stopwatch, call

__all__ = ["CURVES", "Curve"]

MESSAGES = 10_000
STRIDE = 7919
"""A prime: goes through all of them, in an order that no cache likes."""


class Curve(Row):
    """A workload whose count is how many there are of something, not how often."""

    unit = "µs per message"
    of = ""
    """What there is more and more of."""

    def value(self, sample: Sample, *, cpu: bool = False) -> float:
        """Microseconds per message."""
        seconds = sample.cpu_seconds if cpu else sample.seconds
        return seconds / sample.operations * 1e6


class ActorsCurve(Curve):
    """Many actors live, and are asked one after the other."""

    name = "growth-actors"
    title = "one request to one of many actors"
    of = "actors"

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        if count > peer.most_actors:
            raise peer.lacks(f"it is not asked for {count:,} actors")
        async with peer.open_population(stage) as address:
            asks = [await address(number) for number in range(count)]
            for ask in asks:
                await call(ask, 1)
            with Stopwatch() as watch:
                for number in range(MESSAGES):
                    await call(asks[number * STRIDE % count], 1)
        return watch.sample(MESSAGES)


class TopicsCurve(Curve):
    """Many topics, each with a subscription, are published to in turn."""

    name = "growth-topics"
    title = "one publish to one of many topics, each with one subscription"
    of = "topics"
    published: int | None = None
    """How many of the topics are published to; all, if None."""

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        used = self.published or count
        async with peer.open_topics(stage, count) as (publish, deliveries):
            deliveries.expect(used)
            for number in range(used):  # each has been used before
                await publish(number, Tick(number))
            await deliveries.wait()
            with Stopwatch() as watch:
                deliveries.expect(MESSAGES)
                for number in range(used, used + MESSAGES):
                    await publish(number * STRIDE % used, Tick(number))
                await deliveries.wait()
            await deliveries.collect()
        deliveries.check()
        return watch.sample(MESSAGES)


class SubscriptionsCurve(TopicsCurve):
    """The same, but all messages go to one of the topics."""

    name = "growth-subscriptions"
    title = "one publish to one topic, beside subscriptions to other topics"
    of = "subscriptions"
    published = 1


class QueueCurve(Curve):
    """Messages queue up behind one that waits, and then are handled."""

    name = "growth-queue"
    title = "one message, queued and handled, in a queue that gets so long"
    of = "messages in the queue"

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        batches = max(1, MESSAGES // count)
        number = 0
        async with peer.open_queue(stage, count + 2) as (tell, deliveries):
            with Stopwatch() as watch:
                for _ in range(batches):
                    gate = stage.event()
                    deliveries.expect(count)
                    await tell(Hold(gate))
                    for _ in range(count):
                        await tell(Tick(number))
                        number += 1
                    gate.set()
                    await deliveries.wait()
            await deliveries.collect()
        deliveries.check()
        return watch.sample(number)


CURVES: list[Curve] = [ActorsCurve(), TopicsCurve(), SubscriptionsCurve(), QueueCurve()]
