# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Tools: what a model is told of them, and what comes back."""

import asyncio
import functools
import json
import warnings
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Optional, Union

from pydantic import BaseModel, Field, ValidationError

from ..common import failure, refusal


class Point(BaseModel):
    """A point."""

    x: int
    y: int = 0


@dataclass
class Size:
    width: int


class Tree(BaseModel):
    kids: list["Tree"] = []


class Text(BaseModel):
    text: str


async def add(a: int, b: int = 2) -> int:
    return a + b


def shout(text: Annotated[str, "what to shout"], times: int = 1) -> str:
    return text.upper() * times


def place(point: Point, size: Size, note: Optional[str] = None) -> Point:
    return point


def many(
    a: list[int], b: dict[str, float], c: Union[int, str], d: Any, e: bool = True
) -> None:
    return None


def nothing():
    return 1


class Holder:
    def method(self, a: int) -> int:
        return a


def schema(core, function, **options):
    return core.tools.FunctionTool(function, "d", **options).schema


async def schemas_of_functions(core):
    """Names, descriptions, types and defaults."""
    return [
        schema(core, one)
        for one in (
            add,
            shout,
            place,
            many,
            nothing,
            Holder().method,
            functools.partial(add, b=3),
            functools.partial(add, 1),
        )
    ]


async def schema_with_a_name(core):
    """The tool's, not the function's."""
    tool = core.tools.FunctionTool(add, "d", name="plus")
    return tool.name, tool.description, tool.schema, tool.args_type().__name__


async def schema_of_a_token(core):
    """No model is told about it."""

    def wait(a: int, cancellation_token: core.CancellationToken) -> int:
        return a

    return schema(core, wait)


async def strict_schemas(core):
    """Every argument is required."""

    def exact(a: int) -> int:
        return a

    return (
        schema(core, exact, strict=True),
        refusal(ValueError, lambda: schema(core, add, strict=True)),
    )


async def types_of_a_tool(core):
    """What it takes, returns and keeps."""

    def say() -> Annotated[str, "words"]:
        return ""

    return [
        (sorted(tool.args_type().model_fields), tool.return_type(), tool.state_type())
        for tool in (
            core.tools.FunctionTool(one, "d") for one in (add, say, place, nothing)
        )
    ]


async def description_beside_a_model(core):
    """The parameter is described, not its class."""

    def go(point: Annotated[Point, "where to"]) -> int:
        return point.x

    return schema(core, go)["parameters"]["properties"]["point"].get("description")


async def parameter_with_a_field(core):
    """Its limits are in the schema."""

    def go(count: Annotated[int, Field(ge=1, description="how many")]) -> int:
        return count

    return refusal(ValueError, lambda: schema(core, go)["parameters"]["properties"])


async def parameter_without_an_annotation(core):
    """It is refused in words."""
    return refusal(TypeError, lambda: core.tools.FunctionTool(eval("lambda a: a"), "d"))


async def object_that_can_be_called(core):
    """It is a function too."""

    class Caller:
        def __call__(self, a: int) -> int:
            return a

    return refusal(TypeError, lambda: schema(core, Caller())["name"])


async def parameter_with_an_underscore(core):
    """Any name will do."""

    def go(_a: int) -> int:
        return _a

    return refusal(
        Exception, lambda: list(schema(core, go)["parameters"]["properties"])
    )


async def schema_that_contains_itself(core):
    """It is finite."""

    def count(tree: Tree) -> int:
        return 1

    return refusal(ValueError, lambda: len(json.dumps(schema(core, count))) > 0)


async def calls_of_functions(core):
    """Arguments are converted as pydantic does it."""
    token = core.CancellationToken()
    found = []
    for function, arguments in (
        (add, {"a": 1}),
        (add, {"a": "3", "b": 4, "more": 5}),
        (shout, {"text": "x", "times": 2}),
        (place, {"point": {"x": 1}, "size": {"width": 2}}),
        (nothing, {}),
        (Holder().method, {"a": 1}),
        (functools.partial(add, b=3), {"a": 1}),
        (functools.partial(add, 1), {"b": 5}),
    ):
        tool = core.tools.FunctionTool(function, "d")
        value = await tool.run_json(arguments, token)
        found.append((str(value), tool.return_value_as_string(value)))
    return found


async def call_by_position(core):
    """A parameter may have to be given by position."""

    def take(a: int, /) -> int:
        return a

    tool = core.tools.FunctionTool(take, "d")
    return await failure(TypeError, tool.run_json({"a": 1}, core.CancellationToken()))


async def arguments_that_do_not_fit(core):
    """The tool does not run."""
    token = core.CancellationToken()
    tool = core.tools.FunctionTool(add, "d")
    return [
        await failure(ValidationError, tool.run_json(arguments, token))
        for arguments in ({}, {"a": "x"}, {"a": None}, {"a": 1.5})
    ]


async def token_of_a_function(core):
    """An async function gets the one of the call."""
    token = core.CancellationToken()

    async def same(cancellation_token: core.CancellationToken) -> bool:
        return cancellation_token is token

    return await core.tools.FunctionTool(same, "d").run_json({}, token)


async def token_that_cancels(core):
    """It cancels an async function too."""
    token = core.CancellationToken()
    log = []

    async def wait() -> str:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        log.append("ended")
        return "x"

    asyncio.get_running_loop().call_later(1, token.cancel)
    tool = core.tools.FunctionTool(wait, "d")
    return await failure(asyncio.CancelledError, tool.run_json({}, token)), log


async def values_as_text(core):
    """A model is JSON, anything else what str says."""
    tool = core.tools.FunctionTool(add, "d")
    values = [1, None, "x", ["a"], {"a": 1}, Text(text="é"), Point(x=1)]
    return [tool.return_value_as_string(value) for value in values]


async def model_that_json_does_not_know(core):
    """It is written as pydantic writes it."""

    class Day(BaseModel):
        day: date

    tool = core.tools.FunctionTool(add, "d")
    value = Day(day=date(2026, 1, 2))
    return refusal(TypeError, lambda: tool.return_value_as_string(value))


async def tool_as_a_component(core):
    """Its source is written down and run."""
    tool = core.tools.FunctionTool(add, "d", name="plus", global_imports=["os"])
    model = tool.dump_component()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = core.tools.FunctionTool.load_component(model)
    return (
        {key: each for key, each in model.config.items() if key != "strict"},
        model.component_type,
        model.version,
        loaded.schema == tool.schema,
        await loaded.run_json({"a": 1}, core.CancellationToken()),
    )


async def strict_tool_as_a_component(core):
    """It is strict afterwards."""

    tool = core.tools.FunctionTool(exact, "d", strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = core.tools.FunctionTool.load_component(tool.dump_component())
    return loaded.schema["strict"]


def exact(a: int) -> int:
    return a


async def sources_that_do_not_run(core):
    """They are refused, each in its way."""
    found = []
    for source, imports in (
        ("x = 1", []),
        ("def f(", []),
        ("def f(): ...", ["nope_nope"]),
        ("def f(): ...", [core.code_executor.ImportFromModule("os", ["nope"])]),
        ("def f(): ...", ["1"]),
    ):
        config = {
            "source_code": source,
            "name": "n",
            "description": "d",
            "global_imports": imports,
            "has_cancellation_support": False,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = {"provider": "autogen_core.tools.FunctionTool", "config": config}
            load = functools.partial(core.tools.FunctionTool.load_component, model)
            found.append(refusal(Exception, load))
            try:
                load()
            except Exception as error:
                found.append(type(error).__name__)
    return found


async def partial_as_a_component(core):
    """It has no source."""
    tool = core.tools.FunctionTool(functools.partial(add, 1), "d")
    return refusal(TypeError, tool.dump_component)


def classes(core):
    tools = core.tools

    class Counter(tools.BaseToolWithState[Text, Text, Text]):
        def __init__(self):
            super().__init__(Text, Text, Text, "counter", "counts")
            self.last = ""

        async def run(self, args, cancellation_token):
            self.last = args.text
            return args

        def save_state(self):
            return Text(text=self.last)

        def load_state(self, state):
            self.last = state.text

    class Letters(tools.BaseStreamTool[Text, Text, Text]):
        def __init__(self):
            super().__init__(Text, Text, "letters", "spells")

        async def run(self, args, cancellation_token):
            return args

        async def run_stream(self, args, cancellation_token):
            for letter in args.text:
                if letter == "!":
                    raise ValueError("no shouting")
                yield Text(text=letter)
            if args.text:
                yield args

    return Counter(), Letters()


async def tool_with_state(core):
    """It goes from one to another."""
    token = core.CancellationToken()
    one, other = classes(core)[0], classes(core)[0]
    await one.run_json({"text": "x"}, token)
    state = await one.save_state_json()
    await other.load_state_json(state)
    plain = core.tools.FunctionTool(add, "d")
    return (
        state,
        other.last,
        await plain.save_state_json(),
        await plain.load_state_json({}),
    )


async def tool_that_streams(core):
    """The result comes last."""
    token = core.CancellationToken()
    tool = classes(core)[1]
    kinds = [
        isinstance(one, kind)
        for one in (tool, classes(core)[0])
        for kind in (core.tools.Tool, core.tools.StreamTool)
    ]
    return kinds, [
        one.text async for one in tool.run_json_stream({"text": "ab"}, token)
    ]


def workbench(core, *, stream=False, **options):
    tools = core.tools
    cls = tools.StaticStreamWorkbench if stream else tools.StaticWorkbench
    return cls([tools.FunctionTool(add, "d"), *classes(core)], **options)


async def results_of_a_workbench(core):
    """Errors are results too."""
    found = []
    async with workbench(core) as bench:
        for name, arguments in (
            ("add", {"a": 1}),
            ("add", {}),
            ("nope", {}),
            ("counter", {"text": "x"}),
            ("letters", None),
        ):
            result = await bench.call_tool(name, arguments)
            shown = result.model_dump()
            if result.is_error:  # pydantic names the class of the arguments
                shown["result"] = shown["result"][0]["content"][:20]
            found.append(shown)
        listed = await bench.list_tools()
    return found, listed


async def state_of_a_workbench(core):
    """The states of its tools."""
    bench, other = workbench(core), workbench(core)
    await bench.call_tool("counter", {"text": "x"})
    state = await bench.save_state()
    await other.load_state(state)
    return state, await other.save_state()


async def overrides_of_a_workbench(core):
    """What a model sees instead, and what it may call."""
    override = core.tools.ToolOverride
    bench = workbench(
        core,
        tool_overrides={
            "add": override(name="plus"),
            "counter": override(description="x"),
        },
    )
    listed = [(one["name"], one["description"]) for one in await bench.list_tools()]
    called = [
        (await bench.call_tool(name, {"a": 1})).model_dump() for name in ("plus", "add")
    ]
    wrong = [
        refusal(ValueError, lambda names=names: workbench(core, tool_overrides=names))
        for names in (
            {"add": override(name="counter")},
            {"add": override(name="x"), "counter": override(name="x")},
        )
    ]
    return listed, called, wrong


def shown(item):
    return item.text if isinstance(item, Text) else item.model_dump()


async def stream_of_a_workbench(core):
    """What is said on the way, and the result."""
    bench = workbench(core, stream=True)
    return [
        [shown(item) async for item in bench.call_tool_stream(name, arguments)]
        for name, arguments in (
            ("letters", {"text": "ab"}),
            ("letters", {"text": "a!"}),
            ("add", {"a": 1}),
            ("nope", {}),
        )
    ]


async def stream_under_another_name(core):
    """The name that a model sees can be called."""
    override = core.tools.ToolOverride(name="plus")
    bench = workbench(core, stream=True, tool_overrides={"add": override})
    return [shown(item) async for item in bench.call_tool_stream("plus", {"a": 1})]


async def errors_of_a_group(core):
    """Each in a line of its own."""

    async def fail() -> None:
        raise ExceptionGroup("g", [ValueError("a"), KeyError("b")])

    bench = core.tools.StaticWorkbench([core.tools.FunctionTool(fail, "d")])
    return (await bench.call_tool("fail")).to_text()


async def error_without_words(core):
    """The model is told at least what kind it was."""

    async def fail() -> None:
        raise TimeoutError

    bench = core.tools.StaticWorkbench([core.tools.FunctionTool(fail, "d")])
    return (await bench.call_tool("fail")).to_text()


async def cancelled_call_of_a_workbench(core):
    """Its caller gets no result."""

    async def wait() -> None:
        await asyncio.sleep(5)

    bench = core.tools.StaticWorkbench([core.tools.FunctionTool(wait, "d")])
    token = core.CancellationToken()
    asyncio.get_running_loop().call_later(1, token.cancel)
    call = bench.call_tool("wait", {}, token)
    return await failure(asyncio.CancelledError, call)


async def results_as_text(core):
    """Their parts, one below the other."""
    tools = core.tools
    result = tools.ToolResult(
        name="n",
        result=[
            tools.TextResultContent(content="a"),
            tools.TextResultContent(content="b"),
        ],
    )
    read = tools.ToolResult.model_validate_json(result.model_dump_json())
    return result.to_text(), result.model_dump_json(), read == result
