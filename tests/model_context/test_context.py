"""Conversations: what is kept, what is saved, and what is refused."""

import pytest
from pydantic import ValidationError

from actrio.exceptions import UntrustedProvider
from actrio.model_context import (
    BufferedChatCompletionContext,
    ChatCompletionContext,
    ChatCompletionContextState,
    HeadAndTailChatCompletionContext,
    UnboundedChatCompletionContext,
)
from actrio.models import SystemMessage, UserMessage

pytestmark = pytest.mark.anyio


def said(*texts: str) -> list[UserMessage]:
    return [UserMessage(content=text, source="user") for text in texts]


async def test_a_state_that_is_refused_changes_nothing() -> None:
    """An unknown role is named, and the conversation stays."""
    context = UnboundedChatCompletionContext(said("a"))
    with pytest.raises(ValidationError, match=r"'DeveloperMessage'.*expected tags"):
        await context.load_state(
            {"messages": [{"type": "DeveloperMessage", "content": "x"}]}
        )
    assert await context.get_messages() == said("a")


async def test_clearing_forgets_the_initial_messages_but_not_the_config() -> None:
    """A component that is made again begins as this one did."""
    context = UnboundedChatCompletionContext(said("a"))
    await context.clear()
    assert await context.get_messages() == []
    again = ChatCompletionContext.load_component(context.dump_component())
    assert await again.get_messages() == said("a")


async def test_a_state_has_all_messages() -> None:
    """Those that the model does not see any more come back with a wider context."""
    context = BufferedChatCompletionContext(1, [SystemMessage(content="s")])
    await context.add_message(*said("a"))
    assert await context.get_messages() == said("a")
    wider = BufferedChatCompletionContext(9)
    await wider.load_state(await context.save_state())
    assert await wider.get_messages() == [SystemMessage(content="s"), *said("a")]


def test_a_state_by_itself() -> None:
    """It is a pydantic model like any other."""
    state = ChatCompletionContextState(messages=[*said("a")])
    assert ChatCompletionContextState.model_validate_json(state.model_dump_json()) == (
        state
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: BufferedChatCompletionContext(0), "buffer_size .* not 0"),
        (lambda: HeadAndTailChatCompletionContext(-1, 1), "head_size .* not -1"),
        (lambda: HeadAndTailChatCompletionContext(1, 0), "tail_size .* not 0"),
    ],
)
def test_sizes_must_be_positive(make: type[object], text: str) -> None:
    """The message says which, what it is, and what it may be."""
    with pytest.raises(ValueError, match=text):
        make()


def test_an_untrusted_conversation_is_not_loaded() -> None:
    """Nor one of a newer config than its class knows."""
    with pytest.raises(UntrustedProvider, match="evil"):
        ChatCompletionContext.load_component({"provider": "evil.Context", "config": {}})
    model = BufferedChatCompletionContext(2).dump_component()
    model.config = {"capacity": 2}
    model.component_version = 9
    with pytest.raises(ValidationError, match="buffer_size") as caught:
        ChatCompletionContext.load_component(model)
    assert "BufferedChatCompletionContextConfig" in caught.value.__notes__[0]
