"""What happens to an agent that fails."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs

Directive = Literal["resume", "restart", "stop", "escalate"]


def _positive(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    del instance
    if not 0 < value < math.inf:
        message = f"{attribute.name}={value!r}: must be a finite number above 0"
        raise ValueError(message)


def _whole(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    del instance
    if not (value == math.inf or (value >= 1 and value == int(value))):
        message = (
            f"{attribute.name}={value!r}: must be a whole number of at least 1, or "
            "math.inf"
        )
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class RestartPolicy:
    """How agents of one type are restarted: how often, how soon, and what comes then.

    The delay before a restart doubles with each one that came before it within
    ``within`` seconds, from ``first_delay`` up to ``longest_delay``. Of each delay, a
    random part between a half and the whole is waited, so that agents that failed
    together do not come back together.

    Raises:
        ValueError: If one of the numbers is out of its range, ``longest_delay`` is
            shorter than ``first_delay``, or ``then`` is something else.
    """

    attempts: float = attrs.field(default=3, validator=_whole)
    """How often one message may fail the agent before it is a dead letter."""
    max_restarts: float = attrs.field(default=5, validator=_whole)
    """How many restarts there may be within ``within`` seconds; ``math.inf`` for any."""
    within: float = attrs.field(default=60.0, validator=_positive)
    """The seconds in which restarts are counted together."""
    first_delay: float = attrs.field(default=0.1, validator=_positive)
    """The seconds before the first restart."""
    longest_delay: float = attrs.field(default=10.0, validator=_positive)
    """The seconds that no delay exceeds."""
    then: Literal["stop", "escalate"] = attrs.field(default="stop")
    """What happens instead of one restart too many."""

    def __attrs_post_init__(self) -> None:
        if self.longest_delay < self.first_delay:
            message = (
                f"longest_delay={self.longest_delay!r} is shorter than "
                f"first_delay={self.first_delay!r}; no delay could be both"
            )
            raise ValueError(message)
        if self.then not in ("stop", "escalate"):
            message = f"then={self.then!r}: must be 'stop' or 'escalate'"
            raise ValueError(message)


OnFailure = Directive | RestartPolicy
"""What happens to an agent that fails; ``"restart"`` is ``RestartPolicy()``."""
