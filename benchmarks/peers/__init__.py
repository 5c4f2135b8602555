"""Who is measured: actrio, autogen_core, and what an event loop does without either."""

from importlib.util import find_spec

from ..workloads import Peer
from ._bare_asyncio import BareAsyncio
from ._bare_trio import BareTrio
from ._library import Library

__all__ = ["PEERS", "Library", "is_installed"]

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Library("autogen_core", "autogen_core", "asyncio"),
        BareTrio(),
        BareAsyncio(),
        Library("actrio on trio", "actrio", "trio"),
        Library("actrio on asyncio", "actrio", "asyncio"),
        Library("actrio on uvloop", "actrio", "uvloop"),
    )
}


def is_installed(peer: Peer) -> bool:
    """Whether everything that the peer runs on can be imported here."""
    needs = [peer.module] if isinstance(peer, Library) else []
    needs += ["uvloop"] if peer.host == "uvloop" else []
    return all(find_spec(module) is not None for module in needs)
