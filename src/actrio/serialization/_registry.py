"""Which serializer belongs to which name on the wire.

Names are full, ``module.qualname``. A bare class name, which autogen_core writes, is
understood as long as it means one class. Classes of one bare name live side by side.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import attrs

from ..exceptions import SerializationError
from ._contract import (
    PROTOBUF_DATA_CONTENT_TYPE,
    MessageSerializer,
    UnknownPayload,
    message_class,
)
from ._known import BUILT_IN, try_get_known_serializers_for_type
from ._names import bare_name, wire_name

_SYNONYMS: Final = {"application/protobuf": PROTOBUF_DATA_CONTENT_TYPE}

Serializers = MessageSerializer[Any] | Sequence[MessageSerializer[Any]]


@attrs.frozen
class _Entry:
    """A serializer and the name under which it was added."""

    serializer: MessageSerializer[Any]
    name: str

    @cached_property
    def deserialize(self) -> Callable[[bytes], object]:
        """Turns bytes into a message; knows whether the serializer wants the name."""
        function: Callable[..., object] = self.serializer.deserialize
        required = [
            one
            for one in inspect.signature(function).parameters.values()
            if one.default is one.empty
            and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ]
        if len(required) < 2:
            return function
        return lambda payload: function(payload, self.name)


class SerializationRegistry:
    """Serializers by name on the wire and content type.

    Python's simple types (``str``, ``int``, ``float``, ``bool``, ``bytes``, ``None``,
    ``list``, ``dict``) are there from the start.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._full_names: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._names: dict[type[Any], str] = {}
        for cls in BUILT_IN:
            self.add(try_get_known_serializers_for_type(cls))

    def add(
        self,
        serializer: Serializers,
        *,
        type: type[Any] | str | None = None,
        aliases: Iterable[str] = (),
        replace: bool = True,
    ) -> None:
        """Add a serializer, or several.

        Args:
            serializer: What turns messages of one class into bytes and back.
            type: The class that it is for, or the name of its messages on the wire, if
                the serializer does not say so itself.
            aliases: Further names to read: those that the class had before it was
                renamed or moved. What is written has the present name.
            replace: Take the place of a serializer for the same messages and content
                type; False leaves that one in place.

        Raises:
            TypeError: If neither the serializer nor ``type`` gives a name.
        """
        if isinstance(serializer, Sequence):
            for one in serializer:
                self.add(one, type=type, aliases=aliases, replace=replace)
            return
        if isinstance(type, str):
            cls, name = message_class(serializer), type
        else:
            cls = type or message_class(serializer)
            name = serializer.type_name if type is None else wire_name(type)
        content_type = _normal(serializer.data_content_type)
        present = name if cls is None else self._name_of(cls)
        if not replace and (present, content_type) in self._entries:
            return
        entry = _Entry(serializer, name)
        for each in (name, *aliases):
            self._entries[each, content_type] = entry
            self._full_names[bare_name(each)][each] = None
        if cls is not None:
            self._names[cls] = name

    def is_registered(self, type_name: str, data_content_type: str) -> bool:
        """Say whether messages of this name can be written and read in this format."""
        return bool(self._found(type_name, data_content_type))

    def type_name(self, message: object) -> str:
        """Return the name of a message on the wire: its class's, or its serializer's."""
        return self._name_of(type(message))

    def content_type(self, type_name: str) -> str | None:
        """Return the format in which messages of this name are written first, if any."""
        for name, content_type in self._entries:
            if name == type_name:
                return content_type
        return None

    def _name_of(self, cls: type[Any]) -> str:
        name = self._names.get(cls)
        if name is not None:
            return name
        # A serializer that does not know its class may go by the bare name of it.
        found = self._full_names.get(cls.__name__, ())
        full_name = wire_name(cls)
        if cls.__name__ in found and full_name not in found:
            return cls.__name__
        return full_name

    def serialize(
        self, message: object, *, type_name: str, data_content_type: str
    ) -> bytes:
        """Return the bytes of a message.

        Raises:
            SerializationError: If the serializer cannot write it, or there is none for
                this name and format; a ``ValueError``.
        """
        entry = self._find(type_name, data_content_type)
        if entry is None:
            raise self._unknown(type_name, data_content_type)
        return entry.serializer.serialize(message)

    def deserialize(
        self, payload: bytes, *, type_name: str, data_content_type: str
    ) -> object:
        """Return the message that the bytes describe.

        Returns:
            The message, or an `UnknownPayload` if no serializer has this name.

        Raises:
            SerializationError: If the bytes describe no such message, or the name is
                bare and may mean several classes; a ``ValueError``.
        """
        entry = self._find(type_name, data_content_type)
        if entry is None:
            return UnknownPayload(type_name, data_content_type, payload)
        return entry.deserialize(payload)

    def _found(self, type_name: str, data_content_type: str) -> dict[str, _Entry]:
        """Return the entries that a name may mean, by full name."""
        content_type = _normal(data_content_type)
        exact = self._entries.get((type_name, content_type))
        if exact is not None:
            return {type_name: exact}
        candidates = self._full_names.get(type_name, ())
        found = {name: self._entries.get((name, content_type)) for name in candidates}
        return {name: entry for name, entry in found.items() if entry is not None}

    def _find(self, type_name: str, data_content_type: str) -> _Entry | None:
        found = self._found(type_name, data_content_type)
        if len({id(entry.serializer) for entry in found.values()}) > 1:
            names = " or ".join(found)
            message = f"type name {type_name!r} may mean {names}; use the full name"
            raise SerializationError(message)
        return next(iter(found.values()), None)

    def _unknown(self, type_name: str, data_content_type: str) -> SerializationError:
        formats = [
            content_type for name, content_type in self._entries if name == type_name
        ]
        if formats:
            there = f"its serializers write {' and '.join(formats)}"
        else:
            there = (
                "add one with add_message_serializer(), for example what "
                "try_get_known_serializers_for_type() returns for its class"
            )
        message = (
            f"Unknown type {type_name!r} with content type {data_content_type!r}: no "
            f"serializer is registered for it; {there}"
        )
        return SerializationError(message)


def _normal(content_type: str) -> str:
    return _SYNONYMS.get(content_type, content_type)
