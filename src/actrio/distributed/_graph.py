"""The wait graph of several processes, put together in one.

Each process describes what can be reached in its own part of the graph, with names in place
of objects; where that ends at a request that went elsewhere, the process that handles it
is asked in turn. Parts are described at different moments, so a graph may show a cycle that
never was. What is seen twice, unchanged, was there all the time between: only that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from ..runtime._waits import Node, stuck_behind
from ._callers import Journey


@attrs.frozen
class Described:
    """A node as other processes see it."""

    name: str
    needs_all: bool
    blockers: Sequence[str]
    agent: str = ""
    """Whom a request went to that is handled elsewhere."""


def describe(roots: Iterable[Node], name_of: Callable[[Node], str]) -> list[Described]:
    """Return what can be reached from some nodes in this process."""
    found: dict[Node, Described] = {}
    frontier = list(roots)
    while frontier:
        node = frontier.pop()
        if node in found:
            continue
        blockers = node.blockers()
        agent = node.agent if isinstance(node, Journey) and not blockers else ""
        names = [name_of(one) for one in blockers]
        found[node] = Described(name_of(node), node.needs_all, names, agent)
        frontier += blockers
    return list(found.values())


class Named:
    """A node of the graph that was put together."""

    def __init__(self, described: Described, nodes: Mapping[str, Named]) -> None:
        self.described = described
        self._nodes = nodes
        self.needs_all = described.needs_all

    def blockers(self) -> Sequence[Node]:
        """Return what it waits for; what nobody has described can go on."""
        return [
            self._nodes[one] for one in self.described.blockers if one in self._nodes
        ]


def stuck_names(
    parts: Iterable[Described], target: str, start: str
) -> dict[str, Described]:
    """Return what is stuck behind one node, with what it waits for.

    Args:
        parts: The graph. A name may be there twice: then it waits for all that is said.
        target: What is about to wait, and frees nothing before.
        start: Where it would wait.
    """
    merged: dict[str, Described] = {}
    for part in parts:
        known = merged.get(part.name, part)
        blockers = list(dict.fromkeys((*known.blockers, *part.blockers)))
        merged[part.name] = attrs.evolve(part, blockers=blockers)
    nodes: dict[str, Named] = {}
    for name, described in merged.items():
        nodes[name] = Named(described, nodes)
    if target not in nodes or start not in nodes:
        return {}
    stuck = stuck_behind((nodes[target],), [nodes[start]])
    found = {
        one.described.name: one.described for one in stuck if isinstance(one, Named)
    }
    return found if start in found else {}
