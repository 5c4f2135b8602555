"""A call that a model asks for."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from actrio import FunctionCall

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(deadline=None, database=None)
@given(arguments=st.dictionaries(st.text(), JSON))
def test_text_and_mapping_mean_the_same(arguments: dict[str, Any]) -> None:
    """Both are kept as they were given."""
    text = json.dumps(arguments)
    by_text = FunctionCall("1", text, "f")
    by_mapping = FunctionCall(id="1", arguments=arguments, name="f")
    assert by_text.arguments is text
    assert by_mapping.arguments is arguments
    assert by_text.parsed_arguments == by_mapping.parsed_arguments == arguments
    assert by_mapping.parsed_arguments is not arguments


def test_any_mapping_will_do() -> None:
    """The result is a dictionary, of the caller's own."""
    arguments: Mapping[str, int] = MappingProxyType({"a": 1})
    parsed = FunctionCall("1", arguments, "f").parsed_arguments
    parsed["b"] = 2
    assert arguments == {"a": 1}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", r"be JSON, not '' \(Expecting value"),
        ('{"a": ', "be JSON, not "),
        ("{a: 1}", "be JSON, not "),
        ("[" * 100_000, "be JSON, not "),
        ("[1]", r"be a JSON object, not '\[1\]'"),
        ("null", "be a JSON object, not 'null'"),
        ('"' + "x" * 1000 + '"', r"be a JSON object, not '.{1,40}'$"),
    ],
)
def test_arguments_that_are_no_object_are_refused(text: str, rule: str) -> None:
    """The error names the call, the function and the rule, and stays short."""
    call = FunctionCall("call_1", text, "add")
    with pytest.raises(ValueError, match=f"call 'call_1' of 'add' must {rule}"):
        _ = call.parsed_arguments


def test_arguments_of_another_type_are_refused() -> None:
    """Neither text nor mapping."""
    call = FunctionCall("1", [1], "f")  # type: ignore[arg-type] # what is tested
    with pytest.raises(TypeError, match=r"must be text or a mapping, not \[1\]"):
        _ = call.parsed_arguments
