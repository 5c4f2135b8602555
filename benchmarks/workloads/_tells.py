"""Messages for which nobody waits: publishes, and many senders to one actor."""

from functools import partial

from ..deliveries import Deliveries
from ..messages import Publish, Tick
from ..peers import Peer
from ..stages import Stage
from ._row import Row, Sample, Stopwatch, warm_up

__all__ = ["FanInRow", "PublishRow"]


class PublishRow(Row):
    """One task publishes; each subscriber gets every message. Deliveries are counted."""

    unit = "deliveries/s"

    def __init__(self, subscribers: int) -> None:
        self.name = f"publish-{subscribers}"
        plural = "" if subscribers == 1 else "s"
        self.title = f"publish to one topic, {subscribers:,} subscriber{plural}"
        self._subscribers = subscribers

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        each = max(1, count // self._subscribers)
        before = max(1, warm_up(count) // self._subscribers)
        async with peer.open_topic(stage, self._subscribers) as (publish, deliveries):
            await self._publish(publish, deliveries, range(before))
            with Stopwatch() as watch:
                numbers = range(before, before + each)
                await self._publish(publish, deliveries, numbers)
            await deliveries.collect()
        # By now the peer is closed: what it delivered too often has arrived as well.
        deliveries.check()
        return watch.sample(each * self._subscribers)

    async def _publish(
        self, publish: Publish, deliveries: Deliveries, numbers: range
    ) -> None:
        deliveries.expect(len(numbers))
        for number in numbers:
            await publish(Tick(number))
        await deliveries.wait()


class FanInRow(Row):
    """Many senders to one actor, faster than it takes: where inboxes are full."""

    unit = "messages/s"

    def __init__(self, senders: int) -> None:
        self.name = f"fan-in-{senders}"
        self.title = f"fan-in, {senders} senders to one actor with a full inbox"
        self._senders = senders

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        each = max(1, count // self._senders)
        before = max(1, warm_up(count) // self._senders)
        async with peer.open_sink(stage, self._senders) as (tell, deliveries):
            await self._send(tell, deliveries, stage, range(before))
            with Stopwatch() as watch:
                numbers = range(before, before + each)
                await self._send(tell, deliveries, stage, numbers)
            await deliveries.collect()
        deliveries.check()
        return watch.sample(each * self._senders)

    async def _send(
        self, tell: Publish, deliveries: Deliveries, stage: Stage, numbers: range
    ) -> None:
        async def send(sender: int) -> None:
            for number in numbers:
                await tell(Tick(number, sender))

        deliveries.expect(len(numbers))
        await stage.together([partial(send, sender) for sender in range(self._senders)])
        await deliveries.wait()
