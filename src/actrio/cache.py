"""Key-value stores for what can be computed again, such as the answers of a model.

They are no place for the state of agents: what an agent must not lose is what its
``save_state`` returns.
"""

from abc import ABC, abstractmethod
from inspect import isawaitable
from typing import ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel

from .components import Component, ComponentBase, ComponentType

__all__ = ["AsyncInMemoryStore", "CacheStore", "InMemoryStore"]

T = TypeVar("T")


class CacheStore(ABC, ComponentBase[BaseModel], Generic[T]):
    """The interface of a store of values under string keys.

    A subclass defines `get` and `set`, either as plain or as async methods. `aget` and
    `aset` work with both kinds.
    """

    component_type: ClassVar[ComponentType] = "cache_store"

    @abstractmethod
    def get(self, key: str, default: T | None = None) -> T | None:
        """Return the value under ``key``, or ``default`` if there is none."""

    @abstractmethod
    def set(self, key: str, value: T) -> None:
        """Put a value under ``key``, in place of the one that was there."""

    async def aget(self, key: str, default: T | None = None) -> T | None:
        """Do what `get` does, and await it if it is async.

        A value that can itself be awaited is awaited too; take those with `get`.

        Cancellation: That of `get`. With a plain one this is no checkpoint.
        """
        found = self.get(key, default)
        if isawaitable(found):
            awaited: T | None = await found
            return awaited
        return found

    async def aset(self, key: str, value: T) -> None:
        """Do what `set` does, and await it if it is async.

        Cancellation: That of `set`. With a plain one this is no checkpoint.
        """
        done: object = self.set(key, value)
        if isawaitable(done):
            await done


class InMemoryStoreConfig(BaseModel):
    """Nothing: the values of a store are not part of its config."""


class InMemoryStore(CacheStore[T], Component[InMemoryStoreConfig]):
    """A store in a dictionary.

    It grows until somebody removes from `store`.
    """

    component_provider_override: ClassVar[str | None] = "actrio.InMemoryStore"
    component_config_schema = InMemoryStoreConfig

    store: dict[str, T]
    """The values by their keys."""

    def __init__(self) -> None:
        self.store = {}

    def get(self, key: str, default: T | None = None) -> T | None:
        """Return the value under ``key``, or ``default`` if there is none."""
        return self.store.get(key, default)

    def set(self, key: str, value: T) -> None:
        """Put a value under ``key``, in place of the one that was there."""
        self.store[key] = value

    def _to_config(self) -> InMemoryStoreConfig:
        return InMemoryStoreConfig()

    @classmethod
    def _from_config(cls, config: InMemoryStoreConfig) -> Self:
        return cls()


class AsyncInMemoryStore(InMemoryStore[T]):
    """An `InMemoryStore` whose `get` and `set` are awaited, as those of a database."""

    component_provider_override: ClassVar[str | None] = "actrio.AsyncInMemoryStore"

    async def get(self, key: str, default: T | None = None) -> T | None:  # type: ignore[override] # for programs that await it
        """Return the value under ``key``, or ``default`` if there is none.

        Cancellation: Never a checkpoint.
        """
        return self.store.get(key, default)

    async def set(self, key: str, value: T) -> None:  # type: ignore[override] # the same
        """Put a value under ``key``, in place of the one that was there.

        Cancellation: Never a checkpoint.
        """
        self.store[key] = value
