"""Cancellation tokens: a cancel scope that can be handed to somebody else."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import weakref
from functools import partial
from typing import ClassVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from actrio.messages import CancellationToken, CancelledFlag
from actrio.testing import leftover_tasks, run

hosted = [pytest.mark.anyio, pytest.mark.every_host]
timed = pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)


# -- without an event loop -------------------------------------------------------------


def test_is_cancelled_reads_as_an_attribute_and_as_a_call() -> None:
    """Both say the same, before and after."""
    token = CancellationToken()
    assert not token.is_cancelled
    assert token.is_cancelled() is False
    assert token.is_cancelled == False  # noqa: E712
    assert "not cancelled" in repr(token)
    token.cancel()
    assert token.is_cancelled
    assert token.is_cancelled() is True
    assert token.is_cancelled == True  # noqa: E712
    assert token.is_cancelled != CancelledFlag(False)
    assert token.is_cancelled != "yes"
    assert hash(token.is_cancelled) == hash(True)
    assert repr(token.is_cancelled) == "True"
    assert "not" not in repr(token)


def test_callbacks_run_once_in_order_in_the_cancelling_thread() -> None:
    """However often it is cancelled."""
    token = CancellationToken()
    calls: list[tuple[int, int]] = []
    for number in range(3):
        token.add_callback(lambda n=number: calls.append((n, threading.get_ident())))  # type: ignore[misc]
    thread = threading.Thread(target=token.cancel)
    thread.start()
    thread.join()
    token.cancel()
    assert [number for number, _ in calls] == [0, 1, 2]
    assert {ident for _, ident in calls} == {thread.ident}


def test_a_callback_added_late_is_called_at_once() -> None:
    """And its error is the adder's."""
    token = CancellationToken()
    token.cancel()
    calls: list[int] = []
    token.add_callback(lambda: calls.append(1))
    assert calls == [1]
    with pytest.raises(ZeroDivisionError):
        token.add_callback(lambda: 1 // 0)  # type: ignore[arg-type]


def test_callbacks_that_raise_do_not_stop_the_others() -> None:
    """All errors come together in one group; the token is cancelled."""
    token = CancellationToken()
    calls: list[int] = []

    def fail() -> None:
        raise ValueError("callback")

    for callback in (fail, lambda: calls.append(1), fail):
        token.add_callback(callback)
    with pytest.raises(ExceptionGroup, match="2 cancellation callbacks") as caught:
        token.cancel()
    assert [str(exc) for exc in caught.value.exceptions] == ["callback"] * 2
    assert calls == [1]
    assert token.is_cancelled


def test_a_callback_may_use_the_token() -> None:
    """It sees it cancelled, may cancel again and add callbacks: no dead lock."""
    token = CancellationToken()
    seen: list[object] = []

    def callback() -> None:
        seen.append(bool(token.is_cancelled))
        token.cancel()
        token.add_callback(lambda: seen.append("late"))

    token.add_callback(callback)
    token.cancel()
    assert seen == [True, "late"]


def test_cancelling_from_many_threads_calls_once() -> None:
    """The threads race; each callback runs once."""
    for _ in range(20):
        token = CancellationToken()
        calls: list[int] = []
        token.add_callback(partial(calls.append, 1))
        threads = [threading.Thread(target=token.cancel) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls == [1]


def test_loop_bound_methods_need_a_loop() -> None:
    """The error says so."""
    token = CancellationToken()
    with pytest.raises(RuntimeError, match="no event loop"):
        token.cancel_after(1)
    with pytest.raises(RuntimeError, match="no event loop"):
        with token.scope():
            pass


def test_a_token_can_be_referenced_weakly_and_is_collected() -> None:
    """Nothing global holds it."""
    token = CancellationToken()
    reference = weakref.ref(token)
    del token
    gc.collect()
    assert reference() is None


# -- scope() ---------------------------------------------------------------------------


class TestScope:
    pytestmark: ClassVar = hosted

    async def test_a_block_under_the_token_ends_quietly(self) -> None:
        """Cancelled from another task, the block ends and the scope says so."""
        token = CancellationToken()
        async with anyio.create_task_group() as tasks:

            async def cancel() -> None:
                token.cancel()

            with token.scope() as scope:
                tasks.start_soon(cancel)
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert not token._listeners

    async def test_a_block_that_ends_first_is_forgotten(self) -> None:
        """A long-lived token keeps nothing of it, also when it raised."""
        token = CancellationToken()
        for _ in range(100):
            with token.scope() as scope:
                await anyio.lowlevel.checkpoint()
            assert not scope.cancelled_caught
            with pytest.raises(ValueError, match="block"):
                with token.scope():
                    raise ValueError("block")
        assert not token._listeners

    async def test_a_block_under_a_cancelled_token(self) -> None:
        """It is cancelled at its first checkpoint."""
        token = CancellationToken()
        token.cancel()
        with token.scope() as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught

    async def test_a_token_cancelled_in_a_thread_cancels_the_block_in_its_loop(
        self,
    ) -> None:
        """The thread does not touch the loop."""
        token = CancellationToken()
        async with anyio.create_task_group() as tasks:
            with token.scope() as scope:
                tasks.start_soon(anyio.to_thread.run_sync, token.cancel)
                await anyio.sleep_forever()
        assert scope.cancelled_caught

    async def test_two_blocks_under_one_token(self) -> None:
        """Both are cancelled, in their own tasks."""
        token = CancellationToken()
        ended: list[int] = []

        async def block(number: int) -> None:
            with token.scope():
                await anyio.sleep_forever()
            ended.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(2):
                tasks.start_soon(block, number)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            token.cancel()
        assert sorted(ended) == [0, 1]


def test_a_token_outlives_a_loop() -> None:
    """A block of an ended loop is gone; the next loop uses the same token."""
    token = CancellationToken()

    async def forgotten() -> None:
        token.register(lambda: pytest.fail("its loop has ended"))

    async def use() -> bool:
        with token.scope() as scope:
            await anyio.to_thread.run_sync(token.cancel)
            await anyio.sleep_forever()
        return scope.cancelled_caught

    run(forgotten, host="asyncio")
    run(forgotten, host="trio")
    assert run(use, host="trio")


# -- cancel_after() --------------------------------------------------------------------


class TestCancelAfter:
    pytestmark: ClassVar = [pytest.mark.anyio]

    async def test_it_cancels_in_time(self) -> None:
        """Not before, and what runs under it ends then."""
        token = CancellationToken()
        began = anyio.current_time()
        token.cancel_after(5)
        await anyio.sleep(4)
        assert not token.is_cancelled
        with token.scope():
            await anyio.sleep_forever()
        assert anyio.current_time() - began == pytest.approx(5)
        assert token.is_cancelled

    async def test_a_later_call_replaces_the_time(self) -> None:
        """Sooner or later; and cancel() ends the wait."""
        token = CancellationToken()
        token.cancel_after(5)
        token.cancel_after(10)
        await anyio.sleep(7)
        assert not token.is_cancelled
        token.cancel_after(1)
        await anyio.sleep(2)
        assert token.is_cancelled

    async def test_cancel_disarms_the_timer(self) -> None:
        """Nothing is left running, and callbacks run once."""
        token = CancellationToken()
        calls: list[int] = []
        token.add_callback(lambda: calls.append(1))
        token.cancel_after(5)
        token.cancel()
        token.cancel_after(5)
        await anyio.sleep(0.1)
        assert [line for line in leftover_tasks() if "timer" in line] == []
        await anyio.sleep(10)
        assert calls == [1]

    async def test_cancel_from_a_thread_disarms_the_timer(self) -> None:
        """Although the timer belongs to the loop."""
        token = CancellationToken()
        token.cancel_after(5)
        await anyio.lowlevel.checkpoint()
        await anyio.to_thread.run_sync(token.cancel)
        await anyio.sleep(1)
        assert [line for line in leftover_tasks() if "timer" in line] == []
        assert token.is_cancelled

    async def test_zero_cancels_soon(self) -> None:
        """In one of the loop's next passes."""
        token = CancellationToken()
        token.cancel_after(0)
        await anyio.sleep(0.1)
        assert token.is_cancelled

    @pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
    async def test_times_that_make_no_sense(self, seconds: float) -> None:
        """The error names the value and the rule."""
        with pytest.raises(ValueError, match="must be finite and not negative"):
            CancellationToken().cancel_after(seconds)

    async def test_a_callback_that_raises_does_not_break_the_host(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nobody waits for it there: the error is logged, the program goes on."""
        token = CancellationToken()
        token.add_callback(lambda: 1 // 0)  # type: ignore[arg-type]
        token.cancel_after(1)
        await anyio.sleep(2)
        assert token.is_cancelled
        assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_a_timer_ends_with_its_loop(host: str) -> None:
    """The token stays as it is, and can be cancelled afterwards."""
    token = CancellationToken()

    async def arm() -> None:
        token.cancel_after(5)
        await anyio.lowlevel.checkpoint()

    run(arm, host=host)  # type: ignore[arg-type]
    assert not token.is_cancelled
    token.cancel()
    assert token.is_cancelled


# -- link_future() ---------------------------------------------------------------------


class TestLinkFuture:
    pytestmark: ClassVar = [pytest.mark.anyio]

    @on_asyncio
    async def test_the_future_is_cancelled_with_the_token(self) -> None:
        """The same future is returned."""
        token = CancellationToken()
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        assert token.link_future(future) is future
        token.cancel()
        assert future.cancelled()

    @on_asyncio
    async def test_a_future_that_is_done_is_forgotten(self) -> None:
        """A long-lived token keeps none, and changes none."""
        token = CancellationToken()
        loop = asyncio.get_running_loop()
        for number in range(100):
            future: asyncio.Future[int] = token.link_future(loop.create_future())
            future.set_result(number)
            assert await future == number
        await asyncio.sleep(0)
        assert not token._listeners
        done: asyncio.Future[int] = loop.create_future()
        done.set_result(1)
        token.link_future(done)
        token.cancel()
        assert done.result() == 1

    @on_asyncio
    async def test_a_cancelled_token_cancels_at_once(self) -> None:
        """As in autogen_core."""
        token = CancellationToken()
        token.cancel()
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        token.link_future(future)
        assert future.cancelled()

    @on_asyncio
    async def test_from_another_thread_the_future_is_cancelled_in_its_loop(
        self,
    ) -> None:
        """The waiting task wakes up."""
        token = CancellationToken()
        task = asyncio.get_running_loop().create_task(asyncio.sleep(100))
        token.link_future(task)
        await asyncio.to_thread(token.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    @on_trio
    async def test_trio_has_no_futures(self) -> None:
        """The error names the way that works there."""
        with pytest.raises(RuntimeError, match=r"token\.scope\(\)"):
            CancellationToken().link_future(None)  # type: ignore[arg-type]
        assert trio.lowlevel.in_trio_task()
