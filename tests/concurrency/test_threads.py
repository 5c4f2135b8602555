"""Blocking calls in the loop's own threads."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from actrio._concurrency import current_host

from .gate import Gate, let_others_run

pytestmark = [pytest.mark.anyio, pytest.mark.every_host]

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
color = ContextVar("color", default="none")


async def test_the_value_comes_back_from_another_thread() -> None:
    """The event loop's own thread is not held up."""
    found = await current_host().run_in_thread(threading.get_ident)
    assert found != threading.get_ident()


async def test_a_call_that_ends_is_told_nothing() -> None:
    """Its caller gets the value or the error as without anybody to tell."""
    told: list[str] = []
    host = current_host()
    assert await host.run_in_thread(lambda: 5, lambda: told.append("told")) == 5
    with pytest.raises(ZeroDivisionError):
        await host.run_in_thread(lambda: 1 // 0, lambda: told.append("told"))
    assert told == []


async def test_an_error_comes_back() -> None:
    """The same object."""
    error = ValueError("mine")

    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as caught:
        await current_host().run_in_thread(fail)
    assert caught.value is error


async def test_the_call_has_the_context_of_its_caller() -> None:
    """It reads what the caller has set, and what it sets itself stays with it."""
    color.set("red")

    def read() -> str:
        seen = color.get()
        color.set("blue")
        return seen

    assert await current_host().run_in_thread(read) == "red"
    assert color.get() == "red"


async def test_calls_run_beside_each_other() -> None:
    """The second one ends while the first still runs."""
    host = current_host()
    gate = Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run_in_thread, gate)
        await gate.begun.wait()
        assert await host.run_in_thread(lambda: 5) == 5
        gate.open()


async def test_a_cancelled_caller_is_told_and_waits() -> None:
    """A thread cannot be stopped, so the caller says so to it and goes on waiting."""
    host = current_host()
    gate = Gate()
    told: list[bool] = []
    left = False

    async def call() -> None:
        nonlocal left
        try:
            await host.run_in_thread(gate, lambda: told.append(gate.ended))
        finally:
            left = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await gate.begun.wait()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await let_others_run()
            told_before, left_before = list(told), left
        gate.open()
    assert told_before == [False]
    assert not left_before
    assert gate.ended
    assert left


async def test_the_error_of_a_cancelled_call_goes_before_the_cancellation() -> None:
    """As a request gives the error of its handler."""
    host = current_host()

    def fail() -> None:
        message = "while cancelled"
        raise KeyError(message)

    gate = Gate(fail)
    caught: list[Exception] = []

    async def call() -> None:
        try:
            await host.run_in_thread(gate, gate.open)
        except KeyError as exc:
            caught.append(exc)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await gate.begun.wait()
        tasks.cancel_scope.cancel()
    assert len(caught) == 1


async def test_a_call_that_has_not_begun_is_withdrawn() -> None:
    """Nobody hears of it."""
    called: list[str] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await current_host().run_in_thread(
            lambda: called.append("called"), lambda: called.append("told")
        )
    await let_others_run()
    assert scope.cancelled_caught
    assert called == []


async def test_a_call_may_be_cancelled_while_its_thread_starts() -> None:
    """It is told, or it never begins; it is not forgotten between the two."""
    host = current_host()
    for _ in range(30):
        told = threading.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.run_in_thread, told.wait, told.set)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()


@on_asyncio
async def test_a_native_cancellation_waits_as_well() -> None:
    """asyncio's own ``cancel()`` is raised when the thread is done."""
    gate = Gate()
    call = current_host().run_in_thread(gate)
    task = asyncio.get_running_loop().create_task(call)
    await gate.begun.wait()
    task.cancel()
    await let_others_run()
    assert not task.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gate.ended
