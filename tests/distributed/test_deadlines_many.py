"""Many deadlines at once."""

from __future__ import annotations

from typing import Any

import pytest

from actrio.distributed._deadlines import Deadlines
from actrio.messages import DONE, QUEUED


class Clock:
    """A host whose time stands still."""

    def current_time(self) -> float:
        return 0.0

    def call_later(self, seconds: float, function: object) -> Clock:
        return self

    def cancel(self) -> None:
        pass


class Pending:
    """As much of a request as there has to be."""

    state = QUEUED


def test_what_is_alive_is_not_looked_at_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten thousand requests take a few looks, not nine thousand."""
    looks = 0

    def look(heap: list[Any]) -> None:
        nonlocal looks
        looks += 1

    monkeypatch.setattr("heapq.heapify", look)
    deadlines = Deadlines(Clock(), lambda arrival: None)  # type: ignore[arg-type]  # enough of a host
    for number in range(10_000):
        assert deadlines.add(Pending(), number + 1.0)  # type: ignore[arg-type]  # enough of a request
    assert looks < 10


def test_what_is_over_is_dropped() -> None:
    """However many requests with a far deadline come and go."""
    deadlines = Deadlines(Clock(), lambda arrival: None)  # type: ignore[arg-type]  # enough of a host
    for number in range(10_000):
        pending: Any = Pending()
        assert deadlines.add(pending, number + 1.0)
        pending.state = DONE
    assert len(deadlines._heap) <= 1024
