"""The tests of agents of all kinds, whose messages cross to a server and back.

They are the very same tests. Where they hand a message to an agent, it is sent here by
another runtime than that in which the agent lives.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any

import pytest
from tests.agents import test_annotations, test_closure, test_routed
from tests.tool_agent import kit as tool_kit, test_agent, test_caller_loop

from actrio import Agent, AgentId, TopicId, TypeSubscription
from actrio.distributed import RedisAgentRuntime
from actrio.models import FunctionExecutionResult

from .kit import Namespace
from .test_semantics import (
    OverRedis,
    _objects,
    everything_settled,
    replace_runtime,
    runnable_in,
)

pytestmark = pytest.mark.anyio

AGENTS = [test_annotations, test_closure, test_routed]
TOOLS = [tool_kit, test_agent, test_caller_loop]

FAKE = "it looks into the runtime that only remembers what it is asked"
NOWHERE = "what a handler of a published message returns or raises goes nowhere"
WRITTEN = "causes stay behind, and what is no JSON cannot be written"
TIME = "it takes several seconds, which are real ones here"

LEFT_OUT: dict[str, str] = {
    "test_by_class": NOWHERE,
    "test_events_return_nothing": NOWHERE,
    "test_return_values": NOWHERE,
    "test_row_09_any_is_a_catch_all": NOWHERE,
    "test_a_name_that_does_not_exist_is_reported": FAKE,
    "test_registering_a_closure": FAKE,
    "test_a_failing_registration_registers_nothing": FAKE,
    "test_a_closure_has_no_state": FAKE,
    "test_row_10_a_closure_may_leave_the_context_out": FAKE,
    "test_a_registered_closure_handles_messages": FAKE,
    "test_unknown_types": FAKE,
    "test_row_28_an_unhandled_message_is_logged_and_answered_with_none": FAKE,
    "test_the_handling_of_another_agent_is_left_alone": FAKE,
    "test_what_goes_wrong_is_an_error": WRITTEN,
    "test_json_that_only_python_takes_is_taken": WRITTEN,
    "test_stopping_the_runtime_ends_a_tool_that_hangs": TIME,
    "test_results_stand_in_the_order_of_the_calls": TIME,
    "test_a_tool_holds_up_no_other": TIME,
}
"""Tests that do not run over Redis, and why."""

SLOW = {
    "test_a_failing_call_is_a_result_and_the_others_go_on",
    "test_an_agent_may_be_the_caller",
    "test_whoever_cancels_a_call_cancels_the_tool",
    "test_cancelling_the_loop_cancels_the_tools",
}
"""Tests that take more than 0.25 s of real time; one host has to do."""

_numbers = count()


class Home(OverRedis):
    """Where agents live that are given messages."""

    def make(self, id: str) -> AgentId:
        """Return the agent with this id, which its registered factory will make."""
        return AgentId.from_str(id)


class Tooled(RedisAgentRuntime):
    """A runtime whose messages are really written."""

    def __init__(self) -> None:
        namespace = OverRedis.namespace
        messages = [FunctionExecutionResult]
        super().__init__(namespace.url, namespace=namespace.name, messages=messages)


@pytest.fixture(autouse=True)
def over_redis(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have these tests use runtimes of one namespace, which is empty in the end."""
    replace_runtime(namespace, monkeypatch, *AGENTS)
    replace_runtime(namespace, monkeypatch, *TOOLS, by=Tooled)
    yield
    _objects.clear()


@pytest.fixture
async def runtime(over_redis: None) -> AsyncIterator[Home]:
    """Where the agents live."""
    async with Home() as home:
        yield home


@pytest.fixture
async def elsewhere(over_redis: None) -> AsyncIterator[OverRedis]:
    """Where messages come from."""
    async with OverRedis() as client:
        yield client


Tell = Callable[..., Awaitable[Any]]


@pytest.fixture
def known(runtime: Home) -> Tell:
    """Return the id of an agent, which is registered if need be."""
    ids: dict[Agent, AgentId] = {}

    async def known(agent: Agent | AgentId) -> AgentId:
        if isinstance(agent, AgentId):
            return agent
        if agent not in ids:
            ids[agent] = AgentId(f"instance-{next(_numbers)}", "k")
            await runtime.register_agent_instance(agent, ids[agent])
        return ids[agent]

    return known


@pytest.fixture
def ask(elsewhere: OverRedis, known: Tell) -> Tell:
    """Send an agent a request."""

    async def ask(agent: Agent | AgentId, message: object) -> object:
        return await elsewhere.send_message(message, await known(agent))

    return ask


@pytest.fixture
def tell(elsewhere: OverRedis, known: Tell) -> Tell:
    """Publish a message to an agent, and wait until it was handled."""

    async def tell(agent: Agent | AgentId, message: object) -> None:
        recipient = await known(agent)
        topic = f"topic-{next(_numbers)}"
        await elsewhere.add_subscription(TypeSubscription(topic, recipient.type))
        await elsewhere.publish_message(message, TopicId(topic, recipient.key))
        await everything_settled()

    return tell


for _module in [*AGENTS, *TOOLS]:
    globals().update(runnable_in(_module, LEFT_OUT, SLOW, SLOW))


def test_what_is_left_out_exists() -> None:
    """The table of what is left out names tests that there are."""
    there = {name for module in [*AGENTS, *TOOLS] for name in vars(module)}
    assert set(LEFT_OUT) | SLOW <= there
