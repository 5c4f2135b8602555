"""How many messages an agent may have before publishers wait."""

from __future__ import annotations

from typing import Final

from ..runtime._registration import Registration

_MOST: Final = 2**31


def room_of(registration: Registration) -> int:
    """Return how many messages may be under way to an agent of a type.

    The server counts those that are being handled too, for which an inbox needs no room.
    """
    return int(min(registration.inbox_capacity + registration.max_concurrency, _MOST))
