"""Agents that fail: what becomes of them, of the message, and of what is queued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import anyio
import pytest

from actrio.abc import RestartPolicy
from actrio.exceptions import AgentStopped, RuntimeStoppedError
from actrio.identity import AgentId, TopicId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import AgentState, DeadLetterReason, SingleThreadedAgentRuntime
from actrio.state import MemoryStateStore
from actrio.testing import run

from .kit import (
    Busy,
    Scripted,
    agent_of,
    asking,
    every_host,
    idle,
    raising,
    register,
    returning,
    running,
    settled,
    start,
    subscribe,
    timed,
)

pytestmark = every_host

A = AgentId("a", "k")
T = TopicId("t", "k")
FAST = RestartPolicy(first_delay=0.001, longest_delay=0.001)


class Fallible(Scripted):
    """Fails as often as it is told by a message, and keeps the books of all of them."""

    made: ClassVar[list[Fallible]] = []
    log: ClassVar[list[tuple[int, object]]] = []

    def __init__(self) -> None:
        super().__init__()
        self.made.append(self)
        self.number = len(self.made)

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        self.log.append((self.number, message))
        if isinstance(message, Fails) and message.times:
            message.times -= 1
            raise ValueError(message.name)
        return await super().on_message_impl(message, ctx)

    async def close(self) -> None:
        await super().close()
        self.log.append((self.number, "closes"))


class Fails:
    """A message that fails an agent so many times."""

    def __init__(self, times: int, name: str = "failed") -> None:
        self.times = times
        self.name = name

    def __repr__(self) -> str:
        return self.name


async def prepare(
    runtime: SingleThreadedAgentRuntime, on_failure: Any, **options: Any
) -> type[Fallible]:
    """Register the type "a", subscribed to "t"; return the class with its books."""

    class Books(Fallible):
        made: ClassVar[list[Fallible]] = []
        log: ClassVar[list[tuple[int, object]]] = []

    await Books.register(runtime, "a", Books, on_failure=on_failure, **options)
    await subscribe(runtime, "t", "a")
    runtime._router.random = lambda: 1.0
    return Books


# -- resume -----------------------------------------------------------------------------


@timed
async def test_by_default_an_agent_goes_on() -> None:
    """The error is logged, the message is over, the agent is the same."""
    async with running() as runtime:
        books = await prepare(runtime, "resume")
        fails = Fails(1)
        await runtime.publish_message(fails, T)
        await runtime.publish_message("next", T)
    assert books.log == [(1, fails), (1, "next"), (1, "closes")]
    assert runtime.statistics().restarts == 0


# -- restart ----------------------------------------------------------------------------


@timed
async def test_a_fresh_agent_takes_the_message_and_what_is_queued() -> None:
    """In the same order, after a delay that doubles."""
    policy = RestartPolicy(first_delay=1, longest_delay=60)
    async with running() as runtime:
        books = await prepare(runtime, policy)
        fails = Fails(2)
        began = anyio.current_time()
        await runtime.publish_message(fails, T)
        for number in range(3):
            await runtime.publish_message(number, T)
        assert await runtime.send_message("last", A) == "last"
        assert anyio.current_time() - began == pytest.approx(3)
    assert books.log == [
        (1, fails),
        (1, "closes"),
        (2, fails),
        (2, "closes"),
        *[(3, one) for one in [fails, 0, 1, 2, "last"]],
        (3, "closes"),
    ]
    assert runtime.statistics().restarts == 2
    assert runtime.dead_letters.counts == {}


@timed
async def test_a_message_that_fails_again_and_again_is_dead(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After so many attempts; the next message has a fresh agent."""
    letters: list[object] = []
    async with running(on_dead_letter=letters.append) as runtime:
        books = await prepare(runtime, RestartPolicy(attempts=2))
        fails = Fails(99)
        await runtime.publish_message(fails, T)
        await runtime.publish_message("next", T)
    assert [entry for entry in books.log if entry[1] != "closes"] == [
        (1, fails),
        (2, fails),
        (3, "next"),
    ]
    assert runtime.dead_letters.counts == {DeadLetterReason.FAILED: 1}
    assert [letter.message for letter in letters] == [fails]  # type: ignore[attr-defined]
    assert caplog.text.count("Error processing publish message for a/k") == 2


@timed
async def test_what_a_request_raises_is_an_answer() -> None:
    """It is its sender's, and no failure of the agent."""
    async with running() as runtime:
        books = await prepare(runtime, "restart")
        for _ in range(9):
            with pytest.raises(ValueError, match="failed"):
                await runtime.send_message(Fails(1), A)
        assert len(books.made) == 1


@timed
async def test_a_storm_of_restarts_ends() -> None:
    """One restart too many stops the agent; all that waits is told so."""
    policy = RestartPolicy(attempts=99, max_restarts=3, first_delay=1, longest_delay=9)
    async with running() as runtime:
        books = await prepare(runtime, policy)
        await runtime.publish_message(Fails(99), T)
        with pytest.raises(AgentStopped, match=r"a/k was stopped .* passivate") as got:
            await runtime.send_message("waits", A)
        assert got.value.agent == A
        assert isinstance(got.value.__cause__, ValueError)
        await runtime.publish_message("late", T)
        await settled()
        assert runtime.dead_letters.counts == {DeadLetterReason.AGENT_STOPPED: 2}
        [agent] = runtime.snapshot().agents
        assert (agent.state, agent.restarts) == (AgentState.STOPPED, 3)
        assert "stopped, by ValueError('failed'), restarted 3 x" in repr(agent)
    assert len(books.made) == 4


@timed
async def test_restarts_long_ago_are_forgotten() -> None:
    """A failure a day restarts for ever, and soon."""
    policy = RestartPolicy(max_restarts=1, within=60, first_delay=1)
    async with running() as runtime:
        books = await prepare(runtime, policy)
        for _ in range(5):
            began = anyio.current_time()
            await runtime.publish_message(Fails(1), T)
            await runtime.send_message("after", A)
            assert anyio.current_time() - began == pytest.approx(1)
            await anyio.sleep(60)
        assert len(books.made) == 6


@timed
async def test_delays_have_jitter() -> None:
    """Between a half of the delay and the whole."""
    for chance, delay in [(0.0, 5.0), (0.5, 7.5), (1.0, 10.0)]:
        async with running() as runtime:
            await prepare(runtime, RestartPolicy(first_delay=10, longest_delay=10))
            runtime._router.random = lambda chance=chance: chance  # type: ignore[misc]
            began = anyio.current_time()
            await runtime.publish_message(Fails(1), T)
            await idle(runtime)
            assert anyio.current_time() - began == pytest.approx(delay, abs=1)


@timed
async def test_a_failed_state_is_not_saved() -> None:
    """The fresh agent goes on from what was saved before."""

    class Keeper(Fallible):
        made: ClassVar[list[Fallible]] = []
        log: ClassVar[list[tuple[int, object]]] = []

        async def save_state(self) -> Mapping[str, Any]:
            return {"seen": self.seen}

        async def load_state(self, state: Mapping[str, Any]) -> None:
            self.seen = list(state["seen"])

    async with MemoryStateStore() as store, running(state_store=store) as runtime:
        await Keeper.register(runtime, "a", Keeper, on_failure=FAST)
        await subscribe(runtime, "t", "a")
        await runtime.send_message("kept", A)
        await runtime.passivate(A)
        await runtime.send_message("lost", A)
        await runtime.publish_message(Fails(1), T)
        await idle(runtime)
        seen = (await agent_of(runtime, A)).seen
        assert [one for one in seen if isinstance(one, str)] == ["kept"]
        seen[:] = ["end"]
    stored = await _load(store)
    assert stored == {"seen": ["end"]}


async def _load(store: MemoryStateStore) -> Mapping[str, Any]:
    async with store:
        found = await store.load("a/k")
    assert found is not None
    return found.state


@timed
async def test_an_agent_that_cannot_be_built_is_tried_again() -> None:
    """What is queued waits, requests too."""
    tries: list[float] = []

    def factory() -> Scripted:
        tries.append(anyio.current_time())
        if len(tries) < 4:
            raise OSError("not yet")
        return Scripted()

    policy = RestartPolicy(first_delay=1, longest_delay=60)
    async with running() as runtime:
        runtime._router.random = lambda: 1.0
        await Scripted.register(runtime, "a", factory, on_failure=policy)
        await subscribe(runtime, "t", "a")
        await runtime.publish_message("p", T)
        assert await runtime.send_message("r", A) == "r"
        assert [at - tries[0] for at in tries] == pytest.approx([0, 1, 3, 7])
        assert (await agent_of(runtime, A)).seen == ["p", "r"]
        assert runtime.statistics().restarts == 3


@timed
@pytest.mark.parametrize("on_failure", ["stop", RestartPolicy(max_restarts=2)])
async def test_an_agent_that_can_never_be_built_is_stopped(on_failure: Any) -> None:
    """Requests in its inbox raise what the factory raised, later ones `AgentStopped`."""

    def factory() -> Scripted:
        raise OSError("never")

    async with running() as runtime:
        await Scripted.register(runtime, "a", factory, on_failure=on_failure)
        with pytest.raises(OSError, match="never"):
            await runtime.send_message("first", A)
        with pytest.raises(AgentStopped):
            await runtime.send_message("later", A)


@timed
async def test_a_caller_may_give_up_while_the_agent_waits_to_come_back() -> None:
    """By its scope, and by a token; nothing is built for nobody."""
    async with running() as runtime:
        books = await prepare(runtime, RestartPolicy(first_delay=10, longest_delay=10))
        token = CancellationToken()
        await runtime.publish_message(Fails(9), T, cancellation_token=token)
        await settled()
        [agent] = runtime.snapshot().agents
        assert (agent.state, agent.queued) == (AgentState.COMING, 1)
        with anyio.move_on_after(1) as scope:
            await runtime.send_message("x", A)
        assert scope.cancelled_caught
        token.cancel()
        await anyio.sleep(20)
        assert len(books.made) == 1
        assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 2}
        assert await runtime.send_message("y", A) == "y"


@timed
async def test_a_token_cancelled_while_its_message_fails_is_heard() -> None:
    """The message is not handled once more."""
    async with running() as runtime:
        books = await prepare(runtime, FAST)
        token = CancellationToken()

        async def script(agent: Scripted, ctx: MessageContext) -> None:
            token.cancel()
            raise ValueError

        await runtime.publish_message(script, T, cancellation_token=token)
    assert [entry[1] for entry in books.log] == [script, "closes"]
    assert runtime.dead_letters.counts == {DeadLetterReason.WITHDRAWN: 1}


@timed
async def test_a_stop_does_not_wait_for_the_next_restart() -> None:
    """What waits for it is refused."""
    runtime = SingleThreadedAgentRuntime()
    books = await prepare(runtime, RestartPolicy(first_delay=99, longest_delay=99))
    runtime.start()
    async with anyio.create_task_group() as tasks:
        await runtime.publish_message(Fails(9), T)
        call = start(tasks, runtime.send_message, "x", A)
        await settled()
        began = anyio.current_time()
        await runtime.stop()
        assert anyio.current_time() == began
    assert isinstance(call.error, RuntimeStoppedError)
    assert len(books.made) == 1
    runtime.start()
    assert await runtime.send_message("y", A) == "y"  # its failures are forgotten
    assert anyio.current_time() == began
    await runtime.stop()
    await runtime.close()


@timed
async def test_a_message_that_fails_during_the_stop_is_not_tried_again() -> None:
    """It is a dead letter, since nobody will handle it."""
    runtime = SingleThreadedAgentRuntime()
    books = await prepare(runtime, FAST)
    runtime.start()
    begun = anyio.Event()

    async def script(agent: Scripted, ctx: MessageContext) -> None:
        begun.set()
        await anyio.sleep(1)
        raise ValueError

    await runtime.publish_message(script, T)
    await begun.wait()
    await runtime.stop()
    assert runtime.dead_letters.counts == {DeadLetterReason.STOPPED: 1}
    runtime.start()
    await runtime.send_message("x", A)
    await runtime.stop()
    await runtime.close()
    # the agent that failed is not used again
    assert [number for number, what in books.log if what == "x"] == [2]


@timed
async def test_handlers_beside_the_one_that_fails_end_first() -> None:
    """Then one fresh agent takes both failed messages, in front of the others."""
    async with running() as runtime:
        books = await prepare(runtime, FAST, max_concurrency=3)
        busy = Busy()

        async def fails_late(agent: Scripted, ctx: MessageContext) -> None:
            await busy(agent, ctx)
            if agent.number == 1:  # type: ignore[attr-defined]
                raise ValueError("late")

        first = Fails(1, "first")
        await runtime.publish_message(fails_late, T)
        await busy.started.wait()
        await runtime.publish_message(first, T)
        await settled()
        # one slot is free, but the agent is about to be replaced
        await runtime.publish_message("behind", T)
        await settled()
        assert len(books.made) == 1
        busy.release.set()
        await idle(runtime)
    assert len(books.made) == 2
    assert runtime.statistics().restarts == 1
    assert [entry for entry in books.log if entry[0] == 2] == [
        (2, fails_late),
        (2, first),
        (2, "behind"),
        (2, "closes"),
    ]


@pytest.mark.parametrize("host", ["trio", "asyncio"])
@pytest.mark.parametrize("slots", [1, 2])
def test_a_message_is_handled_once_whatever_fails(host: Any, slots: int) -> None:
    """Every message ends in one success; with one slot in its order."""

    async def program() -> list[object]:
        done: list[object] = []
        async with running() as runtime:
            policy = RestartPolicy(
                attempts=9, max_restarts=999, first_delay=0.001, longest_delay=0.001
            )
            await prepare(runtime, policy, max_concurrency=slots, inbox_capacity=3)

            class Step(Fails):
                async def __call__(self, agent: Scripted, ctx: MessageContext) -> None:
                    await anyio.lowlevel.checkpoint()
                    done.append(self.name)

            for number in range(40):
                await runtime.publish_message(Step(number % 3, str(number)), T)
                if number % 10 == 9:
                    await runtime.passivate(A)
            await idle(runtime)
        assert runtime.dead_letters.counts == {}
        return done

    for seed in range(10):
        done = run(program, host=host, seed=seed)
        assert sorted(done, key=int) == [str(number) for number in range(40)]  # type: ignore[arg-type]
        if slots == 1:
            assert done == [str(number) for number in range(40)], seed


# -- stop -------------------------------------------------------------------------------


@timed
async def test_a_stopped_agent_gets_nothing_any_more() -> None:
    """It is closed; what is queued and what comes is refused, until somebody says so."""
    async with running() as runtime:
        books = await prepare(runtime, "stop")
        async with anyio.create_task_group() as tasks:
            await runtime.publish_message(Fails(1), T)
            queued = start(tasks, runtime.send_message, "queued", A)
        assert isinstance(queued.error, AgentStopped)
        assert books.log[-1] == (1, "closes")
        await runtime.publish_message("late", T)
        await settled()
        assert runtime.dead_letters.counts[DeadLetterReason.AGENT_STOPPED] == 2
        assert runtime.statistics().stops == 1
        assert await runtime.send_message("x", AgentId("a", "other")) == "x"
        await runtime.passivate(A)
        assert await runtime.send_message("again", A) == "again"


@timed
async def test_a_new_start_revives_stopped_agents() -> None:
    """As a fresh agent."""
    runtime = SingleThreadedAgentRuntime()
    books = await prepare(runtime, "stop")
    for number in range(2):
        runtime.start()
        await runtime.publish_message(number, T)
        await runtime.publish_message(Fails(1), T)
        await runtime.stop_when_idle()
    await runtime.close()
    seen = [entry for entry in books.log if isinstance(entry[1], int)]
    assert seen == [(1, 0), (2, 1)]


@timed
async def test_an_instance_can_be_stopped() -> None:
    """It is closed once, and used again after the next start."""
    runtime = SingleThreadedAgentRuntime()
    Fallible.made, Fallible.log = [], []
    agent = Fallible()
    await agent.register_instance(runtime, A, on_failure="stop")
    await subscribe(runtime, "t", "a")
    runtime.start()
    await runtime.publish_message(Fails(1), T)
    await runtime.publish_message("late", T)
    await runtime.stop_when_idle()
    assert agent.closings == 1
    runtime.start()
    assert await runtime.send_message("again", A) == "again"
    await runtime.stop()
    await runtime.close()
    assert agent.closings == 2


# -- escalate ---------------------------------------------------------------------------


@timed
async def test_an_escalated_failure_ends_the_runtime_with_a_group() -> None:
    """Raised by whoever owns it; waiting callers get the reason."""
    runtime = SingleThreadedAgentRuntime()
    await prepare(runtime, "escalate")
    runtime.start()
    async with anyio.create_task_group() as tasks:
        busy = Busy()
        await register(runtime, "b")
        tasks.start_soon(runtime.send_message, busy, AgentId("b", "k"))
        await busy.started.wait()
        waiting = start(tasks, runtime.send_message, "x", AgentId("b", "k"))
        await settled()
        await runtime.publish_message(Fails(1, "too bad"), T)
        await settled()
        busy.release.set()
        with pytest.raises(ExceptionGroup, match="agent a/k failed") as caught:
            await runtime.stop_when_idle()
    [error] = caught.value.exceptions
    assert str(error) == "too bad"
    assert isinstance(waiting.error, RuntimeStoppedError)
    assert waiting.error.__cause__ is caught.value
    await runtime.close()


async def test_a_block_raises_what_is_escalated() -> None:
    """Also if the agent could not be built."""

    def factory() -> Scripted:
        raise OSError("no such thing")

    with pytest.raises(ExceptionGroup, match="agent a/k failed"):
        async with SingleThreadedAgentRuntime() as runtime:
            await Scripted.register(runtime, "a", factory, on_failure="escalate")
            await subscribe(runtime, "t", "a")
            await runtime.publish_message("x", T)
            await anyio.sleep_forever()


async def test_a_policy_wins_over_the_setting_of_the_runtime() -> None:
    """`ignore_unhandled_exceptions=False` is for agents without a policy."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    await prepare(runtime, FAST)
    runtime.start()
    await runtime.publish_message(Fails(1), T)
    await runtime.stop_when_idle()
    await runtime.close()


@timed
async def test_a_second_failure_of_one_agent_is_nobody_elses_affair() -> None:
    """Not even the runtime's, if it ends by unhandled errors: the policy handled it."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    books = await prepare(runtime, FAST, max_concurrency=2)
    runtime.start()
    busy = Busy()

    async def fails_late(agent: Scripted, ctx: MessageContext) -> None:
        await busy(agent, ctx)
        if agent.number == 1:  # type: ignore[attr-defined]
            raise ValueError("late")

    await runtime.publish_message(fails_late, T)
    await busy.started.wait()
    await runtime.publish_message(Fails(1), T)
    await settled()
    busy.release.set()
    await runtime.stop_when_idle()
    await runtime.close()
    assert len(books.made) == 2


async def test_a_wrong_policy_registers_nothing() -> None:
    """The name stays free."""
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(ValueError, match="on_failure='retry'"):
        await Scripted.register(runtime, "a", Scripted, on_failure="retry")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="as an instance"):
        await Scripted().register_instance(runtime, A, on_failure=FAST)
    await Scripted.register(runtime, "a", Scripted)


# -- looking ----------------------------------------------------------------------------


@timed
async def test_a_snapshot_says_who_does_what_and_waits_for_whom() -> None:
    """Busy agents with their messages, nested ones too, and what is queued."""
    async with running(inbox_capacity=2) as runtime:
        [a, b] = await register(runtime, "a", "b")
        await register(runtime, "c", max_concurrency=2)
        busy = Busy()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.send_message, asking(asking(busy, a), b), a)
            await busy.started.wait()
            await anyio.sleep(2)
            for number in range(3):
                tasks.start_soon(runtime.send_message, number, a)
            await settled()
            snapshot = runtime.snapshot()
            statistics = runtime.statistics()
            busy.release.set()
        first, second = snapshot.agents
        assert (first.id, first.state) == (a, AgentState.RUNNING)
        assert (first.queued, first.waiting_for_room) == (2, 1)
        outer, nested = first.running
        assert outer.waits_for == (b,)
        assert outer.seconds == pytest.approx(2)
        assert nested.is_nested
        assert nested.sender == b
        assert second.running[0].waits_for == (a,)
        assert "a/k: running, 2 queued, 1 wait for room" in repr(snapshot)
        assert "for 2 s, waits for b/k" in repr(snapshot)
        assert ", nested" in repr(snapshot)
        assert statistics.phase == "running"
        assert (statistics.live_agents, statistics.running) == (2, 3)
        assert (statistics.queued, statistics.waiting_for_room) == (2, 1)
        assert statistics.activations == 2
        [_, idle_agent] = runtime.snapshot().agents
        assert repr(idle_agent) == "b/k: idle"


async def test_a_snapshot_of_a_runtime_that_does_not_run() -> None:
    """It needs no event loop, and says that there is nobody yet."""
    runtime = SingleThreadedAgentRuntime()
    assert repr(runtime.snapshot()) == "a runtime that is new, 0 agents"
    [a] = await register(runtime, "a")
    assert await runtime.agent_metadata(a)
    assert repr(runtime.snapshot().agents[0]) == "a/k: idle"
    await runtime.close()
    assert repr(runtime.snapshot().agents[0]) == "a/k: absent"
    with pytest.raises(AttributeError):
        runtime.snapshot().phase = "x"  # type: ignore[misc]
    assert runtime.statistics().dead_letters == {}


async def test_a_snapshot_names_hooks_and_outside_senders() -> None:
    """A call of a hook has no message class."""
    saving, save = anyio.Event(), anyio.Event()

    class Slow(Scripted):
        async def save_state(self) -> Mapping[str, Any]:
            saving.set()
            await save.wait()
            return {}

    async with running() as runtime:
        await Slow.register(runtime, "a", Slow)
        await runtime.send_message(returning(1), A)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runtime.agent_save_state, A)
            await saving.wait()
            [agent] = runtime.snapshot().agents
            assert agent.running[0].message_type == "a hook"
            assert agent.running[0].sender is None
            save.set()


@pytest.mark.parametrize("failing", ["escalate", "resume"])
async def test_a_block_that_did_not_notice_its_end_raises_the_error_itself(
    failing: str,
) -> None:
    """Not wrapped once more, although its nursery was cancelled already."""
    error = ValueError("no") if failing == "escalate" else SystemExit("out")
    with pytest.raises(BaseException, match=r"agent a/k failed|out") as caught:
        async with SingleThreadedAgentRuntime() as runtime:
            await register(runtime, "a", on_failure=failing)
            await subscribe(runtime, "t", "a")
            await runtime.publish_message(raising(error), TopicId("t", "k"))
            with anyio.CancelScope(shield=True):
                await settled()
    raised = caught.value
    if isinstance(raised, BaseExceptionGroup):
        (raised,) = raised.exceptions
    assert raised is error


@timed
async def test_a_snapshot_says_what_keeps_an_agent_from_coming_and_going() -> None:
    """Its hooks show for how long they run and whom they wait for, and so do delays."""
    busy = Busy()

    class Asking(Scripted):
        async def on_start(self) -> None:
            if self.id.key == "k":
                await self.send_message(busy, AgentId("b", "k"))

        async def on_stop(self) -> None:
            await self.on_start()

    def last_line() -> str:
        return repr(runtime.snapshot().agents[0]).splitlines()[-1].strip()

    async with running() as runtime, anyio.create_task_group() as tasks:
        policy = RestartPolicy(first_delay=8, longest_delay=8)
        await Asking.register(runtime, "a", Asking, on_failure=policy)
        await register(runtime, "b")
        await subscribe(runtime, "t", "a")
        start(tasks, runtime.send_message, "x", A)
        await anyio.sleep(2)
        assert last_line() == "its first hooks for 2 s, waits for b/k"
        busy.release.set()
        await settled()
        busy = Busy()
        await runtime.publish_message(raising(ValueError("no")), TopicId("t", "k"))
        await anyio.sleep(3)
        assert last_line() == "its last hooks for 3 s, waits for b/k"
        busy.release.set()
        await settled()
        await anyio.sleep(0.5)
        assert last_line() == "the delay before its next try for 0.5 s"
