"""Five first messages: autogen_core builds five agents for one id.

The factory takes a moment, as one that opens a connection does. In autogen_core each
message that comes meanwhile builds an agent of its own, and their state is lost; in
actrio one id is one agent, and it handles one message at a time.

    python examples/why/instances.py                 # actrio
    python examples/why/instances.py autogen_core    # the same program on AutoGen
"""

import asyncio
import importlib
import sys
from dataclasses import dataclass

core = importlib.import_module(sys.argv[1] if len(sys.argv) > 1 else "actrio")


@dataclass
class Deposit:
    amount: int


class Account(core.RoutedAgent):
    def __init__(self):
        super().__init__("Holds money")
        self.balance = 0

    @core.message_handler
    async def on_deposit(self, message: Deposit, ctx: core.MessageContext) -> int:
        balance = self.balance
        await asyncio.sleep(0.01)  # asks a bank
        self.balance = balance + message.amount
        return self.balance


built = 0


async def open_account():
    global built  # noqa: PLW0603 - the point of the program
    built += 1
    await asyncio.sleep(0.01)  # connects
    return Account()


async def main():
    runtime = core.SingleThreadedAgentRuntime()
    await Account.register(runtime, "account", open_account)
    runtime.start()
    account = core.AgentId("account", "savings")
    await asyncio.gather(*(runtime.send_message(Deposit(10), account) for _ in range(5)))
    print("agents built for one id:", built)

    agent = await runtime.try_get_underlying_agent_instance(account, Account)
    print("balance after five deposits of 10:", agent.balance)
    await runtime.stop_when_idle()


if __name__ == "__main__":
    asyncio.run(main())
