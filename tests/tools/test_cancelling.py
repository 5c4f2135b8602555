"""Calls that end when a token is cancelled, at every point where they can be."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Literal

import anyio
import pytest

from actrio import CancellationToken
from actrio.exceptions import RequestCancelled
from actrio.testing import CancelPoint, sweep
from actrio.tools import FunctionTool, StaticStreamWorkbench
from actrio.tools._cancelling import call_under, heeded, stream_under


async def steps(log: list[str]) -> AsyncGenerator[int, None]:
    try:
        for number in range(3):
            await anyio.sleep(1)
            yield number
    finally:
        log.append("closed")


@pytest.mark.anyio
class TestUnder:
    async def test_one_scope_does_for_one_token(self) -> None:
        """An inner call under the same token goes on without another one."""
        token, other = CancellationToken(), CancellationToken()
        seen: list[bool] = []

        async def look() -> None:
            seen.append(heeded.get() is token)

        async def twice() -> None:
            await look()
            await call_under(token, look)
            await call_under(other, look)
            await look()

        await call_under(token, twice)
        await look()
        assert seen == [True, True, False, True, False]

    async def test_a_call_that_is_done_has_its_value(self) -> None:
        """Although its token was cancelled meanwhile."""
        token = CancellationToken()

        async def cancel() -> int:
            token.cancel()
            return 5

        assert await call_under(token, cancel) == 5

    async def test_a_stream_is_closed_when_a_step_is_cancelled(self) -> None:
        """By the token or by a scope."""
        log: list[str] = []
        token = CancellationToken()
        token.cancel_after(1.5)
        with pytest.raises(RequestCancelled):
            async for _ in stream_under(token, steps(log)):
                pass
        with anyio.move_on_after(1.5):
            async with aclosing(
                stream_under(CancellationToken(), steps(log))
            ) as stream:
                async for _ in stream:
                    pass
        assert log == ["closed", "closed"]


async def wait(seconds: float) -> str:
    await anyio.sleep(seconds)
    return "done"


def block() -> str:
    return "done"


async def by_tool() -> object:
    return await FunctionTool(wait, "d").run_json({"seconds": 1}, CancellationToken())


async def in_a_thread() -> object:
    return await FunctionTool(block, "d").run_json({}, CancellationToken())


async def by_workbench() -> object:
    bench = StaticStreamWorkbench([FunctionTool(wait, "d")])
    return (await bench.call_tool("wait", {"seconds": 1})).to_text()


async def by_stream() -> object:
    bench = StaticStreamWorkbench([FunctionTool(wait, "d")])
    async with aclosing(bench.call_tool_stream("wait", {"seconds": 1})) as stream:
        [result] = [each async for each in stream]
        return result.to_text()


@pytest.mark.parametrize("operation", [by_tool, in_a_thread, by_workbench, by_stream])
@pytest.mark.parametrize(
    ("host", "every", "native"),
    [
        ("trio", "checkpoint", False),
        ("trio", "turn", False),
        ("asyncio", "checkpoint", False),
        ("asyncio", "turn", False),
        ("asyncio", "turn", True),
    ],
)
def test_a_call_can_be_cancelled_everywhere(
    operation: Callable[[], Awaitable[object]],
    host: Literal["trio", "asyncio"],
    every: Literal["checkpoint", "turn"],
    native: bool,
) -> None:
    """It gives its value or the cancellation, and nothing between the two."""

    async def scenario(cancel_here: CancelPoint) -> None:
        value = await cancel_here(operation())
        assert cancel_here.outcome in {"returned", "cancelled"}
        if cancel_here.outcome == "returned":
            assert value == "done"

    assert sweep(scenario, host=host, every=every, native=native) >= 1
