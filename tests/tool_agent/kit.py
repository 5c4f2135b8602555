"""A runtime with a tool agent, and tools that the tests look into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio

from actrio import AgentId, FunctionCall, SingleThreadedAgentRuntime
from actrio.models import CreateResult, RequestUsage
from actrio.tool_agent import ToolAgent
from actrio.tools import FunctionTool, Tool

TOOLS = AgentId("tools", "default")


class Bench:
    """Tools that keep a log of what happens in them."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def wait(self, seconds: float, name: str = "wait") -> str:
        self.log.append(f"{name} begins")
        try:
            await anyio.sleep(seconds)
        except BaseException:
            self.log.append(f"{name} is cancelled")
            raise
        self.log.append(f"{name} ends")
        return name

    async def fail(self, why: str = "") -> str:
        raise ValueError(why)

    def block(self, text: str) -> str:
        return text.upper()

    def tools(self) -> list[Tool]:
        return [
            FunctionTool(each, each.__name__)
            for each in (self.wait, self.fail, self.block)
        ]


def call(name: str, arguments: Any = "{}", id: str = "1") -> FunctionCall:
    return FunctionCall(id, arguments, name)


@asynccontextmanager
async def serving(tools: Sequence[Tool]) -> AsyncIterator[SingleThreadedAgentRuntime]:
    async with SingleThreadedAgentRuntime() as runtime:
        await ToolAgent.register(
            runtime, "tools", lambda: ToolAgent("runs tools", list(tools))
        )
        yield runtime


def asking(*calls: FunctionCall) -> CreateResult:
    """An answer of a model that asks for tools."""
    return CreateResult(
        finish_reason="function_calls",
        content=list(calls),
        usage=RequestUsage(0, 0),
        cached=False,
    )


Making = Callable[[], Awaitable[object]]
