"""Who is still here: the tasks of the running host, for leak checks and reports.

trio guarantees that no task outlives its nursery, but it cancels *system* tasks without
a word when the main task ends. A runtime started with ``start()`` lives in one, so a
runtime that was never stopped leaves no trace on trio. On asyncio the end of the run
cancels every task just as silently. :func:`leftover_tasks` therefore has to be asked
before the run ends, from inside.

Both functions look at the host directly and change nothing. They are plain functions:
they never wait and are not checkpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import FrameType

import trio

_HOSTS_OWN = ("<", "trio.", "anyio.", "actrio.testing.watchdog")
"""Tasks whose names begin so belong to the host or to these tools, not to a runtime."""

_PLUMBING = {"trio", "anyio", "asyncio"}
"""Packages whose frames do not tell a reader what a task waits for."""


def leftover_tasks(known: Iterable[object] = ()) -> list[str]:
    """Describe every task that the calling task does not own.

    Ask at the end of a test. On trio these are the system tasks that neither trio nor
    anyio started, with everything below them: tasks in ordinary nurseries cannot be
    left over. On asyncio these are all tasks except the calling one.

    Args:
        known: Tasks that may live on, for example those that ran before the test.

    Returns:
        One line per task, its name and where it waits, sorted. Empty when nothing leaks.

    Raises:
        RuntimeError: If called outside trio and asyncio.
    """
    tolerated = {id(task) for task in known}
    return sorted(
        _describe(task)
        for task in (_trio_leftovers() if _in_trio() else _asyncio_leftovers())
        if id(task) not in tolerated
    )


def describe_tasks() -> list[str]:
    """Describe every task of the running host and where each one waits.

    The text is for people who look for the cause of a hang.

    Returns:
        One line per task. trio's and anyio's own tasks are left out.

    Raises:
        RuntimeError: If called outside trio and asyncio.
    """
    if not _in_trio():
        return sorted(map(_describe, asyncio.all_tasks(asyncio.get_running_loop())))
    root = trio.lowlevel.current_root_task()
    assert root is not None
    return [_describe(task) for task in _below(root) if not _is_hosts_own(task)]


def _in_trio() -> bool:
    return trio.lowlevel.in_trio_run()


def _trio_leftovers() -> Iterator[trio.lowlevel.Task]:
    mine = trio.lowlevel.current_task()
    root = trio.lowlevel.current_root_task()
    assert root is not None
    main = mine
    while main.parent_nursery is not None and main.parent_nursery.parent_task != root:
        main = main.parent_nursery.parent_task
    for nursery in root.child_nurseries:
        for task in nursery.child_tasks:
            if task is not main and not _is_hosts_own(task):
                yield task
                yield from _below(task)


def _below(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    waiting = [task]
    while waiting:
        for nursery in waiting.pop().child_nurseries:
            yield from nursery.child_tasks
            waiting.extend(nursery.child_tasks)


def _is_hosts_own(task: trio.lowlevel.Task) -> bool:
    return task.name.startswith(_HOSTS_OWN)


def _asyncio_leftovers() -> Iterator[asyncio.Task[object]]:
    current = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not current:
            yield task


def _describe(task: trio.lowlevel.Task | asyncio.Task[object]) -> str:
    if isinstance(task, trio.lowlevel.Task):
        return f"{task.name} waits in {_innermost(task.coro)}"
    return f"{task.get_name()} waits in {_innermost(task.get_coro())}"


def _innermost(awaitable: object) -> str:
    """Follow a chain of awaits down to the last frame that is not the host's own."""
    where = str(getattr(awaitable, "__qualname__", awaitable))
    while awaitable is not None:
        frame = _first_attribute(awaitable, "cr_frame", "gi_frame", "ag_frame")
        if isinstance(frame, FrameType):
            package = str(frame.f_globals.get("__name__")).partition(".")[0]
            if package not in _PLUMBING:
                code = frame.f_code
                where = f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})"
        awaitable = _first_attribute(awaitable, "cr_await", "gi_yieldfrom", "ag_await")
    return where


def _first_attribute(source: object, *names: str) -> object:
    values: Iterator[object] = (getattr(source, name, None) for name in names)
    return next((value for value in values if value is not None), None)
