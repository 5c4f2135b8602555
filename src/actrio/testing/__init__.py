"""Tools for testing actors and the programs around them.

===================================  ===================================================
:func:`run`                          one program on trio, asyncio or uvloop, in virtual
                                     time, seeded
:func:`sweep`                        cancel an operation at every point where it can be
                                     cancelled
:class:`VirtualTimeLoop`             an asyncio event loop whose clock jumps, for any test
                                     runner
:func:`leftover_tasks`               what a test has left running
:class:`Probe`                       an agent that records what it receives, and is
                                     waited for
:class:`ReplayChatCompletionClient`  a client of a model that says what its script says
:class:`RedisServer`                 a real Redis server that needs nothing installed
:class:`RedisCluster`                three of them, each with a part of all keys
:class:`RedisSentinels`              one with a replica, and sentinels that replace it
===================================  ===================================================

They know nothing of pytest. Its plugin, installed with actrio, has the fixtures
``runtime`` and ``probe``. What stands in for a model needs pydantic and Pillow, and is
imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from .._extras import late
from ._hosts import Host, run
from ._probe import Probe, Received
from ._redis_cluster import RedisCluster
from ._redis_sentinels import RedisSentinels
from ._redis_server import RedisServer
from ._sweep import CancelPoint, sweep
from ._tasks import describe_tasks, leftover_tasks
from ._virtual_time import Deadlocked, VirtualTimeLoop

if TYPE_CHECKING:
    from ._replay import ReplayChatCompletionClient, ScriptedStream

__all__ = [
    "CancelPoint",
    "Deadlocked",
    "Host",
    "Probe",
    "Received",
    "RedisCluster",
    "RedisSentinels",
    "RedisServer",
    "ReplayChatCompletionClient",
    "ScriptedStream",
    "VirtualTimeLoop",
    "describe_tasks",
    "leftover_tasks",
    "run",
    "sweep",
]

_LATE = {"ReplayChatCompletionClient": "_replay", "ScriptedStream": "_replay"}

# Type checkers must not see this, or every name would be one of this package's for them.
if not TYPE_CHECKING:  # pragma: no branch
    __getattr__ = late(__name__, _LATE)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
