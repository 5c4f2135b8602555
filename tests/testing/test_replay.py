"""A client of a model that says what its script says."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Literal

import anyio
import anyio.lowlevel
import pytest
from PIL import Image as PillowImage

from actrio import CancellationToken, FunctionCall, Image
from actrio.exceptions import RequestCancelled
from actrio.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelFamily,
    RequestUsage,
    UserMessage,
)
from actrio.testing import (
    CancelPoint,
    ReplayChatCompletionClient,
    ScriptedStream,
    sweep,
)

pytestmark = pytest.mark.anyio

HI = [UserMessage(content="Hi there", source="user")]


def result(content: str | list[FunctionCall] = "done", tokens: int = 5) -> CreateResult:
    """A result as a service would give it."""
    return CreateResult(
        finish_reason="stop" if isinstance(content, str) else "function_calls",
        content=content,
        usage=RequestUsage(100, tokens),
        cached=False,
    )


async def streamed(
    client: ChatCompletionClient, token: CancellationToken | None = None
) -> list[str | CreateResult]:
    """Everything that a stream gives."""
    stream = client.create_stream(HI, cancellation_token=token)
    return [piece async for piece in stream]


async def test_a_script_is_said_in_order() -> None:
    """A text becomes a result, a result stays what it is."""
    recorded = result()
    client = ReplayChatCompletionClient(["Hello, how are you?", recorded])
    first = await client.create(HI)
    assert first == CreateResult(
        finish_reason="stop",
        content="Hello, how are you?",
        usage=RequestUsage(2, 4),
        cached=True,
    )
    assert await client.create(HI) is recorded


async def test_usage_counts_words() -> None:
    """Of the last request, of all of them, and of what is left."""
    client = ReplayChatCompletionClient(["one two three", result(tokens=7)])
    assert client.total_usage() == RequestUsage(0, 0)
    await client.create(HI)
    assert client.actual_usage() == client.total_usage() == RequestUsage(2, 3)
    before = client.total_usage()
    await client.create(HI)
    assert client.actual_usage() == RequestUsage(2, 7)
    assert client.total_usage() == RequestUsage(4, 10)
    assert before == RequestUsage(2, 3)
    assert client.remaining_tokens(HI) == 10_000 - 14


async def test_every_kind_of_message_has_words() -> None:
    """Parts of a message count as well; an image has no words."""
    image = Image(PillowImage.new("RGB", (1, 1)))
    messages: list[LLMMessage] = [
        *HI,
        UserMessage(content=["three more words", "one", image], source="user"),
        AssistantMessage(content=[FunctionCall("1", "{}", "add")], source="model"),
        FunctionExecutionResultMessage(
            content=[FunctionExecutionResult(content="a b", name="f", call_id="1")]
        ),
    ]
    assert ReplayChatCompletionClient([]).count_tokens(messages) == 2 + 4 + 2 + 2


async def test_a_used_up_script_is_told() -> None:
    """The error says how long the script was, and what to do."""
    client = ReplayChatCompletionClient(["only one"])
    await client.create(HI)
    expected = (
        r"No more mock responses available: the script has 1, and this is request 2; "
        r"add to chat_completions, or reset\(\)"
    )
    with pytest.raises(ValueError, match=expected):
        await client.create(HI)
    with pytest.raises(ValueError, match=expected):
        await streamed(client)
    assert len(client.create_calls) == 1
    client.chat_completions.append("one more")
    assert (await client.create(HI)).content == "one more"


async def test_a_script_begins_again_after_a_reset() -> None:
    """Without usage; what was asked stays on record."""
    client = ReplayChatCompletionClient(["only one"])
    await client.create(HI)
    client.reset()
    assert client.total_usage() == client.actual_usage() == RequestUsage(0, 0)
    assert (await client.create(HI)).content == "only one"
    assert len(client.create_calls) == 2


async def test_requests_are_recorded() -> None:
    """With all arguments, as they were then; streams as well."""
    client = ReplayChatCompletionClient(["a", "b"])
    messages: list[LLMMessage] = [*HI]
    token = CancellationToken()
    await client.create(
        messages,
        tools=[{"name": "f"}],
        json_output=True,
        extra_create_args={"seed": 1},
        cancellation_token=token,
    )
    messages.append(AssistantMessage(content="a", source="model"))
    await streamed(client)
    first, second = client.create_calls
    assert first == {
        "messages": HI,
        "tools": [{"name": "f"}],
        "tool_choice": "auto",
        "json_output": True,
        "extra_create_args": {"seed": 1},
        "cancellation_token": token,
    }
    assert second["messages"] == HI


async def test_a_choice_of_tools_is_ignored_aloud(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The script has chosen."""
    client = ReplayChatCompletionClient(["a"])
    with caplog.at_level(logging.WARNING, "autogen_core"):
        await client.create(HI, tool_choice="required")
    assert "tool_choice is ignored" in caplog.text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello, how are you?", ["Hello, ", "how ", "are ", "you?"]),
        ("  two\n lines \n", ["  two\n ", "lines \n"]),
        (" ", [" "]),
        ("", []),
    ],
)
async def test_a_text_is_streamed_word_by_word(text: str, pieces: list[str]) -> None:
    """The pieces make the text, and the result comes last."""
    client = ReplayChatCompletionClient([text])
    *given, last = await streamed(client)
    assert given == pieces
    assert isinstance(last, CreateResult)
    assert last.content == text
    assert client.total_usage() == last.usage


async def test_a_result_is_streamed_whole() -> None:
    """Calls have no pieces."""
    recorded = result([FunctionCall("1", "{}", "now")])
    assert await streamed(ReplayChatCompletionClient([recorded])) == [recorded]


async def test_streams_in_other_pieces() -> None:
    """With the result that they make, or with another one."""
    recorded = result("Hello")
    client = ReplayChatCompletionClient(
        [ScriptedStream(["He", "llo"]), ScriptedStream(["He", "llo"], recorded)]
    )
    *pieces, last = await streamed(client)
    assert pieces == ["He", "llo"]
    assert isinstance(last, CreateResult)
    assert (last.content, last.usage) == ("Hello", RequestUsage(2, 1))
    assert await streamed(client) == ["He", "llo", recorded]
    client.reset()
    assert (await client.create(HI)).content == "Hello"
    assert await client.create(HI) is recorded


async def test_streams_that_break_off() -> None:
    """One ends without a result, one raises; a whole answer cannot be had."""
    lost = ConnectionResetError("lost")
    script = [ScriptedStream(["He"], None), ScriptedStream(["He"], lost)]
    client = ReplayChatCompletionClient(script)
    assert await streamed(client) == ["He"]
    pieces: list[object] = []
    with pytest.raises(ConnectionResetError) as caught:
        async for piece in client.create_stream(HI):
            pieces.append(piece)  # noqa: PERF401 - what came before the error counts
    assert (pieces, caught.value) == (["He"], lost)
    client.reset()
    with pytest.raises(ConnectionError, match="breaks off"):
        await client.create(HI)
    with pytest.raises(ConnectionResetError):
        await client.create(HI)
    assert client.total_usage() == RequestUsage(0, 0)


async def test_exceptions_are_raised() -> None:
    """Objects and classes, by requests and by streams."""
    busy = OSError("busy")
    client = ReplayChatCompletionClient([busy, TimeoutError] * 2)
    with pytest.raises(OSError, match="busy") as caught:
        await client.create(HI)
    assert caught.value is busy
    with pytest.raises(TimeoutError):
        await client.create(HI)
    with pytest.raises(OSError, match="busy"):
        await streamed(client)
    with pytest.raises(TimeoutError):
        await streamed(client)


async def test_functions_answer_the_conversation() -> None:
    """Plain or async, with anything that a script may have."""

    def echo(messages: Sequence[LLMMessage]) -> str:
        return f"You said {messages[-1].content}."

    async def slowly(messages: Sequence[LLMMessage]) -> ScriptedStream:
        await anyio.sleep(60)
        return ScriptedStream(["slow", "ly"])

    def refuses(messages: Sequence[LLMMessage]) -> Exception:
        return PermissionError("no")

    client = ReplayChatCompletionClient([echo, slowly, refuses])
    assert (await client.create(HI)).content == "You said Hi there."
    began = anyio.current_time()
    assert (await streamed(client))[:2] == ["slow", "ly"]
    assert anyio.current_time() - began == 60
    with pytest.raises(PermissionError):
        await client.create(HI)


async def forever(messages: Sequence[LLMMessage]) -> str:
    """A model that never answers."""
    await anyio.sleep_forever()
    raise AssertionError


async def test_a_token_withdraws_a_request() -> None:
    """While it runs, and before; the response is used up."""
    client = ReplayChatCompletionClient([forever, forever, "withdrawn", "next"])
    token = CancellationToken()
    token.cancel_after(5)
    with pytest.raises(RequestCancelled):
        await client.create(HI, cancellation_token=token)
    with pytest.raises(RequestCancelled):
        await streamed(client, token)
    other = CancellationToken()
    other.cancel()
    with pytest.raises(RequestCancelled):
        await client.create(HI, cancellation_token=other)
    assert (await client.create(HI)).content == "next"


async def test_a_token_withdraws_a_stream_between_its_pieces() -> None:
    """What came before has come."""
    client = ReplayChatCompletionClient(["one two three"])
    token = CancellationToken()
    pieces: list[object] = []
    with pytest.raises(RequestCancelled):
        async for piece in client.create_stream(HI, cancellation_token=token):
            pieces.append(piece)
            token.cancel()
    assert pieces == ["one "]


async def test_a_scope_cancels_a_request() -> None:
    """Cancellation of the host reaches a response that waits."""
    client = ReplayChatCompletionClient([forever, forever])
    for ask in (client.create(HI), streamed(client)):
        with anyio.move_on_after(5) as scope:
            await ask
        assert scope.cancelled_caught


async def test_requests_at_once_get_different_responses() -> None:
    """Each takes its response when it begins."""
    client = ReplayChatCompletionClient([str(number) for number in range(10)])
    answers: list[object] = []

    async def ask() -> None:
        answers.append((await client.create(HI)).content)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)
    assert sorted(map(str, answers)) == [str(number) for number in range(10)]


async def test_a_stream_that_is_left_has_used_its_response_up() -> None:
    """The next request gets the next one."""
    client = ReplayChatCompletionClient(["one two", "next"])
    async with aclosing(client.create_stream(HI)) as stream:
        assert await anext(stream) == "one "
    assert (await client.create(HI)).content == "next"


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("streams", [False, True])
def test_a_request_can_be_cancelled_at_every_point(
    host: Literal["trio", "asyncio"], streams: bool
) -> None:
    """Its response is used up, and the next request works."""

    async def scenario(cancel_here: CancelPoint) -> None:
        client = ReplayChatCompletionClient(["one two", "next"])
        await cancel_here(streamed(client) if streams else client.create(HI))
        assert (await client.create(HI)).content == "next"
        if cancel_here.cancelled:
            assert client.total_usage() == RequestUsage(2, 1)

    assert sweep(scenario, host=host) == (4 if streams else 1)


async def test_a_client_is_a_component() -> None:
    """With its script and what is said about the model."""
    client = ReplayChatCompletionClient(
        ["a", result([FunctionCall("1", "{}", "f")])],
        {
            "vision": True,
            "function_calling": True,
            "json_output": True,
            "family": ModelFamily.GPT_4O,
            "structured_output": True,
        },
    )
    await client.create(HI)
    model = client.dump_component()
    assert model.provider == "actrio.testing.ReplayChatCompletionClient"
    loaded = ChatCompletionClient.load_component(json.loads(model.model_dump_json()))
    assert isinstance(loaded, ReplayChatCompletionClient)
    assert loaded.model_info == client.model_info
    assert loaded.chat_completions == client.chat_completions
    assert (await loaded.create(HI)).content == "a"


async def test_a_script_that_is_no_data_cannot_be_dumped() -> None:
    """The error says which response."""
    client = ReplayChatCompletionClient(["a", forever])
    with pytest.raises(TypeError, match="response 2 of the script cannot be dumped"):
        client.dump_component()


async def test_what_is_said_about_the_model() -> None:
    """It can do nothing special, unless somebody says so; all of it must be said."""
    client = ReplayChatCompletionClient(["a", "b"])
    assert client.model_info == {
        "vision": False,
        "function_calling": False,
        "json_output": False,
        "family": "unknown",
        "structured_output": False,
    }
    with pytest.warns(DeprecationWarning, match="read model_info"):
        assert client.capabilities["vision"] is False
    with pytest.raises(ValueError, match="'function_calling'"):
        ReplayChatCompletionClient([], {"vision": True})  # type: ignore[arg-type] # what is tested
    client.set_cached_bool_value(False)
    assert (await client.create(HI)).cached is False
    assert client.provided_message_count == 2
    await client.close()


def test_testing_loads_no_pydantic_by_itself() -> None:
    """Only the client needs it, and says so when it is not there."""
    program = """
import sys
sys.modules["pydantic"] = None
import actrio.testing
try:
    actrio.testing.ReplayChatCompletionClient
except ImportError as exc:
    print(exc)
try:
    actrio.testing.Nope
except AttributeError as exc:
    print(exc)
print("ScriptedStream" in dir(actrio.testing))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    name = "actrio.testing.ReplayChatCompletionClient"
    assert done.stdout.splitlines() == [
        f"{name} needs pydantic: pip install 'actrio[pydantic]'",
        "module 'actrio.testing' has no attribute 'Nope'",
        "True",
    ]
