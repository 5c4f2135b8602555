"""Everything that actrio raises on its own account, in one tree.

The four names of autogen_core keep their meaning, and like there they may be raised
with any arguments. The others say more precisely what went wrong, and are also the
builtin exceptions that a program written for autogen_core expects in their place.
What an error is about is in its message for people, and in its attributes for code.
"""

from ._concurrency import CancelledError
from .identity import AgentId

__all__ = [
    "ActrioError",
    "AgentNotBound",
    "CantHandleException",
    "DeadlockError",
    "HandlerSignatureError",
    "MessageDroppedException",
    "NotAccessibleError",
    "RecipientNotFound",
    "RequestCancelled",
    "RuntimeStoppedError",
    "SerializationError",
    "SubscriptionNotFound",
    "UndeliverableException",
]


class ActrioError(Exception):
    """The root of the tree: ``except ActrioError`` catches every error below."""


class CantHandleException(ActrioError):
    """A message, a topic or a call reached something that does not handle it."""


class UndeliverableException(ActrioError):
    """A message could not be brought to its recipient, so no handler has begun."""


class MessageDroppedException(ActrioError):
    """An intervention handler dropped a request or its response."""

    reason: object
    """What the intervention handler gave as its reason; None if it gave none."""

    def __init__(self, *args: object, reason: object = None) -> None:
        super().__init__(*args)
        self.reason = reason


class NotAccessibleError(ActrioError):
    """What was asked for cannot be reached from here, as an agent elsewhere."""


class RecipientNotFound(UndeliverableException, LookupError):
    """No factory and no instance is registered for the recipient."""

    recipient: AgentId | None
    """The id that nobody answers to; None if the raiser did not say."""

    def __init__(self, *args: object, recipient: AgentId | None = None) -> None:
        super().__init__(*args)
        self.recipient = recipient


class RuntimeStoppedError(UndeliverableException):
    """The runtime stopped, or is stopping, so the request gets no answer any more."""


class DeadlockError(ActrioError):
    """A request could never be answered, because agents wait for each other."""

    cycle: tuple[AgentId, ...]
    """The agents that wait, each for the next one and the last for the first."""

    def __init__(self, message: object = "", cycle: tuple[AgentId, ...] = ()) -> None:
        super().__init__(message)
        self.cycle = cycle


class SubscriptionNotFound(ActrioError, LookupError, ValueError):
    """The runtime has no subscription with this id.

    autogen_core documents a ``LookupError`` and raises a ``ValueError``; this is both.
    """

    subscription_id: str | None
    """The id that was looked for; None if the raiser did not say."""

    def __init__(self, *args: object, subscription_id: str | None = None) -> None:
        super().__init__(*args)
        self.subscription_id = subscription_id


class SerializationError(ActrioError, ValueError):
    """A message cannot be written, or bytes do not describe a message.

    The text names the place, as in ``Order.lines[2].price: expected a number, got 'x'``.
    """

    path: str
    """The place, beginning with the class; empty if the raiser did not say."""

    def __init__(self, *args: object, path: str = "") -> None:
        super().__init__(*args)
        self.path = path


class AgentNotBound(ActrioError, RuntimeError, AttributeError):
    """An agent was asked for its id or its runtime while it belongs to no runtime.

    In autogen_core this is an ``AttributeError``.
    """


class HandlerSignatureError(ActrioError, TypeError, AssertionError):
    """A handler's parameters or annotations do not say which messages it takes.

    In autogen_core this is an ``AssertionError``.
    """


class RequestCancelled(CancelledError, ActrioError):
    """A request was withdrawn by its cancellation token.

    It is an ``asyncio.CancelledError``, so that ``except asyncio.CancelledError``
    catches it on every host, and an ordinary exception, so that trio treats it as an
    error. It says that the *request* was cancelled, not the task that waited for it.

    On asyncio, task groups take any ``CancelledError`` for a cancellation of their
    own: one that escapes from a child task ends that task silently. Catch it there.
    """
