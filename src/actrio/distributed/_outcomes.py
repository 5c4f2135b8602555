"""What became of a request, as a reply: written by the worker, read by the client.

The first letter says what it is: ``v`` value, ``e`` error, ``c`` cancelled while it ran,
``w`` withdrawn before, ``U`` nobody hosts its type, ``I`` its type has only instances, ``G``
the last worker of its type has left while it had the message, ``L`` its worker is lost.
"""

from __future__ import annotations

from collections.abc import Callable

from ..exceptions import (
    NamespaceVersionUnknown,
    RecipientNotFound,
    RuntimeStoppedError,
    WorkerLostError,
)
from ..messages import DONE, Delivery, Envelope, Request
from ..runtime._dead_letters import DeadLetterReason
from ._codec import ERROR, VALUE, Codec
from ._wire import Header

CANCELLED, WITHDRAWN = b"c", b"w"


def goes_elsewhere(envelope: Envelope) -> bool:
    """Say whether another worker is to handle it, since the runtime here stops.

    Not if its handler has stopped it, with SystemExit for instance: it would do so there.
    """
    is_stopped = isinstance(envelope.failure, RuntimeStoppedError)
    own_doing = envelope.scope_cancelled or envelope.has_ended_program
    return is_stopped and not own_doing


def reply_of(envelope: Envelope, codec: Codec) -> bytes:
    """Return the reply to a request that is over; nothing for what was published."""
    if isinstance(envelope, Delivery):
        return b""
    if envelope.error is not None:
        return codec.reply_error(envelope.error)
    if envelope.scope_cancelled:
        return CANCELLED
    if envelope.failure is not None:
        return codec.reply_error(envelope.failure)
    return codec.reply(envelope.response) if envelope.state is DONE else WITHDRAWN


def fails_again(header: Header, reply: bytes) -> str:
    """Return why a request is a dead letter once more; nothing if it is none.

    It is one if it was a dead letter that was sent again, and has failed: nobody waits for
    its answer.
    """
    if header.is_awaited or not header.is_request or reply[:1] == VALUE:
        return ""
    return _AGAIN.get(reply[:1], "not handled when it was replayed")


def settle(request: Request, reply: bytes, codec: Codec) -> None:
    """Give a request the outcome that a reply describes.

    It is over then; `outcome_of` tells its sender.
    """
    request.state = DONE
    kind, rest = reply[:1], reply[1:]
    if kind == b"v":
        if request.withdrawn_by_token:
            request.scope_cancelled = False  # it was answered before that was known
        try:
            request.response = codec.value(rest)
        except Exception as exc:  # noqa: BLE001 - it is the sender's, who cannot read it
            request.failure = exc
    elif kind == b"e":
        request.error = codec.error(rest)
    elif kind not in (CANCELLED, WITHDRAWN):
        request.failure = _FAILURES.get(kind, _strange)(request, rest)
    elif not request.scope_cancelled:
        request.failure = RuntimeStoppedError(
            f"the request to {request.recipient} was withdrawn: its time was over when "
            "it would have been handled"
        )


def _unknown_type(request: Request, rest: bytes) -> Exception:
    del rest
    recipient = request.recipient
    return RecipientNotFound(
        f"no worker hosts agent type {recipient.type!r} (for {recipient}); register it in "
        "one of the runtimes of this namespace first",
        recipient=recipient,
    )


def _no_instance(request: Request, rest: bytes) -> Exception:
    del rest
    recipient = request.recipient
    return RuntimeError(
        f"agent {recipient} was never registered: type {recipient.type!r} has no factory, "
        "only the instances given to register_agent_instance()"
    )


def _gone(request: Request, rest: bytes) -> Exception:
    del rest
    recipient = request.recipient
    return RuntimeStoppedError(
        f"the last worker that hosts agent type {recipient.type!r} has stopped while it had "
        f"the message to {recipient}: nobody will handle it to its end"
    )


def _lost(request: Request, rest: bytes) -> Exception:
    worker, _, attempts = rest.partition(b" ")
    return WorkerLostError(
        f"worker {worker.decode()} was lost while it had the message to "
        f"{request.recipient}, which may or may not have been handled; it was given to "
        f"{attempts.decode()} workers",
        worker=worker.decode(),
        agent=request.recipient,
    )


def _strange(request: Request, rest: bytes) -> Exception:
    del rest
    return NamespaceVersionUnknown(
        f"the reply to the request to {request.recipient} is of a kind that this actrio "
        "does not know; run one version in a namespace"
    )


_AGAIN: dict[bytes, str] = {
    ERROR: "failed when it was replayed",
    b"U": DeadLetterReason.UNKNOWN_TYPE.value,
}
_FAILURES: dict[bytes, Callable[[Request, bytes], Exception]] = {
    b"U": _unknown_type,
    b"I": _no_instance,
    b"G": _gone,
    b"L": _lost,
}
