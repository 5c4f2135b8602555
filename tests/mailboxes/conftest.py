"""Every test of the contract runs on each kind of bus."""

from __future__ import annotations

import pytest

from .buses import KINDS, Buses


@pytest.fixture(params=KINDS)
def buses(request: pytest.FixtureRequest) -> Buses:
    """What makes buses of one kind."""
    return Buses(request.param)
