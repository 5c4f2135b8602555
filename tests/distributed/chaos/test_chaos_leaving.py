"""Runtimes that end while their server is away."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from actrio.testing import RedisServer

from .kit import Ask, echo, opened, register

pytestmark = [pytest.mark.anyio, pytest.mark.chaos]


@pytest.mark.parametrize("how", [RedisServer.kill, RedisServer.freeze])
async def test_a_runtime_that_ends_without_its_server(
    namespace: str, how: Callable[[RedisServer], None]
) -> None:
    """Ends in time: others see from its lease that it is gone."""
    with RedisServer() as server:
        async with opened(server.url, namespace, lease=0.5, grace=0.3) as runtime:
            agent = await register(runtime, "a", echo)
            assert await runtime.send_message(Ask("1"), agent) == Ask("1")
            how(server)
            await anyio.sleep(0.1)
            began = anyio.current_time()
        assert anyio.current_time() - began < 2
