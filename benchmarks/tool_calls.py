"""What does a call through a tool agent cost, next to a plain request with this payload?

The plain request carries the same `FunctionCall` and the same result: its handler reads
the JSON, calls the function and says what came out, without checking the arguments. The
tool agent finds the tool, checks the arguments against its model, and runs it so that
its errors, its cancellation and its neighbours are what they should be. The two take
turns, and the seconds are the processor's, so that other programs hit both alike or
neither; the ratio is the median over the rounds. ``python -m benchmarks.tool_calls``
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from actrio import (
    AgentId,
    FunctionCall,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.models import FunctionExecutionResult
from actrio.testing import Host, run
from actrio.tool_agent import ToolAgent
from actrio.tools import FunctionTool

GOAL = 1.3
CALL = FunctionCall("1", json.dumps({"a": 1, "b": 2}), "add")


async def add(a: int, b: int) -> int:
    return a + b


class Plain(RoutedAgent):
    """Does the same work in its handler."""

    @message_handler
    async def on_call(
        self, message: FunctionCall, ctx: MessageContext
    ) -> FunctionExecutionResult:
        assert isinstance(message.arguments, str)
        value = await add(**json.loads(message.arguments))
        return FunctionExecutionResult(
            content=str(value), call_id=message.id, is_error=False, name=message.name
        )


async def measure(calls: int, rounds: int) -> list[tuple[float, float]]:
    """Return the seconds per call of tool agent and plain agent, for each round."""
    found: list[tuple[float, float]] = []
    async with SingleThreadedAgentRuntime() as runtime:
        tool = FunctionTool(add, "Adds two numbers.")
        await ToolAgent.register(runtime, "tools", lambda: ToolAgent("tools", [tool]))
        await Plain.register(runtime, "plain", lambda: Plain("plain"))

        async def seconds(agent: AgentId) -> float:
            began = time.process_time()
            for _ in range(calls):
                await runtime.send_message(CALL, agent)
            ended = time.process_time()
            assert (await runtime.send_message(CALL, agent)).content == "3"
            return (ended - began) / calls

        for _ in range(rounds + 1):
            by_tool = await seconds(AgentId("tools", "k"))
            found.append((by_tool, await seconds(AgentId("plain", "k"))))
    return found[1:]  # without the one that warms up


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.tool_calls", description=__doc__.splitlines()[0]
    )
    options.add_argument("--calls", type=int, default=300)
    options.add_argument("--rounds", type=int, default=100)
    arguments = options.parse_args()
    hosts: list[Host] = ["trio", "asyncio"]
    for host in hosts:
        found = run(
            measure, arguments.calls, arguments.rounds, host=host, virtual_time=False
        )
        tool = statistics.median(one for one, _ in found)
        plain = statistics.median(other for _, other in found)
        ratio = statistics.median(one / other for one, other in found)
        best = min(one for one, _ in found) / min(other for _, other in found)
        print(
            f"on {host}: tool call {tool * 1e6:.1f} µs, plain request "
            f"{plain * 1e6:.1f} µs, {ratio:.2f} x as much (goal {GOAL}); "
            f"the quickest of each {best:.2f} x"
        )


if __name__ == "__main__":
    main()
