"""The rules of leases, on clocks that run and are set differently."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st
from tests.properties.settings import many

from actrio.distributed._lease import FENCED_AT, Clock, Lease

few = settings(many, max_examples=30)

seconds = st.floats(0.1, 3600)
moments = st.floats(0, 1e6)


@few
@given(seconds, moments, st.floats(0, 10), st.floats(0.8, 1.25))
def test_a_worker_stops_before_others_take_over(
    lease: float, sent: float, delay: float, speed: float
) -> None:
    """Whenever the server begins to count, and though one clock is a fifth faster."""
    mine = Lease(lease, sent)
    server_ends = sent + delay + lease  # it counts from when the renewal came
    really_stopped = sent + (mine.fenced_at - sent) * speed
    assert really_stopped <= server_ends + 1e-6


@few
@given(seconds, moments, moments)
def test_it_is_held_as_long_as_something_is_left(
    lease: float, renewed: float, now: float
) -> None:
    """Both say the same, and no more is left than three quarters after a renewal."""
    mine = Lease(lease, renewed)
    assert mine.is_held(now) == (mine.left(now) > 0)
    assert mine.left(max(now, renewed)) <= FENCED_AT * lease + 1e-6


@few
@given(seconds)
def test_it_is_renewed_often_enough(lease: float) -> None:
    """One renewal may be lost, and the next is early enough."""
    mine = Lease(lease)
    assert 0 < mine.every <= 0.5
    assert 2 * mine.every < mine.fenced_at


@few
@given(
    moments, st.floats(0, 5), st.floats(0, 1), st.floats(-1e5, 1e5), st.floats(0, 60)
)
def test_a_moment_is_known_but_for_the_way_there_and_back(
    sent: float, trip: float, part: float, skew: float, later: float
) -> None:
    """However far the clocks are apart, the error is at most half of the round trip."""
    clock = Clock()
    server = sent + trip * part + skew
    clock.adjust(sent, sent + trip, round(server * 1000))
    moment = server + later
    local = clock.local(round(moment * 1000))
    assert abs(local - (sent + trip * part + later)) <= trip / 2 + 0.002
