"""Serializers for the classes that describe themselves.

What writes and reads JSON is loaded with the first message that becomes bytes: most
programs never send one out of their process, and they should not wait for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from enum import Enum
from functools import cached_property
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from ..exceptions import SerializationError
from ._contract import PROTOBUF_DATA_CONTENT_TYPE, MessageSerializer
from ._fields import is_record
from ._models import is_model, read_model, write_model

if TYPE_CHECKING:
    from ._codec import Codec

T = TypeVar("T")

BUILT_IN: Final = (str, int, float, bool, bytes, NoneType, list, dict)
"""The types of Python that every runtime can send."""

_SCALARS_ARE_IN: Final = {"actrio.identity", "datetime", "decimal", "pathlib", "uuid"}
"""The modules of the other types that are single values."""


class _OfClass(MessageSerializer[T]):
    """What the serializers below have in common."""

    def __init__(self, cls: type[T]) -> None:
        self.cls = cls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.type_name}>"


class JsonMessageSerializer(_OfClass[T]):
    """Serializes dataclasses, attrs classes and what they are made of, as JSON."""

    def __init__(self, cls: type[T], *, forbid_unknown_fields: bool = False) -> None:
        super().__init__(cls)
        self._forbids_unknown = forbid_unknown_fields

    @cached_property
    def _codec(self) -> Codec:
        make: type[Codec] = import_module("._codec", __package__).Codec
        return make(self.cls, forbids_unknown=self._forbids_unknown)

    def serialize(self, message: T) -> bytes:
        """Return the message as JSON text."""
        return self._codec.dumps(message)

    def deserialize(self, payload: bytes) -> T:
        """Return the message that a JSON text describes."""
        message: T = self._codec.loads(payload)
        return message


class PydanticMessageSerializer(_OfClass[T]):
    """Serializes pydantic models, as the JSON that they make of themselves."""

    def serialize(self, message: T) -> bytes:
        """Return the model as JSON text."""
        try:
            return write_model(message)
        except Exception as exc:
            _fail(self.cls, exc)

    def deserialize(self, payload: bytes) -> T:
        """Return the validated model that a JSON text describes."""
        try:
            message: T = read_model(self.cls, payload)
        except Exception as exc:
            _fail(self.cls, exc)
        return message


class ProtobufMessageSerializer(_OfClass[T]):
    """Serializes protobuf messages, each inside a ``google.protobuf.Any``."""

    def __init__(self, cls: type[T]) -> None:
        super().__init__(cls)
        self._any: Any = import_module("google.protobuf.any_pb2").Any

    @property
    def data_content_type(self) -> str:
        """The content type of protobuf."""
        return PROTOBUF_DATA_CONTENT_TYPE

    def serialize(self, message: T) -> bytes:
        """Return the bytes of an ``Any`` with the message inside."""
        envelope = self._any()
        try:
            envelope.Pack(message)
            payload: bytes = envelope.SerializeToString()
        except Exception as exc:
            _fail(self.cls, exc)
        return payload

    def deserialize(self, payload: bytes) -> T:
        """Return the message inside an ``Any``."""
        envelope, message = self._any(), self.cls()
        try:
            envelope.ParseFromString(payload)
            found = envelope.Unpack(message)
        except Exception as exc:
            _fail(self.cls, exc)
        if not found:
            text = (
                f"the payload is a {envelope.TypeName() or 'message without a type'}, "
                f"not a {self.type_name}"
            )
            raise SerializationError(text, path=self.cls.__name__)
        return message


def try_get_known_serializers_for_type(
    cls: type[Any], *, forbid_unknown_fields: bool = False
) -> list[MessageSerializer[Any]]:
    """Return the serializers that a class needs no code for.

    Those are dataclasses and attrs classes, named tuples and enums, pydantic models,
    protobuf messages, and the simple types of Python. Nothing is checked yet: a class
    with a field that has no form in JSON is found out when it is first serialized.

    Args:
        cls: The class of the messages.
        forbid_unknown_fields: Refuse payloads with fields that the class does not have,
            instead of ignoring them; a pydantic model says so itself.

    Returns:
        At most one serializer; none for a class that does not describe itself.
    """
    if is_model(cls):
        return [PydanticMessageSerializer(cls)]
    if is_protobuf(cls):
        return [ProtobufMessageSerializer(cls)]
    if is_record(cls) or cls in BUILT_IN or issubclass(cls, Enum) or _is_scalar(cls):
        return [JsonMessageSerializer(cls, forbid_unknown_fields=forbid_unknown_fields)]
    return []


def _is_scalar(cls: type[Any]) -> bool:
    if cls.__module__ not in _SCALARS_ARE_IN:
        return False
    scalars: Container[object] = import_module("._scalars", __package__).SCALARS
    return cls in scalars


def _fail(cls: type[Any], exc: Exception) -> NoReturn:
    fail: Callable[[Any, Exception], NoReturn] = import_module(
        "._codec", __package__
    ).fail
    fail(cls, exc)


def is_protobuf(cls: type[Any]) -> bool:
    """Say whether a class is a protobuf message; who has one has imported protobuf."""
    module = sys.modules.get("google.protobuf.message")
    return module is not None and issubclass(cls, module.Message)
