"""The classes that describe themselves: dataclasses, attrs, pydantic, protobuf, values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import attrs
import pydantic
import pytest
from google.protobuf import any_pb2, duration_pb2, timestamp_pb2

from actrio import (
    JSON_DATA_CONTENT_TYPE,
    PROTOBUF_DATA_CONTENT_TYPE,
    try_get_known_serializers_for_type,
)
from actrio.exceptions import SerializationError


@dataclass
class Plain:
    at: datetime


@attrs.frozen
class Frozen:
    x: int


class Model(pydantic.BaseModel):
    name: str = pydantic.Field(alias="userName")
    tags: list[int] = []

    @pydantic.computed_field  # type: ignore[prop-decorator]  # as pydantic says
    @property
    def length(self) -> int:
        return len(self.tags)


class Colour(Enum):
    RED = "red"


def only(cls: type) -> Any:
    (serializer,) = try_get_known_serializers_for_type(cls)
    return serializer


@pytest.mark.parametrize(
    "message",
    [
        Plain(datetime(2026, 1, 2)),  # noqa: DTZ001 - no zone is needed
        Frozen(1),
        Model(userName="a", tags=[1]),
        Colour.RED,
        "x",
        None,
    ],
    ids=str,
)
def test_messages_come_back_as_json(message: object) -> None:
    """One serializer, JSON, by the full name of the class."""
    cls = type(message)
    serializer = only(cls)
    assert serializer.data_content_type == JSON_DATA_CONTENT_TYPE
    assert serializer.type_name == f"{cls.__module__}.{cls.__qualname__}"
    assert serializer.deserialize(serializer.serialize(message)) == message


@pytest.mark.parametrize("cls", [object, type, Exception, Iterator, complex])
def test_other_classes_have_no_serializer(cls: type) -> None:
    """A class that says nothing about itself gives an empty list, not an error."""
    assert try_get_known_serializers_for_type(cls) == []


def test_a_serializer_says_what_it_is() -> None:
    """Its ``repr`` has kind and name."""
    assert repr(only(Frozen)) == f"<JsonMessageSerializer of {__name__}.Frozen>"


def test_models_complain_with_a_path() -> None:
    """pydantic's error is the cause, and its first complaint the text."""
    with pytest.raises(SerializationError) as caught:
        only(Model).deserialize(b'{"userName": "a", "tags": [1, "x"]}')
    assert str(caught.value).startswith(
        "Model.tags[1]: Input should be a valid integer"
    )
    assert caught.value.path == "Model.tags[1]"
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


def test_what_models_cannot_write_is_explained() -> None:
    """pydantic's error names the class of the message."""

    class Holder(pydantic.BaseModel):
        it: Any

    with pytest.raises(SerializationError, match="Holder: PydanticSerializationError"):
        only(Holder).serialize(Holder(it=object()))


def test_protobuf_messages_travel_inside_any() -> None:
    """The name is protobuf's own, and the bytes are those of ``google.protobuf.Any``."""
    serializer = only(duration_pb2.Duration)
    message = duration_pb2.Duration(seconds=5)
    assert serializer.type_name == "google.protobuf.Duration"
    assert serializer.data_content_type == PROTOBUF_DATA_CONTENT_TYPE
    payload = serializer.serialize(message)
    assert any_pb2.Any.FromString(payload).Is(duration_pb2.Duration.DESCRIPTOR)
    assert serializer.deserialize(payload) == message


def test_wrong_protobuf_payloads_are_explained() -> None:
    """Another message, or no message at all, is named."""
    serializer = only(duration_pb2.Duration)
    payload = only(timestamp_pb2.Timestamp).serialize(timestamp_pb2.Timestamp())
    with pytest.raises(SerializationError) as caught:
        serializer.deserialize(payload)
    assert str(caught.value) == (
        "the payload is a google.protobuf.Timestamp, not a google.protobuf.Duration"
    )
    with pytest.raises(SerializationError, match="a message without a type, not a"):
        serializer.deserialize(b"")
    with pytest.raises(SerializationError, match="Duration: DecodeError"):
        serializer.deserialize(b"\xff")
    with pytest.raises(SerializationError, match="Duration: AttributeError"):
        serializer.serialize("x")
