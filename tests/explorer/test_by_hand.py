"""Programs written by hand, for rules that would hang if they were broken.

The real runtime plays them in virtual time, so a hang is a failure at once.
"""

from __future__ import annotations

import pytest

from actrio.testing import Host

from .generate import GRID
from .play import play
from .program import (
    Action,
    AgentSpec,
    Ask,
    CancelToken,
    Disturbance,
    Leave,
    Limit,
    Nap,
    Program,
    Publish,
    Stop,
)

A, B, C = (0, 0), (1, 0), (2, 0)

pytestmark = pytest.mark.parametrize("host", ["trio", "asyncio"])


def drive(*drivers: tuple[Action, ...], **options: object) -> Program:
    options = {"agents": (AgentSpec(), AgentSpec()), **options}
    return Program(drivers=drivers, **options)  # type: ignore[arg-type]  # by name


def played(program: Program, host: Host, seeds: int = 4) -> str:
    """Play a program with some seeds; return the last trace."""
    trace = ""
    for seed in range(seeds):
        report = play(program, seed, host)
        assert not report.problems
        trace = "\n".join(report.trace)
    return trace


def test_an_idle_agent_is_woken(host: Host) -> None:
    """A message for an agent that waits for one is handled."""
    trace = played(drive((Ask(A), Nap(0.001), Ask(A))), host)
    assert trace.count("a0/0 ends") == 2


def test_the_copies_of_a_publish_are_waited_for(host: Host) -> None:
    """The end of the runtime comes after the last handler, which may publish itself."""
    deep = Publish((0, 0), (Nap(0.001), Publish((1, 0), (Nap(0.001), Ask(B)))))
    specs = (AgentSpec(topics=(0,)), AgentSpec(topics=()), AgentSpec(topics=(1,)))
    trace = played(drive((deep,), agents=specs, topics=2), host)
    assert trace.count(": None") == 3


def test_a_token_cancels_what_runs(host: Host) -> None:
    """The handler ends when the token of its request is cancelled."""
    program = drive(
        (Ask(A, (Ask(B, (Nap(50.0),)),), token=0),),
        (Nap(0.001), CancelToken(0)),
        tokens=1,
    )
    assert "RequestCancelled" in played(program, host)


def test_what_is_sent_before_the_start_keeps_its_order(host: Host) -> None:
    """Messages held at the gate are let through as they came."""
    program = drive(
        tuple(Publish((0, 0)) for _ in range(4)),
        agents=(AgentSpec(topics=(0,)),),
        topics=1,
        style="start",
        starts_at=0.001,
    )
    assert played(program, host).count("begins") == 4


def test_a_held_host_goes_on(host: Host) -> None:
    """A host whose wait has timed out goes on when its guest has left."""
    program = drive(
        (Ask(A, (Nap(0.001), Ask(B, limit=Limit(0.002)))),),
        (Ask(B, (Nap(0.002), Ask(A, (Nap(0.01),)))),),
    )
    trace = played(program, host)
    assert "nested 1 deep" in trace
    assert "cancelled" in trace


def test_a_factory_in_a_cycle_is_refused(host: Host) -> None:
    """Who asks an agent whose factory waits for the asker is told at once."""
    program = drive(
        (Ask(A),),
        (Ask(B, (Nap(0.002), Ask(A))),),
        agents=(AgentSpec(building=(Nap(0.001), Ask(B))), AgentSpec()),
    )
    assert "DeadlockError" in played(program, host)


def test_a_cycle_through_a_full_inbox_answers(host: Host) -> None:
    """A publisher that waits for room is part of the wait graph."""
    program = drive(
        (Ask(A, (Nap(0.001), Publish((0, 0)))),),
        (Ask(B, (Nap(0.002), Ask(A))),),
        (Nap(0.0005), Ask(B)),
        agents=(AgentSpec(), AgentSpec(capacity=1, topics=(0,))),
        topics=1,
    )
    assert "nested 1 deep" in played(program, host)


def test_stop_answers_a_queued_sender(host: Host) -> None:
    """Whoever waits in a queue when the runtime stops is told so."""
    program = drive(
        (Ask(A, (Nap(0.01),)),),
        (Nap(0.001), Ask(A)),
        disturbance=Disturbance(0.002, "stop"),
    )
    assert "RuntimeStoppedError" in played(program, host)


def test_a_cycle_of_requests_answers(host: Host) -> None:
    """A asks B asks A."""
    program = drive((Ask(A, (Ask(B, (Ask(A, (Ask(A),)),)),)),))
    assert "nested 2 deep" in played(program, host)


def test_a_publish_that_finds_room_later_returns(host: Host) -> None:
    """Its publisher goes on when the last copy has room."""
    program = drive(
        (Ask(A, (Nap(0.003),)),),
        (Nap(0.001), Publish((0, 0)), Publish((0, 0)), Publish((0, 0)), Ask(B)),
        agents=(AgentSpec(capacity=1, topics=(0,)), AgentSpec()),
        topics=1,
    )
    assert played(program, host).count("a1/0 ends") == 1


def test_a_guest_counts_before_its_host_holds(host: Host) -> None:
    """A request that a guest makes in the very step of its host's time-out is nested.

    The host has given up its wait then, and does not hold yet: if nothing tied it to
    its guest, the request would be queued behind an agent that waits for the host.
    """
    program = drive(
        (Ask(A, (Nap(GRID), Ask(B, limit=Limit(3 * GRID)))),),
        (Ask(B, (Nap(2 * GRID), Ask(A, (Nap(2 * GRID), Ask(C))))),),
        (Ask(C, (Nap(3 * GRID), Ask(A))),),
        agents=(AgentSpec(), AgentSpec(), AgentSpec()),
    )
    assert "nested 2 deep" in played(program, host, seeds=12)


def test_a_slot_that_will_come_free_is_waited_for(host: Host) -> None:
    """One stuck slot of two is no cycle, so nothing is nested."""
    program = drive(
        (Ask(A, (Nap(0.001), Ask(B))),),
        (Ask(A, (Nap(0.01),)),),
        (Ask(B, (Nap(0.002), Ask(A))),),
        agents=(AgentSpec(slots=2), AgentSpec()),
    )
    assert "nested 1 deep" not in played(program, host)


def test_a_publish_that_would_wait_in_a_cycle_is_dead(host: Host) -> None:
    """The inbox that is full could only empty after the publisher's own handler."""
    program = drive(
        (Ask(A, (Nap(0.001), Publish((0, 0)))),),
        (Ask(B, (Ask(A),)),),
        (Nap(0.0005), Ask(B)),
        agents=(AgentSpec(), AgentSpec(capacity=1, topics=(0,))),
        topics=1,
    )
    assert "DEADLOCK" in played(program, host)


def test_a_publish_to_nobody_is_a_dead_letter(host: Host) -> None:
    """It is reported to the hook and counted."""
    report = play(drive((Publish((0, 0)),), topics=1), 0, host)
    assert not report.problems
    assert report.dead == {"NO_SUBSCRIBER": 1}


def test_a_task_left_behind_stops_from_outside(host: Host) -> None:
    """A task whose handler has returned counts for nobody, so `stop` waits for the end."""
    late = Leave((Nap(0.001), Stop("stop")))
    program = drive((Ask(A, (late,)),), (Nap(0.001), Ask(B, (Nap(0.01),))))
    assert "stop() returned" in played(program, host)


def test_a_nested_handler_in_a_task_left_behind_ends_with_the_runtime(
    host: Host,
) -> None:
    """`stop` cancels it after the grace, and closes its agent when it has unwound."""
    left = Leave((Ask(A, (Nap(20 * GRID),)),))
    program = drive(
        (Ask(A, (left, Nap(2 * GRID))),),
        style="start",
        grace=GRID,
        disturbance=Disturbance(4 * GRID, "stop"),
    )
    assert "RuntimeStoppedError" in played(program, host)


def test_a_task_left_behind_that_holds_goes_on_after_the_end(host: Host) -> None:
    """Whoever waits for a guest is woken, although the runtime has stopped."""
    lefts = Leave((Ask(A, (Nap(20 * GRID),)),)), Leave((Ask(A),))
    program = drive(
        (Ask(A, (*lefts, Nap(2 * GRID))),),
        (Nap(30 * GRID),),
        disturbance=Disturbance(4 * GRID, "raise"),
    )
    assert "1 to a0/0 is over" in played(program, host, seeds=12)
