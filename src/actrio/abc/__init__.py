"""The contracts between the layers: what a runtime hosts, offers, and keeps.

Agents know their runtime only as an `AgentRuntime`, and a runtime knows its agents only
as `Agent`; neither imports the other's package. Anything with these methods will do,
whatever it inherits from. The same holds for those who keep states, and for those who
watch messages: a runtime knows a `StateStore` and a `Watcher`, and none of their kinds.
What happens to an agent that fails is said to both, so it stands here too.
"""

from ._agents import (
    Agent,
    AgentRuntime,
    InterventionHandler,
    Subscription,
    UnboundSubscription,
)
from ._state import StateStore, StoredState
from ._supervision import Directive, OnFailure, RestartPolicy
from ._watching import Facts, FindWatchers, Passage, Report, Watcher, Watchers

__all__ = [
    "Agent",
    "AgentRuntime",
    "Directive",
    "Facts",
    "FindWatchers",
    "InterventionHandler",
    "OnFailure",
    "Passage",
    "Report",
    "RestartPolicy",
    "StateStore",
    "StoredState",
    "Subscription",
    "UnboundSubscription",
    "Watcher",
    "Watchers",
]
