"""The errors that the runtime itself gives to its user, each with the way out."""

from __future__ import annotations

from typing import NoReturn

from ..exceptions import AgentStopped, CantHandleException, RuntimeStoppedError
from ..identity import AgentId, TopicId
from ..messages import Envelope


def runtime_stopped(
    recipient: AgentId | TopicId, cause: BaseException | None
) -> RuntimeStoppedError:
    """Return the error for a sender whose message the stopped runtime refuses."""
    error = RuntimeStoppedError(
        f"the runtime has stopped: the message to {recipient} was not handled; "
        "send it before stop(), or start() the runtime again"
    )
    error.__cause__ = cause
    return error


def interrupted(agent: AgentId, cause: BaseException | None) -> RuntimeStoppedError:
    """Return the error for a sender whose handler the stopped runtime cancelled."""
    error = RuntimeStoppedError(
        f"the runtime has stopped: agent {agent} was still handling the message "
        "and was cancelled; wait for the response before stop(), or give a "
        "longer grace"
    )
    error.__cause__ = cause
    return error


def agent_stopped(agent: AgentId, cause: BaseException) -> AgentStopped:
    """Return the error for a sender whose recipient failed and was stopped."""
    error = AgentStopped(
        f"agent {agent} was stopped because it failed: {cause!r}; passivate() it, or "
        "start the runtime anew, to let it come again",
        agent=agent,
    )
    error.__cause__ = cause
    return error


def no_handler(envelope: Envelope) -> CantHandleException:
    """Return the error of strict delivery."""
    return CantHandleException(
        f"agent {envelope.recipient} has no handler for "
        f"{type(envelope.message).__name__}; add a @message_handler for it, or turn "
        "strict_delivery off to get None"
    )


def refuse_plain_block(runtime: object) -> NoReturn:
    """Be what ``with runtime:`` calls, and say which word is missing.

    Raises:
        TypeError: Always.
    """
    del runtime
    message = "a runtime is an asynchronous block: write 'async with runtime:'"
    raise TypeError(message)


def wrong_loop() -> RuntimeError:
    """Return the error for using a runtime from another event loop than its own."""
    return RuntimeError(
        "this runtime works in another event loop; use it in the loop that started "
        "it, or stop() it there first and start() it here"
    )
