"""What is sent from one mailbox to another."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from itertools import count
from math import inf, isfinite
from reprlib import repr as short_repr
from typing import Any, Final, Literal, cast, get_args

import attrs

from .. import _json
from ..exceptions import (
    MailboxContentInvalid,
    MailboxMessageTooLarge,
    MailboxNameInvalid,
)

Priority = Literal["low", "normal", "high", "urgent"]
"""How urgent a message is."""

EVERYBODY: Final = "*"
"""The recipient of a message to all mailboxes but the sender's."""

LANES: Final[tuple[Priority, ...]] = get_args(Priority)[::-1]
"""The priorities, the most urgent first."""
_NAME_BYTES: Final = 255
_BYTES_PER_CHARACTER: Final = 6
"""What a character takes in JSON at most."""
_LONG: Final = 10**25

_prefix = secrets.token_hex(8) + "-"
# made of C functions: it runs for every message
new_id: Callable[[], str] = map(_prefix.__add__, map(str, count(1))).__next__
"""Returns an id that no other message has, in this process or another."""


def _check_priority(instance: object, attribute: object, value: object) -> None:
    if value not in LANES:
        known = ", ".join(repr(name) for name in LANES)
        message = f"priority={value!r} must be one of {known}"
        raise ValueError(message)


# made for every message, and copied: a dict is faster than slots that are frozen
@attrs.frozen(kw_only=True, slots=False)
class AgentMessage:
    """A message from one mailbox to another, or to all others."""

    sender: str
    """The name of the mailbox that it is from."""
    recipient: str
    """The name of the mailbox that it is for; ``"*"`` for all but the sender's."""
    content: Any
    """What it says, a str or another JSON value (dict, list, int, float, bool, None)."""
    id: str = attrs.field(factory=new_id)
    """Unique; made by itself."""
    correlation_id: str | None = None
    """The id of the message that this one answers, or whatever links messages."""
    priority: Priority = attrs.field(default="normal", validator=_check_priority)
    """``"urgent"`` messages are received first, then ``"high"``, then ``"normal"``."""
    timestamp: float = attrs.field(factory=time.time)
    """When it was made, in seconds since 1970 (UTC)."""
    metadata: dict[str, Any] = attrs.field(factory=dict[str, Any])
    """Anything else about it, as a dict of JSON values."""
    received_by: str | None = attrs.field(default=None, eq=False)
    """The mailbox that received it; None while it is on its way."""
    redelivered: bool = attrs.field(default=False, eq=False)
    """Whether it was given out before, to somebody who did not finish with it."""

    def reply(self, content: Any, **fields: Any) -> AgentMessage:
        """Make the answer to this message; `MessageBus.deliver` sends it.

        It goes to the sender, comes from whoever received this message, and has its
        ``correlation_id``, or its ``id`` if it has none. Priority and metadata are not
        taken over.

        Args:
            content: A str or another JSON value.
            **fields: Other fields of `AgentMessage`, to set or to replace.

        Raises:
            ValueError: If a broadcast was not received but made, so that nobody is
                there to answer it; give ``sender=``.
            TypeError: If there is no field of this name.
        """
        sender = self.received_by or self.recipient
        if sender == EVERYBODY and "sender" not in fields:
            message = (
                "nobody has received this broadcast yet; reply to the message that "
                "receive() returned, or give sender="
            )
            raise ValueError(message)
        correlation_id = self.correlation_id or self.id
        answer: dict[str, Any] = {
            "sender": sender,
            "recipient": self.sender,
            "content": content,
            "correlation_id": correlation_id,
        }
        return AgentMessage(**(answer | fields))


def check_name(name: object, what: str = "the name of a mailbox") -> str:
    """Return a name that a mailbox can have.

    Raises:
        MailboxNameInvalid: If it cannot.
    """
    size = -1
    if isinstance(name, str):
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            size = -1
    if not 1 <= size <= _NAME_BYTES or name == EVERYBODY:
        message = (
            f"{what} is {short_repr(name)}; it must be a str of 1 to {_NAME_BYTES} "
            f"bytes of UTF-8, and not {EVERYBODY!r}"
        )
        raise MailboxNameInvalid(message)
    return cast("str", name)


def check_fields(message: AgentMessage) -> None:
    """Check what a message is known by.

    Raises:
        MailboxContentInvalid: If that is of another type, or would not come back equal.
    """
    given: Any = message
    answered, made = given.correlation_id, given.timestamp
    is_usual = type(given.id) is str and answered is None and type(made) is float
    if is_usual and -inf < made < inf:
        return
    if not isinstance(given.id, str):
        what, rule = "id", "a str"
    elif not (answered is None or isinstance(answered, str)):
        what, rule = "correlation_id", "a str or None"
    elif not (isinstance(made, (float, int)) and isfinite(made)):
        what, rule = "timestamp", "a finite number of seconds"
    else:
        return
    fault = f"{what}={short_repr(getattr(message, what))} must be {rule}"
    raise MailboxContentInvalid(fault, what)


def changed(message: AgentMessage, **changes: Any) -> AgentMessage:
    """Return a copy with other values, which are known to be right."""
    other = object.__new__(AgentMessage)
    other.__dict__.update(message.__dict__)
    other.__dict__.update(changes)
    return other


def taken_down(message: AgentMessage, limit: int) -> AgentMessage:
    """Check what a message says, and return it with a content that nobody changes.

    Args:
        message: The message.
        limit: How many bytes content and metadata may take as JSON.

    Raises:
        MailboxContentInvalid: If they are not JSON, or would not come back equal; or an
            id or the timestamp is of another type.
        MailboxMessageTooLarge: If they take more bytes.
    """
    check_fields(message)
    content, metadata = message.content, message.metadata
    if message.received_by is not None or message.redelivered:  # it is sent on
        message = changed(message, received_by=None, redelivered=False)
    if type(content) is str and type(metadata) is dict and not metadata:
        if len(content) * _BYTES_PER_CHARACTER < limit:
            return message
    else:
        spent = [0]
        try:
            own: dict[str, Any] = {"content": _copy(content, spent)}
            own["metadata"] = _copy(metadata, spent) if metadata else {}
        except (_OddValue, RecursionError):
            spent = [limit + 1]
        else:
            if spent[0] <= limit and type(metadata) is dict:
                return changed(message, **own)
    as_json(message, limit)
    return copied(message)


def as_json(message: AgentMessage, limit: int) -> tuple[str, str]:
    """Check what a message says, and return its content and metadata as JSON.

    Raises:
        MailboxContentInvalid: If they are not JSON, or would not come back equal.
        MailboxMessageTooLarge: If they take more than ``limit`` bytes.
    """
    content, metadata = message.content, message.metadata
    if type(metadata) is not dict:
        fault = f"metadata {_json.is_a(metadata)}; it must be a dict"
        raise MailboxContentInvalid(fault, "metadata")
    is_text = type(content) is str
    text = _json.quote(content) if is_text else to_json(content, "content")
    about = to_json(metadata, "metadata") if metadata else "{}"
    size = len(text) + (len(about) if metadata else 0)
    if size > limit:
        fault = (
            f"the message to {message.recipient!r} takes {size:,} bytes as JSON, and "
            f"{limit:,} are allowed; send less, or make the bus with a larger "
            "max_message_bytes"
        )
        raise MailboxMessageTooLarge(fault, size, limit)
    return text, about


def to_json(value: object, name: str) -> str:
    """Return content or metadata as ASCII text.

    Raises:
        MailboxContentInvalid: If it is not JSON, or would not come back equal.
    """
    try:
        return _json.encode(value, name)
    except _json.NotJson as exc:
        message = f"{exc}; a message is made of {_json.RULE}"
        raise MailboxContentInvalid(message, exc.path) from None


def copied(message: AgentMessage) -> AgentMessage:
    """Return a copy of what `taken_down` gave, with a content of its own."""
    content, metadata = message.content, message.metadata
    if type(content) is str and not metadata:
        return message
    return changed(message, content=_own(content), metadata=_own(metadata))


def _own(value: Any) -> Any:
    try:
        return _copy(value, [0])
    except (_OddValue, RecursionError):
        return _json.decode(_json.encode(value, ""))


class _OddValue(Exception):
    """A value that is no JSON, or that only looks like it."""


def _copy(value: Any, spent: list[int]) -> Any:
    """Return a JSON value of one's own, and add what it takes as text at most."""
    kind = cast("type[object]", type(value))
    if kind is str:
        spent[0] += len(value) * _BYTES_PER_CHARACTER + 3
        return value
    if kind is dict:
        copy: dict[str, Any] = {}
        for key, inside in value.items():
            if type(key) is not str:
                raise _OddValue
            spent[0] += len(key) * _BYTES_PER_CHARACTER + 4
            copy[key] = _copy(inside, spent)
        return copy
    spent[0] += 30
    if kind is list:
        spent[0] += 30 * len(value)
        # a call for each number would cost more than all the rest
        return [
            one if type(one) is int and -_LONG < one < _LONG else _copy(one, spent)
            for one in value
        ]
    if value is None or kind is bool or (kind is float and isfinite(value)):
        return value
    if kind is int and -_LONG < value < _LONG:
        return value
    raise _OddValue
