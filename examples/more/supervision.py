"""A worker loses its connection: a fresh one takes its place, and gives up a bad job.

Run it:

    python examples/more/supervision.py

Output:

    worker 1 lost its connection to orders
    worker 2 imports orders
    worker 2 imports customers
    worker 2 lost its connection to nonsense
    worker 3 lost its connection to nonsense
    given up: nonsense (failed its agent again and again)
    worker 4 imports prices
    importer/nightly is idle after 3 restarts
"""

from dataclasses import dataclass
from itertools import count

import trio

from actrio import (
    AgentId,
    DefaultTopicId,
    MessageContext,
    RestartPolicy,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    default_subscription,
    message_handler,
)
from actrio.runtime import DeadLetter


@dataclass
class Import:
    table: str


@default_subscription
class Importer(RoutedAgent):
    def __init__(self, number: int) -> None:
        super().__init__("imports tables over a connection that breaks")
        self.number = number

    @message_handler
    async def on_import(self, message: Import, ctx: MessageContext) -> None:
        table = message.table
        if table == "nonsense" or (table == "orders" and self.number == 1):
            print(f"worker {self.number} lost its connection to {table}")
            raise ConnectionError(table)
        print(f"worker {self.number} imports {table}")


def give_up(letter: DeadLetter) -> None:
    assert isinstance(letter.message, Import)
    print(f"given up: {letter.message.table} ({letter.reason.value})")


async def main() -> None:
    numbers = count(1)
    policy = RestartPolicy(attempts=2, first_delay=0.01)
    async with SingleThreadedAgentRuntime(on_dead_letter=give_up) as runtime:
        await Importer.register(runtime, "importer", lambda: Importer(next(numbers)), on_failure=policy)
        for table in ("orders", "customers", "nonsense"):
            await runtime.publish_message(Import(table), DefaultTopicId(source="nightly"))
        # a request waits in the same inbox: when it is answered the others are over
        await runtime.send_message(Import("prices"), AgentId("importer", "nightly"))
        for agent in runtime.snapshot().agents:
            print(f"{agent.id} is {agent.state.value} after {agent.restarts} restarts")


if __name__ == "__main__":
    trio.run(main)
