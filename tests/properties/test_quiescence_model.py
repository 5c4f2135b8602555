"""The count of what is going on, against a plain number."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from actrio.runtime._quiescence import Quiescence

from .settings import many


@many
@given(steps=st.lists(st.booleans()))
def test_listeners_see_every_end_and_the_exact_count(steps: list[bool]) -> None:
    """Each message that ends is told with the count after it; zero means idle."""
    quiescence = Quiescence()
    seen: list[int] = []
    quiescence.listeners.append(lambda: seen.append(quiescence.active))
    active, expected = 0, []
    for begins in steps:
        if begins:
            quiescence.enter()
            active += 1
        elif active:
            quiescence.leave()
            active -= 1
            expected.append(active)
        assert quiescence.active == active
        assert quiescence.is_idle == (active == 0)
    assert seen == expected


def test_a_message_cannot_end_twice() -> None:
    """More ends than beginnings are our bug, and said so at once."""
    quiescence = Quiescence()
    quiescence.enter()
    quiescence.leave()
    with pytest.raises(AssertionError, match="ended twice"):
        quiescence.leave()


def test_a_listener_may_remove_itself() -> None:
    """The others are called all the same."""
    quiescence = Quiescence()
    calls: list[str] = []

    def once() -> None:
        calls.append("once")
        quiescence.listeners.remove(once)

    quiescence.listeners += [once, lambda: calls.append("always")]
    for _ in range(2):
        quiescence.enter()
        quiescence.leave()
    assert calls == ["once", "always", "always"]
