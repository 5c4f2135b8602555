"""Errors of runtimes in many processes, and what comes from the others."""

from ..identity import AgentId
from ._process import ActrioError, StateConflict


class RemoteError(ActrioError):
    """What an agent elsewhere failed with, of a class that is not rebuilt here.

    Errors of Python's own and of actrio come from another process as what they are.
    Others are this, unless their class is on the list of those that may be rebuilt.
    """

    type_name: str
    """The class, with its module; empty if what came was no error that can be read."""
    message: str
    """The text of the error, perhaps shortened."""
    traceback: str
    """The traceback in the other process as text, perhaps shortened."""

    def __init__(
        self, message: str = "", type_name: str = "", traceback: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type_name = type_name
        self.traceback = traceback

    def __str__(self) -> str:
        """Name class and text, as the last line of a traceback does."""
        name = self.type_name.removeprefix("builtins.")
        return ": ".join(part for part in (name, self.message) if part)


class WorkerLostError(ActrioError):
    """A worker was lost with a message that was sent at most once.

    Whether the message was handled, wholly or in part, nobody knows.
    """

    worker: str
    """The identity of the worker; empty if the raiser did not say."""
    agent: AgentId | None
    """Whom the message was for; None if the raiser did not say."""

    def __init__(
        self, *args: object, worker: str = "", agent: AgentId | None = None
    ) -> None:
        super().__init__(*args)
        self.worker = worker
        self.agent = agent


class NamespaceError(ActrioError):
    """Something about a namespace of distributed runtimes went wrong."""

    namespace: str
    """The namespace; empty if it is not about one."""

    def __init__(self, message: object = "", namespace: str = "") -> None:
        super().__init__(message)
        self.namespace = namespace


class NamespaceNameInvalid(NamespaceError, ValueError):
    """No namespace can have this name."""


class NamespaceUnknown(NamespaceError, LookupError):
    """No runtime has ever been open in this namespace."""


class NamespaceVersionUnknown(NamespaceError):
    """The workers of a namespace speak another version of the protocol."""


class NamespaceKeyInTheWay(NamespaceError):
    """A key in Redis that a namespace needs holds something else."""


class WorkerIdentityTaken(NamespaceError, ValueError):
    """Another runtime in the namespace has this identity."""

    worker: str
    """The identity."""

    def __init__(
        self, message: object = "", namespace: str = "", worker: str = ""
    ) -> None:
        super().__init__(message, namespace)
        self.worker = worker


class PayloadTooLarge(NamespaceError, ValueError):
    """A message takes more bytes than a namespace allows."""

    size: int
    """How many bytes it takes."""
    limit: int
    """How many are allowed."""

    def __init__(
        self, message: object = "", namespace: str = "", size: int = 0, limit: int = 0
    ) -> None:
        super().__init__(message, namespace)
        self.size = size
        self.limit = limit


class StaleFence(StateConflict):
    """Who wrote is not the one any more who may: its fencing token is outdated.

    Another worker has taken the agent over meanwhile. Nothing was written.
    """

    fence: int
    """The outdated fencing token; 0 if the raiser did not say."""

    def __init__(self, message: object = "", key: str = "", fence: int = 0) -> None:
        super().__init__(message, key)
        self.fence = fence
