"""Programs as data: what agents there are, and who does what."""

from __future__ import annotations

import math
from typing import Literal

import attrs

Address = tuple[int, int]
"""The number of an agent type, and of a key."""


@attrs.frozen
class Limit:
    """A time-out around one call."""

    seconds: float
    kind: Literal["scope", "timeout", "wait_for"] = "scope"
    """A cancel scope, or one of asyncio's own ways where there are such."""


@attrs.frozen
class Nap:
    """Wait, if ``shielded`` even when cancelled."""

    seconds: float
    shielded: bool = False


@attrs.frozen
class Ask:
    """Send a request whose handler plays ``script``, and wait for the response."""

    to: Address
    script: Script = ()
    limit: Limit | None = None
    token: int | None = None
    forgiving: bool = True
    """Whether an error ends here instead of going on through the asking script."""
    beside: bool = False
    """Whether the handler is a ``concurrent=True`` one."""


@attrs.frozen
class Publish:
    """Publish a message whose handlers play ``script``."""

    topic: Address
    """The number of a topic type, and of a key."""
    script: Script = ()
    limit: Limit | None = None
    token: int | None = None
    beside: bool = False


@attrs.frozen
class Hook:
    """Call one of an agent's hooks through the runtime."""

    kind: Literal["save", "load", "get", "metadata"]
    to: Address
    limit: Limit | None = None


@attrs.frozen
class Fan:
    """Play several scripts at once, in a nursery, and wait for all."""

    branches: tuple[Script, ...]


@attrs.frozen
class Leave:
    """Play a script in a task that may outlive this one."""

    script: Script


@attrs.frozen
class Block:
    """Play a script under a time-out, or under a token."""

    script: Script
    limit: Limit | None = None
    token: int | None = None


@attrs.frozen
class Finally:
    """Play a script, and another one whatever happens, even when cancelled."""

    script: Script
    cleanup: Script
    shielded: bool = False
    """Whether the clean-up is not cancelled."""
    swallows: bool = False
    """Whether a cancellation ends here, as it should not."""


@attrs.frozen
class Fail:
    """Raise an error."""


@attrs.frozen
class CancelToken:
    """Cancel one of the program's tokens."""

    token: int


@attrs.frozen
class Passivate:
    """Ask an agent to leave, from wherever this is played."""

    to: Address
    limit: Limit | None = None


@attrs.frozen
class Stop:
    """Ask the runtime to end, from wherever this is played."""

    how: Literal["stop", "stop_when_idle", "close"]


Action = (
    Nap
    | Ask
    | Publish
    | Hook
    | Fan
    | Leave
    | Block
    | Finally
    | Fail
    | CancelToken
    | Passivate
    | Stop
)
Script = tuple[Action, ...]


@attrs.frozen
class AgentSpec:
    """One agent type."""

    slots: float = 1
    capacity: int = 1024
    reentrant: bool = True
    topics: tuple[int, ...] = ()
    """The topic types that it subscribes to."""
    building: Script = ()
    """What the factory plays."""
    failing_builds: int = 0
    """How many builds of each agent fail first."""
    saving: Script = ()
    """What ``save_state`` and ``load_state`` play."""
    closing: Script = ()
    """What ``on_stop`` and ``close`` play."""
    starting: Script = ()
    """What ``on_start`` plays."""
    idle_after: float | None = None
    """After how many idle seconds it leaves."""
    restarts: float = 0
    """How many restarts its policy allows; 0 for no policy."""
    failing: Literal["resume", "stop", "escalate"] = "resume"
    """What happens when it fails, or when it was restarted too often."""


@attrs.frozen
class Disturbance:
    """What happens to the whole program at some moment."""

    at: float
    how: Literal["stop", "stop_when_idle", "close", "cancel", "raise"]


@attrs.frozen
class Program:
    """One program for the explorer."""

    agents: tuple[AgentSpec, ...]
    drivers: tuple[Script, ...]
    """Played outside any agent, each in its own task."""
    again: tuple[Script, ...] = ()
    """Played after the runtime has been stopped and started again."""
    keys: int = 1
    topics: int = 0
    tokens: int = 0
    style: Literal["block", "start"] = "block"
    starts_at: float = 0.0
    """How long drivers send before ``start()``, with that style."""
    grace: float = 5.0
    fatal: bool = False
    """Whether an error of a published message's handler ends the runtime."""
    disturbance: Disturbance | None = None
    approval: float = 0.0
    """How long an intervention handler holds up every message and response."""
    stored: bool = False
    """Whether the runtime keeps the states of its agents in a store."""
    store_faults: int = 0
    """Every how manieth call of the store fails, or finds that somebody else was there."""
    store_nap: float = 0.0
    """How long each call of the store takes."""
    most: float = math.inf
    """How many agents may live before the least recently used one leaves."""
    drops: int = 0
    """Every how manieth message it drops; 0 for none."""
    waits_for_drivers: bool = True
    """Whether the end is asked for only after all drivers have ended."""
