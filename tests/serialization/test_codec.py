"""The fast way and the way that explains errors, together."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from actrio.exceptions import SerializationError
from actrio.serialization._codec import Codec
from actrio.serialization._json import STANDARD, fastest

from .kit import problem_of_reading, problem_of_writing, read, round_trip


@dataclass
class Chain:
    next: Chain | None = None
    data: list[Any] = field(default_factory=list)


def chain(length: int) -> Chain:
    first = Chain()
    for _ in range(length):
        first = Chain(first)
    return first


def test_a_message_that_contains_itself_is_refused() -> None:
    """The error says where the circle closes, whatever it goes through."""
    loop = Chain()
    loop.next = Chain(loop)
    assert problem_of_writing(Chain, loop).startswith(
        "Chain.next.next: this Chain contains itself; a message is a tree"
    )
    data: list[Any] = []
    data.append({"again": data})
    text = problem_of_writing(Chain, Chain(data=data))
    assert text.startswith("Chain.data[0]['again']: this list contains itself")
    text = problem_of_writing(Any, data)
    assert text.startswith("Any[0]['again']: this list contains itself")


def test_one_object_in_two_places_is_no_circle() -> None:
    """It is written twice and comes back as two."""
    shared = Chain()
    assert round_trip(list[Chain], [shared, shared])[0] == {"next": None, "data": []}


def test_deep_values_are_refused_with_a_short_path() -> None:
    """Instead of a ``RecursionError`` there is an error that says where and what."""
    text = problem_of_writing(Chain, chain(5000))
    assert "nested too deeply" in text
    assert "more … .next" in text
    assert len(text) < 300


def test_deep_payloads_are_refused() -> None:
    """The same for reading, whether the parser or a class gives up."""
    for depth in (600, 100_000):
        payload = b'{"next":' * depth + b"null" + b"}" * depth
        assert "nested too deeply" in problem_of_reading(Chain, payload)


def test_moderate_depth_is_fine() -> None:
    """Two hundred levels come back."""
    assert round_trip(Chain, chain(200))


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b"[1] x", b"[NaN]", b"[Infinity]", b"[-Infinity]"]
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    """The error says what is wrong with the text."""
    text = problem_of_reading(list[float], payload)
    assert text.startswith("list[float]: the payload is no JSON: ")


def test_the_fast_way_never_has_the_last_word() -> None:
    """What orjson refuses or reads in another way comes back all the same."""
    assert read(int, b"18446744073709551616") == 2**64
    assert read(list[Any], b"[18446744073709551616]") == [2**64]
    assert read(dict[str, Any], b'{"a":{"b":-9223372036854775809}}') == {
        "a": {"b": -(2**63) - 1}
    }
    assert read(float, b"1e999") == float("inf")
    assert round_trip(str, "\ud800") == "\ud800"
    assert round_trip(Any, [[[2**64]]]) == [[[2**64]]]


@dataclass
class Picky:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            message = "must not be negative"
            raise LookupError(message)


def test_errors_of_user_code_are_the_cause() -> None:
    """What a constructor raises is named, and kept as the cause."""
    with pytest.raises(SerializationError) as caught:
        Codec(list[Picky]).loads(b'[{"number": -1}]')
    assert str(caught.value) == "list[Picky][0]: LookupError: must not be negative"
    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.value.path == "list[Picky][0]"


def test_json_is_orjson_if_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without orjson the standard library does it, with the same results."""
    fastest.cache_clear()
    assert fastest() is not STANDARD
    monkeypatch.setitem(sys.modules, "orjson", None)
    fastest.cache_clear()
    assert fastest() is STANDARD
    assert Codec(list[int]).dumps([1, 2]) == b"[1,2]"
    monkeypatch.undo()
    fastest.cache_clear()


def test_texts_are_compact_utf8() -> None:
    """The payload is JSON that any other program reads."""
    for library in (STANDARD, fastest()):
        payload = Codec(dict[str, str], json=library).dumps({"ü": "€"})
        assert b" " not in payload
        assert json.loads(payload) == {"ü": "€"}
