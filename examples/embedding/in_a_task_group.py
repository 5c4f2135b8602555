"""A runtime inside an anyio task group, the same program on trio and on asyncio.

    python examples/embedding/in_a_task_group.py [trio | asyncio]

Three tasks ask one agent. The second gives up after a while; the agent stops working for
it before the task goes on, and takes the third.

Output:

    clerk: works for Ada
    clerk: works for Grace
    clerk: stops working for Grace
    Grace gave up
    clerk: works for Edsger
    answers: ADA, EDSGER
"""

import sys
from dataclasses import dataclass

import anyio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)


@dataclass
class Work:
    name: str
    seconds: float


class Clerk(RoutedAgent):
    @message_handler
    async def on_work(self, message: Work, ctx: MessageContext) -> str:
        print(f"clerk: works for {message.name}")
        try:
            await anyio.sleep(message.seconds)
        except anyio.get_cancelled_exc_class():
            print(f"clerk: stops working for {message.name}")
            raise
        return message.name.upper()


async def main() -> None:
    answers: dict[str, str] = {}

    async def ask(name: str, *, seconds: float, patience: float, begin: float) -> None:
        await anyio.sleep(begin)
        with anyio.move_on_after(patience) as scope:
            answers[name] = await runtime.send_message(Work(name, seconds), AgentId("clerk", "one"))
        if scope.cancelled_caught:
            print(f"{name} gave up")

    async with SingleThreadedAgentRuntime() as runtime:
        await Clerk.register(runtime, "clerk", lambda: Clerk("works"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: ask("Ada", seconds=0.05, patience=5, begin=0))
            tasks.start_soon(lambda: ask("Grace", seconds=60, patience=0.1, begin=0.02))
            tasks.start_soon(lambda: ask("Edsger", seconds=0.01, patience=5, begin=0.2))
    print("answers:", ", ".join(answers.values()))


if __name__ == "__main__":
    anyio.run(main, backend=sys.argv[1] if len(sys.argv) > 1 else "trio")
