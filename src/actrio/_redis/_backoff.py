"""How long to wait before the next try to connect."""

from __future__ import annotations

from typing import Final

FIRST: Final = 0.05
LONGEST: Final = 2.0


def delay(failures: int, random: float) -> float:
    """Return how many seconds to wait after so many failures in a row.

    Between a half and the whole of a time that doubles, so that a thousand clients of one
    server do not come back in the same moment.

    Args:
        failures: How many there were, at least 1.
        random: A number from 0 to 1.
    """
    whole = min(FIRST * 2.0 ** min(failures - 1, 10), LONGEST)
    return whole * (1 + random) / 2
