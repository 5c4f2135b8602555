"""A runtime in the lifespan of a FastAPI application.

    pip install 'actrio[examples]'
    uvicorn --app-dir examples/embedding fastapi_app:app
    curl http://127.0.0.1:8000/stories/fox?sentences=3
    curl --no-buffer http://127.0.0.1:8000/stories/fox/live?sentences=3

The runtime is started and stopped with the application. A web request becomes a request
to an actor; and when the client goes away, the actor stops working for it. A web server
does not cancel a handler whose client has gone, so `until_gone` looks out for that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.abc import ObjectSendStream
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
)

PAUSE = 0.05
"""How many seconds the teller thinks about a sentence."""


@dataclass
class Tell:
    """Ask for a story, which is sent sentence by sentence."""

    sentences: int
    told: ObjectSendStream[str]


class Teller(RoutedAgent):
    """Tells stories about the animal that is its key."""

    def __init__(self) -> None:
        super().__init__("tells stories")
        self.told = self.interrupted = 0

    @message_handler
    async def on_tell(self, message: Tell, ctx: MessageContext) -> None:
        if self.id.key == "unicorn":
            raise LookupError("there are no unicorns")
        try:
            async with message.told:
                for number in range(1, message.sentences + 1):
                    await anyio.sleep(PAUSE)
                    await message.told.send(f"The {self.id.key} makes step {number}.\n")
            self.told += 1
        except anyio.get_cancelled_exc_class():
            self.interrupted += 1
            raise


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with SingleThreadedAgentRuntime() as runtime:
        await Teller.register(runtime, "teller", Teller)
        app.state.runtime = runtime
        yield


app = FastAPI(lifespan=lifespan)


@asynccontextmanager
async def until_gone(receive: Receive) -> AsyncIterator[anyio.CancelScope]:
    """Cancel the block when the client goes away."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield tasks.cancel_scope
        tasks.cancel_scope.cancel()


async def tell(runtime: SingleThreadedAgentRuntime, animal: str, message: Tell) -> None:
    async with message.told:
        await runtime.send_message(message, AgentId("teller", animal))


@app.get("/stories/{animal}")
async def story(request: Request, animal: str, sentences: int = 3) -> Response:
    """The whole story, when it is finished; nobody tells it if nobody waits for it."""
    told, heard = anyio.create_memory_object_stream[str](sentences)
    error: Exception | None = None
    with heard:
        async with until_gone(request.receive):
            try:
                await tell(request.app.state.runtime, animal, Tell(sentences, told))
            except LookupError as exc:  # outside of the block it would be in a group
                error = exc
        if error is not None:
            raise HTTPException(404, str(error))
        text = ""
        while heard.statistics().current_buffer_used:
            text += heard.receive_nowait()
    return Response(text, media_type="text/plain")


class Live(Response):
    """A story that is sent while it is told."""

    def __init__(self, runtime: SingleThreadedAgentRuntime, animal: str, sentences: int) -> None:
        super().__init__(media_type="text/plain")
        del self.headers["content-length"]
        self.ask = runtime, animal, sentences

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        runtime, animal, sentences = self.ask
        told, heard = anyio.create_memory_object_stream[str]()
        start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with until_gone(receive), anyio.create_task_group() as tasks:
            tasks.start_soon(tell, runtime, animal, Tell(sentences, told))
            await send(start)
            async with heard:
                async for sentence in heard:
                    await send({"type": "http.response.body", "body": sentence.encode(), "more_body": True})
            await send({"type": "http.response.body"})


@app.get("/stories/{animal}/live")
async def live_story(request: Request, animal: str, sentences: int = 3) -> Response:
    """The story sentence by sentence."""
    return Live(request.app.state.runtime, animal, sentences)
