"""The smaller benchmarks run, and verify what they measure."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

# The benchmarks are run from the root of a checkout, not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import (
    agentchat,
    mailboxes,
    mailboxes_redis,
    passivation,
    serialization,
    tool_calls,
    tracing,
)

from actrio.testing import Host, RedisServer, run


def test_round_trips_of_every_candidate_are_measured() -> None:
    """The benchmark of serialization does what it measures, and gives times."""
    found = serialization.measure(rounds=1, count=1)
    assert all(len(times) == 1 and times[0] >= 0 for times in found.values())
    assert serialization.CANDIDATES["dataclass, orjson"]() == serialization.ORDER


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("store", ["none", "memory", "sqlite"])
def test_passivation_touches_every_agent(
    store: str,
    host: Host,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each agent comes, leaves and, where it can, comes back with what it was told."""
    agents = 200 if store != "sqlite" else 40
    run(passivation.touch, agents, 10, store, tmp_path, host=host)
    *looks, last = capsys.readouterr().out.splitlines()
    if store == "none":
        looks.append(last)
    else:
        assert "remember what they were told" in last
    assert len(looks) == passivation.LOOKS
    assert f"{agents:,} agents touched,     10 live" in looks[-1]


@pytest.mark.parametrize("payload", mailboxes.PAYLOADS.values(), ids=str)
def test_mailboxes_are_measured(payload: Any) -> None:
    """Each round times mailbox and channel."""
    found = run(mailboxes.measure, payload, 10, 2)
    assert len(found) == 2
    assert all(mailbox > 0 and channel > 0 for mailbox, channel in found)


@pytest.mark.slow
def test_mailboxes_on_redis_are_measured() -> None:
    """Each peer exchanges messages and asks, between two processes."""
    with RedisServer() as server:
        found = mailboxes_redis.measure(server, 20, 1, [1, 2])
        assert anyio.run(mailboxes_redis.broadcast, server.url, 3, 1) > 0
    assert [*found] == ["exchange, 1 sending", "exchange, 2 sending", "round trips"]
    for peers in found.values():
        assert all(len(times) == 1 and times[0] > 0 for times in peers.values())


def test_tracing_is_compared_with_the_sdk_and_autogen_core() -> None:
    """Each candidate makes as many spans as it should; the benchmark itself counts."""
    found = tracing.measure(rounds=1, count=3)
    assert [len(candidates) for candidates in found.values()] == [3, 4]
    for candidates in found.values():
        assert all(len(times) == 1 for times in candidates.values())


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_tool_calls_are_measured(host: Host) -> None:
    """Each round times a call and a plain request, and checks the result."""
    found = run(tool_calls.measure, 5, 2, host=host)
    assert len(found) == 2
    assert all(call > 0 and plain > 0 for call, plain in found)


def test_teams_of_agentchat_are_measured() -> None:
    """A team runs on both runtimes, and its time is shared out among packages."""
    found = agentchat.measure(agents=2, turns=3, rounds=2)
    assert [*found] == ["autogen_core", "actrio"]
    assert all(len(times) == 2 and min(times) > 0 for times in found.values())
    shares = agentchat.shares(agentchat.RUNTIMES["actrio"], agents=2, turns=3)
    assert {"actrio", "autogen_agentchat"} <= shares.keys()
    assert sum(shares.values()) == pytest.approx(1)
