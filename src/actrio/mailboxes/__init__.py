"""Mailboxes: peers that write to each other, without handlers and without a runtime.

::

    mailbox.send(to, content) ─► bus.deliver(message) ─► box of the recipient ─► receive()
    mailbox.broadcast(content)        the boxes of all others

A *bus* brings messages from one mailbox to another; a *mailbox* is what its owner sends
and receives with. Whoever is addressed decides when to read, and in the order of
priorities. Agents of a runtime may own mailboxes; the runtime knows nothing about it.
"""

from ._bus import AgentMailbox, MessageBus
from ._memory import InMemoryMessageBus
from ._message import EVERYBODY, AgentMessage, Priority

__all__ = [
    "EVERYBODY",
    "AgentMailbox",
    "AgentMessage",
    "InMemoryMessageBus",
    "MessageBus",
    "Priority",
]
