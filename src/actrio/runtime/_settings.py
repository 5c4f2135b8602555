"""What a runtime and its agent types are set up with, and which values are allowed."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs

from ..abc import StateStore
from ._dead_letters import DeadLetter


@attrs.frozen
class Settings:
    """What the runtime was constructed with."""

    ignore_unhandled_exceptions: bool
    max_concurrency: float
    inbox_capacity: int
    grace: float
    strict_delivery: bool
    on_dead_letter: Callable[[DeadLetter], object] | None
    warn_busy_after: float
    state_store: StateStore | None
    max_live_agents: float


def checked_number(name: str, value: float) -> float:
    """Return ``value`` if it can be a number of slots or agents.

    Raises:
        ValueError: If it is neither a positive whole number nor infinite.
    """
    if value == math.inf or (value >= 1 and value == int(value)):
        return value
    message = f"{name}={value!r}: must be a whole number of at least 1, or math.inf"
    raise ValueError(message)


def checked_capacity(value: int) -> int:
    """Return ``value`` if it can be the capacity of an inbox.

    Raises:
        ValueError: If it is not a whole number of at least 1.
    """
    if value >= 1 and value == int(value):
        return value
    message = f"inbox_capacity={value!r}: must be a whole number of at least 1"
    raise ValueError(message)


def checked_seconds(name: str, value: float, *, at_least: float | None = None) -> float:
    """Return ``value`` if it can be a time to wait.

    Raises:
        ValueError: If it is no number, or out of its range.
    """
    if math.isnan(value) or value < 0 or (at_least is None and value == 0):
        rule = "0 or more" if at_least is not None else "more than 0"
        message = f"{name}={value!r}: must be a number of seconds, {rule}"
        raise ValueError(message)
    return value


def checked_store(store: object) -> StateStore | None:
    """Return ``store`` if it is one, or None.

    Raises:
        TypeError: If it is something else.
    """
    if store is None or isinstance(store, StateStore):
        return store
    message = (
        f"state_store={store!r} is no StateStore; take SqliteStateStore(path) or "
        "MemoryStateStore() of actrio.state, or write a class with the same methods"
    )
    raise TypeError(message)
