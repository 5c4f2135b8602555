"""The asyncio loop whose clock jumps."""

import asyncio
import contextlib
import math
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from actrio.testing import Deadlocked, VirtualTimeLoop

Program = Callable[[], Coroutine[object, object, object]]


def run(program: Program, **options: float) -> object:
    factory = partial(VirtualTimeLoop, **options)  # type: ignore[arg-type]  # seed or seconds
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(program())


def test_sleeping_takes_no_time_and_moves_the_clock_exactly() -> None:
    """An hour of sleep costs no real time and is an hour on the loop's clock."""

    async def program() -> float:
        await anyio.sleep(3600)
        await asyncio.sleep(0.25)
        return asyncio.get_running_loop().time()

    started = time.perf_counter()
    assert run(program) == 3600.25
    assert time.perf_counter() - started < 1


def test_timers_fire_in_the_order_of_their_times() -> None:
    """Timers armed out of order fire in order, each at its own time."""
    fired: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        fired.append((name, anyio.current_time()))

    async def program() -> None:
        async with anyio.create_task_group() as tasks:
            for name, seconds in [("c", 30.0), ("a", 1.0), ("b", 20.0)]:
                tasks.start_soon(sleeper, name, seconds)

    run(program)
    assert fired == [("a", 1.0), ("b", 20.0), ("c", 30.0)]


@contextlib.asynccontextmanager
async def anyio_timeout(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield


@pytest.mark.parametrize("timeout", [anyio_timeout, asyncio.timeout])
def test_timeouts_of_anyio_and_asyncio_fire_in_virtual_time(
    timeout: Callable[[float], contextlib.AbstractAsyncContextManager[object]],
) -> None:
    """A timeout ends a longer wait, and leaves a shorter one alone."""

    async def program() -> float:
        async with timeout(5):
            await anyio.sleep(4)
        with pytest.raises(TimeoutError):
            async with timeout(5):
                await anyio.sleep(6)
        return anyio.current_time()

    assert run(program) == 9


@pytest.mark.parametrize(
    "wait", [anyio.sleep_forever, lambda: anyio.Event().wait()], ids=["timer", "event"]
)
def test_a_deadlock_is_an_error_that_names_the_waiting_task(wait: Program) -> None:
    """A wait that nothing can end raises, even if it armed a timer at infinity."""

    async def stuck() -> None:
        await wait()

    with pytest.raises(Deadlocked, match=r"no timer is armed\n  .* waits in .*stuck"):
        run(stuck, patience=0.01)


def test_a_deadlocked_program_is_still_cancelled_by_its_runner() -> None:
    """The clean-up of a deadlocked program runs, virtual sleeps included."""
    cleaned_up_at: list[float] = []

    async def stuck() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(7)
                cleaned_up_at.append(anyio.current_time())

    with pytest.raises(Deadlocked):
        run(stuck, patience=0.01)
    assert cleaned_up_at == [7]


def test_time_stops_at_hang_after() -> None:
    """A program that keeps arming timers is caught at the virtual deadline."""

    async def periodic() -> None:
        while True:  # noqa: ASYNC110  (the point of the test)
            await anyio.sleep(30)

    with pytest.raises(Deadlocked, match="still waiting after 100 virtual seconds"):
        run(periodic, hang_after=100.0)


@pytest.mark.parametrize(
    "in_thread",
    [
        anyio.to_thread.run_sync,
        asyncio.to_thread,
        lambda function: asyncio.get_running_loop().run_in_executor(None, function),
    ],
    ids=["anyio", "asyncio", "executor"],
)
def test_time_stands_still_while_a_thread_works(
    in_thread: Callable[[Callable[[], object]], Coroutine[object, object, object]],
) -> None:
    """A thread's work beats a virtual timeout that it would lose against a jump."""

    async def program() -> float:
        with anyio.fail_after(3600):
            await in_thread(lambda: time.sleep(0.02))
        return anyio.current_time()

    assert run(program) == 0


def test_idle_threads_do_not_hold_the_clock() -> None:
    """A worker that has finished its job does not slow the next jump down."""

    async def program() -> None:
        await anyio.to_thread.run_sync(int)
        await asyncio.to_thread(int)
        for _ in range(100):
            await anyio.sleep(60)

    started = time.perf_counter()
    run(program, patience=0.5)
    assert time.perf_counter() - started < 0.5


def test_a_thread_that_waits_for_the_loop_does_not_stop_time_for_ever() -> None:
    """When patience ends, the clock jumps although a thread is under way."""

    def thread() -> None:
        anyio.from_thread.run(anyio.sleep, 60)

    async def program() -> float:
        await anyio.to_thread.run_sync(thread)
        return anyio.current_time()

    assert run(program, patience=0.02) == 60


def test_a_thread_the_loop_does_not_know_may_end_a_deadlock() -> None:
    """With no timer armed, a foreign thread gets its chance to wake the loop."""

    async def program() -> str:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            time.sleep(0.02)
            loop.call_soon_threadsafe(woken.set)

        thread = threading.Thread(target=wake)
        thread.start()
        await woken.wait()
        thread.join()
        return "woken"

    assert run(program) == "woken"


def test_data_that_is_there_is_read_before_the_clock_jumps() -> None:
    """A socket that is ready beats every timer."""

    async def program() -> bytes:
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            right.setblocking(False)
            await loop.sock_sendall(left, b"hello")
            with anyio.fail_after(1):
                return await loop.sock_recv(right, 5)

    assert run(program) == b"hello"


def test_a_timer_at_infinity_can_be_cancelled() -> None:
    """A handle that can never fire behaves like any other handle."""

    async def program() -> None:
        loop = asyncio.get_running_loop()
        handle = loop.call_at(math.inf, print)
        assert not handle.cancelled()
        handle.cancel()
        assert handle.cancelled()
        await anyio.sleep(1)

    run(program)


async def interleaving() -> str:
    seen: list[str] = []

    async def worker(name: str) -> None:
        for _ in range(3):
            seen.append(name)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for name in "abcd":
            tasks.start_soon(worker, name)
    return "".join(seen)


def test_a_seed_replays_and_seeds_differ() -> None:
    """The order of tasks is the same for one seed, and other seeds give others."""
    orders = [run(interleaving, seed=seed) for seed in range(10)]
    assert orders == [run(interleaving, seed=seed) for seed in range(10)]
    assert len(set(orders)) > 5
    assert run(interleaving) == "abcd" * 3


def test_a_seed_leaves_callbacks_in_their_order() -> None:
    """Callbacks run first in, first out, and task steps do not cross them."""

    async def program() -> list[str]:
        seen: list[str] = []
        loop = asyncio.get_running_loop()

        async def step(name: str) -> None:
            seen.append(name)

        async with asyncio.TaskGroup() as tasks:
            for group in ("a", "b"):
                for number in range(3):
                    tasks.create_task(step(f"{group}{number}"))
                for number in range(3):
                    loop.call_soon(seen.append, f"callback {group}{number}")
        return seen

    rows = [run(program, seed=seed) for seed in range(20)]
    for seen in rows:
        assert isinstance(seen, list)
        assert seen[3:6] == ["callback a0", "callback a1", "callback a2"]
        assert seen[9:12] == ["callback b0", "callback b1", "callback b2"]
        assert sorted(seen[:3]) == ["a0", "a1", "a2"]
        assert sorted(seen[6:9]) == ["b0", "b1", "b2"]
    assert len({tuple(seen) for seen in rows if isinstance(seen, list)}) > 5


def test_a_seed_replays_when_many_tasks_are_cancelled_at_once() -> None:
    """anyio cancels a set of tasks in the order of addresses; the seed decides anyway."""

    async def program() -> tuple[int, ...]:
        left: list[int] = []

        async def worker(number: int) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                left.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(worker, number)
            await anyio.sleep(1)
            tasks.cancel_scope.cancel()
        return tuple(left)

    junk: list[object] = []
    orders = set()
    for _ in range(10):
        junk.append([object() for _ in range(1001)])
        orders.add(run(program, seed=3))
    assert len(orders) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_the_loop_works_under_anyios_pytest_plugin() -> None:
    """The plugin's runner uses the loop that its options name."""
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    before = anyio.current_time()
    await anyio.sleep(86_400)
    assert anyio.current_time() - before == 86_400
