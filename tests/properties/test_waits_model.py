"""The wait graph against the definition of being stuck, on random graphs."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, strategies as st

from actrio import AgentId
from actrio.runtime._waits import Invocation, Node, cycle_through, stuck_behind

from .settings import many


class Lane:
    """A node that can go on when one of its blockers can."""

    needs_all = False

    def __init__(self) -> None:
        self.found: list[Node] = []

    def blockers(self) -> Sequence[Node]:
        return self.found


class Task(Invocation):
    """An invocation whose blockers are given."""

    __slots__ = ("found",)

    def __init__(self, number: int) -> None:
        super().__init__(AgentId("agent", str(number)), object())
        self.found: list[Node] = []

    def blockers(self) -> Sequence[Node]:
        return self.found


Graph = tuple[list[bool], list[tuple[int, int]], list[int]]

graphs: st.SearchStrategy[Graph] = st.integers(1, 9).flatmap(
    lambda size: st.tuples(
        st.lists(st.booleans(), min_size=size, max_size=size),
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=20
        ),
        st.lists(st.integers(0, size - 1), min_size=1, max_size=3),
    )
)


def build(graph: Graph) -> tuple[Task, list[Node], list[Node]]:
    """Return the target, all nodes and the nodes to start from."""
    kinds, edges, starts = graph
    target = Task(0)
    nodes: list[Task | Lane] = [
        Task(number) if is_task else Lane() for number, is_task in enumerate(kinds)
    ]
    nodes[0] = target
    for source, blocker in edges:
        nodes[source].found.append(nodes[blocker])
    return target, list(nodes), [nodes[start] for start in starts]


def reachable(target: Node, starts: list[Node]) -> set[Node]:
    found: set[Node] = set()
    frontier = list(starts)
    while frontier:
        node = frontier.pop()
        if node not in found:
            found.add(node)
            frontier += [] if node is target else node.blockers()
    return found


def stuck_by_definition(target: Node, starts: list[Node]) -> set[Node]:
    """Take away whatever can go on, until nothing changes."""
    stuck = reachable(target, starts)
    while True:
        free = set()
        for node in stuck - {target}:
            blocked = [blocker in stuck for blocker in node.blockers()]
            is_stuck = any(blocked) if node.needs_all else blocked and all(blocked)
            if not is_stuck:
                free.add(node)
        if not free:
            return stuck
        stuck -= free


@many
@given(graph=graphs)
def test_stuck_is_what_the_definition_says(graph: Graph) -> None:
    """Any blocker of an invocation, all blockers of a lane, and the target itself."""
    target, _, starts = build(graph)
    assert stuck_behind((target,), starts) == stuck_by_definition(target, starts)


@many
@given(graph=graphs)
def test_a_cycle_is_a_path_through_what_is_stuck(graph: Graph) -> None:
    """The agents named in an error wait for each other, in this order."""
    target, _, starts = build(graph)
    start = starts[0]
    stuck = stuck_behind((target,), starts)
    if start not in stuck or target not in reachable(target, [start]):
        return
    path = cycle_through(target, start, stuck)
    if path and path[-1] == target.agent_id:
        assert len(path) == len(set(path))
        keys = [int(agent.key) for agent in path]
        assert all(0 <= key < len(graph[0]) for key in keys)


def test_a_long_chain_needs_no_recursion() -> None:
    """A graph as deep as the user's program is walked without Python's stack."""
    target = Task(0)
    chain = [Task(number) for number in range(1, 50_000)]
    for waits, blocker in zip(chain, [*chain[1:], target], strict=True):
        waits.found.append(blocker)
    assert len(stuck_behind((target,), [chain[0]])) == len(chain) + 1
