"""The semantic tests of the runtime of one process, over Redis.

They are the very same tests: only the runtime is another one, whose messages cross to a
server and back. In one process they can be any objects there, of which the wire carries the
number. What cannot be the same is in `LEFT_OUT`, with the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import wraps
from itertools import count
from types import ModuleType
from typing import Any

import anyio
import pytest
from tests.runtime import (
    kit,
    test_actor,
    test_dead_letters,
    test_endings,
    test_interventions,
    test_publishing,
    test_quiescence,
    test_requests,
    test_supervision,
    test_waits,
)

from actrio.distributed import RedisAgentRuntime
from actrio.distributed._codec import Codec
from actrio.distributed._failures import Failures
from actrio.distributed._wire import Written

from .kit import Namespace, settled

SECONDS = 20
"""How long a test may take."""

MODULES = [
    test_actor,
    test_dead_letters,
    test_endings,
    test_interventions,
    test_publishing,
    test_quiescence,
    test_requests,
    test_supervision,
    test_waits,
]

MODULES_LEFT_OUT = {
    "test_life_failures": "not gone through yet: most of it waits for back-off",
    "test_life_passivation": "not gone through yet: most of it waits for idle agents",
    "test_life_races": "not gone through yet",
    "test_lifecycle": "not gone through yet: most of it uses start() or a long grace",
    "test_runtime_serializers": "not gone through yet",
}
"""Modules of the tests of one process that do not run over Redis yet."""

SLOW = {
    "test_the_log_remembers_a_bounded_number_of_recipients",
    "test_the_notes_of_many_agents_are_bounded",
    "test_a_busy_actor_lets_other_tasks_run",
    "test_a_handler_that_waits_for_room_is_part_of_the_graph",
    "test_a_handlers_own_error_wins_over_the_cancellation",
    "test_asyncios_own_timeouts_wait_for_the_handler",
    "test_cancelling_the_nested_request_leaves_the_outer_handlers_alone",
    "test_cancelling_the_outermost_request_unwinds_from_the_inside",
    "test_many_publishes_let_other_tasks_run",
    "test_more_than_32_nested_levels_are_a_deadlock_error",
    "test_one_token_serves_many_requests_and_keeps_none_of_them",
}
"""Tests that take more than 0.25 s of real time."""

pytestmark = pytest.mark.anyio

NO_BLOCK = "it uses start() or process_next(): a server has to be waited for"
IDENTITY = "a token or what is garbage is looked at, and messages are copied"
TIME = "it sleeps for seconds, which are real ones here"
TYPES = "the error names the types that are known here, not all of a namespace"
STORE = "states are saved in the namespace by default, so its hook fails at the end too"
ON_ITS_WAY = "it is cancelled after a millisecond, perhaps before it has arrived"
ROOM = "what is published lies in the inbox at once; only its publisher waits for room"
NO_TOKEN = "to be mended: a token does not withdraw copies that are in an inbox already"
PROGRAM = "to be mended: what ends the program comes out beside the test as well"

LEFT_OUT: dict[str, str] = {
    "test_a_hanging_factory_delays_only_its_own_agent": NO_BLOCK,
    "test_a_dropped_message": NO_BLOCK,
    "test_an_intervention_that_raises": NO_BLOCK,
    "test_a_slow_approval_delays_only_its_own_message": NO_BLOCK,
    "test_a_stop_while_an_approval_is_pending_refuses_the_message": NO_BLOCK,
    "test_a_publisher_waiting_for_room_is_told_by_nothing_but_the_stop": NO_BLOCK,
    "test_a_failing_sibling_does_not_end_the_wait": NO_BLOCK,
    "test_at_zero_it_accepts_nothing_more": NO_BLOCK,
    "test_new_messages_are_accepted_while_it_waits": NO_BLOCK,
    "test_waiting_for_room_counts": NO_BLOCK,
    "test_every_kind_of_end_is_counted_once": NO_BLOCK,
    "test_the_handler_sees_how_the_message_travelled": IDENTITY,
    "test_a_handler_sees_its_token_cancelled": IDENTITY,
    "test_an_idle_actor_keeps_no_message_alive": IDENTITY,
    "test_a_running_request_leaves_when_its_handler_has_unwound": TIME,
    "test_cancellation_goes_down_a_chain_and_unwinds_upwards": TIME,
    "test_a_handler_that_swallows_the_cancellation_is_waited_for": TIME,
    "test_a_publish_after_a_swallowed_cancellation_is_not_cancelled": TIME,
    "test_the_outer_handler_holds_until_its_guest_has_left": TIME,
    "test_a_guest_of_a_timed_out_host_may_ask_in_a_circle_again": TIME,
    "test_repeated_native_cancels_do_not_tear_the_caller_off": TIME,
    "test_a_native_cancel_while_holding_waits_for_the_guest": TIME,
    "test_an_unknown_recipient_is_told_at_once": TYPES,
    "test_a_note_says_that_a_hook_raised": STORE,
    "test_a_hook_that_asks_its_asker_answers": STORE,
    "test_the_agents_loop_survives_a_thousand_cancelled_handlers": ON_ITS_WAY,
    "test_a_cancelled_publisher_leaves_its_delivered_copies_on_their_way": ROOM,
    "test_a_publish_that_would_wait_for_room_in_a_cycle_is_a_dead_letter": ROOM,
    "test_a_publish_to_the_own_full_inbox_is_a_dead_letter": ROOM,
    "test_a_token_withdraws_copies_not_yet_handled_and_no_others": NO_TOKEN,
    "test_a_token_frees_the_publisher_that_waits_for_room": NO_TOKEN,
    "test_an_exception_for_the_program_ends_the_runtime": PROGRAM,
}
"""Tests of one process that do not run over Redis, and why."""

_objects: dict[int, object] = {}
_numbers = count()


class ObjectCodec(Codec):
    """Carries the numbers of objects, so that they arrive as themselves."""

    def write(self, message: object) -> Written:
        number = next(_numbers)
        _objects[number] = message
        return Written("object", "test", str(number).encode())

    def read(self, body: Written) -> object:
        return _objects[int(body.payload)]


class ObjectFailures(Failures):
    """Carries the numbers of exceptions."""

    def encode(self, exc: BaseException) -> dict[str, object]:
        number = next(_numbers)
        _objects[number] = exc
        return {"number": number}

    def decode(self, data: Any) -> BaseException:
        found = _objects[data["number"]]
        assert isinstance(found, BaseException)
        return found


class OverRedis(RedisAgentRuntime):
    """Takes the place of the runtime of one process in its tests."""

    namespace: Namespace
    opened: list[OverRedis]

    def __init__(self, **options: Any) -> None:
        namespace = self.namespace
        options.setdefault("grace", 1.0)
        super().__init__(namespace.url, namespace=namespace.name, **options)
        registry = self._serialization_registry
        self._codec = ObjectCodec(registry, ObjectFailures(), 1000)
        self.opened.append(self)


async def everything_settled() -> None:
    """Wait as `kit.settled` does, and for the server too."""
    await settled(*OverRedis.opened)


@pytest.fixture(autouse=True)
def over_redis(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have these tests use runtimes of one namespace, which is empty in the end."""
    OverRedis.namespace = namespace
    OverRedis.opened = []
    for module in [kit, *MODULES]:
        for name, value in (
            ("SingleThreadedAgentRuntime", OverRedis),
            ("settled", everything_settled),
        ):
            if hasattr(module, name) and module is not kit:
                monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(kit, "SingleThreadedAgentRuntime", OverRedis)
    yield
    _objects.clear()


def bounded(test: Any) -> Any:
    """Return a test that fails when it hangs."""

    @wraps(test)
    async def run(*args: Any, **options: Any) -> None:
        with anyio.fail_after(SECONDS):
            await test(*args, **options)

    return run


def runnable_in(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the tests of a module that run here."""
    for name, test in vars(module).items():
        is_test = name.startswith("test_") and inspect.iscoroutinefunction(test)
        if is_test and name not in LEFT_OUT:
            run = bounded(test)
            yield name, pytest.mark.slow(run) if name in SLOW else run


for _module in MODULES:
    for _name, _test in runnable_in(_module):
        globals()[f"{_name}__{_module.__name__.rpartition('.')[2][5:]}"] = _test


def test_what_is_left_out_exists() -> None:
    """The table of what is left out names tests that there are."""
    there = {name for module in MODULES for name in vars(module)}
    assert set(LEFT_OUT) | SLOW <= there
