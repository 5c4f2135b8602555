"""A cancelled caller: autogen_core lets the handler run on.

The caller gives up after 0.5 s. In autogen_core nobody tells the handler, which goes on
working for nobody; in actrio a request is a function call, and its cancellation reaches
the handler before the caller leaves.

    python examples/why/cancel.py                 # actrio
    python examples/why/cancel.py autogen_core    # the same program on AutoGen
"""

import asyncio
import importlib
import sys
from dataclasses import dataclass

core = importlib.import_module(sys.argv[1] if len(sys.argv) > 1 else "actrio")


@dataclass
class Work:
    steps: int


class Worker(core.RoutedAgent):
    @core.message_handler
    async def on_work(self, message: Work, ctx: core.MessageContext) -> None:
        try:
            for step in range(1, message.steps + 1):
                await asyncio.sleep(0.2)
                print(f"handler: step {step} of {message.steps}")
            print("handler: done, but nobody waits for it")
        except asyncio.CancelledError:
            print("handler: cancelled, cleaning up")
            raise


async def main():
    runtime = core.SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("Works slowly"))
    runtime.start()
    try:
        await asyncio.wait_for(runtime.send_message(Work(5), core.AgentId("worker", "default")), timeout=0.5)
    except TimeoutError:
        print("caller: gave up after 0.5 s")

    try:
        await asyncio.wait_for(runtime.stop_when_idle(), timeout=2)
        print("stop_when_idle: returned")
    except TimeoutError:
        print("stop_when_idle: still hanging after 2 s")


if __name__ == "__main__":
    asyncio.run(main())
