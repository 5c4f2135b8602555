"""Tools as classes."""

import datetime
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from actrio import EVENT_LOGGER_NAME, CancellationToken
from actrio.exceptions import RequestCancelled
from actrio.logging import ToolCallEvent
from actrio.tools import BaseTool, FunctionTool, StreamTool, Tool

from .functions import Counter, Echo, Letters, Text, add

TOKEN = CancellationToken()


class Events(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.msg)


@pytest.fixture
def events() -> list[object]:
    handler = Events()
    logger = logging.getLogger(EVENT_LOGGER_NAME)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler.seen


class Of(BaseTool[Any, Any]):
    """Returns its arguments, of any model."""

    def __init__(self, model: Any, *, strict: bool = False) -> None:
        super().__init__(model, model, "n", "d", strict)

    async def run(self, args: Any, cancellation_token: CancellationToken) -> Any:
        return args


class TestSchema:
    def test_the_tool_says_what_it_is(self) -> None:
        """By its protocol and by its attributes."""
        tool = Echo()
        assert isinstance(tool, Tool)
        assert not isinstance(tool, StreamTool)
        assert isinstance(Letters(), StreamTool)
        assert (tool.name, tool.description) == ("echo", "echoes")
        assert (tool.args_type(), tool.return_type(), tool.state_type()) == (
            Text,
            Text,
            None,
        )
        assert Counter().state_type() is Text

    def test_an_annotated_return_type_is_the_type(self) -> None:
        """The words are for others."""

        def say() -> Annotated[str, "what"]:
            return ""

        assert FunctionTool(say, "d").return_type() is str

    def test_each_schema_is_a_new_one(self) -> None:
        """Whoever changes it changes nothing else."""
        tool = Echo()
        tool.schema["parameters"]["properties"]["text"]["type"] = "changed"
        assert tool.schema["parameters"]["properties"]["text"]["type"] == "string"

    def test_a_strict_tool_requires_everything(self) -> None:
        """A default is refused, and so are additional arguments."""
        with pytest.raises(ValueError, match=r"Strict mode is enabled.*default to b"):
            _ = FunctionTool(add, "d", strict=True).schema

        class Open(BaseModel):
            model_config = ConfigDict(extra="allow")

        with pytest.raises(ValueError, match="additional arguments: Open allows them"):
            _ = Of(Open, strict=True).schema

    def test_arguments_are_an_object(self) -> None:
        """A model of something else is refused, and named."""

        class Numbers(RootModel[list[int]]):
            pass

        with pytest.raises(TypeError, match="Numbers is 'array'"):
            _ = Of(Numbers).schema


class TestText:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (3, "3"),
            (None, "None"),
            ({"a": 1}, "{'a': 1}"),
            (Text(text="é"), '{"text": "\\u00e9"}'),
            (RootModel[list[int]]([1]), "[1]"),
            (RootModel[dict[str, int]]({"a": 1}), '{"a": 1}'),
        ],
    )
    def test_a_value_becomes_text(self, value: object, text: str) -> None:
        """A model is JSON, anything else what ``str`` says."""
        assert Echo().return_value_as_string(value) == text

    def test_a_model_may_hold_what_json_does_not_know(self) -> None:
        """It is written as pydantic writes it, or as ``str`` does."""

        class Odd(BaseModel):
            model_config = ConfigDict(arbitrary_types_allowed=True)
            day: datetime.date
            thing: Any

        value = Odd(day=datetime.date(2026, 1, 2), thing=CancellationToken)
        found = json.loads(Echo().return_value_as_string(value))
        assert found == {"day": "2026-01-02", "thing": str(CancellationToken)}


@pytest.mark.anyio
class TestRunJson:
    @pytest.mark.parametrize("kind", [dict, MappingProxyType])
    async def test_arguments_become_a_model(self, kind: type[Any]) -> None:
        """Any mapping will do."""
        given: Mapping[str, Any] = kind({"text": "x"})
        assert await Echo().run_json(given, TOKEN) == Text(text="x")

    @pytest.mark.parametrize("given", [{}, {"text": 3}, [1], None])
    async def test_arguments_that_do_not_fit_are_refused(self, given: Any) -> None:
        """Before the tool runs."""
        with pytest.raises(ValidationError):
            await Echo().run_json(given, TOKEN)

    async def test_a_call_is_an_event(self, events: list[object]) -> None:
        """With the arguments and the result; one that failed is none."""
        await Echo().run_json({"text": "x"}, TOKEN)
        with pytest.raises(ValidationError):
            await Echo().run_json({}, TOKEN)
        [event] = events
        assert isinstance(event, ToolCallEvent)
        assert json.loads(str(event)) == {
            "type": "ToolCall",
            "tool_name": "echo",
            "arguments": {"text": "x"},
            "result": '{"text": "x"}',
            "agent_id": None,
        }

    async def test_the_token_cancels_the_call(self) -> None:
        """The caller gets an ordinary error; the tool is cancelled."""
        log: list[str] = []

        async def wait() -> None:
            try:
                await anyio.sleep(100)
            finally:
                log.append("cancelled")

        token = CancellationToken()
        token.cancel_after(1)
        with pytest.raises(RequestCancelled, match="of a tool call was cancelled"):
            await FunctionTool(wait, "d").run_json({}, token)
        assert log == ["cancelled"]

    async def test_a_scope_cancels_the_call(self) -> None:
        """As any other."""

        async def wait() -> None:
            await anyio.sleep(100)

        with anyio.move_on_after(1) as scope:
            await FunctionTool(wait, "d").run_json({}, TOKEN)
        assert scope.cancelled_caught


@pytest.mark.anyio
class TestState:
    async def test_a_tool_without_state_saves_nothing(self) -> None:
        """And takes anything back."""
        assert await Echo().save_state_json() == {}
        await Echo().load_state_json({"x": 1})

    async def test_a_state_goes_from_one_tool_to_another(self) -> None:
        """As data that fits its model."""
        one, other = Counter(), Counter()
        await one.run_json({"text": "x"}, TOKEN)
        await other.load_state_json(await one.save_state_json())
        assert other.last == "x"
        with pytest.raises(ValidationError):
            await other.load_state_json({})


@pytest.mark.anyio
class TestStream:
    async def test_the_result_comes_last(self, events: list[object]) -> None:
        """After what the tool says on the way; the event has the result."""
        tool = Letters()
        found = [
            each.text async for each in tool.run_json_stream({"text": "ab"}, TOKEN)
        ]
        assert found == ["a", "b", "ab"]
        assert tool.closed == 1
        assert '{\\"text\\": \\"ab\\"}' in str(events[0])

    async def test_a_stream_without_a_result_is_an_error(self) -> None:
        """One that is empty, or ends with something else."""
        with pytest.raises(TypeError, match="must yield a value at the end"):
            [each async for each in Letters().run_json_stream({"text": ""}, TOKEN)]
        wrong = Letters(last=3).run_json_stream({"text": "a"}, TOKEN)
        with pytest.raises(TypeError, match="its return type Text, not 3"):
            [each async for each in wrong]

    async def test_a_reader_that_leaves_closes_the_tool(self) -> None:
        """When it closes the stream."""
        tool = Letters()
        stream = tool.run_json_stream({"text": "ab"}, TOKEN)
        assert (await anext(stream)).text == "a"
        await stream.aclose()
        assert tool.closed == 1

    async def test_the_token_cancels_a_step(self) -> None:
        """A reader is never inside the scope of a step."""
        token = CancellationToken()
        tool = Letters()
        stream = tool.run_json_stream({"text": "abc"}, token)
        await anext(stream)
        token.cancel()
        await anyio.sleep(1)  # the reader is not cancelled

        class Slow(Letters):
            async def run_stream(
                self, args: Text, cancellation_token: CancellationToken
            ) -> AsyncGenerator[Text, None]:
                yield args
                await anyio.sleep(100)
                yield args

        await stream.aclose()
        token = CancellationToken()
        token.cancel_after(1)
        slow = Slow().run_json_stream({"text": "ab"}, token)
        assert (await anext(slow)).text == "ab"
        with pytest.raises(RequestCancelled):
            await anext(slow)
