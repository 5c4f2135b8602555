"""The only door to Redis: one connection, on trio and on asyncio.

`Redis` is a connection that comes back when it was lost; to one server, to whichever node of
a cluster has the keys, or to the primary that sentinels know. Commands of all tasks go over it
in one stream, and their replies come back in the same order; what the server pushes goes to
callbacks. `Script` is a Lua script that runs there in one step.

Why not a client library: the ones that are kept work on asyncio only, or leak a connection
or a place in their pool for every blocking command that is cancelled. A cancelled task is
the usual way to stop waiting here, and must cost nothing: its reply is read and dropped, and
the connection goes on. A connection that can do that, and nothing else, is small; the parser
is hiredis, the one that the clients use.

A read that blocks the connection, such as ``XREADGROUP BLOCK``, needs a `Redis` of its own.
"""

from ._address import Address
from ._client import Redis
from ._keys import hash_tag
from ._link import Command, Link, Taker, ungrouped
from ._rights import RIGHTS, check_rights
from ._script import Argument, Script
from ._servers import Servers

__all__ = [
    "RIGHTS",
    "Address",
    "Argument",
    "Command",
    "Link",
    "Redis",
    "Script",
    "Servers",
    "Taker",
    "check_rights",
    "hash_tag",
    "ungrouped",
]
