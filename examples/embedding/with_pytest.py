"""Tests of agents, with the fixtures that actrio gives to pytest.

    pip install actrio pytest
    pytest examples/embedding/with_pytest.py

``runtime`` is a started runtime, ``probe`` an agent that records what it receives. The
tests run on trio and on asyncio, with anyio's plugin; with pytest-trio, mark them with
``trio`` instead. On trio the clock jumps, so the long waits take no time.
"""

from dataclasses import dataclass

import anyio
import pytest
import trio.testing

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
)
from actrio.testing import Probe, VirtualTimeLoop

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request):
    if request.param == "trio":
        return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@dataclass
class Order:
    item: str


@dataclass
class Shipped:
    item: str


@dataclass
class InStock:
    item: str


class Shop(RoutedAgent):
    @message_handler
    async def on_order(self, message: Order, ctx: MessageContext) -> bool:
        if not await self.send_message(InStock(message.item), AgentId("stock", "default")):
            return False
        await anyio.sleep(3600)  # packing
        await self.publish_message(Shipped(message.item), TopicId("shipped", self.id.key))
        return True


@pytest.fixture
async def stock(runtime: SingleThreadedAgentRuntime) -> Probe:
    await Shop.register(runtime, "shop", lambda: Shop("sells"))
    return await Probe.install(runtime, "stock")


async def test_what_is_in_stock_is_shipped(runtime: SingleThreadedAgentRuntime, stock: Probe, probe: Probe) -> None:
    stock.answer(InStock, True)
    await probe.listen("shipped")
    assert await runtime.send_message(Order("lamp"), AgentId("shop", "one")) is True
    assert await stock.expect(InStock) == InStock("lamp")
    assert await probe.expect(Shipped) == Shipped("lamp")


async def test_what_is_not_in_stock_is_not_shipped(
    runtime: SingleThreadedAgentRuntime, stock: Probe, probe: Probe
) -> None:
    stock.answer(InStock, lambda message: message.item != "lamp")
    await probe.listen("shipped")
    assert await runtime.send_message(Order("lamp"), AgentId("shop", "one")) is False
    await probe.expect_nothing(within=2 * 3600)
