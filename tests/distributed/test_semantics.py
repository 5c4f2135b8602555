"""The semantic tests of the runtime of one process, over Redis.

They are the very same tests: only the runtime is another one, whose messages cross to a
server and back. In one process they can be any objects there, of which the wire carries the
number. What cannot be the same is in `LEFT_OUT`, with the reason. Tests that are no coroutine
functions are not among them: they open event loops of their own, in virtual time.
"""

from __future__ import annotations

import inspect
from collections.abc import Container, Iterator
from contextlib import suppress
from contextvars import copy_context
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
    test_life_failures,
    test_life_passivation,
    test_life_races,
    test_lifecycle,
    test_publishing,
    test_quiescence,
    test_requests,
    test_runtime_serializers,
    test_supervision,
    test_waits,
)
from tests.runtime.kit import on_asyncio

from actrio._concurrency import current_host
from actrio._contextvars import CURRENT
from actrio.distributed import RedisAgentRuntime
from actrio.distributed._codec import Codec
from actrio.distributed._failures import Failures
from actrio.distributed._wire import Written
from actrio.identity import AgentId

from .kit import Namespace, settled

SECONDS = 20
"""How long a test may take."""

MODULES = [
    test_actor,
    test_dead_letters,
    test_endings,
    test_interventions,
    test_life_failures,
    test_life_passivation,
    test_life_races,
    test_lifecycle,
    test_publishing,
    test_quiescence,
    test_requests,
    test_runtime_serializers,
    test_supervision,
    test_waits,
]

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
    "test_a_cancellation_around_the_block_ends_it_at_once",
    "test_a_native_timeout_around_the_block_ends_it_at_once",
    "test_a_close_that_hangs_is_cancelled_after_the_grace",
    "test_a_cancelled_stop_when_idle_leaves_the_runtime_running",
    "test_what_ends_the_program_ends_it_from_the_last_hooks_too",
    "test_handlers_beside_the_one_that_fails_end_first",
    "test_a_failed_state_is_not_saved",
    "test_restarts_are_counted_beyond_a_passivation",
    "test_a_message_that_fails_again_and_again_is_dead",
    "test_an_agent_that_can_never_be_built_is_stopped",
}
"""Tests that take more than 0.25 s of real time."""

ONE_HOST = {
    "test_a_cancellation_around_the_block_ends_it_at_once",
    "test_a_close_that_hangs_is_cancelled_after_the_grace",
    "test_a_cancelled_stop_when_idle_leaves_the_runtime_running",
    "test_what_ends_the_program_ends_it_from_the_last_hooks_too",
    "test_handlers_beside_the_one_that_fails_end_first",
    "test_a_failed_state_is_not_saved",
}
"""Those of them that take seconds, so that one host has to do."""

pytestmark = pytest.mark.anyio

NO_BLOCK = "it is about start() or process_next(): a server has to be waited for"
IDENTITY = "a token or what is garbage is looked at, and messages are copied"
TIME = "it sleeps for seconds, or measures them exactly, which are real ones here"
TYPES = "the text names what is known here, and not the namespace"
STORE = "states are saved in the namespace by default, so its hook fails at the end too"
ON_ITS_WAY = "it is cancelled after a millisecond, perhaps before it has arrived"
ROOM = "what is published lies in the inbox at once; only its publisher waits for room"
STOPS = "stop() closes the agents, which may live elsewhere from then on"
ELSEWHERE = "what is queued when a runtime stops goes elsewhere, after its last handler"
NOT_OPEN = "before it is open there is no place for an agent, and no state"
MEET = "two runtimes of one namespace do meet"

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
    "test_a_fresh_agent_takes_the_message_and_what_is_queued": TIME,
    "test_a_storm_of_restarts_ends": TIME,
    "test_restarts_long_ago_are_forgotten": TIME,
    "test_delays_have_jitter": TIME,
    "test_an_agent_that_cannot_be_built_is_tried_again": TIME,
    "test_a_caller_may_give_up_while_the_agent_waits_to_come_back": TIME,
    "test_a_snapshot_says_who_does_what_and_waits_for_whom": TIME,
    "test_a_snapshot_says_what_keeps_an_agent_from_coming_and_going": TIME,
    "test_a_stop_does_not_wait_for_the_next_restart": TIME,
    "test_every_step_has_its_time": TIME,
    "test_an_idle_agent_leaves_by_itself": TIME,
    "test_each_idle_agent_has_its_own_time": TIME,
    "test_idle_agents_do_not_keep_a_runtime_from_stopping": TIME,
    "test_agents_that_no_task_serves_leave_too": TIME,
    "test_an_idle_agent_that_cannot_be_saved_is_tried_again_later": TIME,
    "test_agents_that_cannot_be_saved_are_not_tried_all_the_time": TIME,
    "test_one_that_waits_for_a_place_may_be_cancelled": TIME,
    "test_failures_are_not_remembered_of_any_number_of_agents": TIME,
    "test_the_idle_time_counts_again_after_each_start": TIME,
    "test_agents_that_were_at_work_when_it_stopped_leave_too": TIME,
    "test_agents_that_cannot_be_saved_do_not_keep_a_runtime_busy": TIME,
    "test_the_grace_is_a_setting": TIME,
    "test_a_handler_that_refuses_to_unwind_is_waited_for_and_named": TIME,
    "test_stop_cancels_a_handler_after_its_grace": TIME,
    "test_an_exception_in_the_body_ends_it_at_once": ELSEWHERE,
    "test_a_message_that_fails_during_the_stop_is_not_tried_again": ELSEWHERE,
    "test_stop_fails_queued_senders_at_once": ELSEWHERE,
    "test_close_stops_a_running_runtime": ELSEWHERE,
    "test_an_escalated_failure_ends_the_runtime_with_a_group": ELSEWHERE,
    "test_close_closes_each_agent_once": STOPS,
    "test_a_stop_comes_before_a_passivation_that_has_not_begun": STOPS,
    "test_a_stopped_runtime_starts_again_with_its_agents": STOPS,
    "test_a_closed_store_is_an_error_where_agents_need_it": STOPS,
    "test_a_cancelled_stop_cuts_the_grace_short_and_leaves_nothing": STOPS,
    "test_nothing_begins_while_agents_are_closed": NOT_OPEN,
    "test_a_hook_has_ended_before_its_agent_is_closed": NOT_OPEN,
    "test_closing_inside_a_hook_begins_it_and_returns": NOT_OPEN,
    "test_a_program_ending_exception_before_the_start": NOT_OPEN,
    "test_an_agents_state_can_be_saved_while_nothing_runs": NOT_OPEN,
    "test_many_visits_at_once_before_the_start": NOT_OPEN,
    "test_a_start_during_a_visit_keeps_both": NOT_OPEN,
    "test_a_start_forgets_what_visits_left_behind": NOT_OPEN,
    "test_a_message_held_before_the_start_finds_its_agent": NOT_OPEN,
    "test_a_block_of_a_started_runtime_is_refused_without_harm": NO_BLOCK,
    "test_a_step_with_an_agent_that_cannot_be_built_answers_at_once": NO_BLOCK,
    "test_two_runtimes_in_one_process_do_not_meet": MEET,
    "test_the_repr_says_what_it_does": TYPES,
    "test_an_unhandled_exception_may_end_the_runtime": ON_ITS_WAY,
    "test_without_a_store_the_state_is_gone": STORE,
    "test_nothing_is_kept_of_ids_whose_messages_were_withdrawn": ON_ITS_WAY,
    "test_a_token_cancelled_while_its_message_fails_is_heard": ON_ITS_WAY,
    "test_stop_when_asks_after_every_message": TIME,
    "test_an_agent_that_cannot_be_saved_has_a_rest_before_it_is_tried_again": TIME,
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
    """Takes the place of the runtime of one process in its tests.

    ``start()`` opens a block in a task of its own here, which lasts until somebody asks
    for the end. What is called meanwhile waits until it is open.
    """

    namespace: Namespace
    opened: list[OverRedis]

    def __init__(self, **options: Any) -> None:
        namespace = self.namespace
        options.setdefault("grace", 1.0)
        super().__init__(namespace.url, namespace=namespace.name, **options)
        registry = self._serialization_registry
        self._codec = ObjectCodec(registry, ObjectFailures(), 1000)
        self.opened.append(self)
        self._block: Block | None = None

    def start(self) -> None:  # type: ignore[override]  # see above
        if self._block is None and self._transport is not None:
            super().start()  # which raises
        if self._block is not None and not self._block.has_ended.is_set():
            message = "already started"
            raise RuntimeError(message)
        self._block = Block(self)

    async def send_message(self, *args: Any, **options: Any) -> Any:
        await self._begun()
        return await super().send_message(*args, **options)

    async def publish_message(self, *args: Any, **options: Any) -> None:
        await self._begun()
        await super().publish_message(*args, **options)

    async def register_factory(self, *args: Any, **options: Any) -> Any:
        await self._begun()
        return await super().register_factory(*args, **options)

    async def add_subscription(self, subscription: Any) -> None:
        await self._begun()
        await super().add_subscription(subscription)

    async def _claim(self, id: AgentId) -> None:
        await self._begun()
        await super()._claim(id)

    async def stop(self) -> None:
        await self._begun()
        await super().stop()
        await self._ended()

    async def stop_when_idle(self) -> None:
        await self._begun()
        await super().stop_when_idle()
        await self._ended()

    async def stop_when(self, condition: Any) -> None:
        await self._begun()
        await super().stop_when(condition)
        await self._ended()

    async def close(self) -> None:
        await self._begun()
        await super().close()
        await self._ended()

    async def end_block(self) -> None:
        """End the block of a test that leaves it to the end of its loop."""
        if self._block is not None:
            with suppress(Exception):
                await self._block.leave()

    async def _begun(self) -> None:
        if self._block is not None and not self._block.has_ended.is_set():
            await self._block.is_open.wait()

    async def _ended(self) -> None:
        if self._block is not None and CURRENT.get() is None:
            await self._block.leave()


class Block:
    """The block of a runtime, in a task of its own."""

    def __init__(self, runtime: OverRedis) -> None:
        self.is_open = anyio.Event()
        self.has_ended = anyio.Event()
        self._leave = anyio.Event()
        self._runtime = runtime
        self._raised: BaseException | None = None
        current_host().spawn(self._hold, copy_context())

    async def _hold(self) -> None:
        try:
            async with self._runtime:
                self.is_open.set()
                await self._leave.wait()
        except BaseException as exc:  # noqa: BLE001 - it is for whoever asks for the end
            self._raised = exc
        finally:
            self.is_open.set()
            self.has_ended.set()

    async def leave(self) -> None:
        """End the block, and raise what it raised."""
        self._leave.set()
        with anyio.CancelScope(shield=True):
            await self.has_ended.wait()
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised


async def everything_settled() -> None:
    """Wait as `kit.settled` does, and for the server too."""
    await settled(*OverRedis.opened, rounds=8)


@pytest.fixture(autouse=True)
def over_redis(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have these tests use runtimes of one namespace, which is empty in the end."""
    replace_runtime(namespace, monkeypatch, kit, *MODULES)
    yield
    _objects.clear()


def replace_runtime(
    namespace: Namespace,
    monkeypatch: pytest.MonkeyPatch,
    *modules: ModuleType,
    by: type = OverRedis,
) -> None:
    """Have the tests of some modules use runtimes of one namespace."""
    OverRedis.namespace = namespace
    OverRedis.opened = []
    for module in modules:
        if hasattr(module, "SingleThreadedAgentRuntime"):
            monkeypatch.setattr(module, "SingleThreadedAgentRuntime", by)
        if hasattr(module, "settled") and module is not kit:
            monkeypatch.setattr(module, "settled", everything_settled)


def bounded(test: Any) -> Any:
    """Return a test that fails when it hangs."""

    @wraps(test)
    async def run(*args: Any, **options: Any) -> None:
        try:
            with anyio.fail_after(SECONDS):
                await test(*args, **options)
        finally:
            for runtime in OverRedis.opened:
                await runtime.end_block()

    return run


def on_one_host(test: Any) -> Any:
    """Have a test run on asyncio only, whatever it asks for."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if not _names_hosts(mark)]
    test.pytestmark = marks
    return on_asyncio(test)


def _names_hosts(mark: pytest.Mark) -> bool:
    return mark.name == "parametrize" and mark.args[0] == "anyio_backend"


def runnable_in(
    module: ModuleType,
    left_out: Container[str],
    slow: Container[str],
    one_host: Container[str],
) -> Iterator[tuple[str, Any]]:
    """Yield the tests of a module that run here, with names of their own."""
    for name, test in vars(module).items():
        is_test = name.startswith("test_") and inspect.iscoroutinefunction(test)
        if is_test and name not in left_out:
            run = bounded(test)
            run = pytest.mark.slow(run) if name in slow else run
            run = on_one_host(run) if name in one_host else run
            yield f"{name}__{module.__name__.rpartition('.')[2][5:]}", run


for _module in MODULES:
    globals().update(runnable_in(_module, LEFT_OUT, SLOW, ONE_HOST))


def test_what_is_left_out_exists() -> None:
    """The table of what is left out names tests that there are."""
    there = {name for module in MODULES for name in vars(module)}
    assert set(LEFT_OUT) | SLOW <= there
    assert ONE_HOST <= SLOW
