"""Key-value stores."""

from typing import Any

import pytest

from actrio import AsyncInMemoryStore, CacheStore, InMemoryStore
from actrio.testing import run


def test_a_store_returns_what_was_set() -> None:
    """The last value, or the default."""
    store = InMemoryStore[int]()
    assert store.get("a") is None
    assert store.get("a", 1) == 1
    store.set("a", 2)
    store.set("a", 3)
    assert store.get("a", 1) == 3
    assert store.store == {"a": 3}


@pytest.mark.parametrize("cls", [InMemoryStore, AsyncInMemoryStore])
def test_the_values_are_not_dumped(cls: type[Any]) -> None:
    """A store that is loaded is empty, and of the same class."""
    store = cls()
    store.store["a"] = 1
    model = store.dump_component()
    assert model.provider == f"actrio.{cls.__name__}"
    assert (model.component_type, model.config) == ("cache_store", {})
    loaded = CacheStore.load_component(model, cls)
    assert type(loaded) is cls
    assert loaded.store == {}


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("cls", [InMemoryStore, AsyncInMemoryStore])
def test_aget_and_aset_work_with_every_store(host: Any, cls: type[Any]) -> None:
    """Whoever is given a store need not know which kind it is."""

    async def main() -> list[object]:
        store = cls()
        await store.aset("a", 1)
        return [await store.aget("a"), await store.aget("b"), await store.aget("b", 2)]

    assert run(main, host=host) == [1, None, 2]


async def test_an_async_store_is_awaited() -> None:
    """``await store.get(key)`` works on the store that is written for it."""
    store = AsyncInMemoryStore[int]()
    await store.set("a", 1)
    assert await store.get("a") == 1
    assert await store.get("b", 2) == 2


def test_a_store_defines_get_and_set() -> None:
    """The interface itself stores nothing."""
    with pytest.raises(TypeError, match="abstract"):
        CacheStore()  # type: ignore[abstract] # this is what is tested
