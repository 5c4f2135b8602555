"""What is decided about an exception that came out of user code."""

from __future__ import annotations

import logging
from typing import Final, cast

from ..exceptions import RuntimeStoppedError
from ..identity import AgentId
from ..logging import ROOT_LOGGER_NAME
from ..messages import WITHDRAWN, Envelope, Errand

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)

_NOTES_ALLOWED: Final = 32

_FOREIGN_LOOP: Final = {
    "no running event loop": (
        "hint: the runtime runs on trio, where asyncio's functions do not work; write "
        "trio.sleep or anyio.sleep (anyio works on both), or run the program with "
        "asyncio.run"
    ),
    "must be called from async context": (
        "hint: the runtime runs on asyncio, where trio's functions do not work; write "
        "asyncio.sleep or anyio.sleep (anyio works on both), or run the program with "
        "trio.run"
    ),
}
"""What the hosts say to a function of the other one, and what to write instead."""


def ends_program(exc: BaseException) -> bool:
    """Say whether an exception is meant for the program, not for a caller."""
    if isinstance(exc, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", exc)
        return group.subgroup((KeyboardInterrupt, SystemExit)) is not None
    return isinstance(exc, KeyboardInterrupt | SystemExit)


def program_ended(id: AgentId, exc: BaseException) -> RuntimeStoppedError:
    """Return the error for a sender whose handler or factory ended the program."""
    error = RuntimeStoppedError(f"agent {id} raised {exc!r}, which ends the runtime")
    error.__cause__ = exc
    return error


def log_failure(envelope: Envelope, exc: BaseException) -> None:
    """Log what came of a published message, in words of autogen_core."""
    never_began = envelope.state is WITHDRAWN
    context = envelope.context
    _logger.error(
        "Error %s %s (topic %s, message %s)",
        "constructing agent" if never_began else "processing publish message for",
        envelope.recipient,
        context.topic_id,
        context.message_id,
        exc_info=exc,
    )


def add_note(exc: BaseException, agent: object, envelope: Envelope) -> None:
    """Say on the exception which agent, handler and message it comes from, once."""
    note = f"raised by agent {envelope.recipient}{_doing(agent, envelope)}"
    notes: list[str] = getattr(exc, "__notes__", [])
    # an exception object that is raised again and again must not grow
    if note not in notes and len(notes) < _NOTES_ALLOWED:
        exc.add_note(note)
        hint = _FOREIGN_LOOP.get(str(exc)) if type(exc) is RuntimeError else None
        if hint is not None:
            exc.add_note(hint)


def _doing(agent: object, envelope: Envelope) -> str:
    """Say what an agent was doing, as the end of a sentence about it."""
    if isinstance(envelope, Errand):
        return " in one of its hooks"
    message = envelope.message
    # not in the protocol: only RoutedAgent has a handler for each class of messages
    name_of = getattr(agent, "_handler_name", None)
    name = name_of(message, envelope.context) if name_of is not None else None
    handler = f", in {name}," if name else ""
    return f"{handler} while it handled {type(message).__name__}"
