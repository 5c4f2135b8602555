"""Operations of the distributed runtime, cancelled wherever they can be cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import pytest

from actrio.distributed import RedisAgentRuntime
from actrio.identity import TopicId
from actrio.subscriptions import TypeSubscription
from actrio.testing import CancelPoint, sweep

from .kit import ADDER, Add, Adder, Namespace, Sum

Operation = Callable[[RedisAgentRuntime], Awaitable[object]]
TOPIC = TopicId("adding", "k")
SUBSCRIPTION = TypeSubscription("adding", "adder", "known")


async def register(runtime: RedisAgentRuntime) -> object:
    """Host one more type."""
    return await Adder.register(runtime, "another", Adder)


OPERATIONS: dict[str, Operation] = {
    "send": lambda runtime: runtime.send_message(Add(1), ADDER),
    "publish": lambda runtime: runtime.publish_message(Add(1), TOPIC),
    "register": register,
    "subscribe": lambda one: one.add_subscription(TypeSubscription("more", "adder")),
    "unsubscribe": lambda runtime: runtime.remove_subscription("known"),
    "leave": lambda runtime: runtime.leave(),
    "close": lambda runtime: runtime.close(),
}


DOCUMENTED = {"ns", "subs", "dead", "about", "index", "states"}
"""The keys that may be left: the last three are of the states of agents."""


@pytest.mark.slow
@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_cancelled_operation_leaves_a_namespace_of_use(
    namespace: Namespace, name: str, host: Literal["trio", "asyncio"]
) -> None:
    """Another runtime answers afterwards, and only documented keys are left."""

    async def scenario(cancel_here: CancelPoint) -> None:
        async with namespace.runtime() as runtime:
            await Adder.register(runtime, "adder", Adder)
            await runtime.add_subscription(SUBSCRIPTION)
            await cancel_here(OPERATIONS[name](runtime))
        async with namespace.runtime() as second:
            await Adder.register(second, "adder", Adder)
            assert isinstance(await second.send_message(Add(1), ADDER), Sum)
        assert await namespace.keys() <= DOCUMENTED

    assert sweep(scenario, host=host, virtual_time=False) > 0


@pytest.mark.slow
@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_cancelled_opening_leaves_a_namespace_of_use(
    namespace: Namespace, host: Literal["trio", "asyncio"]
) -> None:
    """Wherever opening, hosting or ending is cancelled, the next one can work."""

    async def opened() -> None:
        async with namespace.runtime() as runtime:
            await Adder.register(runtime, "adder", Adder)

    async def scenario(cancel_here: CancelPoint) -> None:
        await cancel_here(opened())
        async with namespace.runtime() as second:
            await Adder.register(second, "adder", Adder)
            assert isinstance(await second.send_message(Add(1), ADDER), Sum)
        assert await namespace.keys() <= DOCUMENTED

    assert sweep(scenario, host=host, virtual_time=False) > 2
