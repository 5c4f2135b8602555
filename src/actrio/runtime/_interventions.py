"""Interventions: a chain that may change, hold up or drop every message.

The chain runs in the task that sends, so a slow approval delays only its own message
and what this task sends after it. Each handler gets what the one before it returned.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final, final

from .._concurrency import interruptible
from ..abc import InterventionHandler
from ..exceptions import MessageDroppedException
from ..identity import AgentId
from ..messages import MessageContext
from ._watching import Watch


@final
class DropMessage(Exception):
    """Says that a message goes no further.

    An intervention handler may return the class, return an instance, or raise one.
    The sender of a direct message gets `MessageDroppedException
    <actrio.exceptions.MessageDroppedException>`; a published message is gone. Either
    way it is a dead letter.

    Args:
        reason: Why, for the sender and the log.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class DefaultInterventionHandler(InterventionHandler):
    """Lets every message pass; override the methods that should do more."""

    async def on_send(
        self, message: Any, *, message_context: MessageContext, recipient: AgentId
    ) -> Any:
        """Return the message unchanged."""
        del message_context, recipient
        return message

    async def on_publish(self, message: Any, *, message_context: MessageContext) -> Any:
        """Return the message unchanged."""
        del message_context
        return message

    async def on_response(
        self, message: Any, *, sender: AgentId, recipient: AgentId | None
    ) -> Any:
        """Return the response unchanged."""
        del sender, recipient
        return message


_Step = Callable[..., Awaitable[object]]

_METHODS: Final = ("on_send", "on_publish", "on_response")


class InterventionChain:
    """The intervention handlers of one runtime, in order."""

    __slots__ = ("_steps",)

    def __init__(self, handlers: Sequence[InterventionHandler]) -> None:
        self._steps: dict[str, list[tuple[str, _Step]]] = {
            method: [
                (type(handler).__name__, _adapt(getattr(handler, method)))
                for handler in handlers
            ]
            for method in _METHODS
        }

    async def on_send(
        self,
        message: object,
        context: MessageContext,
        recipient: AgentId,
        watch: Watch | None,
    ) -> object:
        """Return what becomes of a direct message.

        Raises:
            MessageDroppedException: If a handler drops it.
            Exception: What a handler raised.
        """
        return await self._run(
            "on_send", message, watch, message_context=context, recipient=recipient
        )

    async def on_publish(
        self, message: object, context: MessageContext, watch: Watch | None
    ) -> object:
        """Return what becomes of a published message; errors as in `on_send`."""
        return await self._run("on_publish", message, watch, message_context=context)

    async def on_response(
        self,
        message: object,
        sender: AgentId,
        recipient: AgentId | None,
    ) -> object:
        """Return what becomes of a response; errors as in `on_send`."""
        return await self._run(
            "on_response", message, None, sender=sender, recipient=recipient
        )

    async def _run(
        self, method: str, message: object, watch: Watch | None, **details: object
    ) -> object:
        for handler, step in self._steps[method]:
            try:
                with nullcontext() if watch is None else watch.intercepting(handler):
                    result = await _call(step, message, details)
            except DropMessage as drop:
                raise _dropped(message, drop.reason) from drop
            if result is DropMessage or isinstance(result, DropMessage):
                reason = result.reason if isinstance(result, DropMessage) else ""
                raise _dropped(message, reason)
            if result is not None:
                message = result
            elif message is not None:
                warnings.warn(
                    f"{method} of an intervention handler returned None for "
                    f"{message!r}: the message stays unchanged; return the message, "
                    "or DropMessage to drop it",
                    RuntimeWarning,
                    stacklevel=2,
                )
        return message


def _dropped(message: object, reason: str) -> MessageDroppedException:
    because = f": {reason}" if reason else ""
    return MessageDroppedException(
        f"an intervention handler dropped {type(message).__name__}{because}",
        reason=reason,
    )


@interruptible
async def _call(step: _Step, message: object, details: dict[str, object]) -> object:
    return await step(message, **details)


def _adapt(method: _Step) -> _Step:
    """Let a handler written as ``(message, ctx)`` be called by keyword."""
    parameters = inspect.signature(method).parameters.values()
    named = {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    takes_keywords = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {"message_context", "recipient", "sender"}
    if takes_keywords or named & known or len(parameters) < 2:
        return method

    def with_context(message: object, **details: Any) -> Awaitable[object]:
        return method(message, details.get("message_context"))

    return with_context
