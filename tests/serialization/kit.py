"""What the tests of serialization have in common."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actrio.exceptions import SerializationError
from actrio.serialization._codec import Codec
from actrio.serialization._json import STANDARD, fastest


def round_trip(annotation: Any, value: object) -> Any:
    """Write and read a value with either JSON library; return the JSON in between."""
    shapes = []
    for written_with in (STANDARD, fastest()):
        payload = Codec(annotation, json=written_with).dumps(value)
        shapes.append(json.loads(payload))
        for read_with in (STANDARD, fastest()):
            found = Codec(annotation, json=read_with).loads(payload)
            assert type(found) is type(value)
            assert repr(found) == repr(value) or found == value
    assert repr(shapes[0]) == repr(shapes[1])
    return shapes[0]


def problem_of_writing(annotation: Any, value: object) -> str:
    """What the error says about a value that cannot be written."""
    texts = []
    for library in (STANDARD, fastest()):
        with pytest.raises(SerializationError) as caught:
            Codec(annotation, json=library).dumps(value)
        texts.append(str(caught.value))
        assert caught.value.path
    assert texts[0] == texts[1]
    return texts[0]


def problem_of_reading(annotation: Any, payload: object, **options: Any) -> str:
    """What the error says about JSON that does not fit."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    texts = []
    for library in (STANDARD, fastest()):
        with pytest.raises(SerializationError) as caught:
            Codec(annotation, json=library, **options).loads(text)
        texts.append(str(caught.value))
        assert caught.value.path
    assert texts[0] == texts[1]
    return texts[0]


def read(annotation: Any, payload: object, **options: Any) -> Any:
    """The value that a JSON describes."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    found = [
        Codec(annotation, json=library, **options).loads(text)
        for library in (STANDARD, fastest())
    ]
    assert repr(found[0]) == repr(found[1])
    return found[0]
