"""Agents and a model that say what the test has written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Handoff, Response
from autogen_agentchat.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    HandoffMessage,
    ModelClientStreamingChunkEvent,
    TextMessage,
)
from autogen_core import CancellationToken
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    ModelInfo,
    RequestUsage,
)


class Speaker(BaseChatAgent):
    """Says its sentences, one per turn, and then the last one again.

    Args:
        name: Its name.
        sentences: What it says; ``"-> name"`` hands over to another agent.
    """

    def __init__(self, name: str, *sentences: str) -> None:
        super().__init__(name, f"{name} speaks")
        self.sentences = sentences or (f"I am {name}.",)
        self.turns = 0
        self.heard: list[str] = []

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage, HandoffMessage)

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        self.heard += [message.to_text() for message in messages]
        sentence = self.sentences[min(self.turns, len(self.sentences) - 1)]
        self.turns += 1
        if sentence.startswith("-> "):
            target = sentence.removeprefix("-> ")
            handoff = HandoffMessage(
                content=Handoff(target=target).message, target=target, source=self.name
            )
            return Response(chat_message=handoff)
        return Response(chat_message=TextMessage(content=sentence, source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.turns = 0

    async def save_state(self) -> Mapping[str, Any]:
        return {"turns": self.turns}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.turns = state["turns"]


class Streamer(Speaker):
    """Says its sentence in chunks first."""

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response, None]:
        for chunk in self.sentences[0].split():
            yield ModelClientStreamingChunkEvent(content=chunk, source=self.name)
        yield await self.on_messages(messages, cancellation_token)


class Sleeper(Speaker):
    """Works until its token is cancelled, or it was paused and resumed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.began = asyncio.Event()
        self.log: list[str] = []
        self._go_on = asyncio.Event()

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        self.began.set()
        waiting = asyncio.ensure_future(self._go_on.wait())  # noqa: TID251 - as users write it
        cancellation_token.link_future(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        return await super().on_messages(messages, cancellation_token)

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        self.log.append("paused")

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        self.log.append("resumed")
        self._go_on.set()


class Failing(Speaker):
    """Raises when it is its turn."""

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        message = "out of words"
        raise ValueError(message)


class ScriptedModel(ChatCompletionClient):
    """A model that answers with its sentences, in this order."""

    def __init__(self, *sentences: str) -> None:
        self._sentences = iter(sentences)

    async def create(self, messages: Any, **options: Any) -> CreateResult:
        return CreateResult(
            finish_reason="stop",
            content=next(self._sentences),
            usage=RequestUsage(0, 0),
            cached=False,
        )

    async def create_stream(
        self, messages: Any, **options: Any
    ) -> AsyncGenerator[str | CreateResult, None]:
        yield await self.create(messages)

    async def close(self) -> None: ...

    def actual_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def total_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def count_tokens(self, messages: Any, **options: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Any, **options: Any) -> int:
        return 1

    @property
    def capabilities(self) -> Any:
        return self.model_info

    @property
    def model_info(self) -> ModelInfo:
        return ModelInfo(
            vision=False,
            function_calling=False,
            json_output=False,
            family="unknown",
            structured_output=False,
        )


def said(messages: Sequence[BaseAgentEvent | BaseChatMessage]) -> list[str]:
    """Return who said what."""
    return [f"{message.source}: {message.to_text()}" for message in messages]
