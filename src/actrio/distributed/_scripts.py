"""What the distributed runtime does in Redis, each in one step.

Everything of a namespace has keys that begin with its name in braces, so that they are in
one slot of a cluster. ``KEYS[1]`` is that; after it come:

===============  =======  ==============================================================
``ns``           hash     ``version`` of all this, the last ``fence`` that was given out,
                          how often the subscriptions have changed: ``subs``, and how
                          many dead letters were sent again: ``replayed``
``m``            zset     the workers, by when their lease ends unless it is renewed
``m:W``          string   the lease of worker W, as long as it lasts: ``+`` or, if it is
                          leaving, ``-``, and its client
``n:NAME``       string   the client that works under a name that was chosen for it
``t:TYPE``       hash     the workers that host an agent type, with the capacity of its
                          inboxes; only ``-`` if all of them were lost
``w:W:t``        set      the types that W hosts
``w:W:a``        set      the agents that live on W
``w:W:i``        stream   its inbox: what it has not done with. Agent, header, data
``a:AGENT``      hash     where an agent lives: ``w`` its worker, ``f`` its fencing token,
                          ``n`` how many messages for it are in the inbox, ``c`` how many
                          may be there before publishers wait: those that are handled
                          count too
``h:AGENT``      stream   messages for an agent that has no place just now
``held:TYPE``    set      the agents of a type of which that is true
``q:AGENT``      list     publishers that wait for room, the first one first
``c:C``          hash     what client C needs if its connection is lost: ``s`` the number
                          of the last message that was carried out, ``rN`` the reply to
                          N until C has seen it, ``xN`` that N was cancelled, ``uN`` that
                          N was not published, since the subscriptions had changed. ``c:C``
                          is also the channel on which it and its worker are told things
``subs``         hash     the id of each subscription, by what it says
``dead``         stream   the last dead letters: ``reason``, agent, header and data of the
                          message, and when it was given up: ``at``
===============  =======  ==============================================================

A *client* is one runtime for as long as it is open; it sends. A *worker* is the same runtime
as the host of agents, for as long as its lease lasts: if that was lost, it goes on under
another name.

A *header* is kind, client, number, attempt and deadline of a message. The kinds are ``q`` for
a request, ``n`` for one that was sent by a handler of a request, ``e`` for what is published,
``t`` for what is published with a token, so that it may be withdrawn; capital letters for
what is sent at most once. Deadlines are milliseconds of the server's clock; 0 for none. A
dead letter that is sent again has the client ``-``: nobody waits for the answer, so a request
that fails is a dead letter once more.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from .._redis import Script

VERSION: Final = 1
"""The version of all this, and of how a message is written."""
ATTEMPTS: Final = 5
"""How many workers a message may outlive."""
DEAD_LETTERS: Final = 10_000
"""About how many dead letters are kept."""
INSTANCES: Final = "i"
"""In place of the capacity of a type whose agents are instances, not made when needed."""
NOBODY: Final = "-"
"""In place of the client of a dead letter that is sent again."""

COMMANDS: Final = (
    "PUBLISH :c:* x",
    "SET :rights 0",  # of another kind than the others ask for, so they do nothing
    "EXISTS :rights",
    "GET :rights",
    "HDEL :rights f",
    "HEXISTS :rights f",
    "HGET :rights f",
    "HGETALL :rights",
    "HINCRBY :rights f 1",
    "HKEYS :rights",
    "HMGET :rights f",
    "HSET :rights f v",
    "HSETNX :rights f v",
    "LPOP :rights",
    "RPUSH :rights x",
    "SADD :rights x",
    "SMEMBERS :rights",
    "SREM :rights x",
    "TIME",
    "TYPE :rights",
    "XADD :rights * f v",
    "XDEL :rights 1-1",
    "XLEN :rights",
    "XRANGE :rights - +",
    "ZADD :rights 0 x",
    "ZRANGEBYLEX :rights - +",
    "ZRANGEBYSCORE :rights 0 1",
    "ZREM :rights x",
    "PEXPIRE :rights 0",
    "EXPIRE :rights 0",
    "DEL :rights",
)
"""The commands of all scripts, also of those that keep states, as they are tried."""

_folder = files("actrio.distributed") / "_lua"
_head = (
    f"local ATTEMPTS, DEAD_LETTERS = {ATTEMPTS}, {DEAD_LETTERS}\n"
    f"local INSTANCES, NOBODY = '{INSTANCES}', '{NOBODY}'\n"
)


def _script(*names: str) -> Script:
    files = ("common", *names)
    parts = ((_folder / f"{name}.lua").read_text("utf-8") for name in files)
    return Script(_head + "\n".join(parts))


JOIN: Final = _script("placing", "join")
RENEW: Final = _script("placing", "renew")
RESUME: Final = _script("resume")
LEAVE: Final = _script("placing", "leave")
GOODBYE: Final = _script("placing", "goodbye")
HOST: Final = _script("placing", "host")
PIN: Final = _script("placing", "pin")
CLAIM: Final = _script("placing", "claim")
UNHOST: Final = _script("placing", "unhost")
TOPICS: Final = _script("placing", "topics")
SEND: Final = _script("placing", "send")
CANCEL: Final = _script("held", "cancel")
WITHDRAW: Final = _script("held", "withdraw")
DONE: Final = _script("done")
RELEASE: Final = _script("placing", "release")
PROBE: Final = _script("probe")
REPLAY: Final = _script("placing", "replay")

ALL: Final = (
    JOIN,
    RENEW,
    RESUME,
    LEAVE,
    GOODBYE,
    HOST,
    PIN,
    CLAIM,
    UNHOST,
    TOPICS,
    SEND,
    CANCEL,
    WITHDRAW,
    DONE,
    RELEASE,
    PROBE,
)
