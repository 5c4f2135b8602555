"""What a client sends, when a server says that it has not carried it out."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from tests._redis.fakes import Refusal

from actrio.distributed import RedisAgentRuntime
from actrio.distributed._scripts import SEND
from actrio.identity import AgentId

from .kit import Add, Namespace, Sum

pytestmark = pytest.mark.anyio


async def test_what_is_refused_while_what_follows_is_not(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent again, as something new; for the server, what follows comes first."""
    refusal = Refusal(monkeypatch, "CLUSTERDOWN for a moment")
    async with namespace.pair() as (client, _), anyio.create_task_group() as tasks:
        found: list[tuple[str, int]] = []

        async def add(client: RedisAgentRuntime, name: str) -> None:
            reply = await client.send_message(Add(1), AgentId("adder", name))
            assert isinstance(reply, Sum)
            found.append((name, reply.total))

        for name in "abc":
            await add(client, name)
        refusal.word = SEND.sha
        assert client._sender is not None
        for name in "abc":
            tasks.start_soon(add, client, name)
            await anyio.lowlevel.checkpoint()
            client._sender._batches.close()
        with anyio.fail_after(5):
            while len(found) < 6:  # noqa: ASYNC110 - nothing tells when
                await anyio.sleep(0.01)
        assert refusal.count == 1
        assert sorted(found[3:]) == [("a", 2), ("b", 2), ("c", 2)]
