"""What a serializer is, and what becomes of a payload that none can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, get_args, get_origin

from ._names import wire_name

JSON_DATA_CONTENT_TYPE = "application/json"
"""The content type of JSON."""

PROTOBUF_DATA_CONTENT_TYPE = "application/x-protobuf"
"""The content type of protobuf; ``application/protobuf`` means the same."""

T = TypeVar("T")


class MessageSerializer(Protocol[T]):
    """Turns the messages of one class into bytes and back.

    Anything with these members will do. Who inherits writes two methods::

        class TaskSerializer(MessageSerializer[Task]):
            def serialize(self, message: Task) -> bytes:
                return message.name.encode()

            def deserialize(self, payload: bytes) -> Task:
                return Task(payload.decode())

    A ``deserialize`` with two parameters is given the payload and the type name.
    """

    @property
    def data_content_type(self) -> str:
        """The format of the bytes; JSON unless overridden."""
        return JSON_DATA_CONTENT_TYPE

    @property
    def type_name(self) -> str:
        """The name of the messages on the wire; that of the class in the brackets.

        Raises:
            TypeError: If the class inherits from `MessageSerializer` without brackets.
        """
        cls = message_class(self)
        if cls is None:
            name = type(self).__name__
            message = (
                f"{name} does not say which messages it serializes; inherit from "
                "MessageSerializer[TheMessage], define type_name, or add it with type="
            )
            raise TypeError(message)
        return wire_name(cls)

    def serialize(self, message: T) -> bytes:
        """Return the bytes of a message."""
        ...

    def deserialize(self, payload: bytes) -> T:
        """Return the message that was made into these bytes."""
        ...


@dataclass
class UnknownPayload:
    """What is read when no serializer is registered for a name on the wire."""

    type_name: str
    """The name."""
    data_content_type: str
    """The format of the payload."""
    payload: bytes
    """The bytes, as they came."""


def message_class(serializer: object) -> type[Any] | None:
    """Return the class that a serializer is for, as far as it can be known.

    Serializers of any class keep theirs as ``cls``, here as in autogen_core; others name
    it in the brackets behind `MessageSerializer`.
    """
    own = getattr(serializer, "cls", None)
    if isinstance(own, type):
        return own
    for cls in type(serializer).__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is MessageSerializer:
                (argument,) = get_args(base)
                if isinstance(argument, type):
                    return argument
    return None
