"""Where to connect next: decided here, without connecting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from ._address import Node
from ._backoff import LONGEST, delay

_MOVES_AT_ONCE: Final = 3
"""How often in a row a connection leads elsewhere before there is a pause."""
_TRIES: Final = 64
"""How many nodes are tried in one round at most."""


class Route:
    """Where to connect next, and after which pause.

    Nodes are tried in rounds, each of them once in a round: first where the last one has
    led to, then where the connection was before, then the others. A node that leads to
    another one lets that one come next.
    """

    def __init__(self, given: Sequence[Node]) -> None:
        self.node: Node = given[0]
        """Where the connection is, or was last."""
        self._given = given
        self._learned: tuple[Node, ...] = ()
        self._led_to: Node | None = None
        self._to_try: list[Node] = []
        self._tried: set[Node] = set()
        self._failures = 0
        self._moves = 0
        self._moved_at = 0.0

    def begin(self) -> None:
        """Begin a round."""
        first = self._led_to or self.node
        self._led_to = None
        self._to_try = [first, *self.others(first)]
        self._tried = set()

    def begin_at(self, node: Node) -> None:
        """Begin a round with the only node that is worth a try."""
        self._to_try, self._tried = [node], set()

    def next(self) -> Node | None:
        """Return the node to try next; None at the end of a round."""
        while self._to_try and len(self._tried) < _TRIES:
            node = self._to_try.pop(0)
            if node not in self._tried:
                self._tried.add(node)
                return node
        return None

    def leads_to(self, asked: Node, node: Node) -> None:
        """Hear from a node that it is another one."""
        host, port = node
        self._led_to = host or asked[0], port
        self._to_try.insert(0, self._led_to)

    def others(self, node: Node) -> list[Node]:
        """Return the nodes that are known but one, that of the last connection first."""
        found = dict.fromkeys((self.node, *self._learned, *self._given))
        return [one for one in found if one != node]

    def learn(self, nodes: Sequence[Node]) -> None:
        """Know which nodes there are besides those that were given."""
        self._learned = tuple(nodes)

    def is_up(self, node: Node) -> None:
        """Be connected to a node."""
        self.node = node
        self._led_to = None
        self._failures = 0

    def lost(self, now: float) -> None:
        """Have lost the connection, perhaps since its node has led elsewhere."""
        self._failures = 1
        if self._led_to is None:
            return
        self._moves = 1 if now - self._moved_at > LONGEST else self._moves + 1
        self._moved_at = now
        self._failures = max(0, self._moves - _MOVES_AT_ONCE)

    def failed(self) -> None:
        """Have come to the end of a round without a connection."""
        self._failures += 1
        self._led_to = None

    def pause(self, random: float) -> float:
        """Return for how many seconds to wait before the next round.

        Args:
            random: A number from 0 to 1.
        """
        return delay(self._failures, random) if self._failures else 0.0


def nodes_of(slots: Any, asked: Node) -> tuple[Node, ...]:
    """Return the nodes that a reply to ``CLUSTER SLOTS`` names, replicas too."""
    found: dict[Node, None] = {}
    for _, _, *nodes in cast("Sequence[Sequence[Any]]", slots):
        for host, port, *_ in cast("Sequence[Sequence[Any]]", nodes):
            name = (host or b"").decode()
            found[asked[0] if name in ("", "?") else name, int(port)] = None
    return tuple(found)
