"""The states of agents and of whole runtimes, kept by a store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import autogen_core
import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.abc import StateStore
from actrio.exceptions import StateConflict, StateNotStorable
from actrio.testing import Host, run

from .places import Place

ADA, GRACE = AgentId("counter", "ada"), AgentId("counter", "grace")


@dataclass
class Add:
    amount: int


class Counter(RoutedAgent):
    """Keeps a sum, and what it was made of."""

    def __init__(self) -> None:
        super().__init__("counts")
        self.amounts: list[int] = []

    @message_handler
    async def on_add(self, message: Add, ctx: MessageContext) -> int:
        self.amounts.append(message.amount)
        return sum(self.amounts)

    async def save_state(self) -> Mapping[str, Any]:
        return {"amounts": self.amounts}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.amounts = list(state["amounts"])


@pytest.mark.anyio
async def test_a_runtime_goes_on_where_another_ended(place: Place) -> None:
    """All its states are saved in one step, and loaded in one."""
    async with place.store() as store, SingleThreadedAgentRuntime() as runtime:
        await Counter.register(runtime, "counter", Counter)
        assert await runtime.send_message(Add(1), ADA) == 1
        assert await runtime.send_message(Add(5), GRACE) == 5
        await store.save_all(await runtime.save_state())
    async with place.store() as store, SingleThreadedAgentRuntime() as runtime:
        await Counter.register(runtime, "counter", Counter)
        stored = await store.load_all()
        await runtime.load_state({key: one.state for key, one in stored.items()})
        assert await runtime.send_message(Add(2), ADA) == 3
        assert await runtime.send_message(Add(2), GRACE) == 7


@pytest.mark.anyio
async def test_one_agent_goes_on_in_another_runtime(place: Place) -> None:
    """And the version tells if somebody else had the same idea."""

    async def move(store: StateStore, amount: int, version: int) -> int:
        async with SingleThreadedAgentRuntime() as runtime:
            await Counter.register(runtime, "counter", Counter)
            stored = await store.load(str(ADA))
            if stored is not None:
                await runtime.agent_load_state(ADA, stored.state)
            await runtime.send_message(Add(amount), ADA)
            state = await runtime.agent_save_state(ADA)
        return await store.save(str(ADA), state, expected_version=version)

    async with place.store() as store:
        version = await move(store, 1, 0)
        await move(store, 2, version)
        with pytest.raises(StateConflict):
            await move(store, 3, version)
        stored = await store.load(str(ADA))
        assert stored is not None
        assert stored.state == {"amounts": [1, 2]}


@pytest.mark.anyio
async def test_a_state_that_cannot_be_stored_keeps_all_out(place: Place) -> None:
    """So does a ``save_state`` that raises: its error comes to who asked."""

    class Odd(Counter):
        async def save_state(self) -> Mapping[str, Any]:
            if not self.amounts:
                raise ValueError("nothing to save")
            return {"amounts": tuple(self.amounts)}

    async with place.store() as store, SingleThreadedAgentRuntime() as runtime:
        await Counter.register(runtime, "counter", Counter)
        await Odd.register(runtime, "odd", Odd)
        odd = AgentId("odd", "one")
        await runtime.send_message(Add(1), ADA)
        await runtime.get(odd, lazy=False)
        with pytest.raises(ValueError, match="nothing to save"):
            await runtime.save_state()
        await runtime.send_message(Add(1), odd)
        with pytest.raises(StateNotStorable, match=r"state\['amounts'\] is a tuple"):
            await store.save_all(await runtime.save_state())
        assert await store.keys() == []


def autogen_states() -> list[Mapping[str, Any]]:
    """What `save_state` returns in autogen_core, of agents and of a runtime."""

    class Theirs(autogen_core.BaseAgent):
        async def on_message_impl(
            self, message: Any, ctx: autogen_core.MessageContext
        ) -> Any:
            return message

        async def save_state(self) -> Mapping[str, Any]:
            return {"id": str(self.id), "history": [{"text": "Grüße", "n": 1.5}, None]}

    async def main() -> list[Mapping[str, Any]]:
        runtime = autogen_core.SingleThreadedAgentRuntime()
        await Theirs.register(runtime, "theirs", lambda: Theirs("theirs"))
        ids = [autogen_core.AgentId("theirs", key) for key in ("a", "b/c", "ü \n")]
        for one in ids:
            await runtime.get(one, lazy=False)
        states = [await runtime.agent_save_state(one) for one in ids]
        return [await runtime.save_state(), *states]

    return asyncio.run(main())


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_what_autogen_core_saves_is_stored_unchanged(place: Place, host: Host) -> None:
    """State by state, and the whole at once; by its text too."""
    whole, *states = autogen_states()

    async def store_and_load() -> None:
        async with place.store() as store:
            for state in states:
                await store.save("agent", state)
                stored = await store.load("agent")
                assert stored is not None
                assert json.dumps(stored.state) == json.dumps(state)
            await store.delete("agent")
            await store.save_all(whole)
            found = await store.load_all()
            assert {key: one.state for key, one in found.items()} == whole
            await store.save("whole", whole)
            stored = await store.load("whole")
            assert stored is not None
            assert json.dumps(stored.state) == json.dumps(whole)

    run(store_and_load, host=host, virtual_time=place.has_virtual_time)
