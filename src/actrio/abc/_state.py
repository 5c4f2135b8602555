"""What keeps the states of agents."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import attrs


@attrs.frozen
class StoredState:
    """One state as it lies in a store."""

    key: str
    """Whose state it is, usually ``str(agent_id)``."""

    state: Mapping[str, Any]
    """The state itself, a copy of its own."""

    version: int
    """Which save put it there; at least 1."""


@runtime_checkable
class StateStore(Protocol):
    """Keeps states by key, beyond the life of agents, runtimes and processes.

    A *state* is what ``save_state`` of an agent returns: a dict with str keys, made of
    dict, list, str, int, finite float, bool and None. It comes back equal to what was
    saved, or the save is refused. It is read before the call first waits; changing it
    afterwards changes nothing.

    A *version* is a whole number. A save gives a version that is larger than any that
    its keys had before, even if they were deleted meanwhile, and all states of one save
    get the same. So whoever saves with ``expected_version`` overwrites nothing that it
    has not seen. Version 0 means: nothing is stored.

    A save is one step: other tasks, other processes and whoever looks after a crash see
    all of it or nothing. When it returns, it is kept as durably as the store can.

    A store is open inside ``async with``, in one event loop at a time, and may be
    opened again. Any number of tasks may use it at once; calls take effect one after
    the other.

    All methods raise `StateStoreClosed` if the store is not open, and other
    `StateStoreError` as the store says.

    Cancellation: A call that raises the cancellation has changed nothing. One that has
    begun to write may return its value first. On asyncio, a task's own ``cancel()`` is
    raised even then, since nobody repeats it: `load` tells whether the state is saved.
    """

    async def __aenter__(self) -> Self:
        """Open the store."""
        ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None:
        """Close the store, after the calls that were made before."""
        ...

    async def load(self, key: str) -> StoredState | None:
        """Return what is stored under one key, or None.

        Raises:
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def load_all(self, prefix: str = "") -> dict[str, StoredState]:
        """Return everything stored under keys that begin with ``prefix``.

        It is taken in one step, so states saved together are together. The keys are in
        order.
        """
        ...

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with ``prefix``, in order."""
        ...

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        """Store one state, in place of the one that was there.

        Args:
            key: Whose state it is, usually ``str(agent_id)``.
            state: What to keep.
            expected_version: Save only if this is the version stored now, where 0 means
                that nothing is. None: whatever is stored.

        Returns:
            The version of what was saved.

        Raises:
            StateConflict: If another version is stored.
            StateNotStorable: If ``state`` would not come back as it is.
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def save_all(
        self,
        states: Mapping[str, Mapping[str, Any] | None],
        *,
        expected_versions: Mapping[str, int] | None = None,
    ) -> int:
        """Store several states in one step: all of them, or none if this raises.

        Args:
            states: What to keep, by key; None deletes what is stored under a key.
            expected_versions: As ``expected_version`` of `save`, by key. Keys that are
                not in ``states`` may be among them.

        Returns:
            The version of everything that was saved.

        Raises:
            StateConflict: If one of the expected versions is not the one stored.
            StateNotStorable: If one of the states would not come back as it is.
            StateKeyInvalid: If a key is not 1 to 1024 bytes of UTF-8.
        """
        ...

    async def delete(self, key: str, *, expected_version: int | None = None) -> None:
        """Forget what is stored under one key, if anything is.

        Raises:
            StateConflict: If another version than ``expected_version`` is stored.
            StateKeyInvalid: If ``key`` is not 1 to 1024 bytes of UTF-8.
        """
        ...
