"""The contract of a state store, on each kind of store and on every host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import MappingProxyType
from typing import Any

import anyio
import pytest
import trio

from actrio import AgentId
from actrio.abc import StateStore, StoredState
from actrio.exceptions import (
    StateConflict,
    StateKeyInvalid,
    StateNotStorable,
    StateStoreClosed,
    StateStoreError,
)
from actrio.state import MemoryStateStore, SqliteStateStore
from actrio.testing import run

from .places import Place

pytestmark = [pytest.mark.anyio, pytest.mark.every_host]

STATE = {"text": "Grüße \ud83d\0", "list": [1, -0.5, None, True, {"": []}], "n": 10**40}


async def test_what_is_saved_is_loaded_again(place: Place) -> None:
    """Equal, with its key and its version."""
    async with place.store() as store:
        assert await store.load("clerk/ada") is None
        version = await store.save("clerk/ada", STATE)
        assert version >= 1
        assert await store.load("clerk/ada") == StoredState("clerk/ada", STATE, version)
        assert await store.load("clerk/grace") is None


async def test_it_is_there_when_the_store_is_opened_again(place: Place) -> None:
    """And the versions go on."""
    async with place.store() as store:
        version = await store.save("clerk/ada", STATE)
    async with place.store() as store:
        assert await store.load("clerk/ada") == StoredState("clerk/ada", STATE, version)
        assert await store.save("clerk/ada", {}) > version


async def test_a_state_is_a_copy(place: Place) -> None:
    """Neither the caller's object nor what others loaded is tied to the stored one."""
    async with place.store() as store:
        mine: dict[str, Any] = {"list": [1]}
        await store.save("k", mine)
        mine["list"].append(2)
        first = await store.load("k")
        assert first is not None
        assert first.state == {"list": [1]}
        first.state["list"].append(3)
        second = await store.load("k")
        assert second is not None
        assert second.state == {"list": [1]}


async def test_a_state_is_read_before_the_call_waits(place: Place) -> None:
    """Changing it while the save is on its way changes nothing."""
    async with place.store() as store:
        state = {"n": 1}
        async with anyio.create_task_group() as tasks:

            async def change() -> None:
                state["n"] = 2

            async def save() -> None:
                tasks.start_soon(change)
                await store.save("k", state)

            await save()
        stored = await store.load("k")
        assert stored is not None
        assert stored.state == {"n": 1}


async def test_any_mapping_is_a_state(place: Place) -> None:
    """`save_state` returns a Mapping; what is loaded is equal to it."""
    async with place.store() as store:
        state = MappingProxyType({"a": 1})
        await store.save("k", state)
        stored = await store.load("k")
        assert stored is not None
        assert stored.state == state


async def test_a_save_compares_the_version_first(place: Place) -> None:
    """Who expects another version than the one stored overwrites nothing."""
    async with place.store() as store:
        first = await store.save("k", {"n": 1}, expected_version=0)
        second = await store.save("k", {"n": 2}, expected_version=first)
        for wrong in (0, first, second + 1):
            with pytest.raises(StateConflict) as caught:
                await store.save("k", {"n": 3}, expected_version=wrong)
            error = caught.value
            assert (error.key, error.expected_version) == ("k", wrong)
            assert error.version == second
            assert f"'k' has version {second}, not {wrong}" in str(error)
        assert await store.load("k") == StoredState("k", {"n": 2}, second)


async def test_a_key_that_came_back_has_a_new_version(place: Place) -> None:
    """Who saw it before it was deleted cannot take it for the same."""
    async with place.store() as store:
        seen = await store.save("k", {"n": 1})
        await store.delete("k")
        again = await store.save("k", {"n": 1}, expected_version=0)
        assert again > seen
        with pytest.raises(StateConflict):
            await store.save("k", {"n": 2}, expected_version=seen)


async def test_a_deleted_state_is_gone(place: Place) -> None:
    """Deleting again is no error; expecting a version then is."""
    async with place.store() as store:
        version = await store.save("k", {})
        with pytest.raises(StateConflict):
            await store.delete("k", expected_version=version + 1)
        await store.delete("k", expected_version=version)
        assert await store.load("k") is None
        await store.delete("k")
        with pytest.raises(StateConflict) as caught:
            await store.delete("k", expected_version=version)
        assert caught.value.version == 0


async def test_states_saved_together_have_one_version(place: Place) -> None:
    """And None among them deletes."""
    async with place.store() as store:
        before = await store.save_all({"a": {"n": 1}, "gone": {}})
        version = await store.save_all({"a": {"n": 2}, "b": {"n": 3}, "gone": None})
        assert version > before
        assert await store.load_all() == {
            "a": StoredState("a", {"n": 2}, version),
            "b": StoredState("b", {"n": 3}, version),
        }


async def test_one_conflict_keeps_all_from_being_saved(place: Place) -> None:
    """Also one of a key that was not to be saved."""
    async with place.store() as store:
        version = await store.save_all({"a": {"n": 1}, "lease": {}})
        before = await store.load_all()
        for expected in ({"a": version, "b": version}, {"a": version, "lease": 0}):
            with pytest.raises(StateConflict):
                await store.save_all(
                    {"a": {"n": 2}, "b": {}}, expected_versions=expected
                )
        assert await store.load_all() == before
        expected = {"a": version, "b": 0, "lease": version}
        await store.save_all({"a": {"n": 2}, "b": {}}, expected_versions=expected)
        assert await store.keys() == ["a", "b", "lease"]


async def test_one_bad_state_keeps_all_from_being_saved(place: Place) -> None:
    """The call refuses before it begins."""
    async with place.store() as store:
        with pytest.raises(StateNotStorable) as caught:
            await store.save_all({"a": {}, "b": {"at": object()}})
        assert (caught.value.key, caught.value.path) == ("b", "state['at']")
        with pytest.raises(StateKeyInvalid):
            await store.save_all({"a": {}, "": {}})
        assert await store.keys() == []


async def test_keys_are_listed_in_order_and_by_prefix(place: Place) -> None:
    """Whatever characters are in them."""
    strange = ["a%", "a*", "a_", "a/\0", "a/\U0010ffff", "a/\U0010ffffx", "b/", "ä"]
    async with place.store() as store:
        await store.save_all({key: {"key": key} for key in reversed(strange)})
        assert await store.keys() == sorted(strange)
        for prefix in ("a", "a/", "a/\U0010ffff", "a_", "ä", "c"):
            matching = sorted(key for key in strange if key.startswith(prefix))
            assert await store.keys(prefix) == matching
            states = await store.load_all(prefix)
            assert list(states) == matching
            assert all(stored.state == {"key": key} for key, stored in states.items())


@pytest.mark.parametrize(
    "key", ["", "x" * 1025, "ä" * 513, "\ud800", 7, AgentId("a", "b")]
)
async def test_a_bad_key_is_refused_everywhere(place: Place, key: Any) -> None:
    """With the rule and the remedy; the longest that is allowed works."""
    async with place.store() as store:
        calls: list[Callable[[], Coroutine[Any, Any, object]]] = [
            lambda: store.load(key),
            lambda: store.save(key, {}),
            lambda: store.save_all({key: {}}),
            lambda: store.save_all({}, expected_versions={key: 1}),
            lambda: store.delete(key),
            lambda: store.delete(key, expected_version=1),
        ]
        if key != "":
            calls += [lambda: store.keys(key), lambda: store.load_all(key)]
        for call in calls:
            with pytest.raises(StateKeyInvalid, match=r"must be .*; ") as caught:
                await call()
            assert caught.value.key == key
        await store.save("x" * 1024, {})


async def test_a_store_that_is_not_open_says_async_with(place: Place) -> None:
    """Before it is opened and after it was closed."""
    store = place.store()
    assert "closed" in repr(store)
    with pytest.raises(StateStoreClosed, match="async with"):
        await store.load("k")
    async with store:
        assert "open" in repr(store)
        await store.load("k")
    with pytest.raises(StateStoreClosed, match="async with"):
        await store.save("k", {})


async def test_a_store_is_opened_once_at_a_time(place: Place) -> None:
    """Whoever needs it too shares it; after it was closed it can be opened again."""
    store = place.store()
    async with store:
        with pytest.raises(RuntimeError, match="already"):
            await store.__aenter__()
        await store.save("k", {})
    async with store:
        assert await store.keys() == ["k"]


async def test_a_store_belongs_to_the_loop_it_was_opened_in(place: Place) -> None:
    """Another thread's loop is told so."""
    store = place.store()

    async def use() -> None:
        await store.load("k")

    def elsewhere() -> None:
        with pytest.raises(StateStoreClosed, match="another event loop"):
            trio.run(use)
        with pytest.raises(StateStoreClosed, match="another event loop"):
            asyncio.run(use())

    async with store:
        await anyio.to_thread.run_sync(elsewhere)
        await use()


async def test_of_many_that_expect_one_version_one_wins(place: Place) -> None:
    """A counter that is loaded and saved with its version loses no step."""
    async with place.store() as store:
        conflicts = 0

        async def add_one() -> None:
            nonlocal conflicts
            while True:
                stored = await store.load("counter")
                n, version = (stored.state["n"], stored.version) if stored else (0, 0)
                try:
                    await store.save("counter", {"n": n + 1}, expected_version=version)
                except StateConflict:
                    conflicts += 1
                else:
                    return

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(add_one)
        stored = await store.load("counter")
        assert stored is not None
        assert stored.state == {"n": 5}
        assert conflicts > 0


async def test_all_stores_keep_the_contract(place: Place) -> None:
    """It can be asked for at run time."""
    assert isinstance(place.store(), StateStore)
    assert not isinstance(object(), StateStore)


def test_errors_of_a_store_have_one_root() -> None:
    """``except StateStoreError`` catches them all, and the usual builtins do too."""
    for error in (StateConflict, StateKeyInvalid, StateNotStorable, StateStoreClosed):
        assert issubclass(error, StateStoreError)
    assert issubclass(StateKeyInvalid, ValueError)
    assert issubclass(StateNotStorable, TypeError)
    assert issubclass(StateNotStorable, ValueError)
    assert issubclass(StateStoreClosed, RuntimeError)


@pytest.mark.parametrize("make", [MemoryStateStore, lambda: SqliteStateStore("x.db")])
def test_a_store_is_made_without_a_loop(make: Callable[[], StateStore]) -> None:
    """As a runtime is; nothing is touched before it is opened."""
    assert "closed" in repr(make())


def test_a_store_moves_from_one_host_to_the_other(place: Place) -> None:
    """It keeps nothing of a loop while it is closed."""
    store = place.store()

    async def add() -> int:
        async with store:
            return await store.save("k", {})

    virtual = place.has_virtual_time
    first = run(add, virtual_time=virtual)
    second = run(add, host="asyncio", virtual_time=virtual)
    assert first < second < run(add, virtual_time=virtual)
