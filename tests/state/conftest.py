"""Every test of the contract runs on each kind of store."""

from __future__ import annotations

from pathlib import Path

import pytest

from .places import KINDS, Place


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where states lie; stores made for it find what others left there."""
    return Place(request.param, tmp_path)
