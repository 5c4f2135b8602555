"""In which order messages of several priorities are received.

Urgent before high before normal before low, and the oldest first within each. So that
nobody starves, the oldest message of a priority is passed by at most `PATIENCE` more
urgent ones; then it is its turn. If several have waited for so long they take turns, so
the bound is `PATIENCE` and one for each other priority.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

PATIENCE: Final = 32
"""How many more urgent messages may pass the oldest one of a priority."""


def choose(waiting: Sequence[int], passed: Sequence[int]) -> int:
    """Return the number of the priority whose oldest message is next.

    Args:
        waiting: How many messages of each priority wait, the most urgent first; at
            least one must.
        passed: How many messages have passed the oldest one of each.
    """
    overdue = [
        number
        for number, count in enumerate(waiting)
        if count and passed[number] >= PATIENCE
    ]
    if overdue:
        return max(overdue, key=lambda number: passed[number])
    return next(number for number, count in enumerate(waiting) if count)


def count_passed(
    taken: int, waiting: Sequence[int], passed: Sequence[int]
) -> list[int]:
    """Return how many have passed each now that a message of one priority was taken.

    Args:
        taken: The number of that priority.
        waiting: How many messages of each priority wait, without that message.
        passed: How many had passed each before.
    """
    return [
        passed[number] + (number > taken) if count and number != taken else 0
        for number, count in enumerate(waiting)
    ]


def order(waiting: Sequence[int], passed: Sequence[int]) -> Iterator[int]:
    """Yield the priorities of all messages that wait, in the order of receiving."""
    waiting, passed = list(waiting), list(passed)
    while any(waiting):
        number = choose(waiting, passed)
        waiting[number] -= 1
        passed = count_passed(number, waiting, passed)
        yield number
