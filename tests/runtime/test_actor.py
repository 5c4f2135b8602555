"""One actor per id, one message at a time, in order; and what is built in between."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from actrio.agents import RoutedAgent, message_handler
from actrio.exceptions import RequestCancelled, RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import DeadLetterReason, SingleThreadedAgentRuntime
from actrio.testing import run

from .kit import (
    Busy,
    Scripted,
    agent_of,
    assert_at_rest,
    every_host,
    idle,
    raising,
    register,
    running,
    settled,
    start,
    subscribe,
    timed,
)

pytestmark = every_host


class Gauge:
    """A script that counts how many of its runs overlap."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.runs = 0

    async def __call__(self, agent: Scripted, ctx: MessageContext) -> None:
        self.now += 1
        self.runs += 1
        self.most = max(self.most, self.now)
        for _ in range(60):
            await anyio.lowlevel.checkpoint()
        self.now -= 1


# -- one at a time ---------------------------------------------------------------------


async def test_handlers_of_one_agent_never_interleave() -> None:
    """Requests and published messages of many tasks are handled one by one."""
    gauge = Gauge()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(runtime.send_message, gauge, a)
                tasks.start_soon(runtime.publish_message, gauge, TopicId("t", "k"))
    assert gauge.runs == 20
    assert gauge.most == 1


async def test_agents_run_beside_each_other() -> None:
    """Ten agents of one type handle ten messages at once."""
    gauge = Gauge()
    async with running() as runtime:
        await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            for key in range(10):
                tasks.start_soon(runtime.send_message, gauge, AgentId("a", str(key)))
    assert gauge.most == 10


@pytest.mark.parametrize("concurrency", [2, 3, math.inf])
async def test_max_concurrency_is_the_number_of_handlers_at_once(
    concurrency: float,
) -> None:
    """No more, and no fewer when there is work; as a setting of runtime or type."""
    for of_runtime in (True, False):
        gauge = Gauge()
        options = {"max_concurrency": concurrency}
        async with running(**(options if of_runtime else {})) as runtime:
            [a] = await register(runtime, "a", **({} if of_runtime else options))
            async with anyio.create_task_group() as tasks:
                for _ in range(9):
                    tasks.start_soon(runtime.send_message, gauge, a)
        assert gauge.runs == 9
        assert gauge.most == min(concurrency, 9)


@pytest.mark.parametrize("concurrency", [1, 2, 5, math.inf])
def test_messages_start_in_sending_order_whatever_the_concurrency(
    concurrency: float,
) -> None:
    """Also the first ones, while the agent is being built, direct and published mixed."""

    async def program() -> list[int]:
        log: list[int] = []

        def numbered(number: int) -> Callable[..., Awaitable[None]]:
            async def script(agent: Scripted, ctx: MessageContext) -> None:
                log.append(number)
                await anyio.lowlevel.checkpoint()

            return script

        async with running(max_concurrency=concurrency) as runtime:
            [a] = await register(runtime, "a")
            await subscribe(runtime, "t", "a")
            async with anyio.create_task_group() as tasks:

                async def sender() -> None:
                    for number in range(0, 40, 4):
                        for extra in range(3):
                            await runtime.publish_message(
                                numbered(number + extra), TopicId("t", "k")
                            )
                        await runtime.send_message(numbered(number + 3), a)

                tasks.start_soon(sender)
        return log

    for host in ("trio", "asyncio"):
        for seed in range(10):
            assert run(program, host=host, seed=seed) == list(range(40)), (host, seed)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_five_messages_to_a_new_id_build_one_agent(concurrency: int) -> None:
    """With a slow factory, on any schedule: one instance, messages in sending order."""

    async def program() -> tuple[int, list[object]]:
        built = 0

        async def factory() -> Scripted:
            nonlocal built
            built += 1
            await anyio.sleep(1)
            return Scripted()

        async with running(max_concurrency=concurrency) as runtime:
            await runtime.register_factory("a", factory)
            a = AgentId("a", "k")
            await subscribe(runtime, "t", "a")
            for number in range(5):
                await runtime.publish_message(number, TopicId("t", "k"))
            await idle(runtime)
            return built, (await agent_of(runtime, a)).seen

    for host in ("trio", "asyncio"):
        for seed in range(10):
            assert run(program, host=host, seed=seed) == (1, [0, 1, 2, 3, 4])


async def test_a_busy_actor_lets_other_tasks_run() -> None:
    """A thousand handlers that never wait do not starve the loop."""
    turns = 0
    done = False

    async def tick() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async def nothing(agent: Scripted, ctx: MessageContext) -> None:
        pass

    busy = Busy()
    async with running() as runtime:
        await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        for script in [busy, *[nothing] * 1000]:
            await runtime.publish_message(script, TopicId("t", "k"))
        await settled()
        async with anyio.create_task_group() as tasks:
            busy.release.set()
            tasks.start_soon(tick)
            await runtime.stop_when_idle()
            done = True
    assert turns >= 1000 // 32


# -- concurrent=True -------------------------------------------------------------------


class Work:
    """A message whose handler is busy until it is told."""


class Pause:
    """A message that must be handled beside it."""


class Worker(RoutedAgent):
    """Handles `Pause` beside `Work`."""

    def __init__(self) -> None:
        super().__init__("worker")
        self.log: list[str] = []
        self.go = anyio.Event()

    @message_handler
    async def on_work(self, message: Work, ctx: MessageContext) -> str:
        self.log.append("work begins")
        await self.go.wait()
        self.log.append("work ends")
        return "worked"

    @message_handler(concurrent=True)
    async def on_pause(self, message: Pause, ctx: MessageContext) -> str:
        self.log.append("pause")
        self.go.set()
        return "paused"


async def test_a_concurrent_handler_runs_beside_the_current_one() -> None:
    """It overtakes what is queued; the rest still goes one by one."""
    async with running() as runtime:
        await Worker.register(runtime, "w", Worker)
        w = AgentId("w", "k")
        async with anyio.create_task_group() as tasks:
            first = start(tasks, runtime.send_message, Work(), w)
            second = start(tasks, runtime.send_message, Work(), w)
            await settled()
            assert await runtime.send_message(Pause(), w) == "paused"
        worker = await runtime.try_get_underlying_agent_instance(w, Worker)
    assert (first.value, second.value) == ("worked", "worked")
    assert worker.log == [
        "work begins",
        "pause",
        "work ends",
        "work begins",
        "work ends",
    ]


async def test_a_concurrent_message_is_recognised_while_the_agent_is_built() -> None:
    """What arrives before the agent exists is sorted when it does."""
    release = anyio.Event()

    async def factory() -> Worker:
        await release.wait()
        return Worker()

    async with running() as runtime:
        await runtime.register_factory("w", factory)
        w = AgentId("w", "k")
        async with anyio.create_task_group() as tasks:
            work = start(tasks, runtime.send_message, Work(), w)
            await settled()
            pause = start(tasks, runtime.send_message, Pause(), w)
            await settled()
            release.set()
        assert (work.value, pause.value) == ("worked", "paused")


async def test_a_concurrent_request_is_cancelled_with_its_caller() -> None:
    """Scope and token reach the handler in its task of its own, and no other one."""
    inside = anyio.Event()

    class Slow(RoutedAgent):
        cancelled = 0

        def __init__(self) -> None:
            super().__init__("slow")

        @message_handler(concurrent=True)
        async def on_pause(self, message: Pause, ctx: MessageContext) -> None:
            inside.set()
            try:
                await anyio.sleep_forever()
            finally:
                Slow.cancelled += 1

    async with running() as runtime:
        await Slow.register(runtime, "s", Slow)
        s = AgentId("s", "k")
        for by_token in (True, False):
            inside = anyio.Event()
            token = CancellationToken()

            async def ask(token: CancellationToken) -> None:
                await runtime.send_message(Pause(), s, cancellation_token=token)

            async with anyio.create_task_group() as tasks:
                call = start(tasks, ask, token)
                await inside.wait()
                token.cancel() if by_token else call.scope.cancel()
            assert isinstance(call.error, RequestCancelled) == by_token
            assert call.cancelled == (not by_token)
        assert Slow.cancelled == 2


async def test_a_cancelled_handler_of_several_leaves_the_others_alone() -> None:
    """With max_concurrency=3 each handler has a scope of its own."""
    async with running(max_concurrency=3) as runtime:
        [a] = await register(runtime, "a")
        busy = [Busy(number) for number in range(3)]
        async with anyio.create_task_group() as tasks:
            calls = [start(tasks, runtime.send_message, one, a) for one in busy]
            for one in busy:
                await one.started.wait()
            calls[1].scope.cancel()
            await settled()
            assert [one.cancelled for one in busy] == [False, True, False]
            for one in busy:
                one.release.set()
        assert [call.value for call in calls] == [0, None, 2]
        assert await runtime.send_message("next", a) == "next"


# -- building --------------------------------------------------------------------------


async def test_a_factory_that_raises_fails_what_waits_and_is_tried_again() -> None:
    """Requests get its exception, published messages are dead letters."""
    tries = 0
    error = ValueError("no agent today")
    letters: list[object] = []

    async def factory() -> Scripted:
        nonlocal tries
        tries += 1
        await anyio.lowlevel.checkpoint()
        if tries == 1:
            raise error
        return Scripted()

    async with running(on_dead_letter=letters.append) as runtime:
        await runtime.register_factory("a", factory)
        await subscribe(runtime, "t", "a")
        a = AgentId("a", "k")
        async with anyio.create_task_group() as tasks:
            first = start(tasks, runtime.send_message, "first", a)
            second = start(tasks, runtime.send_message, "second", a)
            await runtime.publish_message("published", TopicId("t", "k"))
        assert first.error is error
        assert second.error is error
        assert runtime.dead_letters.counts[DeadLetterReason.NOT_BUILT] == 3
        assert await runtime.send_message("again", a) == "again"
        assert tries == 2
        assert (await agent_of(runtime, a)).seen == ["again"]


@pytest.mark.parametrize("made", [None, 42, object(), Scripted], ids=repr)
async def test_a_factory_that_makes_no_agent_is_told(made: object) -> None:
    """The error names what it returned, and nothing hangs."""
    async with running() as runtime:
        await runtime.register_factory("a", lambda: made)  # type: ignore[arg-type,return-value]
        with pytest.raises(TypeError, match="'a' returned"):
            await runtime.send_message("x", AgentId("a", "k"))


async def test_a_factory_that_makes_another_class_is_told() -> None:
    """Both classes are named."""

    class Other(Scripted):
        pass

    async with running() as runtime:
        await Other.register(runtime, "a", Scripted)  # type: ignore[arg-type]
        with pytest.raises(
            ValueError, match="wrong type: expected Other, got Scripted"
        ):
            await runtime.send_message("x", AgentId("a", "k"))


async def test_a_hanging_factory_delays_only_its_own_agent() -> None:
    """Its senders can leave; a stop cancels it."""
    hanging = anyio.Event()
    cancelled = False

    async def factory() -> Scripted:
        nonlocal cancelled
        hanging.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled = True
        raise AssertionError

    runtime = SingleThreadedAgentRuntime(grace=0)
    runtime.start()
    await runtime.register_factory("h", factory)
    [a] = await register(runtime, "a")
    async with anyio.create_task_group() as tasks:
        call = start(tasks, runtime.send_message, "x", AgentId("h", "k"))
        await hanging.wait()
        assert await runtime.send_message("y", a) == "y"
        call.scope.cancel()
        await settled()
        assert call.cancelled
        assert not cancelled
        await runtime.stop()
    assert cancelled
    assert_at_rest(runtime)


async def test_a_cancelled_get_stops_waiting_and_the_agent_is_built_all_the_same() -> (
    None
):
    """The factory goes on; the next caller has its agent."""
    release, built = anyio.Event(), 0

    async def factory() -> Scripted:
        nonlocal built
        await release.wait()
        built += 1
        return Scripted()

    async with running() as runtime:
        await runtime.register_factory("a", factory)
        a = AgentId("a", "k")

        async def get() -> AgentId:
            return await runtime.get(a, lazy=False)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, get)
            await settled()
            call.scope.cancel()
            await settled()
            assert call.cancelled
            release.set()
        await settled()
        assert built == 1
        assert await runtime.send_message("x", a) == "x"
        assert built == 1


async def test_getting_an_agent() -> None:
    """Ids and types both name it; only lazy=False builds it."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        assert await runtime.get("a", "k") == a
        assert await runtime.get("a") == AgentId("a", "default")
        assert await runtime.get(a) is a
        assert len(runtime._router.directory) == 0
        assert await runtime.get(a, lazy=False) is a
        assert len(runtime._router.directory) == 1
        with pytest.raises(LookupError, match="'nobody'"):
            await runtime.get("nobody", lazy=False)
        assert await runtime.get("nobody") == AgentId("nobody", "default")
        with pytest.raises(LookupError, match="'nobody'"):
            await runtime.try_get_underlying_agent_instance(AgentId("nobody", "k"))
        with pytest.raises(TypeError, match="a/k is a Scripted, not a Worker"):
            await runtime.try_get_underlying_agent_instance(a, Worker)
        metadata = await runtime.agent_metadata(a)
        assert metadata == {
            "type": "a",
            "key": "k",
            "description": "does as it is told",
        }


# -- instances -------------------------------------------------------------------------


async def test_an_instance_can_be_registered() -> None:
    """The very object handles the messages of its id; other ids of its type do not exist."""
    async with running() as runtime:
        agent = Scripted()
        a = await agent.register_instance(runtime, AgentId("a", "k"))
        assert await runtime.send_message("x", a) == "x"
        assert agent.seen == ["x"]
        assert await agent_of(runtime, a) is agent
        with pytest.raises(RuntimeError, match="a/other was never registered"):
            await runtime.send_message("x", AgentId("a", "other"))
        with pytest.raises(ValueError, match="a/k already exists"):
            await Scripted().register_instance(runtime, a)
        other = Scripted()
        await other.register_instance(runtime, AgentId("a", "2"))
        assert await runtime.send_message("y", AgentId("a", "2")) == "y"

        class Other(Scripted):
            pass

        with pytest.raises(ValueError, match=r"same class.*Scripted, got Other"):
            await Other().register_instance(runtime, AgentId("a", "3"))
    assert agent.closings == 1


async def test_an_instance_of_a_type_with_a_factory_is_refused() -> None:
    """And a factory for a type with instances too."""
    async with running() as runtime:
        await register(runtime, "a")
        with pytest.raises(ValueError, match="'a' already exists with a factory"):
            await Scripted().register_instance(runtime, AgentId("a", "k"))
        await Scripted().register_instance(runtime, AgentId("b", "k"))
        with pytest.raises(ValueError, match="b already exists"):
            await register(runtime, "b")


async def test_an_instance_bound_elsewhere_is_refused_and_the_type_stays_free() -> None:
    """A failing registration of an instance registers nothing."""
    async with running() as first, running() as second:
        agent = Scripted()
        await agent.register_instance(first, AgentId("a", "k"))
        with pytest.raises(RuntimeError, match="different runtime"):
            await agent.register_instance(second, AgentId("a", "k"))
        await register(second, "a")
        assert await second.send_message("x", AgentId("a", "k")) == "x"


async def test_an_instance_registered_after_its_id_was_asked_for() -> None:
    """A failed message before does not take the id."""
    async with running() as runtime:
        await Scripted().register_instance(runtime, AgentId("a", "1"))
        with pytest.raises(RuntimeError, match="never registered"):
            await runtime.send_message("x", AgentId("a", "2"))
        late = Scripted()
        await late.register_instance(runtime, AgentId("a", "2"))
        await runtime.send_message("y", AgentId("a", "2"))
        assert late.seen == ["y"]


# -- the loop survives -----------------------------------------------------------------


async def test_an_agent_survives_every_kind_of_end_of_its_handlers() -> None:
    """Value, exception, cancellation, in any order, mixed with published ones."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        for number in range(20):
            assert await runtime.send_message(number, a) == number
            with pytest.raises(ValueError, match="no"):
                await runtime.send_message(raising(ValueError("no")), a)
            busy = Busy()
            async with anyio.create_task_group() as tasks:
                call = start(tasks, runtime.send_message, busy, a)
                await busy.started.wait()
                await runtime.publish_message(number, TopicId("t", "k"))
                call.scope.cancel()
            assert busy.cancelled
        agent = await agent_of(runtime, a)
    assert agent.seen == [n for number in range(20) for n in (number, number)]


@timed
async def test_a_publish_after_a_swallowed_cancellation_is_not_cancelled() -> None:
    """The stray cancellation of one handler does not hit the next one."""
    ended: list[str] = []

    async def swallow(agent: Scripted, ctx: MessageContext) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(2)

    async def sleep(agent: Scripted, ctx: MessageContext) -> None:
        await anyio.sleep(1)
        ended.append("slept")

    async with running() as runtime:
        [a] = await register(runtime, "a")
        await subscribe(runtime, "t", "a")
        async with anyio.create_task_group() as tasks:
            call = start(tasks, runtime.send_message, swallow, a)
            await settled()
            for _ in range(3):
                await runtime.publish_message(sleep, TopicId("t", "k"))
            call.scope.cancel()
    assert ended == ["slept"] * 3


# -- the tasks that serve a lane -------------------------------------------------------


@pytest.mark.parametrize("capacity", [1, 3, 1024])
async def test_several_slots_are_used_at_once_for_what_waited_for_the_agent(
    capacity: int,
) -> None:
    """As many handlers run as there are slots, also if most messages wait for room."""
    release, gauge = anyio.Event(), Gauge()

    async def factory() -> Scripted:
        await release.wait()
        return Scripted()

    async with running(max_concurrency=3, inbox_capacity=capacity) as runtime:
        await runtime.register_factory("a", factory)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                start(tasks, runtime.send_message, gauge, AgentId("a", "k"))
                await settled()
            release.set()
    assert (gauge.runs, gauge.most) == (5, 3)


async def test_one_task_stays_when_there_is_nothing_to_do() -> None:
    """Those that a burst needed end with it, and others come with the next."""
    async with running(max_concurrency=math.inf) as runtime:
        [a] = await register(runtime, "a")
        lane = runtime._router.directory.actor(a).lane
        for size in (1, 7, 3):
            gauge = Gauge()
            async with anyio.create_task_group() as tasks:
                for _ in range(size):
                    start(tasks, runtime.send_message, gauge, a)
                await settled()
            assert gauge.most == size
            await settled()
            assert lane.tasks == 1


class Answer:
    """Something large."""


class Answering(RoutedAgent):
    """Takes work and gives it back with an answer."""

    def __init__(self) -> None:
        super().__init__("answering")

    @message_handler
    async def on_work(self, message: Work, ctx: MessageContext) -> Answer:
        return Answer()


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
@pytest.mark.parametrize("slots", [1, 2])
async def test_a_handler_that_cancels_its_own_task_leaves_nobody_waiting(
    slots: int,
) -> None:
    """To end a task of the runtime is to end the runtime; everybody is told."""

    async def ending(agent: Scripted, ctx: MessageContext) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await anyio.sleep_forever()

    async with running(max_concurrency=slots) as runtime:
        [a] = await register(runtime, "a")
        busy = [Busy() for _ in range(slots - 1)]
        async with anyio.create_task_group() as tasks:
            for one in busy:
                start(tasks, runtime.send_message, one, a)
            await settled()
            calls = [
                start(tasks, runtime.send_message, message, a)
                for message in (ending, "queued")
            ]
            await settled()
            assert [type(call.error) for call in calls] == [RuntimeStoppedError] * 2


async def test_an_idle_actor_keeps_no_message_alive() -> None:
    """What was handled can be collected at once, and its response too."""
    async with running() as runtime:
        await Answering.register(runtime, "a", Answering)
        message = Work()
        asked = weakref.ref(message)
        answered = weakref.ref(await runtime.send_message(message, AgentId("a", "k")))
        del message
        await settled()
        gc.collect()
        assert (asked(), answered()) == (None, None)


class Reopened(RoutedAgent):
    """Has handlers of both kinds, and a factory that can be told to fail."""

    built = 0
    failing = False

    def __init__(self) -> None:
        super().__init__("reopened")

    @classmethod
    async def make(cls) -> Reopened:
        cls.built += 1
        await anyio.sleep(1)
        if cls.failing:
            message = "no agent today"
            raise OSError(message)
        return cls()

    @message_handler
    async def on_work(self, message: Work, ctx: MessageContext) -> str:
        return "worked"

    @message_handler(concurrent=True)
    async def on_pause(self, message: Pause, ctx: MessageContext) -> str:
        return "paused"


@pytest.mark.parametrize("failing", [False, True])
def test_an_agent_is_built_once_for_both_of_its_lanes(failing: bool) -> None:
    """After a restart both lanes have messages for an agent that is not there yet."""

    async def program() -> list[object]:
        Reopened.built, Reopened.failing = 0, False
        runtime = SingleThreadedAgentRuntime()
        await runtime.register_factory("r", Reopened.make)
        r = AgentId("r", "k")
        async with runtime:
            await runtime.send_message(Work(), r)
            await runtime.send_message(Pause(), r)
        assert Reopened.built == 1
        Reopened.failing = failing
        async with runtime, anyio.create_task_group() as tasks:
            calls = [
                start(tasks, runtime.send_message, message(), r)
                for message in (Work, Pause, Work, Pause)
            ]
        assert Reopened.built == 2
        assert_at_rest(runtime)
        return [call.value or type(call.error) for call in calls]

    expected = [OSError] * 4 if failing else ["worked", "paused"] * 2
    for host in ("trio", "asyncio"):
        for seed in range(5):
            assert run(program, host=host, seed=seed) == expected


def test_stopping_while_an_agent_is_built_answers_both_of_its_lanes() -> None:
    """Nobody waits for a factory that was cancelled."""

    async def program() -> list[object]:
        Reopened.built, Reopened.failing = 0, False
        runtime = SingleThreadedAgentRuntime(grace=0)
        await runtime.register_factory("r", Reopened.make)
        r = AgentId("r", "k")
        async with runtime:
            await runtime.send_message(Work(), r)
            await runtime.send_message(Pause(), r)
        async with anyio.create_task_group() as tasks:
            runtime.start()
            calls = [
                start(tasks, runtime.send_message, message(), r)
                for message in (Work, Pause)
            ]
            await anyio.sleep(0.5)
            await runtime.stop()
        assert_at_rest(runtime)
        return [type(call.error) for call in calls]

    for host in ("trio", "asyncio"):
        assert run(program, host=host) == [RuntimeStoppedError] * 2
