"""Tools for testing actors and the programs around them.

:func:`run`               one program on trio, asyncio or uvloop, in virtual time, seeded
:func:`sweep`             cancel an operation at every point where it can be cancelled
:class:`VirtualTimeLoop`  an asyncio event loop whose clock jumps, for any test runner
:func:`leftover_tasks`    what a test has left running
:class:`RedisServer`      a real Redis server that needs nothing installed
========================  ==============================================================
=======
===================================  ===================================================
:func:`run`                          one program on trio, asyncio or uvloop, in virtual
                                     time, seeded
:func:`sweep`                        cancel an operation at every point where it can be
                                     cancelled
:class:`VirtualTimeLoop`             an asyncio event loop whose clock jumps, for any test
                                     runner
:func:`leftover_tasks`               what a test has left running
:class:`RedisServer`                 a real Redis server that needs nothing installed
:class:`ReplayChatCompletionClient`  a client of a model that says what its script says
===================================  ===================================================

They work on plain functions and know nothing of pytest. What stands in for a model needs
pydantic and Pillow, and is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from .._extras import late
from ._hosts import Host, run
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
