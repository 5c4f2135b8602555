"""How a message is written on its way to another process: JSON, with a version."""

from __future__ import annotations

from typing import Any, Final

from .. import _json
from ..exceptions import MailboxContentInvalid, MailboxMessageUnreadable
from ._message import EVERYBODY, AgentMessage, as_json, check_fields

VERSION: Final = 1


def write(message: AgentMessage, limit: int) -> bytes:
    """Return a message as ASCII text.

    Raises:
        MailboxContentInvalid: If it is not JSON, or would not come back equal.
        MailboxMessageTooLarge: If content and metadata take more than ``limit`` bytes.
    """
    check_fields(message)
    content, metadata = as_json(message, limit)
    return (
        f'{{"v":{VERSION},{_head(message)},"content":{content},"metadata":{metadata}}}'
    ).encode("ascii")


def _head(message: AgentMessage) -> str:
    correlation_id, quote = message.correlation_id, _json.quote
    try:
        return (
            f'"id":{quote(message.id)},"sender":{quote(message.sender)},'
            f'"recipient":{quote(message.recipient)},"priority":"{message.priority}",'
            f'"timestamp":{float(message.timestamp)!r},"correlation_id":'
            f"{'null' if correlation_id is None else quote(correlation_id)}"
        )
    except (TypeError, ValueError) as exc:
        fault = f"{message!r} cannot be sent to another process: {exc}"
        raise MailboxContentInvalid(fault, "message") from None


def read(payload: bytes, reader: str, *, redelivered: bool) -> AgentMessage:
    """Return the message that `write` was given, as one mailbox receives it.

    Args:
        payload: What `write` returned, perhaps in another version of actrio.
        reader: The name of the mailbox.
        redelivered: Whether it was given out before.

    Raises:
        MailboxMessageUnreadable: If it is of a newer version, or no message at all.
    """
    try:
        fields: dict[str, Any] = _json.decode(payload)
        version = fields.pop("v")
        if version == VERSION:
            own = reader if fields["recipient"] == EVERYBODY else None
            return AgentMessage(**fields, received_by=own, redelivered=redelivered)
    except (ValueError, TypeError, AttributeError, KeyError) as exc:
        message = (
            f"mailbox {reader!r} holds what is no message of actrio "
            f"({type(exc).__name__}: {exc}); something else writes under this prefix"
        )
        raise MailboxMessageUnreadable(message, reader) from None
    message = (
        f"mailbox {reader!r} holds a message of version {version}, and this actrio reads "
        f"{VERSION}; upgrade it, and take the mailbox over to get the message again"
    )
    raise MailboxMessageUnreadable(message, reader)
