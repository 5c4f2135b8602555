"""actrio and autogen_core: one program, since the API is the same.

The program is an ordinary one for autogen_core: agents are classes with message
handlers, the runtime has its default settings and is started and stopped. The recipient's
`AgentId` and the `TopicId` are made once, outside the loop.
"""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..workloads import Ask, Ping, Pong, Publish, Receiver, Tick

__all__ = ["Library"]


@dataclass
class Library:
    """A library with the API of autogen_core, on one host."""

    name: str
    module: str
    host: str

    @asynccontextmanager
    async def open_echo(self) -> AsyncIterator[Callable[[], Ask]]:
        if TYPE_CHECKING:
            import actrio as library
        else:
            library = importlib.import_module(self.module)

        class Echo(library.RoutedAgent):
            @library.message_handler
            async def on_ping(self, message: Ping, ctx: library.MessageContext) -> Pong:
                return Pong(message.number + 1)

        runtime = library.SingleThreadedAgentRuntime()
        await Echo.register(runtime, "echo", lambda: Echo("Answers pings."))
        recipient = library.AgentId("echo", "default")
        runtime.start()
        try:
            yield lambda: partial(runtime.send_message, recipient=recipient)
        finally:
            await runtime.stop()

    @asynccontextmanager
    async def open_topic(self, receivers: list[Receiver]) -> AsyncIterator[Publish]:
        if TYPE_CHECKING:
            import actrio as library
        else:
            library = importlib.import_module(self.module)

        class Subscriber(library.RoutedAgent):
            def __init__(self, receiver: Receiver) -> None:
                super().__init__("Takes ticks.")
                self._receiver = receiver

            @library.message_handler
            async def on_tick(self, message: Tick, ctx: library.MessageContext) -> None:
                self._receiver.take(message.number)

        runtime = library.SingleThreadedAgentRuntime()
        for index, receiver in enumerate(receivers):
            name = f"subscriber-{index}"
            await Subscriber.register(runtime, name, partial(Subscriber, receiver))
            await runtime.add_subscription(library.TypeSubscription("ticks", name))
        topic = library.TopicId("ticks", "default")
        runtime.start()
        try:
            yield partial(runtime.publish_message, topic_id=topic)
        finally:
            await runtime.stop()
