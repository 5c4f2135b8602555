"""One program on every host, in virtual time, from a seed."""

import gc
import random
import time
from collections.abc import Callable, Coroutine

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
import trio._core._run as trio_scheduler

from actrio.testing import Deadlocked, Host, VirtualTimeLoop, run

VIRTUAL: list[Host] = ["trio", "asyncio"]
EVERY: list[Host] = ["trio", "asyncio", "uvloop"]


@pytest.mark.parametrize("host", EVERY)
def test_run_passes_arguments_and_returns_the_value(host: Host) -> None:
    """The program gets its arguments, and its value comes back."""

    async def add(left: int, right: int) -> int:
        await anyio.lowlevel.checkpoint()
        return left + right

    assert run(add, 2, 3, host=host) == 5


@pytest.mark.parametrize("host", EVERY)
def test_run_raises_the_programs_own_error(host: Host) -> None:
    """An error of the program arrives unchanged."""
    error = LookupError("mine")

    async def fail() -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        run(fail, host=host)
    assert caught.value is error


@pytest.mark.parametrize("host", VIRTUAL)
def test_time_is_virtual_unless_it_is_asked_to_be_real(host: Host) -> None:
    """A day passes at once; real time takes as long as it says."""

    async def sleep(seconds: float) -> float:
        before = anyio.current_time()
        await anyio.sleep(seconds)
        return anyio.current_time() - before

    assert run(sleep, 86_400.0, host=host, hang_after=1e6) == 86_400
    started = time.perf_counter()
    run(sleep, 0.03, host=host, virtual_time=False)
    assert time.perf_counter() - started >= 0.03


@pytest.mark.parametrize("host", EVERY)
def test_the_watchdog_does_not_show_in_the_programs_deadline(host: Host) -> None:
    """A program without a deadline sees none."""

    async def deadline() -> float:
        return anyio.current_effective_deadline()

    assert run(deadline, host=host) == float("inf")


@pytest.mark.parametrize("host", VIRTUAL)
def test_a_thread_finishes_before_the_clock_jumps(host: Host) -> None:
    """A thread's work is no hang, and wins against a virtual timeout.

    So does that of a thread with a limiter of its own.
    """

    async def program() -> float:
        with anyio.fail_after(5):
            await anyio.to_thread.run_sync(time.sleep, 0.02)
            own = anyio.CapacityLimiter(1)
            await anyio.to_thread.run_sync(time.sleep, 0.02, limiter=own)
        await anyio.sleep(1)
        return anyio.current_time()

    assert run(program, host=host) == 1


async def hang() -> None:
    await anyio.Event().wait()


async def hang_under_a_shield() -> None:
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()


async def hang_with_timers() -> None:
    with anyio.CancelScope(shield=True):
        while True:  # noqa: ASYNC110  (the point of the test)
            await anyio.sleep(30)


async def hang_in_circles() -> None:
    while True:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            continue


async def hang_and_fail() -> None:
    try:
        await anyio.sleep_forever()
    finally:
        msg = "consequence"
        raise ValueError(msg)


async def hang_and_return() -> None:
    with anyio.CancelScope() as scope:
        try:
            await anyio.sleep_forever()
        finally:
            scope.cancel()


@pytest.mark.parametrize("host", VIRTUAL)
@pytest.mark.parametrize(
    "program",
    [
        hang,
        hang_under_a_shield,
        hang_with_timers,
        pytest.param(hang_in_circles, marks=pytest.mark.slow),
        hang_and_fail,
        hang_and_return,
    ],
)
def test_a_hang_is_an_error_whatever_the_program_does(
    program: Callable[[], Coroutine[object, object, None]], host: Host
) -> None:
    """Even a program that refuses to be cancelled ends, with its place and our text."""
    with pytest.raises(Deadlocked) as caught:
        run(program, host=host, hang_after=50, on_hang=lambda: "the wait graph")
    lines = str(caught.value).splitlines()
    assert lines[0] == "still running after 50 seconds"
    assert any(f"waits in {program.__name__} " in line for line in lines)
    assert lines[-1] == "the wait graph"


@pytest.mark.parametrize("host", EVERY)
def test_a_hang_in_real_time_is_found_at_the_real_deadline(host: Host) -> None:
    """Without virtual time the deadline is in real seconds."""
    with pytest.raises(Deadlocked):
        run(hang, host=host, virtual_time=False, hang_after=0.02)


@pytest.mark.parametrize("host", VIRTUAL)
def test_a_hanging_program_is_cancelled_so_that_it_cleans_up(host: Host) -> None:
    """The clean-up of a hanging program runs, waits included."""
    events: list[float] = []

    async def program() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(5)
            events.append(anyio.current_time())

    with pytest.raises(Deadlocked):
        run(program, host=host, hang_after=100)
    assert events == [105]


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


@pytest.mark.parametrize("host", VIRTUAL)
def test_a_seed_replays_and_seeds_differ(host: Host) -> None:
    """The same seed gives the same trace, other seeds give others."""
    traces = [run(interleaving, host=host, seed=seed) for seed in range(10)]
    gc.collect()
    assert traces == [run(interleaving, host=host, seed=seed) for seed in range(10)]
    assert len(set(traces)) > 5


def test_a_seeded_run_leaves_trios_scheduler_as_it_was() -> None:
    """The private switch and the state of the generator are put back, on errors too."""
    generator = trio_scheduler._r
    switch, state = trio_scheduler._ALLOW_DETERMINISTIC_SCHEDULING, generator.getstate()

    async def fail() -> None:
        assert trio_scheduler._ALLOW_DETERMINISTIC_SCHEDULING
        await interleaving()
        raise LookupError

    with pytest.raises(LookupError):
        run(fail, host="trio", seed=5)
    assert switch is trio_scheduler._ALLOW_DETERMINISTIC_SCHEDULING
    assert generator.getstate() == state


@pytest.mark.parametrize(("host", "virtual_time"), [("uvloop", True), ("trio", False)])
def test_a_seed_needs_virtual_time(host: Host, virtual_time: bool) -> None:
    """A seed that could not replay is refused."""
    with pytest.raises(ValueError, match="seed 1 needs virtual time"):
        run(interleaving, host=host, virtual_time=virtual_time, seed=1)


def test_a_trio_without_the_hook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trio that cannot be seeded is named, instead of runs that do not replay."""
    monkeypatch.setattr(trio_scheduler, "_r", random.SystemRandom)
    with pytest.raises(RuntimeError, match="has no scheduler to seed"):
        run(interleaving, host="trio", seed=1)


def test_a_loop_without_a_ready_queue_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Python whose loop is built otherwise is named, and the loop is closed."""
    monkeypatch.setattr("actrio.testing._virtual_time.deque", list)
    with pytest.raises(RuntimeError, match="no deque `_ready`"):
        VirtualTimeLoop(seed=1)


def test_an_unknown_host_is_refused() -> None:
    """The error names the value and the choices."""
    with pytest.raises(ValueError, match="unknown host 'curio': use 'trio'"):
        run(interleaving, host="curio")  # type: ignore[arg-type]  # the point of the test


def test_uvloop_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""

    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(RuntimeError, match="pip install uvloop"):
        run(interleaving, host="uvloop")


@pytest.mark.parametrize("host", VIRTUAL)
def test_keyboard_interrupt_passes_through(host: Host) -> None:
    """Ctrl-C in the program ends the run as it would without these tools."""

    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(interrupted, host=host)


def test_trio_hosts_run_on_trio() -> None:
    """The host's own functions work inside the program."""

    async def program() -> bool:
        await trio.sleep(1)
        return trio.lowlevel.in_trio_run()

    assert run(program, host="trio")
