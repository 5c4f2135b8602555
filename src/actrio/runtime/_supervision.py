"""Supervision: what becomes of an agent that fails, and of the message it failed on.

An agent fails when a handler of a published message raises, or when it cannot be built.
An exception that a request raises is an answer to its sender and no failure.

Everything here is plain and synchronous: the time and the random number are arguments.
The actor does what is decided.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import attrs

from ..abc import Directive, OnFailure, RestartPolicy

_REMEMBERED: Final = 64
"""More than any delay needs to have grown to its longest."""

DIRECTIVES: Final = ("resume", "restart", "stop", "escalate")

Fate = Literal["over", "again", "dead"]
"""What becomes of the message: it was handled, is handled once more, or is dead."""


Verdict = Directive | Literal["wait"]
"""What becomes of the agent; ``"wait"`` for what was decided about it before."""


@attrs.frozen
class Failure:
    """One failure of one agent."""

    at: float
    """When, in seconds."""
    attempts: int
    """How often this message has failed the agent now; 0 if it could not be built."""
    leaves: bool = False
    """Whether the agent leaves already, because of another message."""


@attrs.frozen
class Decision:
    """What is done about a failure."""

    directive: Verdict
    fate: Fate = "over"
    delay: float = 0.0
    """The seconds before the next agent may be built."""
    restarts: tuple[float, ...] = ()
    """When the restarts were that still count."""


def decide(
    policy: OnFailure, restarts: tuple[float, ...], failure: Failure, chance: float
) -> Decision:
    """Decide what is done about a failure.

    Args:
        policy: What the agent's type was registered with.
        restarts: When it was restarted before, as the last decision left it.
        failure: What happened.
        chance: A random number from 0 to 1, for the delay.
    """
    if policy == "restart":
        policy = RestartPolicy()
    if not isinstance(policy, RestartPolicy):
        return Decision(policy, restarts=restarts)
    fate: Fate = "again" if failure.attempts < policy.attempts else "dead"
    counted = tuple(one for one in restarts if failure.at - one < policy.within)
    if failure.leaves:
        return Decision("wait", fate, restarts=counted)
    if len(counted) >= policy.max_restarts:
        return Decision(policy.then, restarts=counted)
    if policy.max_restarts == math.inf:
        counted = counted[-_REMEMBERED:]
    doublings = min(len(counted), _REMEMBERED)
    delay = min(policy.first_delay * 2.0**doublings, policy.longest_delay)
    delay *= 0.5 + 0.5 * chance
    return Decision("restart", fate, delay, (*counted, failure.at))


def checked_policy(value: object, *, is_instance: bool = False) -> OnFailure:
    """Return ``value`` if it says what happens to a failed agent.

    Args:
        value: What was given as ``on_failure``.
        is_instance: Whether the agent was made by the user, so that no other can take
            its place.

    Raises:
        ValueError: If it says nothing, or something that cannot be done.
        TypeError: If it is neither a string nor a policy.
    """
    if isinstance(value, RestartPolicy):
        policy: OnFailure = value
    elif value in DIRECTIVES:
        policy = value
    else:
        known = ", ".join(map(repr, DIRECTIVES))
        message = f"on_failure={value!r}: must be {known}, or a RestartPolicy"
        raise ValueError(message) if isinstance(value, str) else TypeError(message)
    if is_instance and (policy == "restart" or isinstance(policy, RestartPolicy)):
        message = (
            f"on_failure={value!r}: an agent that was registered as an instance cannot "
            "be made anew; register a factory, or take 'resume', 'stop' or 'escalate'"
        )
        raise ValueError(message)
    return policy
