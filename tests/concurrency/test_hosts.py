"""The door to the event loop: both hosts keep one contract."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
from typing import ClassVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from actrio._concurrency import Host, Waiter, current_host, interrupt_main_thread
from actrio.testing import leftover_tasks, run

hosted = [pytest.mark.anyio, pytest.mark.every_host]
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)


class Staying(Waiter):
    """Refuses to leave; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def leave(self) -> bool:
        self.asked += 1
        return False


class TestPark:
    pytestmark: ClassVar = hosted

    async def test_a_parked_task_goes_on_when_it_is_woken(self) -> None:
        """Not cancelled, and the waiter is free again."""
        host, waiter = current_host(), Waiter()
        ended = []

        async def park() -> None:
            await host.park(waiter)
            ended.append(waiter.cancelled)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(park)
            await anyio.wait_all_tasks_blocked()
            assert waiter.parked is not None
            host.wake(waiter)
            assert waiter.parked is None
            host.wake(waiter)  # nobody waits: nothing happens
        assert ended == [None]

    async def test_an_idle_task_is_cancelled_and_woken_in_one_step(self) -> None:
        """It is only cancelled; as an actor that is stopped when a message comes."""
        host, waiter = current_host(), Waiter()
        scope = anyio.CancelScope()

        async def idle() -> None:
            with scope:
                try:
                    await host.idle(waiter)
                finally:
                    waiter.parked = None

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(idle)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            host.wake(waiter)
        assert scope.cancelled_caught

    async def test_waking_nobody_is_harmless(self) -> None:
        """A waiter on which nobody is parked stays as it is."""
        host, waiter = current_host(), Waiter()
        host.wake(waiter)
        assert waiter.parked is None

    async def test_a_waiter_that_may_leave_leaves_at_once(self) -> None:
        """The cancellation is raised, and the waiter is free."""
        host, waiter = current_host(), Waiter()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def park() -> None:
                    await host.park(waiter)

                tasks.start_soon(park)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        assert scope.cancelled_caught
        assert waiter.parked is None
        host.wake(waiter)

    async def test_a_waiter_that_must_stay_is_asked_once_and_stays(self) -> None:
        """Until it is woken; the cancellation comes as a function."""
        host, waiter = current_host(), Staying()
        log: list[str] = []

        async def park() -> None:
            await host.park(waiter)
            log.append("woken")
            assert waiter.cancelled is not None
            try:
                waiter.cancelled()
            finally:
                log.append("raised")

        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()

            async def scoped() -> None:
                with scope:
                    await park()

            tasks.start_soon(scoped)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            assert log == []
            host.wake(waiter)
        assert log == ["woken", "raised"]
        assert waiter.asked == 1
        assert scope.cancelled_caught

    async def test_the_pending_cancellation_may_be_dropped(self) -> None:
        """Whoever drops it meets the scope's cancellation at the next checkpoint."""
        host, waiter = current_host(), Staying()
        reached: list[str] = []
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()

            async def park() -> None:
                with scope:
                    await host.park(waiter)
                    reached.append("after park")
                    await anyio.sleep_forever()

            tasks.start_soon(park)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.lowlevel.checkpoint()
            host.wake(waiter)
        assert reached == ["after park"]
        assert scope.cancelled_caught

    async def test_woken_before_cancelled_in_one_step_is_woken(self) -> None:
        """A scope that is cancelled after the wake-up takes nothing away."""
        host, waiter = current_host(), Staying()
        ended: list[str] = []
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()

            async def park() -> None:
                with scope:
                    await host.park(waiter)
                    ended.append("woken")

            tasks.start_soon(park)
            await anyio.wait_all_tasks_blocked()
            host.wake(waiter)
            scope.cancel()
        assert ended == ["woken"]
        assert waiter.asked == 0

    async def test_cancelled_before_woken_in_one_step_asks_at_the_cancel(self) -> None:
        """The decision falls in the cancelling step, on asyncio too."""
        host, waiter = current_host(), Staying()
        ended: list[str] = []
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()

            async def park() -> None:
                with scope:
                    await host.park(waiter)
                    ended.append("woken")

            tasks.start_soon(park)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            assert waiter.asked == 1
            host.wake(waiter)
        assert ended == ["woken"]
        assert waiter.cancelled is not None

    async def test_parking_under_a_cancelled_scope(self) -> None:
        """A waiter that may leave does; it is left free."""
        host, waiter = current_host(), Waiter()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await host.park(waiter)
        assert scope.cancelled_caught
        assert waiter.parked is None


@pytest.mark.anyio
@on_asyncio
async def test_native_cancels_while_staying_are_kept_once() -> None:
    """Ten cancels of the parked task come out as one, when it is woken."""
    host, waiter = current_host(), Staying()
    caught: list[BaseException] = []

    async def park() -> None:
        await host.park(waiter)
        assert waiter.cancelled is not None
        try:
            waiter.cancelled()
        except asyncio.CancelledError as exc:
            caught.append(exc)

    task = asyncio.get_running_loop().create_task(park())
    await asyncio.sleep(0)
    for number in range(10):
        task.cancel(f"cancel {number}")
        await asyncio.sleep(0)
    assert not task.done()
    host.wake(waiter)
    await task
    assert waiter.asked == 1
    assert len(caught) == 1


@pytest.mark.anyio
@on_asyncio
async def test_staying_under_a_cancelled_scope_does_not_spin() -> None:
    """While the handler unwinds the loop is quiet: anyio delivers nothing again."""
    host, waiter = current_host(), Staying()
    loop = asyncio.get_running_loop()
    turns = 0

    async def park() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await host.park(waiter)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(park)
        await anyio.sleep(0.5)

        def count() -> None:
            nonlocal turns
            turns += 1

        loop.before_turn = count  # type: ignore[attr-defined]
        await anyio.sleep(5)
        loop.before_turn = None  # type: ignore[attr-defined]
        host.wake(waiter)
    assert turns < 10


class TestCallLater:
    pytestmark: ClassVar = [pytest.mark.anyio]

    async def test_it_calls_in_time_and_can_be_disarmed(self) -> None:
        """Disarming after the call is harmless."""
        host = current_host()
        calls: list[float] = []
        began = host.current_time()
        timer = host.call_later(5, lambda: calls.append(host.current_time() - began))
        disarmed = host.call_later(5, lambda: calls.append(-1.0))
        disarmed.cancel()
        await anyio.sleep(6)
        assert calls == [pytest.approx(5)]
        timer.cancel()

    async def test_a_timer_that_is_disarmed_leaves_nothing(self) -> None:
        """No task stays behind."""
        host = current_host()
        before = leftover_tasks()
        host.call_later(5, lambda: None).cancel()
        await anyio.sleep(0.1)
        assert leftover_tasks() == before


class TestSpawn:
    pytestmark: ClassVar = hosted

    async def test_a_spawned_task_has_the_given_context(self) -> None:
        """And not the one of who spawned it."""
        variable = contextvars.ContextVar("variable", default="default")
        context = contextvars.Context()
        context.run(variable.set, "given")
        variable.set("mine")
        seen: list[str] = []
        done = anyio.Event()

        async def task() -> None:
            seen.append(variable.get())
            done.set()

        current_host().spawn(task, context)
        await done.wait()
        assert seen == ["given"]

    async def test_run_soon_works_from_any_thread(self) -> None:
        """The function is called in the loop."""
        host, called = current_host(), anyio.Event()
        threads: list[int] = []

        def function() -> None:
            threads.append(threading.get_ident())
            called.set()

        await anyio.to_thread.run_sync(host.run_soon, function)
        await called.wait()
        assert threads == [threading.get_ident()]

    async def test_it_knows_whether_it_is_current(self) -> None:
        """In this loop and thread only."""
        host = current_host()
        assert host.is_current()
        assert current_host().is_current()
        assert not await anyio.to_thread.run_sync(host.is_current)
        assert not host.is_over()

    async def test_it_says_whether_a_scope_has_cancelled(self) -> None:
        """Yielding without being cancelled is possible all the same."""
        host = current_host()
        assert not host.is_cancelled()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await host.let_others_run()
            await host.let_others_run()
            assert host.is_cancelled()
            await host.checkpoint()
        assert scope.cancelled_caught
        assert not host.is_cancelled()


def test_nothing_runs_outside_a_loop() -> None:
    """current_host() says where to call it; an ended host ignores calls."""
    with pytest.raises(RuntimeError, match="async function"):
        current_host()

    async def get() -> Host:
        return current_host()

    for name in ("trio", "asyncio"):
        host = run(get, host=name)
        assert host.name == name
        assert not host.is_current()
        assert host.is_over()
        host.run_soon(lambda: pytest.fail("the loop has ended"))


def test_another_loop_of_the_same_kind_is_not_current() -> None:
    """Neither one after the other nor in another thread."""

    async def get() -> Host:
        return current_host()

    async def ask() -> bool:
        return first.is_current()

    for name in ("trio", "asyncio"):
        first = run(get, host=name)
        assert not run(ask, host=name)


@pytest.mark.anyio
class TestSplitCancellation:
    async def test_an_ordinary_error_is_the_users(self) -> None:
        """Also a group of them, which stays the same object."""
        host = current_host()
        for error in (
            ValueError(),
            KeyboardInterrupt(),
            ExceptionGroup("two", [ValueError(), TypeError()]),
            BaseExceptionGroup("two", [ValueError(), KeyboardInterrupt()]),
        ):
            cancellation, own = host.split_cancellation(error)
            assert cancellation is None
            assert own is error

    async def test_the_hosts_cancellation_is_ours(self) -> None:
        """Alone, and as the only kind in a group."""
        host = current_host()
        caught: list[BaseException] = []
        sorted_out: tuple[object, object] | None = None
        with host.cancel_scope() as scope:
            scope.cancel()
            try:
                await anyio.sleep_forever()
            except BaseException as exc:
                caught.append(exc)
                group = BaseExceptionGroup("only", [exc])
                sorted_out = host.split_cancellation(exc)
                cancellation, own = host.split_cancellation(group)
                assert own is None
                assert cancellation is group
                mixed = BaseExceptionGroup("mixed", [exc, ValueError("mine")])
                cancellation, own = host.split_cancellation(mixed)
                assert isinstance(cancellation, BaseExceptionGroup)
                assert isinstance(own, BaseExceptionGroup)
                assert [str(e) for e in own.exceptions] == ["mine"]
                raise
        assert sorted_out == (caught[0], None)

    async def test_a_cancelled_error_that_nobody_asked_for_is_the_users(self) -> None:
        """On asyncio a handler may raise one by itself; on trio it is foreign anyway."""
        host = current_host()
        error = asyncio.CancelledError()
        assert host.split_cancellation(error) == (None, error)
        assert not host.is_stray(ValueError())


@pytest.mark.anyio
@on_trio
async def test_trio_objects_are_trios_own() -> None:
    """No layer in between."""
    host = current_host()
    assert isinstance(host.cancel_scope(), trio.CancelScope)
    async with host.open_nursery() as nursery:
        assert isinstance(nursery, trio.Nursery)


def test_interrupting_reaches_the_main_thread_only() -> None:
    """In any other thread nothing happens."""
    thread = threading.Thread(target=interrupt_main_thread)
    thread.start()
    thread.join()
    before = signal.getsignal(signal.SIGINT)
    signals: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: signals.append(number))
    try:
        interrupt_main_thread()
    finally:
        signal.signal(signal.SIGINT, before)
    assert signals == [signal.SIGINT]
