"""How messages become bytes and are messages again, for those that leave the process.

From the outside in::

    _registry.py     which serializer belongs to which name on the wire
    _known.py        serializers for dataclasses, attrs, pydantic and protobuf
    _contract.py     what a serializer is; what an unknown payload is
    _codec.py        JSON for one type: the fast way, and the way that explains errors
    _compiler.py     from a type to its form
    _records.py _collections.py _unions.py _scalars.py    the forms of types
    _form.py         what a form is, and how errors learn their path
    _fields.py       the fields of a class, with every type resolved
    _json.py         orjson if it is installed, else the standard library
    _names.py        what classes are called on the wire

The classes of messages are read with cattrs, which generates a function for each class.
"""

from ._contract import (
    JSON_DATA_CONTENT_TYPE,
    PROTOBUF_DATA_CONTENT_TYPE,
    MessageSerializer,
    UnknownPayload,
)
from ._known import try_get_known_serializers_for_type
from ._registry import SerializationRegistry

__all__ = [
    "JSON_DATA_CONTENT_TYPE",
    "PROTOBUF_DATA_CONTENT_TYPE",
    "MessageSerializer",
    "SerializationRegistry",
    "UnknownPayload",
    "try_get_known_serializers_for_type",
]
