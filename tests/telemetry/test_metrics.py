"""Metrics of messages and actors, on every host."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import anyio
import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    default_subscription,
    message_handler,
)
from actrio.testing import Host, run

FIRST = AgentId("first", "k")


@default_subscription
class Working(RoutedAgent):
    """Works for as many seconds as the message says; fails for less than none."""

    @message_handler
    async def on_seconds(self, message: float, ctx: MessageContext) -> None:
        if message < 0:
            raise ZeroDivisionError
        await anyio.sleep(message)


def points(reader: InMemoryMetricReader) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """The attributes and values of each metric: a number, or a count and a sum."""
    found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    value = getattr(point, "value", None)
                    if value is None:
                        value = (point.count, point.sum)  # type: ignore[union-attr]
                    attributes = dict(point.attributes or {})
                    found.setdefault(metric.name, []).append((attributes, value))
    return found


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture(params=["trio", "asyncio"])
def host(request: pytest.FixtureRequest) -> Host:
    name: Host = request.param
    return name


def test_messages_are_counted_and_timed(
    reader: InMemoryMetricReader, host: Host
) -> None:
    """By type of agent, kind of message and outcome, on the clock of the loop."""

    async def program() -> None:
        provider = MeterProvider([reader])
        async with SingleThreadedAgentRuntime(meter_provider=provider) as runtime:
            await Working.register(runtime, "first", Working)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(runtime.send_message, 2.0, FIRST)
                await anyio.sleep(0.5)
                tasks.start_soon(runtime.send_message, 1.0, FIRST)
            await runtime.publish_message(-1.0, TopicId("default", "k"))
            with anyio.move_on_after(3):
                await runtime.send_message(100.0, FIRST)

    run(program, host=host)
    found = points(reader)
    request = {"agent_type": "first", "kind": "request"}
    publish = {"agent_type": "first", "kind": "publish"}
    assert found["actrio.messages"] == [(request, 3), (publish, 1)]
    queued = {each["kind"]: value for each, value in found["actrio.queue_time"]}
    assert queued["request"] == (3, pytest.approx(1.5))
    taken = {
        (each["kind"], each["outcome"]): value
        for each, value in found["actrio.handling_time"]
    }
    assert taken == {
        ("request", "ok"): (2, pytest.approx(3)),
        ("request", "cancelled"): (1, pytest.approx(3)),
        ("publish", "error"): (1, pytest.approx(0)),
    }


def test_dead_letters_are_counted_by_their_reason(
    reader: InMemoryMetricReader, host: Host
) -> None:
    """With the type of the recipient, if there is one."""

    async def program() -> None:
        provider = MeterProvider([reader])
        async with SingleThreadedAgentRuntime(meter_provider=provider) as runtime:
            await runtime.publish_message(1, TopicId("nobody", "k"))
            with pytest.raises(LookupError):
                await runtime.send_message(1, FIRST)

    run(program, host=host)
    assert points(reader)["actrio.dead_letters"] == [
        ({"reason": "no subscriber", "agent_type": ""}, 1),
        ({"reason": "unknown agent type", "agent_type": "first"}, 1),
    ]


def test_actors_and_inboxes_are_gauged(
    reader: InMemoryMetricReader, host: Host
) -> None:
    """They are looked at when somebody asks for the metrics."""
    seen: list[dict[str, Any]] = []

    async def program() -> None:
        provider = MeterProvider([reader])
        async with SingleThreadedAgentRuntime(meter_provider=provider) as runtime:
            await Working.register(runtime, "first", Working)
            async with anyio.create_task_group() as tasks:
                for key in ("k", "k", "k", "other"):
                    tasks.start_soon(runtime.send_message, 1.0, AgentId("first", key))
                await anyio.sleep(0.5)
                seen.append(points(reader))

    run(program, host=host)
    [found] = seen
    assert found["actrio.live_actors"] == [({"agent_type": "first"}, 2)]
    assert found["actrio.inbox_depth"] == [({"agent_type": "first"}, 2)]


def test_a_provider_does_not_keep_its_runtimes(reader: InMemoryMetricReader) -> None:
    """The callbacks of a gauge live as long as the provider."""
    provider = MeterProvider([reader])
    runtime = SingleThreadedAgentRuntime(meter_provider=provider)
    gone = weakref.ref(runtime._router)
    del runtime
    gc.collect()
    assert gone() is None
    assert "actrio.live_actors" not in points(reader)


def test_the_global_provider_is_used(
    reader: InMemoryMetricReader, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with tracing, it may be set until the runtime starts."""
    provider = MeterProvider([reader])

    async def program() -> None:
        runtime = SingleThreadedAgentRuntime()
        monkeypatch.setattr(metrics, "get_meter_provider", lambda: provider)
        async with runtime:
            await Working.register(runtime, "first", Working)
            await runtime.send_message(1.0, FIRST)

    run(program, host=host)
    assert "actrio.messages" in points(reader)
