"""What a runtime counts."""

from __future__ import annotations

import attrs


@attrs.define
class Counters:
    """What has happened since the runtime was opened."""

    sent: int = 0
    published: int = 0
    received: int = 0
    received_again: int = 0
    handled: int = 0
    cancelled: int = 0
    expired: int = 0
    fenced: int = 0
    joined: int = 0
