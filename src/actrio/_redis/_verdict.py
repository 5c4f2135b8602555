"""What it means when a server answers a command with an error."""

from __future__ import annotations

from typing import Final

import attrs

from ._address import Node

_LATER: Final = frozenset(
    ["ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY"]
)
"""How an error begins after which another connection, or a later one, may do better.

``ASK`` is said while a slot is on its way to another node. It is not followed: scripts name
one key that is never there, so both nodes would carry out what the other cannot see.
"""
_IN_A_SCRIPT_LATER: Final = ("-READONLY ", "while the cluster is down")
"""How a script of Redis 6.2 says that: its first write was refused, so there was none."""
_OF_A_SCRIPT: Final = ("running script", "The user executing the script")
_NOT_PERMITTED: Final = ("can't run this command", "can't access at least")
"""How a script says NOPERM, in Redis 6.2 and 7.0."""


@attrs.frozen
class NotDone:
    """A command was not carried out, and this connection is not the one for it."""

    leads_to: Node | None = None
    """Which node can carry it out, if the server knows; no host if it is the same one."""


def not_done(text: str) -> NotDone | None:
    """Return what an error says if another connection may do better; else None."""
    kind, _, rest = text.partition(" ")
    if kind == "MOVED":
        return NotDone(_node(rest.partition(" ")[2]))
    is_later = kind in _LATER or (
        _OF_A_SCRIPT[0] in text and any(words in text for words in _IN_A_SCRIPT_LATER)
    )
    return NotDone() if is_later else None


def _node(text: str) -> Node | None:
    host, _, port = text.rpartition(":")
    if not port.isdecimal():
        return None
    return "" if host == "?" else host.strip("[]"), int(port)


def is_refused(text: str) -> bool:
    """Whether an error says that the user may not do that."""
    return text.startswith("NOPERM") or (
        any(words in text for words in _OF_A_SCRIPT)
        and any(words in text for words in _NOT_PERMITTED)
    )
