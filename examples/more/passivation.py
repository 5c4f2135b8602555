"""Accounts come and go: only two live at a time, and a file keeps what they know.

Run it:

    python examples/more/passivation.py

Output:

    ada comes with 0
    ada has 10
    bob comes with 0
    bob has 20
    ada leaves with 10
    eve comes with 0
    eve has 30
    bob leaves with 20
    ada comes with 10
    ada has 11
    2 agents live, 2 have left
    the store has {'balance': 20} for account/bob
    eve leaves with 30
    ada leaves with 11
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc
from actrio.state import SqliteStateStore


@dataclass
class Deposit:
    amount: int


class Account(RoutedAgent):
    def __init__(self) -> None:
        super().__init__("keeps a balance")
        self.balance = 0

    @rpc
    async def deposit(self, message: Deposit, ctx: MessageContext) -> int:
        self.balance += message.amount
        return self.balance

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.balance = state["balance"]

    async def on_start(self) -> None:
        print(f"{self.id.key} comes with {self.balance}")

    async def save_state(self) -> Mapping[str, Any]:
        return {"balance": self.balance}

    async def on_stop(self) -> None:
        print(f"{self.id.key} leaves with {self.balance}")


async def work(path: Path) -> None:
    async with (
        SqliteStateStore(path) as store,
        SingleThreadedAgentRuntime(state_store=store, max_live_agents=2) as runtime,
    ):
        await Account.register(runtime, "account", Account)
        for name, amount in (("ada", 10), ("bob", 20), ("eve", 30), ("ada", 1)):
            balance = await runtime.send_message(Deposit(amount), AgentId("account", name))
            print(f"{name} has {balance}")
        statistics = runtime.statistics()
        print(f"{statistics.live_agents} agents live, {statistics.passivations} have left")
        stored = await store.load("account/bob")
        assert stored is not None
        print(f"the store has {dict(stored.state)} for account/bob")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await work(Path(folder) / "accounts.db")


if __name__ == "__main__":
    trio.run(main)
