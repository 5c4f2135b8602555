"""State stores: where the states of agents lie while nobody holds them in memory.

====================  ================================================================
`MemoryStateStore`    for tests, and for states that may die with the process
`SqliteStateStore`    a file, for programs of one machine; survives ``kill -9``
====================  ================================================================

Both keep the contract `StateStore`, and what they load is a `StoredState`.
"""

from ..abc import StateStore, StoredState
from ._memory import MemoryStateStore
from ._sqlite import SqliteStateStore

__all__ = ["MemoryStateStore", "SqliteStateStore", "StateStore", "StoredState"]
