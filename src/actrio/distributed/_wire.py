"""How a message is written on its way to another process: MessagePack, with a version.

What the server has to know stands before it, in the header (see `_scripts`); the rest is
for the receiver alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Any, Final, cast

import attrs
import msgpack  # pyright: ignore[reportMissingTypeStubs] - it has none

from ..exceptions import NamespaceVersionUnknown
from ._scripts import NOBODY

VERSION: Final = 1
_NOBODY: Final = NOBODY.encode()

_pack = cast("Any", msgpack).packb
_unpack = cast("Any", msgpack).unpackb


@attrs.frozen
class Written:
    """A message or a response as bytes, and what they are."""

    type_name: str
    content_type: str
    payload: bytes


@attrs.frozen
class Parcel:
    """A message as it is carried."""

    body: Written
    sender: str | None
    """The agent that sent it."""
    topic: Sequence[str] | None
    """Type and source of the topic, if it was published."""
    message_id: str
    chain: Sequence[bytes] = ()
    """The requests that wait for this one, the first one first, and then itself; nothing
    if it was not sent by a handler."""
    trace: dict[str, str] | None = None
    """The sender's context for OpenTelemetry."""


def write(parcel: Parcel) -> bytes:
    """Return a message as bytes."""
    body = parcel.body
    packed: bytes = _pack(
        (
            VERSION,
            body.type_name,
            body.content_type,
            body.payload,
            parcel.sender,
            parcel.topic,
            parcel.message_id,
            parcel.chain or None,
            parcel.trace,
        )
    )
    return packed


def read(data: bytes) -> Parcel:
    """Return the message that was written so.

    Raises:
        NamespaceVersionUnknown: If it was written by another version of actrio, or by something
            else.
    """
    try:
        version, *fields = _unpack(data)
        if version != VERSION:
            message = (
                f"a message was written in version {version!r} of the protocol, and this "
                f"actrio reads version {VERSION}; run one version in a namespace"
            )
            raise NamespaceVersionUnknown(message)
        name, kind, payload, sender, topic, message_id, chain, trace = fields
        parcel = Parcel(
            Written(name, kind, payload), sender, topic, message_id, chain or (), trace
        )
        _check(parcel)
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        message = f"what was received is no message of actrio: {exc!r}"
        raise NamespaceVersionUnknown(message) from None
    return parcel


def _check(parcel: Parcel) -> None:
    """Raise unless all parts are of their types.

    Raises:
        TypeError: If one is not.
    """
    body, topic = parcel.body, parcel.topic
    parts: Sequence[tuple[object, type | tuple[type, ...]]] = (
        (body.type_name, str),
        (body.content_type, str),
        (body.payload, bytes),
        (parcel.sender, (str, NoneType)),
        (topic, (list, NoneType)),
        (parcel.message_id, str),
        (parcel.chain, (list, tuple)),
        (parcel.trace, (dict, NoneType)),
        *((one, bytes) for one in parcel.chain),
        *((one, str) for one in topic or ()),
    )
    for part, kind in parts:
        if not isinstance(part, kind):
            message = f"{part!r} is of another type"
            raise TypeError(message)
    if topic is not None and len(topic) != len(("type", "source")):
        message = f"{topic!r} is no topic"
        raise TypeError(message)


def write_response(body: Written) -> bytes:
    """Return a response as bytes."""
    packed: bytes = _pack((body.type_name, body.content_type, body.payload))
    return packed


def read_response(data: bytes) -> Written:
    """Return the response that was written so.

    Raises:
        NamespaceVersionUnknown: If it is none.
    """
    try:
        return Written(*_unpack(data))
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        message = f"what was received is no response of actrio: {exc!r}"
        raise NamespaceVersionUnknown(message) from None


def write_failure(values: dict[str, object]) -> bytes:
    """Return plain values as bytes."""
    packed: bytes = _pack(values)
    return packed


def read_failure(data: bytes) -> object:
    """Return the values that were written so; None if they are none."""
    try:
        return cast("object", _unpack(data, strict_map_key=False))
    except (ValueError, TypeError, msgpack.UnpackException):
        return None


@attrs.frozen
class Header:
    """What the server knows of a message."""

    kind: str
    client: bytes
    serial: int
    attempt: int
    deadline: int
    """Milliseconds of the server's clock; 0 for none."""

    @property
    def is_request(self) -> bool:
        """Whether it is a request, and no copy of what was published."""
        return self.kind in "qnQN"

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for an answer."""
        return self.is_request and self.client != _NOBODY

    @classmethod
    def read(cls, words: Sequence[bytes]) -> Header:
        """Read the five words of a header."""
        kind, client, serial, attempt, deadline = words
        return cls(kind.decode(), client, int(serial), int(attempt), int(deadline))


@attrs.frozen
class Pushed:
    """A message that the server shows to a worker."""

    worker: bytes
    id: bytes
    fence: int
    header: Header
    agent: bytes
    data: bytes

    @classmethod
    def read(cls, text: bytes) -> Pushed:
        """Read what `enqueue` of the scripts tells, without the first word."""
        head, _, rest = text.partition(b"\n")
        worker, entry, fence, *header, length = head.split(b" ")
        end = int(length)
        return cls(
            worker, entry, int(fence), Header.read(header), rest[:end], rest[end:]
        )
