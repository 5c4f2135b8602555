"""From the parameters of a function to the schema of a tool."""

import functools
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import Field

from actrio import CancellationToken
from actrio.tools import FunctionTool, ToolSchema

from .functions import Tree, add, describe, shout


class Pair:
    def __init__(self, a: int, b: Annotated[int, Field(ge=0)] = 0) -> None:
        self.sum = a + b


class Caller:
    def __call__(self, a: int) -> int:
        return a

    async def method(self, a: int) -> int:
        return a


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    schema: ToolSchema = FunctionTool(function, "d").schema
    assert schema["parameters"]["type"] == "object"
    return schema["parameters"]["properties"]


def test_a_parameter_is_described_by_its_annotation() -> None:
    """By the words in it, or by its name."""
    assert FunctionTool(shout, "Shouts.").schema == {
        "name": "shout",
        "description": "Shouts.",
        "strict": False,
        "parameters": {
            "type": "object",
            "properties": {
                "text": {
                    "description": "what to shout",
                    "title": "Text",
                    "type": "string",
                },
                "times": {
                    "default": 1,
                    "description": "times",
                    "title": "Times",
                    "type": "integer",
                },
            },
            "required": ["text"],
            "additionalProperties": False,
        },
    }


def test_classes_describe_themselves() -> None:
    """By their docstring, unless the annotation says something."""
    found = parameters(describe)
    assert found["point"]["description"] == "A point."
    assert found["target"]["description"] == "where to go"
    assert found["target"]["properties"] == found["point"]["properties"]
    assert "description" not in found["color"]
    assert found["color"]["enum"] == ["red"]


def test_the_limits_of_a_field_are_kept() -> None:
    """And so are its words."""
    assert parameters(describe)["count"] == {
        "description": "how many",
        "minimum": 1,
        "title": "Count",
        "type": "integer",
    }


@pytest.mark.parametrize(
    ("function", "name", "required"),
    [
        (add, "add", ["a"]),
        (functools.partial(add, b=1), "add", ["a"]),
        (functools.partial(shout, "x"), "shout", []),
        (functools.partial(functools.partial(add, 1), 2), "add", []),
        (Caller(), "Caller", ["a"]),
        (Caller().method, "method", ["a"]),
        (Pair, "Pair", ["a"]),
    ],
    ids=["function", "keyword", "position", "twice", "object", "method", "class"],
)
def test_anything_that_can_be_called_is_a_function(
    function: Callable[..., Any], name: str, required: list[str]
) -> None:
    """What a partial has given is not required."""
    tool = FunctionTool(function, "d")
    assert tool.name == name
    assert tool.schema["parameters"].get("required") == required


def test_the_token_is_no_argument() -> None:
    """No model is told about it, annotated or not."""

    def one(a: int, cancellation_token: CancellationToken) -> int:
        return a

    def other(a: int, cancellation_token) -> int:  # type: ignore[no-untyped-def] # what is tested # noqa: ANN001
        return a

    assert list(parameters(one)) == list(parameters(other)) == ["a"]


def test_a_parameter_may_have_any_name() -> None:
    """Those that pydantic keeps for itself too."""

    def odd(schema: int, _private: int, model_dump: int) -> int:
        return schema

    found = parameters(odd)
    assert list(found) == ["schema", "_private", "model_dump"]
    assert found["model_dump"]["title"] == "Model Dump"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (eval("lambda a: a"), "'a' of tool '<lambda>' has No annotation"),
        (eval("lambda *args: 0"), r"\*args of tool .* any number of arguments"),
        (eval("lambda **args: 0"), r"\*\*args of tool .* any number of arguments"),
    ],
    ids=["no annotation", "args", "kwargs"],
)
def test_a_parameter_that_no_model_can_give_is_refused(
    function: Callable[..., Any], message: str
) -> None:
    """When the tool is made."""
    with pytest.raises(TypeError, match=message):
        FunctionTool(function, "d")


def test_what_contains_itself_is_a_definition() -> None:
    """The schema stays finite, and can be written as JSON."""

    def count(tree: Tree) -> int:
        return tree.value

    found = FunctionTool(count, "d").schema["parameters"]
    assert found["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert found["$defs"]["Tree"]["properties"]["kids"]["items"] == {  # type: ignore[typeddict-item] # more than autogen_core's
        "$ref": "#/$defs/Tree"
    }
