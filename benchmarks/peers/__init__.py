"""Who is measured: actrio, what people would use instead, and the bare event loops."""

from ._bare_asyncio import BareAsyncio
from ._bare_trio import BareTrio
from ._library import Library
from ._peer import Peer, StartHanging
from ._pykka import Pykka
from ._ray import Ray
from ._thespian import Thespian
from ._xoscar import Xoscar

__all__ = ["PEERS", "Library", "Peer", "StartHanging"]

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Library("autogen_core", "autogen_core", "asyncio"),
        BareTrio(),
        BareAsyncio(),
        Library("actrio on trio", "actrio", "trio"),
        Library("actrio on asyncio", "actrio", "asyncio"),
        Library("actrio on uvloop", "actrio", "uvloop"),
        Pykka(),
        Xoscar(),
        Thespian("Thespian", "simpleSystemBase", most_actors=10_000),
        Thespian("Thespian TCP", "multiprocTCPBase", most_actors=20),
        Ray(),
    )
}
