"""Errors of a runtime in one process, and of the stores and servers that it uses."""

from .._concurrency import CancelledError
from ..identity import AgentId


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


class AgentStopped(UndeliverableException):
    """The recipient failed and was stopped, so nothing reaches it any more.

    Its ``__cause__`` is what the agent failed with.
    """

    agent: AgentId | None
    """The agent; None if the raiser did not say."""

    def __init__(self, *args: object, agent: AgentId | None = None) -> None:
        super().__init__(*args)
        self.agent = agent


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


class InvalidImage(ActrioError, ValueError, OSError):
    """Data that should be an image is none, is broken, or is too large.

    In autogen_core these are a ``ValueError`` and an ``OSError``; this is both.
    """


class SchemaConversionError(ActrioError, ValueError):
    """A JSON schema says something that no pydantic model can say."""


class ReferenceNotFoundError(SchemaConversionError, LookupError):
    """A ``$ref`` of a JSON schema points to nothing in it."""


class FormatNotSupportedError(SchemaConversionError):
    """A ``format`` of a JSON schema is none that is known here."""


class UnsupportedKeywordError(SchemaConversionError):
    """A JSON schema has no ``type``, an unknown one, or is recursive without objects."""


class ToolServerError(ActrioError):
    """A server of tools cannot be started, is not started, or has ended.

    Its ``__cause__``, if there is one, says what happened to the connection.
    """


class UntrustedProvider(ActrioError, ValueError):
    """A component is of a class that must not be imported unless the caller says so."""

    provider: str | None
    """The name of the class; None if the raiser did not say."""

    def __init__(self, *args: object, provider: str | None = None) -> None:
        super().__init__(*args)
        self.provider = provider


class RequestCancelled(CancelledError, ActrioError):
    """A request was withdrawn by its cancellation token.

    It is an ``asyncio.CancelledError``, so that ``except asyncio.CancelledError``
    catches it on every host, and an ordinary exception, so that trio treats it as an
    error. It says that the *request* was cancelled, not the task that waited for it.

    On asyncio, task groups take any ``CancelledError`` for a cancellation of their
    own: one that escapes from a child task ends that task silently. Catch it there.
    """


class StateStoreError(ActrioError):
    """A state store could not do what it was asked.

    This class itself stands for an error of the device below the store. Whether a save
    that raises it was kept is for ``load`` to tell; after its subclasses nothing has
    changed. The store stays open after any of them.
    """


class StateStoreClosed(StateStoreError, RuntimeError):
    """A state store was used outside its ``async with``, or in another event loop."""


class StateStoreLocked(StateStoreError):
    """Another process, or another store in this one, kept the file locked too long."""


class StateStoreFull(StateStoreError):
    """There is no room for the states: the disk is full, or the file at its limit."""


class StateStoreReadOnly(StateStoreError):
    """The file of a state store, or its folder, may not be written to."""


class StateStoreCorrupt(StateStoreError):
    """What a state store found is damaged, or was not written by a state store."""

    key: str | None
    """Whose state is damaged; None if it is the file as a whole."""

    def __init__(self, message: object = "", key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class StateStoreTooNew(StateStoreError):
    """A state store was written by a later version of actrio, in a later format."""


class StateConflict(StateStoreError):
    """A state was not saved, because its version is another one than expected."""

    key: str
    """Whose state it is."""

    expected_version: int
    """The version that the caller took it to have."""

    version: int
    """The version that it has; 0 if nothing is stored."""

    def __init__(
        self,
        message: object = "",
        key: str = "",
        expected_version: int = 0,
        version: int = 0,
    ) -> None:
        super().__init__(message)
        self.key = key
        self.expected_version = expected_version
        self.version = version


class StateKeyInvalid(StateStoreError, ValueError):
    """A key is empty or too long, or is no text."""

    key: object
    """What was given as the key."""

    def __init__(self, message: object = "", key: object = None) -> None:
        super().__init__(message)
        self.key = key


class StateNotStorable(StateStoreError, TypeError, ValueError):
    """A state holds something that would not come back from a store as it was."""

    key: str
    """Whose state it is."""

    path: str
    """Where in the state that is, as in ``state['history'][2]``."""

    def __init__(self, message: object = "", key: str = "", path: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.path = path


class MailboxError(ActrioError):
    """Something about mailboxes went wrong; see ``actrio.mailboxes``."""

    agent_name: str
    """The name of the mailbox; empty if it is not about one."""

    def __init__(self, message: str, agent_name: str = "") -> None:
        super().__init__(message)
        self.agent_name = agent_name


class MailboxUnknown(MailboxError, KeyError):
    """No mailbox is registered under the name of a recipient, a sender or a reader."""

    def __str__(self) -> str:
        """Return the message as it is, and not as a `KeyError` shows it."""
        return str(self.args[0])


class MailboxExists(MailboxError, ValueError):
    """A mailbox of this name is registered already, and nobody asked to take it over."""


class MailboxLost(MailboxError):
    """The mailbox is not this object's any more: taken over, or unregistered."""


class MailboxNameInvalid(MailboxError, ValueError):
    """No mailbox can have this name."""


class MailboxContentInvalid(MailboxError, ValueError):
    """The content or the metadata of a message is not a JSON value."""

    path: str
    """Where in the message, as ``content['lines'][3]``."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class MailboxMessageTooLarge(MailboxError, ValueError):
    """The content and metadata of a message take more bytes than the bus allows."""

    size: int
    """How many bytes they take as JSON."""
    limit: int
    """How many are allowed."""

    def __init__(self, message: str, size: int = 0, limit: int = 0) -> None:
        super().__init__(message)
        self.size = size
        self.limit = limit


class MailboxBusClosed(MailboxError, RuntimeError):
    """A bus on Redis is used outside its block."""


class MailboxVersionUnknown(MailboxError):
    """What is kept under a prefix in Redis is of another version of actrio."""


class MailboxKeyInTheWay(MailboxError):
    """A key in Redis that a bus needs holds something else."""


class MailboxMessageUnreadable(MailboxError):
    """A message is of a newer version, or was not written by actrio.

    It stays pending, and whoever takes the mailbox over gets it again.
    """


class RedisError(ActrioError):
    """Something about a Redis server went wrong. No message shows a password."""


class RedisClosed(RedisError):
    """A connection is used after the end of its block."""


class RedisUnreachable(RedisError, ConnectionError):
    """There is no server at an address, or no TLS connection to it."""


class RedisRefused(RedisError, PermissionError):
    """A server does not accept user and password, or does not permit a command."""


class RedisTooOld(RedisError):
    """A server is older than Redis 6.2."""


class RedisLinkLost(RedisError, ConnectionError):
    """A connection was lost before the reply to a command, which may be carried out."""

    why: str
    """How it was lost, as ``"it hung up"``; empty if the raiser did not say."""
    was_sent: bool
    """Whether the command may be carried out; if not, it never left this process, or the
    server has said that it did not."""

    def __init__(self, *args: object, why: str = "", was_sent: bool = True) -> None:
        super().__init__(*args)
        self.why = why
        self.was_sent = was_sent


class RedisReplyError(RedisError):
    """A server replied to a command with an error, which is the text of this one."""
