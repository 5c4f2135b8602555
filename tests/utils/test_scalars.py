"""Formats and constraints of strings and numbers."""

import datetime
import uuid
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from actrio.exceptions import FormatNotSupportedError, UnsupportedKeywordError

from .test_models import of_value, takes

ONE = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("name", "text", "value", "wrong"),
    [
        ("uuid", str(uuid.NAMESPACE_DNS), uuid.NAMESPACE_DNS, "x"),
        ("uuid1", str(uuid.NAMESPACE_DNS), uuid.NAMESPACE_DNS, str(uuid.UUID(int=1, version=4))),
        ("uuid4", str(uuid.UUID(int=1, version=4)), uuid.UUID(int=1, version=4), str(uuid.NAMESPACE_DNS)),
        ("email", "a@example.com", "a@example.com", "a"),
        ("ipv4", "1.2.3.4", IPv4Address("1.2.3.4"), "1.2"),
        ("ipv4-network", "1.2.3.0/24", IPv4Network("1.2.3.0/24"), "x"),
        ("date", "2026-01-02", datetime.date(2026, 1, 2), "x"),
        ("time", "10:00:00", datetime.time(10), "x"),
        ("duration", "P1D", datetime.timedelta(days=1), "x"),
        ("json", "[1]", [1], "["),
        ("hostname", "example.com", "example.com", 1),
        ("byte", "abc", b"abc", 1),
    ],
)  # fmt: skip
def test_a_format_says_the_type_of_a_string(
    name: str, text: str, value: object, wrong: object
) -> None:
    """What does not have it is refused."""
    model = of_value({"type": "string", "format": name})
    assert model(v=text).model_dump() == {"v": value}
    assert not takes(model, wrong)


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "integer", "format": "int32"}, [2**31 - 1], [2**31, "1"]),
        ({"type": "integer", "format": "int64", "minimum": 0}, [2**40], [2**63, -1]),
        ({"type": "number", "format": "float"}, [1.5], ["1.5"]),
        ({"type": "number", "minimum": 1, "exclusiveMaximum": 2}, [1, 1.9], [0.9, 2]),
        ({"type": "integer", "multipleOf": 3}, [6], [7]),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"type": "integer", "maximum": 1, "exclusiveMaximum": False}, [1], [2]),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab"], ["a", "abcd"]),
        ({"type": "string", "pattern": "^a+$"}, ["aa"], ["ab"]),
        ({"type": "string", "pattern": "^(?!b)", "maxLength": 2}, ["ab"], ["ba", "aaa"]),
        ({"type": "string", "format": "date", "pattern": "^2026"}, ["2026-01-01"], ["2025-01-01"]),
        ({"type": "string", "format": "password", "minLength": 3}, ["abc"], ["ab"]),
    ],
)  # fmt: skip
def test_constraints_hold(
    schema: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    """Together with a format as well, and beyond what pydantic's own patterns can do."""
    model = of_value(schema)
    assert [takes(model, value) for value in right] == [True] * len(right)
    assert [takes(model, value) for value in wrong] == [False] * len(wrong)


def test_a_constrained_format_takes_its_own_values_too() -> None:
    """A constraint is about text, and a date is none."""
    model = of_value({"type": "string", "format": "date", "maxLength": 10})
    assert takes(model, datetime.date(2026, 1, 2))


def test_a_pattern_beyond_pydantic_stays_in_the_schema() -> None:
    """Whoever makes a schema of the model finds it again."""
    model = of_value({"type": "string", "pattern": "^(?!b)"})
    assert model.model_json_schema()["properties"]["v"]["pattern"] == "^(?!b)"
    with pytest.raises(ValidationError, match="should match pattern"):
        model(v="b")


@pytest.mark.parametrize("name", ["nope", 3, None, []])
def test_an_unknown_format_is_an_error(name: object) -> None:
    """It names the formats that there are."""
    with pytest.raises(FormatNotSupportedError, match=r"property 'v'.*ipv4-network"):
        of_value({"type": "string", "format": name})


def test_a_pattern_that_is_none_is_an_error() -> None:
    """At once, and not at the first value."""
    with pytest.raises(UnsupportedKeywordError, match="must be a regular expression"):
        of_value({"type": "string", "pattern": "("})
