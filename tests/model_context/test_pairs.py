"""Calls and their results stay together."""

from hypothesis import given, settings, strategies as st

from actrio import FunctionCall
from actrio.model_context._pairs import (
    without_calls_at_end,
    without_middle,
    without_results_at_start,
)
from actrio.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    UserMessage,
)


def messages_of(pattern: str) -> list[LLMMessage]:
    """A conversation: u is a user, a a model, c its calls, r their result."""
    result = FunctionExecutionResult(content="x", name="f", call_id="1")
    make: dict[str, LLMMessage] = {
        "u": UserMessage(content="u", source="user"),
        "a": AssistantMessage(content="a", source="model"),
        "c": AssistantMessage(content=[FunctionCall("1", "{}", "f")], source="model"),
        "r": FunctionExecutionResultMessage(content=[result]),
    }
    return [make[kind] for kind in pattern]


def pattern_of(messages: list[LLMMessage]) -> str:
    """The same conversation in letters."""
    letters = {"UserMessage": "u", "FunctionExecutionResultMessage": "r"}
    return "".join(
        letters.get(one.type) or ("a" if isinstance(one.content, str) else "c")
        for one in messages
    )


# Whole turns, so that every result has its call; a call may have several results.
turns = st.lists(st.sampled_from(["u", "a", "cr", "crr"])).map("".join)


def test_results_at_the_start_go() -> None:
    """All of them, and only they."""
    assert pattern_of(without_results_at_start(messages_of("rrucr"))) == "ucr"
    assert pattern_of(without_results_at_start(messages_of("rr"))) == ""
    assert pattern_of(without_results_at_start(messages_of("ur"))) == "ur"


def test_calls_at_the_end_go() -> None:
    """All of them, and only they; what a model says in words stays."""
    assert pattern_of(without_calls_at_end(messages_of("cracc"))) == "cra"
    assert pattern_of(without_calls_at_end(messages_of("c"))) == ""
    assert pattern_of(without_calls_at_end(messages_of("uc"))) == "u"
    assert pattern_of(without_calls_at_end(messages_of("cr"))) == "cr"


def test_the_middle_goes_with_what_belongs_to_it() -> None:
    """From either side of a pair, to all results of the call."""
    assert pattern_of(without_middle(messages_of("uau"))) == "uu"
    assert pattern_of(without_middle(messages_of("ucru"))) == "uu"
    assert pattern_of(without_middle(messages_of("ucruu"))) == "uuu"
    assert pattern_of(without_middle(messages_of("crrru"))) == "u"
    assert pattern_of(without_middle(messages_of("ucrr"))) == "u"


def test_a_result_that_nobody_called_for_goes_alone() -> None:
    """It takes no other message along."""
    assert pattern_of(without_middle(messages_of("uaru"))) == "uau"
    assert pattern_of(without_middle(messages_of("rrr"))) == ""


@settings(max_examples=60, deadline=None, database=None)
@given(turns)
def test_leaving_out_the_middle_ends_and_parts_no_pair(pattern: str) -> None:
    """Each step leaves out something, and every result keeps its call."""
    messages = messages_of(pattern)
    while messages:
        shorter = without_middle(messages)
        assert len(shorter) < len(messages)
        rest = pattern_of(shorter)
        assert rest.replace("crr", "").replace("cr", "").strip("ua") == ""
        messages = shorter
