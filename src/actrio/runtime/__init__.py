"""How a message gets there: the in-process runtime.

From the front door (`_runtime`) a request goes through `_requests`, a published
message through `_publishing`; both deposit envelopes in an `_inbox` of an `_actor`
found in the `_directory`. The `_supervisor` owns the tasks, `_quiescence` counts what
is going on, and `_waits` says who waits for whom.
"""

from ._dead_letters import DeadLetter, DeadLetterReason, DeadLetters
from ._interventions import DefaultInterventionHandler, DropMessage
from ._runtime import SingleThreadedAgentRuntime
from ._snapshot import (
    AgentSnapshot,
    AgentState,
    Running,
    RuntimeStatistics,
    Snapshot,
)

__all__ = [
    "AgentSnapshot",
    "AgentState",
    "DeadLetter",
    "DeadLetterReason",
    "DeadLetters",
    "DefaultInterventionHandler",
    "DropMessage",
    "Running",
    "RuntimeStatistics",
    "SingleThreadedAgentRuntime",
    "Snapshot",
]
