"""What one request is made of: its larger steps, each by itself, on actrio's own parts.

Put together they are less than the whole; the rest is what the runtime does around them:
the front door, the directory, the inbox, the bookkeeping of actor and runtime.

actrio is imported where it is used: the other peers' processes read this module too.
"""

from typing import Any

from ..messages import Ping
from ..peers import Peer
from ..peers._library import Library, echo_class
from ..stages import Stage
from ._requests import RequestRow
from ._row import Row, Sample, Stopwatch

__all__ = ["STEPS"]


class SwitchStep(Row):
    """Two tasks that wake each other: what remains if nothing at all is done."""

    name = "step-switches"
    title = "two task switches: a task wakes another and parks, and is woken"
    unit = "round trips/s"

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        from actrio._concurrency import Waiter, current_host

        host = current_host()
        caller, actor = Waiter(), Waiter()
        watch = Stopwatch()

        async def be_actor() -> None:
            for _ in range(count):
                await host.idle(actor)
                host.wake(caller)

        async def be_caller() -> None:
            while actor.parked is None:
                await host.let_others_run()
            with watch:
                for _ in range(count):
                    host.wake(actor)
                    await host.park(caller)

        await stage.together([be_actor, be_caller])
        return watch.sample(count)


class ObjectsStep(Row):
    """What is made for each message, and forgotten after it."""

    name = "step-objects"
    title = "the objects made for one request: context, token, envelope, invocation"
    unit = "requests/s"

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        from actrio import AgentId, CancellationToken, MessageContext
        from actrio.messages import Request
        from actrio.runtime._waits import Invocation

        recipient = AgentId("echo", "default")
        message, owner = Ping(1), object()
        with Stopwatch() as watch:
            for _ in range(count):
                context = MessageContext(None, None, True, CancellationToken(), "id")
                request = Request(message, recipient, context)
                request.invocation = Invocation(recipient, owner)
        return watch.sample(count)


class HandlerStep(Row):
    """The agent: finding the handler, running it, looking at what it returns."""

    name = "step-handler"
    title = "the agent: dispatch to its handler, and the user's own code"
    unit = "requests/s"

    async def measure(
        self, peer: Peer, stage: Stage, count: int, *, latency: bool = False
    ) -> Sample:
        assert isinstance(peer, Library)
        library = peer.load()
        echo = echo_class(library)
        token = library.CancellationToken()
        context = library.MessageContext(None, None, True, token, "id")
        agent: Any
        async with library.SingleThreadedAgentRuntime() as runtime:
            await echo.register(runtime, "echo", lambda: echo("Answers pings."))
            recipient = library.AgentId("echo", "default")
            agent = await runtime.try_get_underlying_agent_instance(recipient)
            with Stopwatch() as watch:
                for number in range(count):
                    await agent.on_message(Ping(number), ctx=context)
        return watch.sample(count)


class WholeStep(RequestRow):
    """All of it, measured in turn with its steps."""

    def __init__(self) -> None:
        super().__init__(1)
        self.name = "step-whole"
        self.title = "a whole request"
        self.waits = False


STEPS: list[Row] = [SwitchStep(), HandlerStep(), ObjectsStep(), WholeStep()]
