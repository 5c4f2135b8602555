"""What a runtime is made of while it is open, put together."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import attrs

from .._concurrency import Host
from ..identity import AgentId
from ..runtime._router import Router
from ._callers import Callers
from ._codec import Codec
from ._counters import Counters
from ._lease import Clock
from ._line import Line
from ._member import Member
from ._membership import Membership
from ._nesting import Nesting
from ._probing import Probing
from ._sender import Sender
from ._store import FencedStateStore
from ._topics import Topics
from ._transport import Transport
from ._worker import Surroundings


@attrs.frozen
class Parts:
    """What lasts longer than a block: it is there before the first, and after the last."""

    membership: Membership
    codec: Codec
    topics: Topics
    counters: Counters
    store: FencedStateStore
    fences: dict[AgentId, int]


@attrs.frozen
class Assembly:
    """What a runtime is made of while it is open."""

    member: Member
    sender: Sender
    transport: Transport


def assemble(
    parts: Parts,
    router: Router,
    host: Host,
    close_agents: Callable[[], Awaitable[object]],
) -> Assembly:
    """Put a runtime together, under a new identity as a client."""
    membership, codec, counters = parts.membership, parts.codec, parts.counters
    prefix, line, callers = membership.prefix, Line(), Callers()
    client = secrets.token_hex(8)
    sender = Sender(client, prefix, line, host, router.settings.grace)
    probing = Probing(client, prefix, host, line, callers)
    around = Surroundings(
        router,
        codec,
        callers,
        Nesting(router, callers, probing),
        probing,
        Clock(),
        counters,
        prefix,
        line,
        parts.fences,
    )
    member = Member(
        membership, sender, around, parts.topics, parts.store, host, close_agents
    )
    transport = Transport(
        router, sender, codec, parts.topics, callers, counters, member
    )
    return Assembly(member, sender, transport)
