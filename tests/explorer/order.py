"""Making a seed replay to the letter: sets in a fixed order.

trio and anyio keep the tasks and scopes below a cancelled one in sets, ordered by memory
address, and the order in which waits are aborted shows; trio breaks ties among deadlines
by address as well. While a program is explored age takes the place of the address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import anyio
import trio
import trio._core._run as trio_scheduler
from anyio._backends import _asyncio as anyio_on_asyncio


class _Ages:
    """Numbers objects in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []

    def __call__(self, thing: object) -> int:
        number = self._numbers.get(id(thing))
        if number is None:
            number = self._numbers[id(thing)] = len(self._kept)
            self._kept.append(thing)  # or its address would be used again
        return number


def _method(ages: _Ages) -> Callable[[object], int]:
    def age(self: object) -> int:
        return ages(self)

    return age


@contextmanager
def ordered_by_age() -> Generator[type[asyncio.Task[Any]]]:
    """Let the hosts' own objects be ordered by age inside the block.

    Yields:
        The class of task to use on asyncio, for `use_tasks`.
    """
    ages = _Ages()

    class Task(asyncio.Task[Any]):
        def __hash__(self) -> int:
            return ages(self)

    classes: list[type] = [
        trio.lowlevel.Task,
        trio_scheduler.CancelStatus,
        anyio_on_asyncio.CancelScope,
    ]
    for cls in classes:
        setattr(cls, "__hash__", _method(ages))  # noqa: B010 - mypy forbids the plain way
    vars(trio_scheduler)["id"] = ages
    try:
        yield Task
    finally:
        del vars(trio_scheduler)["id"]
        for cls in classes:
            setattr(cls, "__hash__", object.__hash__)  # noqa: B010 - the same


def use_tasks(cls: type[asyncio.Task[Any]]) -> None:
    """Make the running asyncio loop make tasks of this class."""

    def factory(
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any],
        **options: Any,
    ) -> asyncio.Task[Any]:
        return cls(coro, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(factory)  # type: ignore[arg-type]


def shown(outcome: object) -> str:
    """Return a text for an outcome without memory addresses."""
    if isinstance(outcome, anyio.get_cancelled_exc_class()) and not isinstance(
        outcome, Exception
    ):
        return "cancelled"
    if isinstance(outcome, BaseExceptionGroup):
        return f"[{', '.join(map(shown, outcome.exceptions))}]"
    return repr(outcome)
