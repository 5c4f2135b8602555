"""Numbers, texts, times, enums and literals as JSON."""

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum, auto
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest

from actrio import AgentId

from .kit import problem_of_reading, problem_of_writing, read, round_trip


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Tone(StrEnum):
    LOW = auto()


class Shape(Enum):
    POINT = (0, 0)
    LINE = (0, 1)


class Right(Flag):
    READ = auto()
    WRITE = auto()


@pytest.mark.parametrize(
    ("annotation", "value", "json"),
    [
        (str, "\u00fc\U0001f600\ud800", "\u00fc\U0001f600\ud800"),
        (int, 2**80, 2**80),
        (float, 0.1, 0.1),
        (float, math.inf, "Infinity"),
        (float, -math.inf, "-Infinity"),
        (float, math.nan, "NaN"),
        (bool, True, True),
        (type(None), None, None),
        (None, None, None),
        (bytes, b"\x00\xff", "AP8="),
        (datetime, datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02T03:04:05.000006"),  # noqa: DTZ001 - naive ones come back naive
        (
            datetime,
            datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T00:00:00+02:00",
        ),
        (date, date(2026, 1, 2), "2026-01-02"),
        (time, time(3, 4, tzinfo=UTC), "03:04:00+00:00"),
        (timedelta, timedelta.max, 86399999999999999999),
        (timedelta, timedelta(days=-1, microseconds=1), -86399999999),
        (Decimal, Decimal("0.10"), "0.10"),
        (UUID, UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path, Path("a/b"), "a/b"),
        (AgentId, AgentId("worker", "a/b"), "worker/a/b"),
        (Colour, Colour.BLUE, "blue"),
        (Size, Size.LARGE, 2),
        (Tone, Tone.LOW, "low"),
        (Shape, Shape.LINE, "LINE"),
        (Right, Right.READ | Right.WRITE, 3),
        (Literal["a", 1, True, None], True, True),  # noqa: PYI061 - this spelling is tested
        (Literal[Colour.RED, b"x"], Colour.RED, "red"),
        (Literal[Colour.RED, b"x"], b"x", "eA=="),
    ],
)
def test_values_come_back(annotation: Any, value: object, json: object) -> None:
    """What is read equals what was written, and JSON in between is what people expect."""
    assert round_trip(annotation, value) == json


@pytest.mark.parametrize(
    ("annotation", "payload", "what"),
    [
        (str, 1, "a string"),
        (int, "1", "an integer"),
        (int, True, "an integer"),
        (int, 1.0, "an integer"),
        (float, "x", "a number"),
        (float, True, "a number"),
        (bool, 1, "true or false"),
        (None, 0, "null"),
        (bytes, "?", "bytes in base64"),
        (bytes, 3, "bytes in base64"),
        (datetime, "yesterday", "a date and time in ISO 8601"),
        (date, "2026", "a date in ISO 8601"),
        (Decimal, "x", "a decimal number"),
        (UUID, "x", "a UUID"),
        (AgentId, "x", "an agent id, type/key"),
        (timedelta, "1", "a number of microseconds"),
        (timedelta, 10**30, "a number of microseconds"),
        (Colour, "green", "'red' or 'blue'"),
        (Size, True, "1 or 2"),
        (Size, [], "1 or 2"),
        (Right, 8, "flags of Right"),
        (Right, -1, "flags of Right"),
        (Right, "1", "flags of Right"),
        (Literal["a", 1], True, "'a' or 1"),
    ],
)
def test_nothing_is_converted_while_reading(
    annotation: Any, payload: object, what: str
) -> None:
    """A value of another kind is an error that says what was expected and what came."""
    text = problem_of_reading(annotation, payload)
    assert text.endswith(f": expected {what}, got {payload!r}")


@pytest.mark.parametrize(
    ("annotation", "value", "what"),
    [
        (str, 1, "a string"),
        (int, "1", "an integer"),
        (int, 1.0, "an integer"),
        (float, "1", "a number"),
        (bool, 1, "true or false"),
        (None, 0, "null"),
        (bytes, "x", "bytes in base64"),
        (date, datetime(2026, 1, 2), "a date in ISO 8601"),  # noqa: DTZ001 - no zone is needed
        (timedelta, 1, "a timedelta"),
        (Colour, "red", "Colour"),
        (Colour, [], "Colour"),
        (Right, 1, "flags of Right"),
    ],
)
def test_wrong_values_are_not_written(
    annotation: Any, value: object, what: str
) -> None:
    """The writer finds its own mistakes, so that they do not become the reader's."""
    text = problem_of_writing(annotation, value)
    assert text.endswith(f": expected {what}, got {value!r}")


def test_subclasses_of_texts_and_numbers_come_back_plain() -> None:
    """A ``StrEnum`` where a ``str`` is announced is a string that equals it."""
    assert round_trip(list[str], ["x"]) == ["x"]
    for annotation, value, plain in [
        (str, Tone.LOW, "low"),
        (int, Size.LARGE, 2),
        (int, True, 1),
        (float, 2, 2.0),
    ]:
        from actrio.serialization._codec import Codec

        codec = Codec(annotation)
        found = codec.loads(codec.dumps(value))
        assert (type(found), found) == (annotation, plain)


def test_integers_are_numbers() -> None:
    """A ``float`` may come as an integer, since JavaScript writes 2.0 as 2."""
    assert isinstance(read(float, 2), float)
    assert "OverflowError" in problem_of_reading(float, 10**400)


def test_literals_that_look_alike_are_refused() -> None:
    """Two values of a ``Literal`` with one form could not be told apart."""
    text = problem_of_writing(Literal[Colour.RED, "red"], "red")
    assert "two of its values look the same as JSON" in text


def test_long_values_are_cut_in_errors() -> None:
    """An error does not repeat a whole payload."""
    assert len(problem_of_reading(int, "x" * 1000)) < 100
