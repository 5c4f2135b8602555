"""What a model is given when tokens are few."""

import logging

import pytest

from actrio.model_context import TokenLimitedChatCompletionContext
from actrio.models import UserMessage
from actrio.testing import ReplayChatCompletionClient

pytestmark = pytest.mark.anyio


def said(*texts: str) -> list[UserMessage]:
    return [UserMessage(content=text, source="user") for text in texts]


async def test_a_limit_smaller_than_one_message_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The model is given nothing, and the log says why and what to do."""
    context = TokenLimitedChatCompletionContext(
        ReplayChatCompletionClient([]), token_limit=1
    )
    assert await context.get_messages() == []
    assert not caplog.records
    for message in said("two words", "two more"):
        await context.add_message(message)
    with caplog.at_level(logging.WARNING, "autogen_core"):
        assert await context.get_messages() == []
    (record,) = caplog.records
    assert record.getMessage() == (
        "TokenLimitedChatCompletionContext gives the model none of its 2 messages: "
        "token_limit=1 leaves no room for one of them; allow more tokens, or shorten "
        "messages or tools"
    )


async def test_a_model_without_room_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Without a limit it is the model that has no room."""

    class Full(ReplayChatCompletionClient):
        def remaining_tokens(self, messages: object, *, tools: object = ()) -> int:
            return -1

    context = TokenLimitedChatCompletionContext(Full([]), initial_messages=said("a"))
    with caplog.at_level(logging.WARNING, "autogen_core"):
        assert await context.get_messages() == []
    assert "the model leaves no room" in caplog.text


async def test_the_conversation_keeps_what_is_not_given() -> None:
    """A message that is too long now is there when there is more room."""
    client = ReplayChatCompletionClient([])
    context = TokenLimitedChatCompletionContext(client, token_limit=2)
    for message in said("one", "two", "three"):
        await context.add_message(message)
    assert await context.get_messages() == said("one", "three")
    state = await context.save_state()
    assert len(state["messages"]) == 3


async def test_a_component_holds_its_client() -> None:
    """It is made again together with the one who counts."""
    context = TokenLimitedChatCompletionContext(
        ReplayChatCompletionClient(["hello"]),
        token_limit=1,
        tool_schema=[{"name": "f"}],
        initial_messages=said("a", "b"),
    )
    model = context.dump_component()
    assert model.provider == "actrio.model_context.TokenLimitedChatCompletionContext"
    loaded = TokenLimitedChatCompletionContext.load_component(model)
    assert await loaded.get_messages() == said("a")
    assert loaded.dump_component() == model


def test_the_limit_must_be_positive() -> None:
    """The message says what it is and what it may be."""
    with pytest.raises(ValueError, match="greater than 0 or None, not -1"):
        TokenLimitedChatCompletionContext(
            ReplayChatCompletionClient([]), token_limit=-1
        )
