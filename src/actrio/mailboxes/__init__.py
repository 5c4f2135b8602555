"""Mailboxes: peers that write to each other, without handlers and without a runtime.

::

    mailbox.send(to, content) ─► bus.deliver(message) ─► box of the recipient ─► receive()
    mailbox.broadcast(content)        the boxes of all others

A *bus* brings messages from one mailbox to another; a *mailbox* is what its owner sends
and receives with. Whoever is addressed decides when to read, and in the order of
priorities. Agents of a runtime may own mailboxes; the runtime knows nothing about it.
"""

from typing import TYPE_CHECKING

from .._extras import late
from ._bus import AgentMailbox, MessageBus
from ._memory import InMemoryMessageBus
from ._message import EVERYBODY, AgentMessage, Priority

if TYPE_CHECKING:
    from ._redis_bus import RedisMessageBus

__all__ = [
    "EVERYBODY",
    "AgentMailbox",
    "AgentMessage",
    "InMemoryMessageBus",
    "MessageBus",
    "Priority",
    "RedisMessageBus",
]

_LATE = {"RedisMessageBus": "_redis_bus"}

# Type checkers must not see this, or every name would be one of this package's for them.
if not TYPE_CHECKING:  # pragma: no branch
    __getattr__ = late(__name__, _LATE)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
