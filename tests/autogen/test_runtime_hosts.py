"""The adapter on a host that AgentChat cannot use."""

import pytest

from actrio.autogen import AgentChatRuntime


async def test_it_says_that_agentchat_needs_asyncio() -> None:
    """Starting it on trio is an error that names the way out."""
    with pytest.raises(
        RuntimeError, match="runs on trio: run the program with asyncio"
    ):
        AgentChatRuntime().start()
    with pytest.raises(RuntimeError, match="runs on trio"):
        async with AgentChatRuntime():
            pass


def test_outside_of_any_loop_it_cannot_start() -> None:
    """The error is that of every runtime."""
    with pytest.raises(RuntimeError, match="loop"):
        AgentChatRuntime().start()
