"""Where to connect next, without a server."""

from __future__ import annotations

import pytest

from actrio._redis._address import Node
from actrio._redis._route import Route, nodes_of

A, B, C, D = (("a", 1), ("b", 2), ("c", 3), ("d", 4))


def whole_round(route: Route) -> list[Node]:
    """Return the nodes of a round in which none will do."""
    route.begin()
    found = []
    while (node := route.next()) is not None:
        found.append(node)
    return found


def test_in_turn() -> None:
    """Those of the URL are tried in their order, each once in a round."""
    route = Route([A, B, C])
    assert whole_round(route) == [A, B, C]
    assert whole_round(route) == [A, B, C]


def test_where_it_was_before_comes_first() -> None:
    """Since that is probably still the right one; then all that are known."""
    route = Route([A, B, C])
    route.is_up(B)
    assert route.node == B
    assert whole_round(route) == [B, A, C]
    route.learn([D, B])
    assert whole_round(route) == [B, D, A, C]


def test_a_node_that_leads_to_another() -> None:
    """That one comes next, though nobody had named it before."""
    route = Route([A, B])
    route.begin()
    assert route.next() == A
    route.leads_to(A, D)
    assert route.next() == D
    assert route.next() == B
    assert route.next() is None


def test_nodes_that_lead_to_each_other() -> None:
    """Each is tried once in a round; then there is a pause."""
    route = Route([A, B, C])
    route.begin()
    assert route.next() == A
    route.leads_to(A, B)
    assert route.next() == B
    route.leads_to(B, A)
    assert route.next() == C
    route.leads_to(C, B)
    assert route.next() is None
    route.failed()
    assert route.pause(1.0) > 0
    assert whole_round(route) == [A, B, C]


def test_a_round_ends_whatever_is_named() -> None:
    """Also if each node names a new one."""
    route = Route([A])
    route.begin()
    tried = 0
    while (node := route.next()) is not None:
        tried += 1
        route.leads_to(node, ("x", tried))
    assert tried == 64


def test_no_host_is_the_one_that_was_asked() -> None:
    """As a node says that does not know its own name."""
    route = Route([A])
    route.begin()
    assert route.next() == A
    route.leads_to(A, ("", 7))
    assert route.next() == ("a", 7)


def test_a_connection_that_was_led_elsewhere() -> None:
    """The next one is made at once, to there."""
    route = Route([A, B])
    route.is_up(A)
    route.leads_to(A, C)
    route.lost(now=0.0)
    assert route.pause(1.0) == 0
    assert whole_round(route) == [C, A, B]


def test_being_led_elsewhere_again_and_again() -> None:
    """After three times in a row there are pauses that grow; after a while it is as new."""
    route = Route([A, B])
    pauses = []
    for number in range(6):
        node, other = (A, B) if number % 2 else (B, A)
        route.is_up(node)
        route.leads_to(node, other)
        route.lost(now=10 + number * 0.1)
        pauses.append(route.pause(1.0))
    assert pauses == [
        0,
        0,
        0,
        pytest.approx(0.05),
        pytest.approx(0.1),
        pytest.approx(0.2),
    ]
    route.leads_to(A, B)
    route.lost(now=20)
    assert route.pause(1.0) == 0


def test_pauses_after_failures() -> None:
    """They grow from one failure to the next, until there is a connection."""
    route = Route([A])
    route.is_up(A)
    route.lost(now=0.0)
    pauses = [route.pause(1.0)]
    for _ in range(3):
        route.failed()
        pauses.append(route.pause(1.0))
    assert pauses == [pytest.approx(0.05 * 2**n) for n in range(4)]
    route.is_up(A)
    route.lost(now=9.0)
    assert route.pause(1.0) == pytest.approx(0.05)


def test_a_single_node() -> None:
    """Where sentinels say where the server is, no other one is tried."""
    route = Route([A, B])
    route.is_up(C)
    route.begin_at(D)
    assert route.next() == D
    assert route.next() is None


def test_nodes_of_a_cluster() -> None:
    """Primaries and replicas, each once; one without a name is the one that was asked."""
    slots = [
        [0, 5460, [b"a", 1, b"id"], [b"b", 2, b"id"]],
        [5461, 5461, [b"a", 1, b"id", []]],
        [5462, 9000, [b"", 3, b"id"], [None, 4, b"id"], [b"?", 5, b"id"]],
    ]
    asked = ("me", 9)
    assert nodes_of(slots, asked) == (A, B, ("me", 3), ("me", 4), ("me", 5))
    assert nodes_of([], asked) == ()
