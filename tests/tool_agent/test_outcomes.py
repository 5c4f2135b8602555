"""Several requests at once, none of which ends the others."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from actrio.tool_agent._outcomes import all_outcomes

from .kit import Making

pytestmark = pytest.mark.anyio


def after(seconds: float, outcome: object, log: list[object]) -> Making:
    async def make() -> object:
        log.append(outcome)
        await anyio.sleep(seconds)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return make


async def test_requests_start_and_stand_in_their_order() -> None:
    """Whichever is done first, and though trio shuffles its tasks."""
    log: list[object] = []
    requests = [after(10 - index, index, log) for index in range(8)]
    assert await all_outcomes(requests) == list(range(8))
    assert log == list(range(8))


async def test_an_error_ends_nobody_else() -> None:
    """It is an outcome, the same object."""
    error = ValueError("mine")
    log: list[object] = []
    found = await all_outcomes([after(0, error, log), after(1, "late", log)])
    assert found == [error, "late"]
    assert await all_outcomes([after(0, error, log)]) == [error]
    assert await all_outcomes([]) == []


@pytest.mark.parametrize("number", [1, 3])
async def test_a_cancellation_reaches_all(number: int) -> None:
    """It is not an outcome."""
    log: list[object] = []
    with anyio.move_on_after(1) as scope:
        await all_outcomes([after(100, index, log) for index in range(number)])
    assert scope.cancelled_caught
    assert len(log) == number


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_a_bare_cancelled_error_is_an_outcome() -> None:
    """Nobody has cancelled the task in which user code raised it."""
    log: list[object] = []
    requests = [after(0, asyncio.CancelledError(), log), after(1, "late", log)]
    [error, late] = await all_outcomes(requests)
    assert isinstance(error, asyncio.CancelledError)
    assert late == "late"


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
async def test_the_end_of_the_program_is_no_outcome() -> None:
    """A request that ends it ends the others."""
    log: list[object] = []
    with pytest.raises(SystemExit):
        await all_outcomes([after(0, SystemExit(), log)])
    with pytest.raises(BaseExceptionGroup) as caught:
        await all_outcomes([after(0, SystemExit(), log), after(9, "late", log)])
    assert caught.group_contains(SystemExit)
