"""How often what happened to the agents of one runtime."""

from __future__ import annotations

import attrs


@attrs.define
class Tally:
    """Counts of what happened to agents."""

    activations: int = 0
    """How many agents came to life."""
    passivations: int = 0
    """How many left because they were asked to, were idle, or too many lived."""
    restarts: int = 0
    """How many were replaced because they had failed."""
    stops: int = 0
    """How many were stopped for good because they had failed."""
