"""A model asks for tools: calls with arguments, an image as answer, a cache, a censor.

Run it (pip install 'actrio[pydantic,images]'):

    python examples/more/tools.py

Output:

    square({'side': 2}): an image of 2x2
    square({'side': 2}): the same image, from the cache
    paint: refused by Censor
    square: {"side": "two"} is no side
"""

import json
from typing import Any

import trio
from PIL import Image as PillowImage

from actrio import (
    AgentId,
    CacheStore,
    DefaultInterventionHandler,
    DropMessage,
    FunctionCall,
    Image,
    InMemoryStore,
    InterventionHandler,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)
from actrio.exceptions import CantHandleException, MessageDroppedException


class Painter(RoutedAgent):
    """Carries out the calls that a model asks for."""

    def __init__(self, cache: CacheStore[Image]) -> None:
        super().__init__("paints")
        self.cache = cache

    @message_handler
    async def on_call(self, message: FunctionCall, ctx: MessageContext) -> tuple[Image, str]:
        # models write JSON; a program may give a mapping: both are read alike
        arguments = dict(message.parsed_arguments)
        side = arguments.get("side")
        if not isinstance(side, int):
            problem = f"{json.dumps(arguments)} is no side"
            raise CantHandleException(problem)
        key = f"{message.name}-{side}"
        found = self.cache.get(key)
        if found is not None:
            return found, "the same image, from the cache"
        image = Image.from_pil(PillowImage.new("RGB", (side, side), "red"))
        self.cache.set(key, image)
        return image, f"an image of {side}x{side}"


class Censor(DefaultInterventionHandler):
    """Lets through what is allowed; every message passes here before it is delivered."""

    async def on_send(self, message: Any, *, message_context: MessageContext, recipient: AgentId) -> Any:
        if isinstance(message, FunctionCall) and message.name != "square":
            return DropMessage
        return message


async def main() -> None:
    cache: CacheStore[Image] = InMemoryStore[Image]()
    handlers: list[InterventionHandler] = [Censor()]
    calls = [
        FunctionCall(id="1", name="square", arguments='{"side": 2}'),
        FunctionCall(id="2", name="square", arguments={"side": 2}),
        FunctionCall(id="3", name="paint", arguments="{}"),
        FunctionCall(id="4", name="square", arguments='{"side": "two"}'),
    ]
    async with SingleThreadedAgentRuntime(intervention_handlers=handlers) as runtime:
        await Painter.register(runtime, "painter", lambda: Painter(cache))
        for call in calls:
            try:
                image, text = await runtime.send_message(call, AgentId("painter", "one"))
            except MessageDroppedException:
                print(f"{call.name}: refused by Censor")
            except CantHandleException as exc:
                print(f"{call.name}: {exc}")
            else:
                assert image.data_uri.startswith("data:image/png;base64,")
                print(f"{call.name}({dict(call.parsed_arguments)}): {text}")


if __name__ == "__main__":
    trio.run(main)
