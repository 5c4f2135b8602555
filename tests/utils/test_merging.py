"""Several schemas that must all hold."""

from typing import Any

import pytest

from actrio.exceptions import UnsupportedKeywordError
from actrio.utils._merging import merged


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"minimum": 1}, {"minimum": 2}, {"minimum": 2}),
        ({"maxLength": 1}, {"maxLength": 2}, {"maxLength": 1}),
        ({"title": "a"}, {"title": "b"}, {"title": "b"}),
        ({"required": ["a", "b"]}, {"required": ["b", "c"]}, {"required": ["a", "b", "c"]}),
        ({"enum": [1, 2]}, {"enum": [2, 3]}, {"enum": [2]}),
        ({"additionalProperties": False}, {"additionalProperties": True}, {"additionalProperties": False}),
        ({"properties": {"a": {"type": "string"}}}, {"properties": {"b": {}}}, {"properties": {"a": {"type": "string"}, "b": {}}}),
        ({"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"maximum": 2}}}, {"properties": {"a": {"allOf": [{"minimum": 1}, {"maximum": 2}]}}}),
    ],
)  # fmt: skip
def test_the_stricter_one_holds(
    one: dict[str, Any], other: dict[str, Any], both: dict[str, Any]
) -> None:
    """Neither schema is changed."""
    before = str((one, other))
    assert merged([one, other], "here") == both
    assert str((one, other)) == before


def test_two_types_are_a_contradiction() -> None:
    """The error names both and the place."""
    with pytest.raises(
        UnsupportedKeywordError, match="allOf of here asks for type 'a' and 'b'"
    ):
        merged([{"type": "a"}, {"type": "b"}], "here")
