"""Messages, responses and errors as bytes, with what is known of their classes."""

from __future__ import annotations

from typing import Final

import attrs

from ..exceptions import PayloadTooLarge, SerializationError
from ..serialization import (
    JSON_DATA_CONTENT_TYPE,
    SerializationRegistry,
    UnknownPayload,
    try_get_known_serializers_for_type,
)
from ._failures import Failures
from ._wire import (
    Written,
    read_failure,
    read_response,
    write_failure,
    write_response,
)

_CLASSES_REMEMBERED: Final = 1024

VALUE, ERROR = b"v", b"e"


@attrs.define
class Codec:
    """Writes and reads what one runtime sends and receives."""

    registry: SerializationRegistry
    failures: Failures
    limit: int
    """How many bytes a message or response may take."""
    _forms: dict[type, tuple[str, str]] = attrs.field(
        factory=dict[type, tuple[str, str]]
    )
    """Name and content type of each class that was written."""

    def forget(self) -> None:
        """Forget which serializer a class has: there is another one now."""
        self._forms.clear()

    def write(self, message: object) -> Written:
        """Return a message or a response as bytes.

        Raises:
            SerializationError: If there is no serializer for its class, or it refuses.
            PayloadTooLarge: If it takes too many bytes.
        """
        cls = type(message)
        form = self._forms.get(cls)
        if form is None:
            form = self._form(cls, message)
        name, content_type = form
        payload = self.registry.serialize(
            message, type_name=name, data_content_type=content_type
        )
        if len(payload) > self.limit:
            fault = (
                f"{cls.__name__} takes {len(payload)} bytes, and payload_limit is "
                f"{self.limit}; send a reference to where the data are, or raise the limit"
            )
            raise PayloadTooLarge(fault, size=len(payload), limit=self.limit)
        return Written(name, content_type, payload)

    def _form(self, cls: type, message: object) -> tuple[str, str]:
        registry = self.registry
        name = registry.type_name(message)
        content_type = registry.content_type(name)
        if content_type is None:
            known = try_get_known_serializers_for_type(cls)
            registry.add(known, replace=False)
            content_type = registry.content_type(name) or JSON_DATA_CONTENT_TYPE
        if len(self._forms) >= _CLASSES_REMEMBERED:
            self._forms.clear()
        form = self._forms[cls] = name, content_type
        return form

    def read(self, body: Written) -> object:
        """Return a message or a response that was written in another process.

        Raises:
            SerializationError: If this process does not know its class, or the bytes
                describe no object of it.
        """
        message = self.registry.deserialize(
            body.payload,
            type_name=body.type_name,
            data_content_type=body.content_type,
        )
        if isinstance(message, UnknownPayload):
            fault = (
                f"a message of type {body.type_name!r} was received, which this process "
                "does not know; name its class in messages=[...] of the runtime, or "
                "call add_message_serializer()"
            )
            raise SerializationError(fault)
        return message

    def reply(self, value: object) -> bytes:
        """Return the reply with the value of a handler; or with why it cannot be one."""
        try:
            return VALUE + write_response(self.write(value))
        except Exception as exc:  # noqa: BLE001 - it goes to whoever asked
            return self.reply_error(exc)

    def reply_error(self, exc: BaseException) -> bytes:
        """Return the reply with what a handler raised."""
        return ERROR + write_failure(self.failures.encode(exc))

    def value(self, reply: bytes) -> object:
        """Return the value of a reply without its first letter."""
        return self.read(read_response(reply))

    def error(self, reply: bytes) -> BaseException:
        """Return the error of a reply without its first letter."""
        return self.failures.decode(read_failure(reply))
