"""What the mailboxes do in Redis, each in one step.

Everything of a bus has keys that begin with its prefix in braces, so that they are in one
slot of a cluster. ``KEYS[1]`` is that prefix; after it come:

============  =======  =================================================================
``bus``       hash     ``version`` of all this, and the last ``number`` of a mailbox
``names``     hash     the number of each mailbox, by name
``b:N``       string   mailbox N as JSON: see ``open_box``
``b:N:L``     stream   its messages of priority L, 0 the most urgent; those that were
                       taken and are not done with are pending in the group ``g``
``b:N:L:r``   list     what is pending and is to be taken again, the next one first;
                       ``!`` behind an id if that is called a redelivery
``b:N:w``     list     the tickets of messages that wait for room, the first one first
``b:N:h``     hash     these messages, by ticket
``b:N:a``     stream   answers to requests, until their owner has seen them
``c:C``       string   the number of the last message that client C has sent; ``c:C`` is
                       also the channel on which it is told what happens
``c:C:u``     list     the numbers of its last messages that were refused
============  =======  =================================================================

The *owner* of a mailbox is a client. It is shown the next messages before it asks for
them: ``win`` is the least urgent priority that it was shown and has not taken yet. A
message that is more urgent makes what was shown stale, and it is told so. While ``all``
that waits is shown, the next message is shown as soon as it comes, up to a number that
grows again as the owner tells what it has taken; then the owner has to ask.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from .._redis import Script
from ._order import PATIENCE

VERSION: Final = 1
"""The version of all this, and of how a message is written."""
_DAY: Final = 86_400_000

_folder = files("actrio.mailboxes") / "_lua"
_head = f"local PATIENCE, DAY = {PATIENCE}, {_DAY}\n"


def _script(*names: str) -> Script:
    parts = ((_folder / f"{name}.lua").read_text("utf-8") for name in names)
    return Script(_head + "\n".join(parts))


OPEN: Final = _script("common", "open")
REGISTER: Final = _script("common", "taking", "register")
UNREGISTER: Final = _script("common", "unregister")
SEND: Final = _script("common", "send")
BROADCAST: Final = _script("common", "broadcast")
WITHDRAW: Final = _script("common", "withdraw")
OWN: Final = _script("common", "taking", "own")
LOOK: Final = _script("common", "taking", "look")
COUNT: Final = _script("common", "count")

ALL: Final = (
    OPEN,
    REGISTER,
    UNREGISTER,
    SEND,
    BROADCAST,
    WITHDRAW,
    OWN,
    LOOK,
    COUNT,
)
