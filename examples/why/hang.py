"""A dropped message: autogen_core never becomes idle again.

An intervention drops a request. Its sender is told so by both packages. Then the program
waits for the runtime to be idle: autogen_core has lost count of the dropped message and
waits for ever, actrio stops.

    python examples/why/hang.py                 # actrio
    python examples/why/hang.py autogen_core    # the same program on AutoGen
"""

import asyncio
import importlib
import sys
from dataclasses import dataclass

core = importlib.import_module(sys.argv[1] if len(sys.argv) > 1 else "actrio")


@dataclass
class Order:
    amount: int


class Shop(core.RoutedAgent):
    @core.message_handler
    async def on_order(self, message: Order, ctx: core.MessageContext) -> str:
        return f"sold {message.amount}"


class NothingLarge(core.DefaultInterventionHandler):
    async def on_send(self, message, *, message_context, recipient):
        return core.DropMessage if message.amount > 100 else message


async def main():
    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=[NothingLarge()])
    await Shop.register(runtime, "shop", lambda: Shop("Sells things"))
    runtime.start()
    shop = core.AgentId("shop", "default")

    print("small order:", await runtime.send_message(Order(1), shop))
    try:
        await runtime.send_message(Order(1000), shop)
    except Exception as error:  # noqa: BLE001 - each package has its own
        print("large order:", type(error).__name__)

    try:
        await asyncio.wait_for(runtime.stop_when_idle(), timeout=2)
        print("stop_when_idle: returned")
    except TimeoutError:
        print("stop_when_idle: still hanging after 2 s")


if __name__ == "__main__":
    asyncio.run(main())
