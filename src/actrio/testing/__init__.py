"""Tools for testing actors and the programs around them.

========================  ==============================================================
:func:`run`               one program on trio, asyncio or uvloop, in virtual time, seeded
:func:`sweep`             cancel an operation at every point where it can be cancelled
:class:`VirtualTimeLoop`  an asyncio event loop whose clock jumps, for any test runner
:func:`leftover_tasks`    what a test has left running
:class:`Probe`            an agent that records what it receives, and is waited for
========================  ==============================================================

They know nothing of pytest. Its plugin, installed with actrio, has the fixtures
``runtime`` and ``probe``.
"""

from ._hosts import Host, run
from ._probe import Probe, Received
from ._sweep import CancelPoint, sweep
from ._tasks import describe_tasks, leftover_tasks
from ._virtual_time import Deadlocked, VirtualTimeLoop

__all__ = [
    "CancelPoint",
    "Deadlocked",
    "Host",
    "Probe",
    "Received",
    "VirtualTimeLoop",
    "describe_tasks",
    "leftover_tasks",
    "run",
    "sweep",
]
