"""Stopping: autogen_core leaves callers waiting for an answer that never comes.

Two requests are under way when the runtime is stopped: one is being handled, one came
later. In autogen_core neither caller hears anything again; in actrio both get an error,
and no task is left.

    python examples/why/stop.py                 # actrio
    python examples/why/stop.py autogen_core    # the same program on AutoGen
"""

import asyncio
import importlib
import sys
from dataclasses import dataclass

core = importlib.import_module(sys.argv[1] if len(sys.argv) > 1 else "actrio")


@dataclass
class Work:
    name: str


class Worker(core.RoutedAgent):
    @core.message_handler
    async def on_work(self, message: Work, ctx: core.MessageContext) -> None:
        await asyncio.Event().wait()  # waits for something that does not happen


async def ask(runtime, name):
    try:
        async with asyncio.timeout(2):
            await runtime.send_message(Work(name), core.AgentId("worker", "default"))
    except TimeoutError:
        print(f"{name}: still hanging after 2 s")
    except Exception as error:  # noqa: BLE001 - each package has its own
        print(f"{name}: {type(error).__name__}")


async def main():
    # actrio lets running handlers finish for some seconds; here one that never ends
    grace = {} if core.__name__ == "autogen_core" else {"grace": 0.1}
    runtime = core.SingleThreadedAgentRuntime(**grace)
    await Worker.register(runtime, "worker", lambda: Worker("Never ends"))
    runtime.start()
    callers = [asyncio.create_task(ask(runtime, "first request"))]
    await asyncio.sleep(0.05)
    callers.append(asyncio.create_task(ask(runtime, "second request")))
    await asyncio.sleep(0)
    await runtime.stop()
    print("stop: returned")
    await asyncio.gather(*callers)


if __name__ == "__main__":
    asyncio.run(main())
