"""A runtime in a Quart application on trio, served by Hypercorn.

    pip install 'actrio[examples]'
    hypercorn --worker-class trio file:examples/embedding/quart_trio_app.py
    curl http://127.0.0.1:8000/count/apples

Quart-Trio cancels the handler of a request whose client went away, and the cancellation
goes on into the actor. Nothing has to be written for it.
"""

from dataclasses import dataclass

import trio
from quart import request
from quart_trio import QuartTrio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)


@dataclass
class Count:
    seconds: float


class Counter(RoutedAgent):
    """Counts how often it was asked; counting may take its time."""

    def __init__(self) -> None:
        super().__init__("counts")
        self.count = self.interrupted = 0

    @message_handler
    async def on_count(self, message: Count, ctx: MessageContext) -> int:
        try:
            await trio.sleep(message.seconds)
        except trio.Cancelled:
            self.interrupted += 1
            raise
        self.count += 1
        return self.count


app = QuartTrio(__name__)


# Not `while_serving`: Quart enters and leaves it in two tasks, and a block that owns tasks
# has to be left in the one that entered it. `start` needs no block.


@app.before_serving
async def begin() -> None:
    app.runtime = SingleThreadedAgentRuntime()
    await Counter.register(app.runtime, "counter", Counter)
    app.runtime.start()


@app.after_serving
async def end() -> None:
    await app.runtime.stop_when_idle()
    await app.runtime.close()


@app.get("/count/<thing>")
async def count(thing: str) -> str:
    seconds = request.args.get("seconds", 0.0, type=float)
    number = await app.runtime.send_message(Count(seconds), AgentId("counter", thing))
    return f"{thing}: {number}\n"
