"""Small faults, each of which some test must notice.

A test that cannot fail shows nothing. Here the source is copied, one small fault is
planted into the copy, and the tests named beside the fault are run against it: at
least one of them has to turn red. ``python tests/planted.py [WORD ...]`` does it by
hand; `test_planted` does it in CI.

Starting pytest takes longer than most of these tests. So this is a program of its own,
which imports what they need, but nothing of actrio, and forks a process for each fault.

When the source changes, the text of a fault may no longer be found, or found twice;
its test then says so, and the fault needs to be planted anew.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import attrs
import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"

_GREEN, _RED = 0, 1  # what pytest returns when tests ran
_SECONDS = 40
"""How much processor time the tests of one fault may take.

Less than pytest's timeout: on trio in virtual time a hang is busy, and a timeout that
gets in there leaves a loop that sleeps for ever.
"""
CONTROL = "no fault at all"


@attrs.frozen
class Fault:
    """A fault to be planted, and the tests of which one must turn red."""

    name: str
    path: str
    """The module, below ``src/actrio``."""
    old: str
    """Text that occurs exactly once in it."""
    new: str
    tests: tuple[str, ...]
    """Node ids below ``tests``."""


def _fault(name: str, path: str, old: str, new: str, *tests: str) -> Fault:
    return Fault(name, path, old, new, tests)


FAULTS = [
    # -- waking and waiting
    _fault(
        "an idle actor is not woken by a message",
        "runtime/_actor.py",
        "if self.parked is not None:\n            self.actor.router.wake(self)",
        "if self.parked is not None:\n            pass",
        "explorer/test_by_hand.py::test_an_idle_agent_is_woken",
    ),
    _fault(
        "a cancelled caller leaves before the handler has unwound",
        "messages/_envelope.py",
        "self.cancel_handler()\n        return False",
        "self.cancel_handler()\n        return True",
        "runtime/test_requests.py::test_a_running_request_leaves_when_its_handler_has_unwound",
    ),
    _fault(
        "the scope of an actor is not replaced after it was cancelled",
        "runtime/_actor.py",
        "if envelope.scope_cancelled:\n                    return True",
        "if envelope.scope_cancelled:\n                    pass",
        "runtime/test_requests.py::test_the_agents_loop_survives_a_thousand_cancelled_handlers",
        "runtime/test_actor.py::test_a_publish_after_a_swallowed_cancellation_is_not_cancelled",
    ),
    _fault(
        "a finished request stays registered with its token",
        "messages/_token.py",
        "listeners.pop(key, None)",
        "pass",
        "runtime/test_requests.py::test_one_token_serves_many_requests_and_keeps_none_of_them",
    ),
    _fault(
        "a cancelled token does not cancel a running handler",
        "runtime/_requests.py",
        "request.withdrawn_by_token = True\n        request.cancel_handler()",
        "request.withdrawn_by_token = True",
        "explorer/test_by_hand.py::test_a_token_cancels_what_runs",
    ),
    # -- counting
    _fault(
        "a copy of a published message is not counted",
        "runtime/_publishing.py",
        "    router.quiescence.enter()\n",
        "    router.quiescence.active += not router.quiescence.active\n",
        "explorer/test_by_hand.py::test_the_copies_of_a_publish_are_waited_for",
    ),
    _fault(
        "a handled copy is never counted down",
        "runtime/_actor.py",
        "envelope.on_over()\n        router.quiescence.leave()",
        "envelope.on_over()",
        "explorer/test_by_hand.py::test_the_copies_of_a_publish_are_waited_for",
    ),
    # -- coming and leaving
    _fault(
        "agents that cannot be saved are tried again while somebody waits for idleness",
        "runtime/_residents.py",
        "self._router.clock() >= due and not self._router.ends_when_idle",
        "self._router.clock() >= due",
        "runtime/test_life_races.py::test_agents_that_cannot_be_saved_do_not_keep_a_runtime_busy",
    ),
    _fault(
        "an agent that cannot be saved gets no rest",
        "runtime/_residents.py",
        "self._router.clock() >= due and not",
        "not",
        "runtime/test_life_races.py::test_an_agent_that_cannot_be_saved_has_a_rest_before_it_is_tried_again",
    ),
    _fault(
        "nobody is told that a last hook ended the program",
        "runtime/_life.py",
        "            router.crash(error)\n        self.place",
        "            pass\n        self.place",
        "runtime/test_life_races.py::test_what_ends_the_program_ends_it_from_the_last_hooks_too",
    ),
    _fault(
        "failures are forgotten with the agent",
        "runtime/_directory.py",
        "        if actor.life.failures is not None:\n",
        "        if False:\n",
        "runtime/test_life_races.py::test_restarts_are_counted_beyond_a_passivation",
    ),
    _fault(
        "an id is remembered although nothing is there",
        "runtime/_actor.py",
        "            if self.is_gone:\n                self.router.forget(self)\n",
        "",
        "runtime/test_life_races.py::test_nothing_is_kept_of_agents_that_cannot_be_built",
    ),
    _fault(
        "a visit waits for an agent that has left already",
        "runtime/_lifecycle.py",
        "            return  # it has left while this visit was prepared",
        "            pass",
        "runtime/test_life_races.py::test_a_visit_may_find_that_the_agent_has_left_already",
    ),
    _fault(
        "a lost loop goes on changing an agent",
        "runtime/_router.py",
        "            actor.life.abandon()\n",
        "",
        "runtime/test_life_races.py::test_an_agent_that_changed_when_its_loop_was_closed_comes_again",
    ),
    _fault(
        "a save that asyncio cancelled is not taken again",
        "runtime/_activation.py",
        "            await self._save(store, version)\n\n",
        "            pass\n\n",
        "runtime/test_life_sweeps.py::test_closing_saves_what_there_is",
    ),
    _fault(
        "a block wraps the error that ended it",
        "runtime/_lifecycle.py",
        "                        if own is None:\n",
        "                        if True:\n",
        "runtime/test_life_failures.py::test_a_block_that_did_not_notice_its_end_raises_the_error_itself",
    ),
    _fault(
        "a message begins although the agent is to leave",
        "runtime/_life.py",
        "        return not parting.drains\n",
        "        return True\n",
        "runtime/test_life_passivation.py::test_no_message_begins_while_the_last_handlers_end",
    ),
    _fault(
        "nobody looks when a nested handler was the last of an agent that leaves",
        "runtime/_requests.py",
        "            actor.call_one()  # it may",
        "            pass  # it may",
        "runtime/test_life_passivation.py::test_a_nested_handler_may_be_the_last_that_the_agent_waits_for",
    ),
    _fault(
        "a second failure is nobody's",
        "runtime/_supervision.py",
        'return Decision("wait", fate, restarts=counted)',
        'return Decision("resume", fate, restarts=counted)',
        "runtime/test_life_failures.py::test_a_second_failure_of_one_agent_is_nobody_elses_affair",
    ),
    _fault(
        "an agent drains although a handler needs what is queued",
        "runtime/_life.py",
        "parting.drains = stuck.isdisjoint(running)",
        "parting.drains = True",
        "runtime/test_life_passivation.py::test_a_request_queued_just_before_is_not_stuck",
    ),
    _fault(
        "an agent that leaves does not block its queue",
        "runtime/_actor.py",
        "if life.drains:\n            return self.actor.invocations()",
        "if life.drains:\n            return ()",
        "runtime/test_life_passivation.py::test_who_is_asked_back_while_messages_are_held_back_answers",
    ),
    _fault(
        "an agent that could not be saved is gone",
        "runtime/_activation.py",
        "return not self._saved and not outdated",
        "return False",
        "runtime/test_life_passivation.py::test_an_agent_that_cannot_be_saved_stays",
    ),
    _fault(
        "a state is saved over another one",
        "runtime/_activation.py",
        "states[0], expected_version=version",
        "states[0]",
        "runtime/test_life_passivation.py::test_an_outdated_agent_is_dropped",
    ),
    _fault(
        "a passivated agent is remembered for ever",
        "runtime/_directory.py",
        "if self._actors.get(actor.id) is actor:",
        "if False:",
        "runtime/test_life_passivation.py::test_an_agent_comes_back_with_its_state",
    ),
    _fault(
        "a message held for a forgotten actor makes a second one",
        "runtime/_router.py",
        "if self.supervisor.phase is Phase.RUNNING:\n            self.directory.forget",
        "if True:\n            self.directory.forget",
        "runtime/test_life_passivation.py::test_a_message_held_before_the_start_finds_its_agent",
    ),
    _fault(
        "a new agent waits for one that waits for it",
        "runtime/_parting.py",
        "self._residents.waits(self._place)",
        "pass",
        "runtime/test_life_passivation.py::test_one_that_leaves_may_ask_the_one_that_takes_its_place",
    ),
    _fault(
        "an agent at work is sent away",
        "runtime/_residents.py",
        "actor, _ = self._idle.popitem(last=False)\n",
        "actor, _ = self._idle.popitem(last=True)\n",
        "runtime/test_life_passivation.py::test_the_least_recently_used_makes_room",
    ),
    _fault(
        "an agent that could not be saved is tried again at once",
        "runtime/_residents.py",
        "due = self._refused.get(actor)",
        "due = None",
        "runtime/test_life_passivation.py::test_agents_that_cannot_be_saved_are_not_tried_all_the_time",
    ),
    _fault(
        "a second use does not count against being idle",
        "runtime/_residents.py",
        "self._since.move_to_end(actor)",
        "pass",
        "runtime/test_life_passivation.py::test_each_idle_agent_has_its_own_time",
        "runtime/test_life_passivation.py::test_an_idle_agent_leaves_by_itself",
    ),
    _fault(
        "a message that failed goes to the end of the queue",
        "runtime/_inbox.py",
        "self._ready.appendleft(envelope)",
        "self._ready.append(envelope)",
        "runtime/test_life_failures.py::test_a_fresh_agent_takes_the_message_and_what_is_queued",
    ),
    _fault(
        "what is put back makes room",
        "runtime/_inbox.py",
        "if self.is_full:  # still",
        "if False:  # still",
        "runtime/test_life_failures.py::test_a_message_is_handled_once_whatever_fails",
    ),
    _fault(
        "a failed state is saved",
        "runtime/_life.py",
        "self.part().saves = False",
        "self.part()",
        "runtime/test_life_failures.py::test_a_failed_state_is_not_saved",
    ),
    _fault(
        "a storm of restarts has no end",
        "runtime/_supervision.py",
        "if len(counted) >= policy.max_restarts:",
        "if False:",
        "runtime/test_supervision.py::test_no_storm_of_restarts",
    ),
    # -- order
    _fault(
        "the inbox hands out the newest message first",
        "runtime/_inbox.py",
        "self._ready.append(envelope)",
        "self._ready.appendleft(envelope)",
        "runtime/test_inbox.py::test_first_in_first_out_beyond_the_capacity",
    ),
    _fault(
        "the sender that waits shortest is admitted first",
        "runtime/_inbox.py",
        "self._waiting.popitem(last=False)",
        "self._waiting.popitem()",
        "runtime/test_inbox.py::test_taking_gives_room_to_the_first_that_waits",
    ),
    _fault(
        "the gate lets the newest message through first",
        "runtime/_gate.py",
        "self._held.popleft()",
        "self._held.pop()",
        "explorer/test_by_hand.py::test_what_is_sent_before_the_start_keeps_its_order",
    ),
    _fault(
        "the tasks that left while the agent was built are not called",
        "runtime/_life.py",
        "            self.changing = None\n            self.place.call_others()\n",
        "            self.changing = None\n",
        "runtime/test_actor.py::test_several_slots_are_used_at_once_for_what_waited_for_the_agent",
    ),
    _fault(
        "an agent is built by each task that serves it",
        "runtime/_life.py",
        "if self.changing is not None:\n            return False\n        if self.is_built",
        "if self.is_built",
        "runtime/test_actor.py::test_five_messages_to_a_new_id_build_one_agent",
    ),
    _fault(
        "what waits for room has no task when the agent was built",
        "runtime/_actor.py",
        "range(lane.inbox.size + lane.inbox.waiting_for_room)",
        "range(lane.inbox.size)",
        "runtime/test_actor.py::test_several_slots_are_used_at_once_for_what_waited_for_the_agent",
    ),
    _fault(
        "the tasks of a burst stay",
        "runtime/_actor.py",
        "if lane.parked is not None:\n                    return False",
        "if False:\n                    return False",
        "runtime/test_actor.py::test_one_task_stays_when_there_is_nothing_to_do",
    ),
    _fault(
        "an inbox takes one message more than its capacity",
        "runtime/_inbox.py",
        "if self.size < self.capacity:\n",
        "if self.size <= self.capacity:\n",
        "runtime/test_inbox.py::test_first_in_first_out_beyond_the_capacity",
        "properties/test_inbox_model.py",
    ),
    # -- room
    _fault(
        "a withdrawn message keeps its room",
        "runtime/_inbox.py",
        "            return\n        self.size -= 1\n        if self._waiting:",
        "            return\n        if self._waiting:",
        "runtime/test_inbox.py::test_a_withdrawn_envelope_frees_its_room_at_once",
    ),
    _fault(
        "withdrawn messages are never swept out",
        "runtime/_inbox.py",
        "_HUSKS_ALLOWED = 32",
        "_HUSKS_ALLOWED = 1 << 40",
        "runtime/test_inbox.py::test_a_thousand_withdrawn_envelopes_are_not_kept",
    ),
    _fault(
        "a publisher is not told that its copy found room",
        "runtime/_inbox.py",
        "            envelope.settle()",
        "            pass",
        "runtime/test_inbox.py::test_a_copy_that_is_admitted_settles_its_publisher",
    ),
    # -- the wait graph
    _fault(
        "a guest counts only while its host holds",
        "runtime/_waits.py",
        "found: list[Node] = list(self.guests)",
        "found: list[Node] = list(self.guests if self.holding else ())",
        "explorer/test_by_hand.py::test_a_guest_counts_before_its_host_holds",
    ),
    _fault(
        "a host does not wait for its guests",
        "runtime/_requests.py",
        "while me.guests:",
        "while False:",
        "runtime/test_waits.py::test_the_outer_handler_holds_until_its_guest_has_left",
    ),
    _fault(
        "a host is not told that its last guest has left",
        "runtime/_requests.py",
        "            for held in holding:\n                held.host.wake(held)",
        "            pass",
        "explorer/test_by_hand.py::test_a_held_host_goes_on",
    ),
    _fault(
        "one stuck slot of several makes a request nested",
        "runtime/_actor.py",
        "return self.actor.life.drains\n",
        "return True\n",
        "explorer/test_by_hand.py::test_a_slot_that_will_come_free_is_waited_for",
    ),
    _fault(
        "a factory that runs does not block its agent's queue",
        "runtime/_actor.py",
        "        if life.changing is not None:\n            return (life.changing,)\n",
        "",
        "explorer/test_by_hand.py::test_a_factory_in_a_cycle_is_refused",
    ),
    _fault(
        "a message is nested in an agent that is not reentrant",
        "runtime/_requests.py",
        "if not actor.registration.reentrant:",
        "if False:",
        "runtime/test_waits.py::test_an_agent_that_is_not_reentrant_refuses_the_cycle",
    ),
    _fault(
        "a publisher that waits for room is not in the graph",
        "runtime/_publishing.py",
        "    me.begin_waits(waits)\n",
        "    me.begin_waits(())\n",
        "explorer/test_by_hand.py::test_a_cycle_through_a_full_inbox_answers",
    ),
    _fault(
        "a publish waits for room in a cycle",
        "runtime/_publishing.py",
        "if me is not None and stuck_if_queued(lane, me):",
        "if False:",
        "explorer/test_by_hand.py::test_a_publish_that_would_wait_in_a_cycle_is_dead",
    ),
    _fault(
        "a request in a cycle is queued",
        "runtime/_requests.py",
        "if not lane.blockers():\n        return None",
        "if True:\n        return None",
        "explorer/test_by_hand.py::test_a_cycle_of_requests_answers",
    ),
    _fault(
        "a task left behind counts for its handler for ever",
        "runtime/_requests.py",
        "return current if isinstance(current, Invocation) and current.live else None",
        "return current if isinstance(current, Invocation) else None",
        "explorer/test_by_hand.py::test_a_task_left_behind_stops_from_outside",
    ),
    # -- endings
    _fault(
        "stop() leaves queued senders waiting",
        "runtime/_router.py",
        "self._over(envelope, DeadLetterReason.STOPPED)\n        self.wake(envelope)",
        "self._over(envelope, DeadLetterReason.STOPPED)",
        "explorer/test_by_hand.py::test_stop_answers_a_queued_sender",
    ),
    _fault(
        "an agent is closed again by the next close()",
        "runtime/_closing.py",
        "actor.life.retire()",
        "pass",
        "runtime/test_lifecycle.py::test_close_closes_each_agent_once",
    ),
    _fault(
        "a hook begins while agents are closed",
        "runtime/_lifecycle.py",
        "if self._supervisor.phase is Phase.STOPPING or self._closers:",
        "if self._supervisor.phase is Phase.STOPPING:",
        "runtime/test_lifecycle.py::test_nothing_begins_while_agents_are_closed",
    ),
    _fault(
        "a dead letter is not counted",
        "runtime/_dead_letters.py",
        "self.counts[letter.reason] += 1",
        "pass",
        "explorer/test_by_hand.py::test_a_publish_to_nobody_is_a_dead_letter",
    ),
    # -- small print
    _fault(
        "an agent receives what it publishes itself",
        "runtime/_publishing.py",
        "if recipient == context.sender:",
        "if False:",
        "runtime/test_publishing.py::test_an_agent_does_not_receive_its_own_publish",
    ),
    _fault(
        "an exception that is raised often grows",
        "runtime/_endings.py",
        "if note not in notes and len(notes) < _NOTES_ALLOWED:",
        "if True:",
        "runtime/test_requests.py::test_one_exception_object_raised_often_does_not_grow",
    ),
    _fault(
        "actors inherit the context of the first sender",
        "runtime/_supervisor.py",
        "            self._base.run(self._nursery.start_soon, async_fn, *args)",
        "            self._nursery.start_soon(async_fn, *args)",
        "runtime/test_requests.py::test_agents_do_not_inherit_the_first_senders_context",
    ),
    _fault(
        "a route is remembered although a subscription changed",
        "runtime/_routes.py",
        "        self._by_id[subscription.id] = placed\n        self._cache.clear()",
        "        self._by_id[subscription.id] = placed",
        "properties/test_routes_model.py::test_index_and_cache_agree_with_a_scan",
    ),
    # -- components and images
    _fault(
        "any provider is imported",
        "components/_providers.py",
        "if not known.trusts(provider):",
        "if False:",
        "components/test_loading.py::test_an_untrusted_module_does_not_run",
    ),
    _fault(
        "a namespace is trusted by the beginning of its name",
        "components/_providers.py",
        'provider.startswith(f"{name}.")',
        "provider.startswith(name)",
        "components/test_loading.py::test_other_providers_are_not_imported",
    ),
    _fault(
        "what a load trusts is trusted afterwards",
        "components/_loading.py",
        "_known.reset(token)",
        "pass",
        "components/test_loading.py::test_parts_of_a_component_are_trusted_with_it",
    ),
    _fault(
        "a component of another class is made before it is refused",
        "components/_loading.py",
        "if not issubclass(cls, wanted):",
        "if False:",
        "components/test_loading.py::test_a_component_of_another_class_is_not_made",
    ),
    _fault(
        "an image is decoded before its pixels are counted",
        "images.py",
        "_check_pixels(opened.size, max_pixels)\n            return cls(opened)",
        "made = cls(opened)\n            _check_pixels(opened.size, max_pixels)\n            return made",
        "test_images.py::test_many_pixels_are_refused_before_they_are_decoded",
    ),
    # -- telemetry
    _fault(
        "what a watcher raises stops the message",
        "runtime/_watching.py",
        "self._entered.append((step, step.__enter__()))\n            except Exception:",
        "self._entered.append((step, step.__enter__()))\n            except EOFError:",
        "telemetry/test_spans.py::test_what_an_exporter_raises_stops_no_message",
    ),
    _fault(
        "the sender's context stays behind",
        "telemetry/_spans.py",
        "set_span_in_context(span, notes.context)",
        "set_span_in_context(span)",
        "telemetry/test_spans.py::test_baggage_travels_with_the_message",
    ),
    # -- states
    _fault(
        "a cancelled caller leaves while its thread is at work",
        "_concurrency/_threads.py",
        "        return False\n",
        "        return True\n",
        "concurrency/test_worker.py::TestRun::test_a_call_that_has_begun_is_waited_for",
    ),
    _fault(
        "a native cancel is lost while a thread is at work",
        "_concurrency/_asyncio.py",
        "        ):\n            call.cancelled()\n",
        "        ):\n            pass\n",
        "concurrency/test_worker.py::TestNativeCancel::test_it_is_raised_when_the_call_has_ended",
    ),
    _fault(
        "a save that fails half-way is kept",
        "state/_file.py",
        'execute("ROLLBACK")',
        'execute("COMMIT")',
        "state/test_file.py::test_a_state_larger_than_sqlite_takes",
    ),
    _fault(
        "the states of one save are not one transaction",
        "state/_file.py",
        "self._connection.execute(begin)",
        "pass",
        "state/test_file.py::test_a_state_larger_than_sqlite_takes",
    ),
    _fault(
        "a deleted key gets its old versions again",
        "state/_file.py",
        '"UPDATE counter SET version = version + 1"',
        '"UPDATE counter SET version = (SELECT count(*) FROM state) + 1"',
        "state/test_store.py::test_a_key_that_came_back_has_a_new_version",
    ),
    _fault(
        "a damaged state is returned",
        "state/_file.py",
        "if checksum != _checksum(key, version, text):",
        "if False:",
        "state/test_file.py::test_a_damaged_state_is_not_returned",
    ),
    _fault(
        "a state is turned into something similar",
        "_json.py",
        "if _decode(text) == value:",
        "if text:",
        "state/test_codec.py::test_the_message_says_what_is_wrong_and_what_to_do",
    ),
    # -- messages as bytes
    _fault(
        "two classes of one name share a serializer",
        "serialization/_names.py",
        'return f"{cls.__module__}.{cls.__qualname__}"',
        "return cls.__name__",
        "serialization/test_registry.py::test_a_bare_name_is_read_while_it_is_clear",
    ),
    _fault(
        "members of a union that look alike have no tag",
        "serialization/_unions.py",
        "and any(seen[kind] > 1 for kind in one.form.kinds)",
        "and False",
        "serialization/test_unions.py::test_members_come_back",
    ),
    _fault(
        "orjson has the last word about long integers",
        "serialization/_collections.py",
        "if value.__class__ is float and not -_BIG < value < _BIG:",
        "if False:",
        "serialization/test_codec.py::test_the_fast_way_never_has_the_last_word",
    ),
    _fault(
        "a subclass is written as its base",
        "serialization/_records.py",
        "if value.__class__ is not cls:",
        "if not isinstance(value, cls):",
        "serialization/test_records.py::test_wrong_values_are_found_at_their_place",
    ),
    _fault(
        "nobody looks whether a message contains itself",
        "serialization/_compiler.py",
        "if mark in self._being_written:",
        "if False:",
        "serialization/test_codec.py::test_a_message_that_contains_itself_is_refused",
    ),
    _fault(
        "what is known about a class replaces what the user said",
        "serialization/_registry.py",
        "if not replace and (present, content_type) in self._entries:",
        "if False:",
        "runtime/test_runtime_serializers.py::test_a_serializer_of_the_user_stays",
    ),
    # -- the door to Redis
    _fault(
        "a malformed address of Redis is shown with its password",
        "_redis/_url.py",
        'return url if is_harmless else f"{scheme}://…"',
        "return url",
        "_redis/test_servers.py::test_urls_that_are_none",
    ),
    _fault(
        "a reply of Redis goes to the last command",
        "_redis/_link.py",
        "self._settle(self._written.popleft(), found, None)",
        "self._settle(self._written.pop(), found, None)",
        "_redis/test_link.py::test_commands_and_replies",
    ),
    _fault(
        "a connection to Redis goes on when its scripts were removed",
        "_redis/_link.py",
        'text.startswith("NOSCRIPT")',
        "not text",
        "_redis/test_link.py::test_its_scripts_were_removed",
    ),
    _fault(
        "commands overtake what is due after connecting to Redis",
        "_redis/_client.py",
        "await link.load((*self._scripts, *self._watch.scripts(link)))\n",
        "await link.load(self._scripts)\n        self._link = link\n        self._wake()\n",
        "_redis/test_client.py::test_on_up_comes_first",
    ),
    _fault(
        "what may be carried out in Redis is sent again",
        "_redis/_client.py",
        "if exc.was_sent and not twice:",
        "if False:",
        "_redis/test_client.py::test_other_tasks_wait_at_the_end",
    ),
    _fault(
        "a node of a cluster that is named as the right one is not asked next",
        "_redis/_route.py",
        "self._to_try.insert(0, self._led_to)",
        "self._to_try.append(self._led_to)",
        "_redis/test_route.py::test_a_node_that_leads_to_another",
    ),
    _fault(
        "a replica is taken for the server",
        "_redis/_client.py",
        "if is_replica and servers.are_several:",
        "if False:",
        "_redis/test_sentinel.py::test_a_replica_is_not_worked_with",
    ),
    _fault(
        "what a server has refused keeps its number",
        "distributed/_sender.py",
        "if not error.was_sent:",
        "if False:",
        "distributed/test_sender.py::test_what_is_refused_while_what_follows_is_not",
    ),
    _fault(
        "a right that is missing is noticed when it is needed",
        "_redis/_rights.py",
        "    if missing:",
        "    if False:",
        "distributed/test_acl.py::test_several_rights_that_are_missing",
    ),
    # -- mailboxes
    _fault(
        "a message of a low priority waits for ever",
        "mailboxes/_order.py",
        "if count and passed[number] >= PATIENCE",
        "if False",
        "mailboxes/test_order.py::test_nobody_is_passed_too_often",
        "mailboxes/test_bus.py::test_nobody_starves",
    ),
    _fault(
        "a reader that is cancelled keeps the message it was given",
        "mailboxes/_memory.py",
        "                post.box.put_back(reader.message)\n",
        "",
        "mailboxes/test_bus_sweeps.py::test_receive",
    ),
    _fault(
        "a sender that is cancelled has sent",
        "mailboxes/_memory.py",
        "            if post.box.remove(message):\n",
        "            if False:\n",
        "mailboxes/test_bus_sweeps.py::test_send_to_a_full_mailbox",
    ),
    _fault(
        "a late reply is received like any other message",
        "mailboxes/_memory.py",
        "            post.mailbox.count_late_reply()\n",
        "            return False\n",
        "mailboxes/test_bus.py::test_a_late_reply_is_dropped_and_counted",
    ),
    _fault(
        "what was taken is lost when a mailbox is taken over",
        "mailboxes/_memory.py",
        "            post.box.put_back(changed(message, redelivered=True))\n        post.pending.clear()",
        "            pass\n        post.pending.clear()",
        "mailboxes/test_bus.py::test_a_mailbox_is_taken_over",
    ),
    _fault(
        "a broadcast waits for a full mailbox before it fills the others",
        "mailboxes/_memory.py",
        "            if post.has_room:\n                self._add(host, post, copy)\n            else:",
        "            if post.has_room and not full:\n                self._add(host, post, copy)\n            else:",
        "mailboxes/test_bus.py::test_a_broadcast_waits_for_full_mailboxes_last",
    ),
    # -- models, model contexts, memory
    _fault(
        "calls are left out without all of their results",
        "model_context/_pairs.py",
        "while end < len(messages) and _is_result(messages[end]):",
        "if end < len(messages) and _is_result(messages[end]):",
        "model_context/test_pairs.py::test_the_middle_goes_with_what_belongs_to_it",
        "model_context/test_pairs.py::test_leaving_out_the_middle_ends_and_parts_no_pair",
    ),
    _fault(
        "results are left out without their calls",
        "model_context/_pairs.py",
        "while start > 0 and _is_result(messages[start]):",
        "while False:",
        "model_context/test_pairs.py::test_the_middle_goes_with_what_belongs_to_it",
    ),
    _fault(
        "nobody hears of a limit smaller than one message",
        "model_context/_token_limited.py",
        "            if not messages:\n",
        "            if False:\n",
        "model_context/test_token_limited.py"
        "::test_a_limit_smaller_than_one_message_is_told",
    ),
    _fault(
        "bytes become text in JSON",
        "memory/_content.py",
        "if isinstance(content, bytes):",
        "if False:",
        "memory/test_content.py::test_everything_comes_back_from_json",
    ),
    _fault(
        "an image becomes a dictionary in JSON",
        "memory/_content.py",
        "if not rest and _is_image(fields):",
        "if False:",
        "memory/test_content.py::test_an_image_comes_back_from_json",
    ),
    _fault(
        "a token does not reach a scripted response",
        "testing/_replay.py",
        "with (token or CancellationToken()).scope() as scope:",
        "with CancellationToken().scope() as scope:",
        "testing/test_replay.py::test_a_token_withdraws_a_stream_between_its_pieces",
    ),
    _fault(
        "a request is recorded as the conversation is later",
        "testing/_replay.py",
        'call["messages"] = list(call["messages"])',
        "pass",
        "testing/test_replay.py::test_requests_are_recorded",
    ),
    _fault(
        "two requests at once get one response",
        "testing/_replay.py",
        "return self.chat_completions[self._next - 1]",
        "return self.chat_completions[0]",
        "testing/test_replay.py::test_requests_at_once_get_different_responses",
    ),
    # -- Redis
    _fault(
        "a message is sent again although it was carried out",
        "mailboxes/_outbox.py",
        "        sending.is_again = 0 < sending.serial <= self.carried_out\n",
        "        sending.is_again = False\n",
        "mailboxes/test_redis_bus.py::test_a_lost_connection_loses_and_doubles_nothing",
    ),
    _fault(
        "a message is not sent again although it was lost",
        "mailboxes/_outbox.py",
        "        sending.is_again = 0 < sending.serial <= self.carried_out\n",
        "        sending.is_again = sending.serial > 0\n",
        "mailboxes/test_redis_bus.py::test_a_lost_connection_loses_and_doubles_nothing",
    ),
    _fault(
        "what an owner did is forgotten when the connection is lost",
        "mailboxes/_owned.py",
        "        again = Telling([op for one in told for op in one.ops], asks=True)\n",
        "        again = Telling([], asks=True)\n",
        "mailboxes/test_redis_bus.py::test_a_lost_connection_loses_and_doubles_nothing",
    ),
    _fault(
        "an answer that is told twice is late the second time",
        "mailboxes/_owned.py",
        "        if id in self._heard:\n",
        "        if False:\n",
        "mailboxes/test_redis_bus.py::test_an_answer_that_is_told_twice",
    ),
    _fault(
        "what a killed receiver was shown is not marked",
        "mailboxes/_lua/register.lua",
        "if b.owner ~= client and b.shown > 0 then",
        "if false then",
        "mailboxes/test_redis_bus.py::test_only_its_owner_reads_a_mailbox",
    ),
    _fault(
        "the order of priorities in Redis is another one",
        "mailboxes/_lua/taking.lua",
        "      if i > taken then p[i] = p[i] + 1 end",
        "      p[i] = p[i] + 1",
        "mailboxes/test_bus_model.py::test_the_order_of_priorities_is_the_same_in_redis",
    ),
    _fault(
        "what is more urgent does not make what was shown stale",
        "mailboxes/_lua/common.lua",
        "  if lane < b.win or (in_front and lane == b.win) then",
        "  if false then",
        "mailboxes/test_redis_bus.py::test_something_more_urgent_than_what_lies_ready",
    ),
    _fault(
        "messages are shown without end before their owner has told what it took",
        "mailboxes/_lua/common.lua",
        "b.shown >= credit(b)",
        "false",
        "mailboxes/test_redis_bus.py::test_no_more_is_shown_unasked_than_there_is_credit",
    ),
    _fault(
        "an owner that took little never tells",
        "mailboxes/_owned.py",
        "        self._timer = None\n        self.tell()\n",
        "        self._timer = None\n",
        "mailboxes/test_redis_bus.py::test_what_was_taken_is_told_in_a_moment",
    ),
    _fault(
        "an owner does not hear that it has to ask again",
        "mailboxes/_owned.py",
        "        elif self._credit and value[1] < 0:",
        "        elif False:",
        "mailboxes/test_redis_bus.py::test_no_more_is_shown_unasked_than_there_is_credit",
    ),
    _fault(
        "a mailbox is unregistered that somebody registered meanwhile",
        "mailboxes/_lua/unregister.lua",
        "if not b or b.number ~= tonumber(ARGV[2]) then",
        "if not b then",
        "mailboxes/test_redis_bus.py::test_an_unregistration_that_is_tried_again",
    ),
    _fault(
        "a cancelled sender's message waits on for room in Redis",
        "mailboxes/_lua/withdraw.lua",
        "  if call('HDEL', b.key .. ':h', ticket) == 0 then return false end",
        "  if true then return false end",
        "mailboxes/test_bus.py::test_a_full_mailbox_makes_senders_wait",
    ),
    _fault(
        "a save in Redis is made again when its reply was lost",
        "state/_redis.py",
        "if before then return {'K', before} end",
        "",
        "state/test_redis.py::test_a_save_whose_reply_is_lost",
    ),
    # -- tools, the tool agent, MCP servers
    _fault(
        "a thread is not told that its call was cancelled",
        "_concurrency/_threads.py",
        "        if self._on_cancel is not None:\n",
        "        if False:\n",
        "concurrency/test_threads.py::test_a_cancelled_caller_is_told_and_waits",
    ),
    _fault(
        "a token does not reach a tool",
        "tools/_cancelling.py",
        "    with token.scope():",
        "    with CancellationToken().scope():",
        "tools/test_base.py::TestRunJson::test_the_token_cancels_the_call",
    ),
    _fault(
        "a token is taken for another one that is heeded",
        "tools/_cancelling.py",
        "if heeded.get() is token:",
        "if heeded.get() is not None:",
        "tools/test_cancelling.py::TestUnder::test_one_scope_does_for_one_token",
    ),
    _fault(
        "the last item of a stream is lost when the tool fails after it",
        "tools/_static.py",
        "        elif held is not _NOTHING:\n",
        "        elif False:\n",
        "tools/test_static.py::TestStreaming::test_an_error_comes_after_what_was_said",
    ),
    _fault(
        "calls of a tool agent wait for each other",
        "tool_agent/_agent.py",
        "@message_handler(concurrent=True)",
        "@message_handler",
        "tool_agent/test_agent.py::test_a_tool_holds_up_no_other",
    ),
    _fault(
        "a failing call ends the others",
        "tool_agent/_outcomes.py",
        "        if cancellation is not None:\n            raise\n        return exc",
        "        raise",
        "tool_agent/test_outcomes.py::test_an_error_ends_nobody_else",
    ),
    _fault(
        "a validation error inside a tool is taken for one about its arguments",
        "tool_agent/_agent.py",
        "        tool.args_type().model_validate(arguments)\n",
        "        tool.args_type().model_validate(None)\n",
        "tool_agent/test_agent.py"
        "::test_a_validation_error_inside_a_tool_is_not_about_its_arguments",
    ),
    _fault(
        "a constraint beside a format is dropped",
        "utils/_scalars.py",
        "    if plain is str:\n",
        "    if True:\n",
        "utils/test_scalars.py::test_constraints_hold",
    ),
    _fault(
        "of two limits the looser one holds",
        "utils/_merging.py",
        '    "minimum": max,\n',
        '    "minimum": min,\n',
        "utils/test_merging.py::test_the_stricter_one_holds",
    ),
    _fault(
        "stopping a workbench does not wait for its server",
        "tools/mcp/_session.py",
        "        if not self._is_over:\n",
        "        if False:\n",
        "tools/mcp/test_workbench.py",
    ),
    _fault(
        "a token withdraws what a team of AgentChat has published",
        "autogen/_interleaved.py",
        "        await publish(router, message, context, None)\n",
        "        await publish(router, message, context, cancellation_token)\n",
        "autogen/test_runtime_teams.py"
        "::test_a_team_runs_again_whenever_it_was_cancelled",
    ),
    _fault(
        "handlers of autogen_core do not know which agent they are",
        "autogen/_guests.py",
        "        with theirs.MessageHandlerContext.populate_context(self._their_id):\n",
        "        if True:\n",
        "autogen/test_runtime.py::test_handlers_find_the_context_of_autogen_core",
    ),
    _fault(
        "each message adds a callback to its token of autogen_core",
        "autogen/_values.py",
        "        setattr(token, _TWIN, twin)\n",
        "        pass\n",
        "autogen/test_values.py::test_a_token_has_one_twin_that_is_cancelled_with_it",
    ),
    _fault(
        "the drop-in does not look whether the real package is in use",
        "autogen/_drop_in.py",
        "        _check_absent()\n",
        "        pass\n",
        "autogen/test_drop_in.py::test_it_refuses_when_the_real_package_is_in_use",
    ),
    # -- the first hour
    _fault(
        "a portal's caller leaves before its handler has unwound",
        "portal.py",
        "self._loop.start_task_soon(_cancel, future)\n                wait([future])",
        "self._loop.start_task_soon(_cancel, future)",
        "test_portal.py::test_ctrl_c_cancels_the_handler_first",
    ),
    _fault(
        "a portal takes calls while its block ends",
        "portal.py",
        "            self._is_open = False\n",
        "            pass\n",
        "test_portal.py::test_use_after_the_end_is_refused",
    ),
    _fault(
        "a file is written half",
        "cli/_files.py",
        "        os.replace(name, target)",
        "        target.write_bytes(data[:9])\n        os.replace(name, target)",
        "cli/test_migrate.py::test_a_file_that_cannot_be_written",
    ),
    _fault(
        "a name that only looks like the package is renamed",
        "cli/_rewriting.py",
        'if isinstance(getattr(one, "node", 0), cst.Import)',
        "if True",
        "cli/test_rewriting.py::test_everything_else_stays",
    ),
    _fault(
        "a probe expects one message twice",
        "testing/_probe.py",
        "        self._unexpected.popleft()\n        return message",
        "        return message",
        "testing/test_probe.py::test_what_was_published_is_expected_in_order",
    ),
    _fault(
        "nobody hears that a request waits for the start",
        "runtime/_gate.py",
        "and self.parked is None and not self._hinted",
        "and False",
        "test_first_day.py::test_a_request_before_the_start",
    ),
    _fault(
        "a clean-up hides what ended the program",
        "runtime/_lifecycle.py",
        "_, own = host.split_cancellation(exc)",
        "own = None",
        "runtime/test_lifecycle.py::test_a_failing_clean_up_does_not_hide_what_ended_the_program",
    ),
    # -- many processes
    _fault(
        "what was lost with a worker is tried for ever",
        "distributed/_lua/placing.lua",
        "attempt = tonumber(attempt) + 1\n",
        "attempt = tonumber(attempt)\n",
        "distributed/chaos/test_chaos_leases.py::test_a_message_that_outlives_too_many_workers",
    ),
    _fault(
        "a worker whose lease is lost acknowledges what others have",
        "distributed/_lua/done.lua",
        "if call('XDEL', inbox, id) == 1 then",
        "if call('XDEL', inbox, id) then",
        "distributed/chaos/test_chaos_leases.py::test_a_worker_that_has_lost_its_lease_acknowledges_nothing",
    ),
    _fault(
        "a dead letter that nobody can take is taken out all the same",
        "distributed/_lua/replay.lua",
        "    return 'U'\n",
        "    call('XDEL', P .. 'dead', id)\n    return 'U'\n",
        "distributed/test_dead_letters.py::test_a_type_that_nobody_hosts",
    ),
    _fault(
        "a dead letter that was sent again stays one",
        "distributed/_lua/replay.lua",
        "  call('XDEL', P .. 'dead', id)\n",
        "",
        "distributed/test_dead_letters.py::test_a_letter_as_it_was",
    ),
    _fault(
        "a dead letter that fails again is gone",
        "distributed/_outcomes.py",
        "if header.is_awaited or not header.is_request or reply[:1] == VALUE:",
        "if reply:",
        "distributed/test_dead_letters.py::test_a_request_that_fails_again",
    ),
    _fault(
        "a dead letter that is refused at last is gone",
        "distributed/_lua/placing.lua",
        "if is_request(kind) and client ~= NOBODY then",
        "if is_request(kind) then",
        "distributed/test_dead_letters.py::test_a_type_that_is_given_up_while_a_letter_waits",
    ),
    _fault(
        "a worker goes on after its lease",
        "distributed/_lease.py",
        "return now < self.fenced_at",
        "return True",
        "distributed/chaos/test_chaos_leases.py::test_a_handler_that_waits_for_another_process_stops_with_its_lease",
    ),
    _fault(
        "an agent comes again while its handler unwinds",
        "distributed/_member.py",
        "await self._ended.wait_unwound()",
        "pass",
        "distributed/chaos/test_chaos_leases.py::test_an_agent_does_not_come_again_before_it_has_left",
    ),
    _fault(
        "replies are not kept",
        "distributed/_lua/common.lua",
        "    call('HSET', P .. 'c:' .. client, 'r' .. serial, reply)\n",
        "",
        "distributed/chaos/test_chaos_links.py::test_an_answer_that_is_lost_with_the_connection",
    ),
    _fault(
        "a client that comes back sends again under new numbers",
        "distributed/_sender.py",
        '            if serial > carried_out or sending.kind.lower() not in "qn":\n'
        "                self._batches.add(sending)\n",
        "            del self._open[serial]\n            self.post(sending)\n",
        "distributed/chaos/test_chaos_links.py::test_an_answer_that_is_lost_with_the_connection",
        "distributed/chaos/test_chaos_links.py::test_a_publish_whose_confirmation_is_lost",
    ),
    _fault(
        "a client sends before it knows what became of what it sent",
        "distributed/_member.py",
        "        worker = self.worker\n\n        def take(",
        "        worker = self.worker\n        self._around.line.use_new(link)\n\n"
        "        def take(",
        "distributed/chaos/test_chaos_links.py::test_a_request_that_is_made_while_the_client_comes_back",
    ),
    _fault(
        "a nested request that is given up early is never over",
        "distributed/_nesting.py",
        "    receiver.over(arrival)\n    return True",
        "    return True",
        "distributed/chaos/test_chaos_giving_up.py::test_a_nested_request_that_is_given_up_as_it_arrives",
    ),
    _fault(
        "a handler that cancelled its own task is left to other workers",
        "distributed/_worker.py",
        "if self.is_over or (is_stopping and goes_elsewhere(envelope)):",
        "if self.is_over or goes_elsewhere(envelope):",
        "distributed/test_semantics.py::test_a_handler_that_cancels_its_own_task_leaves_nobody_waiting__actor",
    ),
    _fault(
        "a token does not reach a publisher that waits for room in Redis",
        "distributed/_transport.py",
        "        self._is_let_go = True\n",
        "        pass\n",
        "distributed/test_room.py::test_a_token_lets_a_publisher_go",
    ),
    _fault(
        "a message of wrong types takes its worker's time for ever",
        "distributed/_wire.py",
        "        _check(parcel)\n",
        "",
        "distributed/test_bad_input.py::test_a_message_of_another_version",
    ),
    _fault(
        "an outdated activation saves its state",
        "state/_redis.py",
        "~= ARGV[i + 2] then return {'F', ARGV[i]} end",
        "== 0 then return {'F', ARGV[i]} end",
        "distributed/test_bad_input.py::test_a_save_by_an_activation_that_was_replaced",
    ),
    _fault(
        "an evicted agent is built anew",
        "runtime/_router.py",
        "elif is_evicted or self",
        "elif self",
        "distributed/chaos/test_chaos_leases.py::test_an_agent_that_fails_as_its_lease_is_lost",
    ),
    _fault(
        "a publish that came too late is taken for sent",
        "distributed/_lua/send.lua",
        "    elseif call('HEXISTS', mine, 'u' .. serial) == 1 then\n",
        "    elseif false then\n",
        "distributed/chaos/test_chaos_links.py::test_a_publish_that_came_too_late_for_its_subscriptions",
    ),
    _fault(
        "what comes right behind the inbox is dropped",
        "distributed/_worker.py",
        "        self._is_behind = False\n        rest",
        "        self._router.host.call_later(0, lambda: setattr(self, '_is_behind', False))\n"
        "        rest",
        "distributed/chaos/test_chaos_links.py::test_what_is_shown_right_after_the_inbox_was_read",
    ),
    # -- exceptions of other processes
    _fault(
        "an exception of another process ends this program",
        "distributed/_failures.py",
        "    return issubclass(kind, Exception) or",
        "    return issubclass(kind, BaseException) or",
        "distributed/test_failures.py::test_a_remote_does_not_end_this_program",
    ),
    _fault(
        "a tuple in an exception becomes a list",
        "distributed/_plain.py",
        'return self._wrap("tuple", items, level)',
        "return self._all(items, level)",
        "distributed/test_failures.py::test_plain_values_come_back_equal",
    ),
    _fault(
        "the bytes of texts are counted as characters",
        "distributed/_plain.py",
        "self.take(len(data) - len(text))\n        return text",
        "return text",
        "distributed/test_failures.py::test_what_is_too_large_is_a_remote_error",
    ),
    _fault(
        "each process on the way repeats the tracebacks of those before",
        "distributed/_failures.py",
        "        shown_as.__notes__ = None\n",
        "",
        "distributed/test_failures.py::test_each_process_on_the_way_adds_its_traceback",
    ),
    _fault(
        "a cancelled stop leaves without a word",
        "distributed/_member.py",
        "with self._host.cancel_scope(deadline=until, shield=True) as scope:",
        "with self._host.cancel_scope(deadline=until) as scope:",
        "distributed/test_member.py::test_a_stop_that_is_cancelled_leaves_no_caller_waiting",
    ),
    _fault(
        "without grace there is no time for a goodbye",
        "distributed/_member.py",
        "grace = max(_SHORTEST_GRACE, self._around.router.settings.grace)",
        "grace = self._around.router.settings.grace",
        "distributed/test_member.py::test_a_runtime_without_grace_says_goodbye",
    ),
    _fault(
        "a message that ends a program goes to the next",
        "distributed/_outcomes.py",
        "envelope.scope_cancelled or envelope.has_ended_program",
        "envelope.scope_cancelled",
        "distributed/test_member.py::test_what_ends_one_program_is_not_given_to_others",
    ),
    _fault(
        "a message whose factory ends the program goes to the next",
        "runtime/_life.py",
        'router.not_built(self.place, program_ended(self.place.id, exc), "resume")\n            router.crash(exc)',
        'router.crash(exc)\n            router.not_built(self.place, program_ended(self.place.id, exc), "resume")',
        "distributed/test_member.py::test_what_ends_one_program_is_not_given_to_others",
    ),
    _fault(
        "the keeper of the lease raises what an agent raised",
        "runtime/_lifecycle.py",
        "await self._close_agents(closer, current_host(), log_errors=True)",
        "await self._close_agents(closer, current_host(), log_errors=False)",
        "distributed/test_member.py::test_what_a_close_raises_after_a_handler_has_stopped_the_runtime",
    ),
    _fault(
        "a type that the server refused stays registered",
        "distributed/_hosting.py",
        "            self._around.router.directory.remove(agent_type)\n",
        "",
        "distributed/test_hosting.py::test_a_type_that_the_server_refuses_is_not_registered",
    ),
    _fault(
        "another loop uses the connection",
        "distributed/_member.py",
        "        if not self._host.is_current():\n            raise wrong_loop()\n",
        "",
        "distributed/test_semantics.py::test_two_loops_at_once_are_refused__lifecycle",
    ),
    _fault(
        "a message whose last worker has left had none",
        "distributed/_lua/placing.lua",
        "if attempt ~= '0' then reply = 'G' end",
        "",
        "distributed/test_semantics.py::test_a_waiting_caller_is_told_when_the_block_fails__lifecycle",
    ),
    _fault(
        "only the exceptions of one module of actrio are rebuilt",
        "distributed/_failures.py",
        "            self._classes |= {_name_of(kind): kind for kind in _own(ActrioError)}\n",
        "            pass\n",
        "distributed/test_failures.py::test_exceptions_of_actrio_are_rebuilt_wherever_they_are_defined",
    ),
    _fault(
        "a copy in another process cannot be withdrawn",
        "distributed/_worker.py",
        "            copy.withdraw()\n",
        "",
        "distributed/test_withdrawing.py::test_copies_in_another_process_are_withdrawn",
    ),
    _fault(
        "a withdrawal is lost with the connection",
        "distributed/_sender.py",
        "        self.withdrawing.resume()\n",
        "",
        "distributed/test_withdrawing.py::test_a_token_that_is_cancelled_while_there_is_no_connection",
    ),
    _fault(
        "a token keeps all that was ever published with it",
        "distributed/_withdrawing.py",
        "            self._kept.pop(next(iter(self._kept)))()\n",
        "            pass\n",
        "distributed/test_withdrawing.py::test_a_token_of_a_long_conversation_keeps_the_newest_ones",
    ),
    _fault(
        "a request of another process begins a trace of its own",
        "distributed/_worker.py",
        "arrival.watch = watch(message, context, recipient, parcel.trace)",
        "arrival.watch = watch(message, context, recipient)",
        "distributed/test_wire_spans.py::test_a_conversation_of_three_runtimes_is_one_trace",
    ),
    _fault(
        "what was published in another process begins a trace of its own",
        "distributed/_worker.py",
        "router.observers.watch(message, context, topic, parcel.trace)",
        "router.observers.watch(message, context, topic)",
        "distributed/test_wire_spans.py::test_a_conversation_of_three_runtimes_is_one_trace",
    ),
    _fault(
        "a request that is given up stays among those that are looked at",
        "distributed/_worker.py",
        "            around.callers.remove(envelope)\n",
        "",
        "distributed/chaos/test_chaos_giving_up.py::test_thousands_of_callers_that_give_up",
    ),
]


@attrs.frozen
class Outcome:
    """What the tests of one fault said."""

    name: str
    code: int | None
    """What pytest returned; None if the fault could not be planted."""
    text: str
    """Why it could not, or the end of what pytest printed."""
    seconds: float

    @property
    def is_as_expected(self) -> bool:
        """Whether a fault turned a test red, or everything was green without one."""
        return self.code == (_GREEN if self.name == CONTROL else _RED)


def plant(fault: Fault, folder: Path) -> str | None:
    """Copy the source into ``folder`` with one fault; return why that cannot be."""
    shutil.copytree(SRC, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "actrio" / fault.path
    text = path.read_text()
    found = text.count(fault.old)
    if found != 1:
        return (
            f"the text of the fault {fault.name!r} occurs {found} times in "
            f"{fault.path}: plant it anew in tests/planted.py"
        )
    path.write_text(text.replace(fault.old, fault.new))
    return None


def warm_up() -> None:
    """Import, before forking, what the tests are going to import."""
    for module in (
        "hypothesis.stateful",
        "trio.testing",
        "anyio._backends._asyncio",
        "anyio._backends._trio",
        "anyio.pytest_plugin",
        "pytest_timeout",
        "pytest_trio.plugin",
        "uvloop",
    ):
        importlib.import_module(module)
    assert "actrio" not in sys.modules
    # that a test is red is enough: the smallest example may take a minute to find
    phases = [
        phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.shrink
    ]
    hypothesis.settings.register_profile("planted", phases=phases)
    hypothesis.settings.load_profile("planted")


def run_tests(source: Path, tests: Sequence[str], output: Path) -> NoReturn:
    """Turn this forked process into one that runs tests against a copy of the source."""
    # a hang is no answer: pytest ends a test that sleeps, this one that is busy
    import resource  # not on Windows, where this is never called

    seconds = _SECONDS + len(tests)  # without a fault all of them run
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.path.insert(0, str(source))
    os.environ["PYTHONPATH"] = str(source)
    sys.dont_write_bytecode = True
    os.chdir(ROOT)
    options = ["-q", "-x", "--tb=line", "--run-slow", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # see warm_up()
    code = 99
    try:
        code = pytest.main([*options, *(f"tests/{test}" for test in tests)])
        used = Path(sys.modules["actrio"].__file__ or "")
        if not used.is_relative_to(source):
            code = 98
            sys.stdout.write(f"the tests used {used}, not the copy in {source}")
    except BaseException:  # noqa: BLE001 - nothing may get back into the parent's code
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def attempt_all(faults: Sequence[Fault]) -> Iterator[Outcome]:
    """Plant every fault, two at a time for each processor: some wait for what never comes."""
    warm_up()
    waiting, running = list(faults)[::-1], dict[int, tuple[Fault, Path, float]]()
    with tempfile.TemporaryDirectory() as name:
        while waiting or running:
            while waiting and len(running) < 2 * (os.cpu_count() or 1):
                fault = waiting.pop()
                folder = Path(name) / str(len(waiting))
                wrong = plant(fault, folder / "src")
                if wrong is not None:
                    yield Outcome(fault.name, None, wrong, 0.0)
                    continue
                process = os.fork()
                if not process:
                    run_tests(folder / "src", fault.tests, folder / "output")
                running[process] = fault, folder, time.monotonic()
            if running:
                process, status = os.wait()
                fault, folder, began = running.pop(process)
                code = os.waitstatus_to_exitcode(status)
                text = (folder / "output").read_text(errors="replace")
                seconds = time.monotonic() - began
                yield Outcome(fault.name, code, text[-2000:], seconds)


def control() -> Fault:
    """Return no fault at all: every test that is named must pass on a plain copy."""
    tests = dict.fromkeys(test for fault in FAULTS for test in fault.tests)
    return Fault(CONTROL, "__init__.py", '"""Actors', '"""Actors', tuple(tests))


def main(words: Sequence[str]) -> int:
    """Plant the faults with these words in their names, or all; 1 if one is missed.

    With ``--json`` the outcomes are printed for a program, which does something else
    meanwhile and comes first.
    """
    as_json = "--json" in words
    if as_json:
        os.nice(19)
    words = [word for word in words if word != "--json"]
    chosen = [f for f in FAULTS if not words or any(word in f.name for word in words)]
    missed = 0
    for outcome in attempt_all([control(), *chosen]):
        missed += not outcome.is_as_expected
        if as_json:
            found = {**attrs.asdict(outcome), "expected": outcome.is_as_expected}
            sys.stdout.write(json.dumps(found) + "\n")
        else:
            verdict = f"MISSED, pytest returned {outcome.code}: {outcome.text}"
            if outcome.is_as_expected:
                verdict = "as it should be"
            sys.stdout.write(f"{outcome.seconds:5.1f} s  {outcome.name}: {verdict}\n")
        sys.stdout.flush()
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
