"""State stores: where the states of agents lie while nobody holds them in memory.

====================  ================================================================
`MemoryStateStore`    for tests, and for states that may die with the process
`SqliteStateStore`    a file, for programs of one machine; survives ``kill -9``
`RedisStateStore`     a Redis server, for programs of many machines
====================  ================================================================

All keep the contract `StateStore`, and what they load is a `StoredState`.
"""

from typing import TYPE_CHECKING

from .._extras import late
from ..abc import StateStore, StoredState
from ._memory import MemoryStateStore
from ._sqlite import SqliteStateStore

if TYPE_CHECKING:
    from ._redis import RedisStateStore

__all__ = [
    "MemoryStateStore",
    "RedisStateStore",
    "SqliteStateStore",
    "StateStore",
    "StoredState",
]

_LATE = {"RedisStateStore": "_redis"}

# Type checkers must not see this, or every name would be one of this package's for them.
if not TYPE_CHECKING:  # pragma: no branch
    __getattr__ = late(__name__, _LATE)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
