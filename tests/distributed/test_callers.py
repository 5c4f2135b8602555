"""Which callers a request waits for, against a plain list of what has arrived."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st
from tests.properties.settings import many

from actrio.distributed._arrivals import Arrival, ArrivedCopy, Origin
from actrio.distributed._callers import Callers, Journey
from actrio.distributed._wire import Header
from actrio.identity import AgentId
from actrio.messages import CancellationToken, MessageContext

few = settings(many, max_examples=30)

A = AgentId("a", "k")
ids = st.sampled_from([b"c-1", b"c-2", b"c-3", b"d-1"])
chains = st.lists(ids, min_size=1, max_size=4, unique=True).map(tuple)


class Nobody:
    """Hears the end of messages, and does nothing."""

    is_over = False

    def over(self, envelope: Arrival | ArrivedCopy) -> None:
        pass


def arrival(chain: tuple[bytes, ...]) -> Arrival:
    """Return a request that has arrived with a chain."""
    header = Header("n", b"c", 1, 0, 0)
    context = MessageContext(None, None, True, CancellationToken(), "id")
    origin = Origin(b"1-1", header, b"a/k", 9, Nobody(), chain)
    return Arrival("message", A, context, origin, 0.0)


@few
@given(st.lists(chains, max_size=8), st.data())
def test_a_request_waits_for_what_has_it_in_its_chain(
    found: list[tuple[bytes, ...]], data: st.DataObject
) -> None:
    """As long as that is not over; in the end nothing is kept."""
    callers, alive = Callers(), [arrival(chain) for chain in found]
    for one in alive:
        callers.add(one, A, object())
    while True:
        for request in (b"c-1", b"c-2", b"c-3", b"d-1"):
            expected = [one for one in alive if request in one.origin.chain]
            behind = Journey(request, "a/k", callers).blockers()
            assert [list(caller.waits) for caller in callers.behind(request)] == [
                [one] for one in expected
            ]
            assert len(behind) == len(expected)
        if not alive:
            break
        callers.remove(alive.pop(data.draw(st.integers(0, len(alive) - 1))))
    assert not callers._behind
    assert not callers._callers


def test_only_handlers_that_are_nested_count_as_levels() -> None:
    """Two have tasks of their own in a circle of two."""
    callers = Callers()
    depths = [
        callers.add(arrival(tuple(b"%d" % n for n in range(length))), A, object()).depth
        for length in (1, 2, 3, 4)
    ]
    assert depths == [0, 0, 1, 2]


def test_removing_what_is_unknown_changes_nothing() -> None:
    """Requests of programs have no caller here."""
    Callers().remove(arrival((b"c-1",)))
