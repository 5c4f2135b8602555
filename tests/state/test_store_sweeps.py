"""Every call, cancelled everywhere it can be: either it happened or it did not.

A call that raises the cancellation has changed nothing, except where asyncio's own
``cancel()`` hits a save that has begun; then everything or nothing is saved. Whatever
happened, the store goes on working and closes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from actrio.abc import StateStore
from actrio.testing import CancelPoint

from .places import KINDS, Kind, Place

Hosted = Literal["trio", "asyncio"]
Every = Literal["checkpoint", "turn"]

HOSTS: list[tuple[Hosted, bool]] = [
    ("trio", False),
    ("asyncio", False),
    ("asyncio", True),
]
MODES: list[tuple[Kind, Hosted, Every, bool]] = [
    (kind, host, every, native)
    for kind in KINDS
    for every in ("checkpoint", "turn")
    for host, native in HOSTS
    # a server's answers come in real time, where turns cannot be counted
    if (kind, every) != ("redis", "turn")
]
modes = pytest.mark.parametrize(
    ("kind", "host", "every", "native"), MODES, indirect=["kind"]
)
# a connection has a task group, which nobody can enter in one scope and leave in another
modes_of_opening = pytest.mark.parametrize(
    ("kind", "host", "every", "native"),
    [mode for mode in MODES if mode[0] != "redis"],
    indirect=["kind"],
)

BEFORE: dict[str, Any] = {"a": {"n": 1}, "b": {"n": 1}}

WRITES: dict[str, tuple[Callable[[StateStore], Awaitable[Any]], dict[str, Any]]] = {
    "save": (lambda store: store.save("a", {"n": 2}), {"a": {"n": 2}, "b": {"n": 1}}),
    "save_all": (
        lambda store: store.save_all({"a": {"n": 2}, "b": None, "c": {}}),
        {"a": {"n": 2}, "c": {}},
    ),
    "delete": (lambda store: store.delete("a"), {"b": {"n": 1}}),
}
READS: dict[str, Callable[[StateStore], Awaitable[Any]]] = {
    "load": lambda store: store.load("a"),
    "load_all": lambda store: store.load_all(),
    "keys": lambda store: store.keys(),
}


async def states_in(store: StateStore) -> dict[str, Any]:
    return {key: one.state for key, one in (await store.load_all()).items()}


@modes
@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_a_cancelled_call_happened_or_it_did_not(
    place: Place, name: str, host: Hosted, every: Every, native: bool
) -> None:
    """The states say which, and all of them say the same."""
    operation, after = WRITES.get(name) or (READS[name], BEFORE)

    async def scenario(cancel_here: CancelPoint) -> None:
        async with place.store() as store:
            await store.save_all({**BEFORE, "c": None})
            await cancel_here(operation(store))
            found = await states_in(store)
            if cancel_here.outcome == "returned":
                assert found == after
            elif native and place.kind != "memory":
                assert found in (BEFORE, after)
            else:
                assert found == BEFORE
            await store.save("a", {"n": 3})
        assert cancel_here.outcome != "raised"

    assert place.sweep(scenario, host=host, every=every, native=native) >= 1


@modes_of_opening
def test_a_store_whose_opening_is_cancelled_is_open_or_it_is_not(
    place: Place, host: Hosted, every: Every, native: bool
) -> None:
    """It can be opened again in any case."""

    async def scenario(cancel_here: CancelPoint) -> None:
        store = place.store()
        await cancel_here(store.__aenter__())
        if cancel_here.cancelled:
            assert "closed" in repr(store)
            await store.__aenter__()
        await store.save("a", {})
        await store.__aexit__(None, None, None)

    assert place.sweep(scenario, host=host, every=every, native=native) >= 1


@modes_of_opening
def test_a_store_is_closed_whatever_cancels(
    place: Place, tmp_path: Path, host: Hosted, every: Every, native: bool
) -> None:
    """No file of the log is left, and the store can be opened again."""

    async def scenario(cancel_here: CancelPoint) -> None:
        store = await place.store().__aenter__()
        await store.save("a", {"n": 1})
        await cancel_here(store.__aexit__(None, None, None))
        assert "closed" in repr(store)
        names = {file.name for file in tmp_path.iterdir()}  # noqa: ASYNC240 - a test
        assert names <= {"states.db"}
        async with store:
            assert await states_in(store) == {"a": {"n": 1}}

    least = 0 if place.kind == "memory" else 1
    assert place.sweep(scenario, host=host, every=every, native=native) >= least
