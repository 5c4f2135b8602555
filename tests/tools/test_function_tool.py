"""Tools from functions: how they run, and how they are written down."""

import functools
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from actrio import CancellationToken
from actrio._concurrency import current_host
from actrio.code_executor import Alias, Import, ImportFromModule
from actrio.exceptions import RequestCancelled
from actrio.tools import BaseTool, FunctionTool

from .functions import Point, add, describe, shout

TOKEN = CancellationToken()
color = ContextVar("color", default="none")


async def call(function: Callable[..., Any], **arguments: Any) -> Any:
    return await FunctionTool(function, "d").run_json(arguments, TOKEN)


@pytest.mark.anyio
class TestRun:
    async def test_functions_get_what_the_model_wrote(self) -> None:
        """As their annotations want it; defaults for the rest."""
        assert await call(add, a="3") == 5
        assert await call(shout, text="x", times=2) == "XX"
        assert (
            await call(
                describe,
                point={"x": 1},
                target={"x": 0, "y": 2},
                size={"width": 3},
                color="red",
                count=4,
            )
            == "1 2 3 RED 4 None"
        )

    async def test_whatever_can_be_called_is_called(self) -> None:
        """By position and by name, async and plain."""

        class Caller:
            async def __call__(self, a: int) -> int:
                return a + 1

            def method(self, a: int, /, b: int) -> int:
                return a - b

        assert await call(Caller(), a=1) == 2
        assert await call(Caller().method, a=5, b=2) == 3
        assert await call(functools.partial(add, 1), b=1) == 2
        assert await call(functools.partial(add, b=9), a=1) == 10
        assert await call(functools.partial(add, b=9), a=1, b=3) == 4

    async def test_a_plain_function_may_return_an_awaitable(self) -> None:
        """It is awaited in the loop."""

        def later(a: int) -> Awaitable[int]:
            return add(a)

        assert await call(later, a=1) == 3

    async def test_odd_names_arrive(self) -> None:
        """Those that pydantic keeps for itself."""

        def odd(schema: int, _private: int, model_dump: int) -> list[int]:
            return [schema, _private, model_dump]

        assert await call(odd, schema=1, _private=2, model_dump=3) == [1, 2, 3]

    async def test_run_takes_a_model(self) -> None:
        """The tool's own, or one with the same fields."""
        tool = FunctionTool(add, "d")
        assert await tool.run(tool.args_type()(a=1), TOKEN) == 3
        assert await FunctionTool(_sum, "d").run(Point(x=1, y=3), TOKEN) == 4

    async def test_a_plain_function_runs_in_a_thread(self) -> None:
        """In the context of its caller."""
        color.set("red")

        def where() -> tuple[int, str]:
            return threading.get_ident(), color.get()

        thread, seen = await call(where)
        assert thread != threading.get_ident()
        assert seen == "red"

    async def test_an_error_is_raised(self) -> None:
        """The same object."""
        error = KeyError("mine")

        def fail() -> None:
            raise error

        with pytest.raises(KeyError) as caught:
            await call(fail)
        assert caught.value is error


def _sum(x: int, y: int) -> int:
    return x + y


@pytest.mark.anyio
@pytest.mark.every_host
class TestCancelling:
    async def test_an_async_function_gets_the_token_itself(self) -> None:
        """The one of the call."""

        async def same(cancellation_token: CancellationToken) -> bool:
            return cancellation_token is TOKEN

        assert await call(same) is True

    @pytest.mark.parametrize("how", ["token", "scope"])
    async def test_a_thread_is_told_and_waited_for(self, how: str) -> None:
        """A cancelled token, or a cancelled scope, cancels the token of the thread."""
        host = current_host()
        begun, ended = anyio.Event(), threading.Event()

        def work(cancellation_token: CancellationToken) -> str:
            host.run_soon(begun.set)
            while not cancellation_token.is_cancelled:
                pass
            ended.set()
            return "dropped"

        token = CancellationToken()
        caught: list[Exception] = []

        async def run() -> None:
            try:
                await FunctionTool(work, "d").run_json({}, token)
            except RequestCancelled as exc:
                caught.append(exc)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await begun.wait()
            if how == "token":
                token.cancel()
            else:
                tasks.cancel_scope.cancel()
        assert ended.is_set()
        assert len(caught) == (how == "token")

    async def test_an_error_of_a_cancelled_thread_is_raised(self) -> None:
        """It goes before the cancellation, as the error of a handler does."""
        token = CancellationToken()

        def fail(cancellation_token: CancellationToken) -> None:
            token.cancel()
            while not cancellation_token.is_cancelled:
                pass
            message = "too late"
            raise ValueError(message)

        with pytest.raises(ValueError, match="too late"):
            await FunctionTool(fail, "d").run_json({}, token)

    async def test_nothing_runs_under_a_cancelled_token(self) -> None:
        """A plain function is not begun."""
        token = CancellationToken()
        token.cancel()
        called: list[int] = []
        with pytest.raises(RequestCancelled):
            await FunctionTool(lambda: called.append(1), "d").run_json({}, token)
        assert called == []


LOADED = pytest.warns(UserWarning, match="loading the tool 'n' runs the source code")


def load(
    source: str, *imports: Import, strict: bool = False, name: str = "n"
) -> FunctionTool:
    config = {
        "source_code": source,
        "name": name,
        "description": "d",
        "global_imports": list(imports),
        "has_cancellation_support": False,
        "strict": strict,
    }
    with LOADED:
        return FunctionTool.load_component(
            {"provider": "autogen_core.tools.FunctionTool", "config": config}
        )


class TestComponent:
    @pytest.mark.anyio
    async def test_a_tool_comes_back_from_its_source(self) -> None:
        """With its imports, its name, its description and its strictness."""
        tool = FunctionTool(
            join, "Joins.", name="n", global_imports=["os"], strict=True
        )
        model = tool.dump_component()
        assert model.provider == "actrio.tools.FunctionTool"
        assert model.config["source_code"].startswith("def join(one: str")
        with LOADED:
            found = BaseTool[Any, Any].load_component(model)
        assert found.schema == tool.schema
        assert found.schema["strict"] is True
        assert await found.run_json({"one": "a", "other": "b"}, TOKEN) == "a/b"

    def test_decorators_and_other_definitions_may_stand_around(self) -> None:
        """The first definition is the function."""
        tool = load(
            "# def comment():\n@c\nasync def f(a: int) -> int:\n    return a\nx = 1\n",
            ImportFromModule("functools", [Alias("cache", "c")]),
        )
        assert tool.schema["parameters"].get("required") == ["a"]

    @pytest.mark.parametrize(
        ("source", "imports", "error", "message"),
        [
            ("x = 1", [], ValueError, "must define a function"),
            ("def f(", [], ValueError, "cannot be run"),
            ("1 / 0\ndef f(): ...", [], ValueError, "cannot be run: ZeroDivision"),
            ("def f(): ...", ["nope_nope"], ModuleNotFoundError, "'import nope_nope'"),
            (
                "def f(): ...",
                [ImportFromModule("os", ["nope"])],
                ImportError,
                "'from os import nope'",
            ),
            ("def f(): ...", ["1"], RuntimeError, "which failed: SyntaxError"),
        ],
    )
    def test_a_source_that_does_not_run_is_an_error(
        self, source: str, imports: list[Import], error: type[Exception], message: str
    ) -> None:
        """It names what went wrong."""
        with pytest.raises(error, match=message):
            load(source, *imports)

    def test_what_has_no_source_is_not_dumped(self) -> None:
        """It could not be loaded."""
        with pytest.raises(TypeError, match="cannot be written down as source"):
            FunctionTool(functools.partial(add, 1), "d").dump_component()


def join(one: str, other: str) -> str:
    import os

    return os.path.join(one, other)
