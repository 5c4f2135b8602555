"""What is decided about an exception that came out of user code."""

from __future__ import annotations

from typing import Final, cast

from ..exceptions import RuntimeStoppedError
from ..identity import AgentId
from ..messages import Envelope

_NOTES_ALLOWED: Final = 32


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


def add_note(exc: BaseException, id: AgentId, envelope: Envelope) -> None:
    """Say on the exception which agent and which message it comes from, once."""
    note = f"raised by agent {id} while it handled {type(envelope.message).__name__}"
    notes: list[str] = getattr(exc, "__notes__", [])
    # an exception object that is raised again and again must not grow
    if note not in notes and len(notes) < _NOTES_ALLOWED:
        exc.add_note(note)
