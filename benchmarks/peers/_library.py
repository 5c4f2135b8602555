"""actrio and autogen_core: one program, since the API is the same.

The program is an ordinary one for autogen_core: agents are classes with message
handlers, the runtime has its default settings and is started and stopped. The recipient's
`AgentId` and the `TopicId` are made once, outside the loop. Only the sink has something
that autogen_core has not: an inbox with room for 16.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio

from ..deliveries import Deliveries, Local, Receiver
from ..messages import Ask, Hang, Hold, Load, Ping, Pong, Tick
from ..stages import Stage
from ._peer import Connect, Opened, Peer, PublishTo, StartHanging, Tell, Topic

__all__ = ["Library"]

SMALL = 16
TOPIC = "ticks"


class Library(Peer):
    """A library with the API of autogen_core, on one host."""

    install = "pip install 'actrio[bench]'"
    is_quick = True

    def __init__(self, name: str, module: str, host: str) -> None:
        self.name = name
        self.module = module
        self.host = host
        self.needs = (module, "uvloop") if host == "uvloop" else (module,)

    def load(self) -> Any:
        """Import the library; its classes are made by `agents_of`."""
        return importlib.import_module(self.module)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Any]:
        runtime = self.load().SingleThreadedAgentRuntime()
        runtime.start()
        try:
            yield runtime
        finally:
            await runtime.stop()

    @asynccontextmanager
    async def open_echo(self, stage: Stage) -> AsyncIterator[Connect]:
        library = self.load()
        echo = echo_class(library)
        async with self._open() as runtime:
            await echo.register(runtime, "echo", lambda: echo("Answers pings."))
            recipient = library.AgentId("echo", "default")
            yield lambda: partial(runtime.send_message, recipient=recipient)

    @asynccontextmanager
    async def open_chain(self, stage: Stage, length: int) -> AsyncIterator[Connect]:
        library = self.load()
        echo, link = echo_class(library), link_class(library)
        async with self._open() as runtime:
            await echo.register(runtime, "link-0", lambda: echo("Answers pings."))
            for number in range(1, length):
                make = partial(link, library.AgentId(f"link-{number - 1}", "default"))
                await link.register(runtime, f"link-{number}", make)
            first = library.AgentId(f"link-{length - 1}", "default")
            yield lambda: partial(runtime.send_message, recipient=first)

    @asynccontextmanager
    async def open_topic(self, stage: Stage, subscribers: int) -> AsyncIterator[Topic]:
        library = self.load()
        subscriber = subscriber_class(library)
        deliveries = Local(subscribers, stage)
        async with self._open() as runtime:
            for index, receiver in enumerate(deliveries.receivers):
                name = f"subscriber-{index}"
                await subscriber.register(
                    runtime, name, partial(subscriber, [receiver])
                )
                await runtime.add_subscription(library.TypeSubscription(TOPIC, name))
            topic = library.TopicId(TOPIC, "default")
            yield partial(runtime.publish_message, topic_id=topic), deliveries

    @asynccontextmanager
    async def open_sink(self, stage: Stage, senders: int) -> AsyncIterator[Topic]:
        library = self.load()
        subscriber = subscriber_class(library)
        deliveries = Local(senders, stage)
        async with self._open() as runtime:
            options = {"inbox_capacity": SMALL} if self.module == "actrio" else {}
            make = partial(subscriber, deliveries.receivers)
            await subscriber.register(runtime, "sink", make, **options)
            await runtime.add_subscription(library.TypeSubscription(TOPIC, "sink"))
            topic = library.TopicId(TOPIC, "default")
            yield partial(runtime.publish_message, topic_id=topic), deliveries

    @asynccontextmanager
    async def open_population(
        self, stage: Stage
    ) -> AsyncIterator[Callable[[int], Awaitable[Ask]]]:
        library = self.load()
        echo = echo_class(library)
        async with self._open() as runtime:
            await echo.register(runtime, "echo", lambda: echo("Answers pings."))

            async def address(number: int) -> Ask:
                recipient = library.AgentId("echo", str(number))
                return partial(runtime.send_message, recipient=recipient)

            yield address

    @asynccontextmanager
    async def open_topics(
        self, stage: Stage, topics: int
    ) -> AsyncIterator[tuple[PublishTo, Deliveries]]:
        library = self.load()
        subscriber = subscriber_class(library)
        deliveries = Local(1, stage)
        async with self._open() as runtime:
            make = partial(subscriber, deliveries.receivers)
            await subscriber.register(runtime, "subscriber", make)
            ids = [library.TopicId(f"{TOPIC}-{n}", "default") for n in range(topics)]
            for topic in ids:
                subscription = library.TypeSubscription(topic.type, "subscriber")
                await runtime.add_subscription(subscription)

            async def publish(number: int, tick: Tick) -> None:
                await runtime.publish_message(tick, topic_id=ids[number])

            yield publish, deliveries

    def open_queue(self, stage: Stage, room: int) -> Opened[tuple[Tell, Deliveries]]:
        if self.module != "actrio":
            raise self.lacks(
                "it starts a handler for each message, none of them queues"
            )
        return self._open_queue(stage, room)

    @asynccontextmanager
    async def _open_queue(
        self, stage: Stage, room: int
    ) -> AsyncIterator[tuple[Tell, Deliveries]]:
        library = self.load()
        subscriber = subscriber_class(library)
        deliveries = Local(1, stage)
        async with self._open() as runtime:
            make = partial(subscriber, deliveries.receivers)
            await subscriber.register(runtime, "sink", make, inbox_capacity=room)
            await runtime.add_subscription(library.TypeSubscription(TOPIC, "sink"))
            topic = library.TopicId(TOPIC, "default")
            yield partial(runtime.publish_message, topic_id=topic), deliveries

    def open_hanging(self, stage: Stage) -> Opened[tuple[StartHanging, Connect]]:
        if self.module != "actrio":
            raise self.lacks(
                "its handlers run to their end when the caller is cancelled"
            )
        return self._open_hanging()

    @asynccontextmanager
    async def _open_hanging(self) -> AsyncIterator[tuple[StartHanging, Connect]]:
        library = self.load()
        echo, hanging = echo_class(library), hanging_class(library)
        async with self._open() as runtime:
            await echo.register(runtime, "echo", lambda: echo("Answers pings."))
            await hanging.register(runtime, "hanging", lambda: hanging("Hangs."))
            recipient = library.AgentId("echo", "default")
            hangs = library.AgentId("hanging", "default")

            @asynccontextmanager
            async def start(hang: Hang) -> AsyncIterator[Callable[[], object]]:
                async with anyio.create_task_group() as group:
                    group.start_soon(runtime.send_message, hang, hangs)
                    yield group.cancel_scope.cancel

            yield start, lambda: partial(runtime.send_message, recipient=recipient)


# The classes of an ordinary program; made by functions since the library varies.


def echo_class(library: Any) -> Any:
    """An agent that answers."""

    class Echo(library.RoutedAgent):
        @library.message_handler
        async def on_ping(self, message: Ping, ctx: library.MessageContext) -> Pong:
            return message.reply()

        @library.message_handler
        async def on_load(self, message: Load, ctx: library.MessageContext) -> Load:
            return message.reply()

    return Echo


def link_class(library: Any) -> Any:
    """An agent that asks the next one."""

    class Link(library.RoutedAgent):
        def __init__(self, following: library.AgentId) -> None:
            super().__init__("Asks the next.")
            self._following = following

        @library.message_handler
        async def on_ping(self, message: Ping, ctx: library.MessageContext) -> Pong:
            pong = await self.send_message(message, self._following)
            return Pong(pong.number + 1)

    return Link


def subscriber_class(library: Any) -> Any:
    """An agent that takes ticks, from one sender or several."""

    class Subscriber(library.RoutedAgent):
        def __init__(self, receivers: list[Receiver]) -> None:
            super().__init__("Takes ticks.")
            self._receivers = receivers

        @library.message_handler
        async def on_tick(self, message: Tick, ctx: library.MessageContext) -> None:
            self._receivers[message.sender].take(message.number)

        @library.message_handler
        async def on_hold(self, message: Hold, ctx: library.MessageContext) -> None:
            await message.until.wait()

    return Subscriber


def hanging_class(library: Any) -> Any:
    """An agent that waits until it is cancelled."""

    class Hanging(library.RoutedAgent):
        @library.message_handler
        async def on_hang(self, message: Hang, ctx: library.MessageContext) -> None:
            try:
                message.started()
                await anyio.sleep_forever()
            finally:
                message.stopped()

    return Hanging
