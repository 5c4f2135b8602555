"""The checkpoint sweep."""

import asyncio
from typing import Literal

import anyio
import anyio.lowlevel
import pytest

from actrio.testing import CancelPoint, Deadlocked, sweep

Hosted = Literal["trio", "asyncio"]
HOSTS: list[Hosted] = ["trio", "asyncio"]


class Account:
    """Moves money with a pause after each half; the total must stay the same."""

    def __init__(self) -> None:
        self.here, self.there = 10, 0

    async def move_naively(self) -> None:
        await anyio.sleep(1)
        self.here -= 5
        await anyio.sleep(1)
        self.there += 5
        await anyio.sleep(1)

    async def move_safely(self) -> None:
        await anyio.sleep(1)
        await anyio.sleep(1)
        self.here, self.there = self.here - 5, self.there + 5
        await anyio.sleep(1)


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_planted_bug_is_found_at_its_checkpoint(host: Hosted, native: bool) -> None:
    """The half-made change shows at checkpoint 2, and the note says so."""
    if native and host == "trio":
        return

    async def scenario(cancel_here: CancelPoint) -> None:
        account = Account()
        await cancel_here(account.move_naively())
        assert account.here + account.there == 10

    with pytest.raises(AssertionError) as caught:
        sweep(scenario, host=host, native=native)
    assert caught.value.__notes__ == [
        f"sweep on {host}, seed 0: <CancelPoint checkpoint 2: fired, cancelled>"
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_a_correct_operation_passes_and_every_checkpoint_is_counted(
    host: Hosted,
) -> None:
    """Each round cancels one checkpoint further on; the last one cancels nothing."""
    rounds: list[tuple[int, bool, str]] = []

    async def scenario(cancel_here: CancelPoint) -> None:
        account = Account()
        await cancel_here(account.move_safely())
        assert account.here + account.there == 10
        rounds.append((cancel_here.number, cancel_here.fired, cancel_here.outcome))

    assert sweep(scenario, host=host) == 3
    assert rounds == [
        (1, True, "cancelled"),
        (2, True, "cancelled"),
        (3, True, "cancelled"),
        (4, False, "returned"),
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_turns_visit_every_state_of_the_other_side(host: Hosted) -> None:
    """One suspension is cancelled while its request is queued, handled and answered."""
    states: set[str] = set()

    async def scenario(cancel_here: CancelPoint) -> None:
        state = "queued"
        start, answered = anyio.Event(), anyio.Event()

        async def handle() -> None:
            nonlocal state
            await start.wait()
            state = "handled"
            await anyio.sleep(1)
            await anyio.lowlevel.checkpoint()
            state = "answered"
            answered.set()

        async def request() -> str:
            start.set()
            await answered.wait()
            return "answer"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle)
            await anyio.wait_all_tasks_blocked()
            result = await cancel_here(request())
            states.add(state)
            assert result == (None if cancel_here.cancelled else "answer")

    assert sweep(scenario, host=host, every="checkpoint") == 1
    states.clear()
    # At the first turn either side may step first: that is for the seed to decide.
    for seed in range(10):
        assert sweep(scenario, host=host, every="turn", seed=seed) >= 3
    assert states == {"queued", "handled", "answered"}


@pytest.mark.parametrize(("host", "turns"), [("trio", 1), ("asyncio", 2)])
def test_turns_in_which_nothing_runs_do_not_count(host: Hosted, turns: int) -> None:
    """A sleep is two turns where its timer is a callback, one where it is not."""

    async def scenario(cancel_here: CancelPoint) -> None:
        await cancel_here(anyio.sleep(1))

    assert sweep(scenario, host=host, every="turn") == turns


@pytest.mark.parametrize("every", ["checkpoint", "turn"])
@pytest.mark.parametrize("host", HOSTS)
def test_an_operation_that_never_suspends_has_no_points(
    host: Hosted, every: Literal["checkpoint", "turn"]
) -> None:
    """The sweep of a plain computation is one undisturbed round."""
    rounds: list[object] = []

    async def compute() -> int:
        return 42

    async def scenario(cancel_here: CancelPoint) -> None:
        rounds.append(await cancel_here(compute()))

    assert sweep(scenario, host=host, every=every) == 0
    assert rounds == [42]


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
def test_an_operation_may_finish_although_it_was_cancelled(native: bool) -> None:
    """Its value counts, and the rest of the scenario is not cancelled."""

    async def stubborn() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            return "anyway"
        return "in time"

    async def scenario(cancel_here: CancelPoint) -> None:
        result = await cancel_here(stubborn())
        assert result == ("anyway" if cancel_here.fired else "in time")
        assert cancel_here.outcome == "returned"
        await anyio.sleep(1)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    assert sweep(scenario, host="asyncio", native=native) == 1


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
def test_an_error_on_the_way_out_is_raised(native: bool) -> None:
    """What the operation raises instead of its cancellation reaches the scenario."""

    class Refused(asyncio.CancelledError, Exception):
        """An ordinary error that asyncio programs may take for cancellation."""

    async def operation() -> None:
        try:
            await anyio.sleep(1)
        except asyncio.CancelledError:
            pass
        else:
            return
        raise Refused

    async def scenario(cancel_here: CancelPoint) -> None:
        if cancel_here.number == 1:
            with pytest.raises(Refused):
                await cancel_here(operation())
            assert cancel_here.outcome == "raised"
        else:
            await cancel_here(operation())

    assert sweep(scenario, host="asyncio", native=native) == 1


@pytest.mark.parametrize("native", [False, True], ids=["scope", "native"])
def test_a_cancellation_from_outside_passes_through(native: bool) -> None:
    """Only the sweep's own cancellation is absorbed."""

    async def scenario(cancel_here: CancelPoint) -> None:
        with anyio.move_on_after(1) as scope:
            await cancel_here(anyio.sleep(2))
        if not cancel_here.fired:
            assert scope.cancelled_caught
            assert cancel_here.outcome == "raised"
        else:
            assert cancel_here.cancelled
            assert not scope.cancelled_caught

    assert sweep(scenario, host="asyncio", native=native) == 1


@pytest.mark.parametrize("host", HOSTS)
def test_a_hang_after_a_cancellation_names_the_round(host: Hosted) -> None:
    """A lost wake-up is an error of its round, not a hanging test."""

    async def scenario(cancel_here: CancelPoint) -> None:
        done = anyio.Event()

        async def operation() -> None:
            await anyio.sleep(1)
            done.set()

        await cancel_here(operation())
        await done.wait()

    with pytest.raises(Deadlocked) as caught:
        sweep(scenario, host=host)
    assert "checkpoint 1" in caught.value.__notes__[0]


def test_misuse_is_refused() -> None:
    """No operation, two operations, native on trio, endless ones: each has its error."""

    async def nothing(cancel_here: CancelPoint) -> None:
        await anyio.lowlevel.checkpoint()

    async def twice(cancel_here: CancelPoint) -> None:
        operation = anyio.lowlevel.checkpoint()
        await cancel_here(anyio.lowlevel.checkpoint())
        try:
            await cancel_here(operation)
        finally:
            operation.close()

    async def endless(cancel_here: CancelPoint) -> None:
        async def operation() -> None:
            for _ in range(100):
                await anyio.lowlevel.checkpoint()

        await cancel_here(operation())

    with pytest.raises(RuntimeError, match="must await cancel_here"):
        sweep(nothing)
    with pytest.raises(RuntimeError, match="called twice"):
        sweep(twice)
    with pytest.raises(ValueError, match="native=True cancels asyncio tasks"):
        sweep(nothing, host="trio", native=True)
    with pytest.raises(RuntimeError, match="more than 10 points"):
        sweep(endless, limit=10)


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_real_time_for_other_processes(host: Literal["trio", "asyncio"]) -> None:
    """Suspensions are the same in real time; turns are not, and are refused."""

    async def scenario(cancel_here: CancelPoint) -> None:
        await cancel_here(anyio.to_thread.run_sync(int))

    assert sweep(scenario, host=host, virtual_time=False) >= 1
    with pytest.raises(ValueError, match="every='turn' needs virtual time"):
        sweep(scenario, host=host, every="turn", virtual_time=False)
