"""Runtimes for programs without an event loop, driven from real threads."""

import asyncio
import contextvars
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Literal

import anyio
import pytest

from actrio import (
    AgentId,
    BaseAgent,
    CancellationToken,
    DefaultInterventionHandler,
    MessageContext,
    SingleThreadedAgentRuntime,
    TopicId,
    TypeSubscription,
)
from actrio.exceptions import RequestCancelled, RuntimeStoppedError
from actrio.portal import Portal, open_portal
from actrio.runtime import DeadLetterReason

Host = Literal["trio", "asyncio", "uvloop"]
A = AgentId("a", "k")
MAIN = threading.main_thread()


class Scripted(BaseAgent):
    """Calls a message that is a function, and keeps and returns any other."""

    seen: list[object]
    closings: list["Scripted"] = []  # noqa: RUF012 - shared by all agents of one test

    def __init__(self) -> None:
        super().__init__("does as it is told")
        self.seen = []

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        if callable(message):
            return await message(self)
        self.seen.append(message)
        return message

    async def close(self) -> None:
        self.closings.append(self)


Script = Callable[[Scripted], Awaitable[object]]


class Sleeper:
    """A handler that sleeps until it is cancelled, and says where it is."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.unwound = threading.Event()

    async def __call__(self, agent: Scripted) -> None:
        self.began.set()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)
            self.unwound.set()


@pytest.fixture(params=["trio", "asyncio", "uvloop"])
def host(request: pytest.FixtureRequest) -> Host:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail if a thread is left, or an agent that was built was not closed once."""
    Scripted.closings.clear()
    before = set(threading.enumerate())
    yield
    assert {
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith(("Trio thread", "AnyIO worker"))
    } == set()
    assert len(set(Scripted.closings)) == len(Scripted.closings)


def register(portal: Portal, **options: Any) -> None:
    portal.register(Scripted, "a", Scripted, **options)


async def interrupt(agent: Scripted) -> None:
    """Press Ctrl-C, then go on for ever."""
    signal.pthread_kill(MAIN.ident or 0, signal.SIGINT)
    await anyio.sleep_forever()


def test_a_response_comes_back_to_the_thread(host: Host) -> None:
    """A request is a function call; the agent is closed at the end of the block."""
    with open_portal(host=host) as portal:
        register(portal)
        assert portal.send_message("hello", A) == "hello"
        assert repr(portal).startswith("<Portal open, 0 calls, ")
    assert [agent.id for agent in Scripted.closings] == [A]
    assert repr(portal).startswith("<Portal closed")


def test_the_default_host_is_trio() -> None:
    """An agent that asks finds trio's loop."""

    async def which(agent: Scripted) -> str:
        return anyio.get_cancelled_exc_class().__module__

    with open_portal() as portal:
        register(portal)
        assert portal.send_message(which, A) == "trio"


@pytest.mark.parametrize(
    "error", [KeyError("x"), asyncio.CancelledError("by hand"), RequestCancelled("y")]
)
def test_the_exception_of_a_handler_is_raised(host: Host, error: BaseException) -> None:
    """It is the same object, with the note that names the agent."""

    async def fail(agent: Scripted) -> None:
        raise error

    with open_portal(host=host) as portal:
        register(portal)
        with pytest.raises(type(error)) as caught:
            portal.send_message(fail, A)
    assert caught.value is error
    assert "raised by agent a/k" in error.__notes__[0]


def test_a_time_limit_cancels_the_handler_first(host: Host) -> None:
    """The thread goes on when the handler has unwound, as everywhere."""
    sleeper = Sleeper()
    with open_portal(host=host) as portal:
        register(portal)
        with pytest.raises(TimeoutError, match=r"send_message\(\).*fail_after=0\.02"):
            portal.send_message(sleeper, A, fail_after=0.02)
        assert sleeper.unwound.is_set()
        assert portal.send_message("next", A, fail_after=5) == "next"


def test_a_token_is_cancelled_in_another_thread(host: Host) -> None:
    """The request is withdrawn, its handler cancelled, and the thread told so."""
    sleeper, token = Sleeper(), CancellationToken()

    def cancel() -> None:
        sleeper.began.wait()
        token.cancel()

    with open_portal(host=host) as portal, ThreadPoolExecutor() as threads:
        register(portal)
        threads.submit(cancel)
        with pytest.raises(RequestCancelled):
            portal.send_message(sleeper, A, cancellation_token=token)
        assert sleeper.unwound.is_set()


def test_a_publish_reaches_its_subscribers(host: Host) -> None:
    """The end of the block waits until every message is handled."""
    with open_portal(host=host) as portal:
        register(portal)
        agent = portal.call(portal.runtime.try_get_underlying_agent_instance, A)
        portal.call(portal.runtime.add_subscription, TypeSubscription("news", "a"))
        for number in range(50):
            portal.publish_message(number, TopicId("news", "k"), fail_after=5)
    assert isinstance(agent, Scripted)
    assert agent.seen == list(range(50))


def test_many_threads_use_one_portal(host: Host) -> None:
    """Each thread gets its own answers, and the order of each is kept."""
    with open_portal(host=host) as portal:
        register(portal)

        def ask(thread: int) -> list[object]:
            return [portal.send_message((thread, n), A) for n in range(20)]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, range(8)))
        agent = portal.call(
            portal.runtime.try_get_underlying_agent_instance, A, Scripted
        )
    assert answers == [[(thread, n) for n in range(20)] for thread in range(8)]
    for thread in range(8):
        mine = [one for one in agent.seen if isinstance(one, tuple) if one[0] == thread]
        assert mine == answers[thread]


def test_one_thread_has_several_requests_at_a_time(host: Host) -> None:
    """`start_soon` gives a future instead of blocking."""
    with open_portal(host=host) as portal:
        register(portal)
        futures = [
            portal.start_soon(portal.runtime.send_message, number, A)
            for number in range(3)
        ]
        assert [future.result() for future in futures] == [0, 1, 2]
        failing = portal.start_soon(portal.runtime.get, "no such name!")
    assert isinstance(failing.exception(), ValueError)


def test_cancelling_a_future_cancels_the_handler(host: Host) -> None:
    """The cancellation goes the whole way into the other thread."""
    sleeper = Sleeper()
    with open_portal(host=host) as portal:
        register(portal)
        future = portal.start_soon(portal.runtime.send_message, sleeper, A)
        sleeper.began.wait()
        assert future.cancel()
        with pytest.raises(CancelledError):
            future.result()
        assert sleeper.unwound.wait(5)
        assert portal.send_message("next", A) == "next"


def test_a_time_limit_for_any_function(host: Host) -> None:
    """What `call` runs is cancelled in the loop."""
    with open_portal(host=host) as portal:
        with pytest.raises(TimeoutError, match=r"call\(\)"):
            portal.call(anyio.sleep_forever, fail_after=0)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_time_limit_that_is_none(seconds: float) -> None:
    """The message gives the value and the rule."""
    with open_portal() as portal:
        register(portal)
        with pytest.raises(ValueError, match=r"fail_after is .*; it must be 0 or more"):
            portal.send_message("x", A, fail_after=seconds)


def test_a_host_that_there_is_not() -> None:
    """The message lists those that there are, and no thread was started."""
    with pytest.raises(ValueError, match="'twisted'; it must be one of 'trio', "):
        with open_portal(host="twisted"):  # type: ignore[arg-type]
            pass


# -- the end of the block ----------------------------------------------------------------


def test_the_end_waits_for_calls_of_other_threads(host: Host) -> None:
    """They are answered; calls that come later are refused."""
    go_on, began = threading.Event(), threading.Event()
    answers: list[object] = []

    async def wait(agent: Scripted) -> str:
        began.set()
        await anyio.to_thread.run_sync(go_on.wait)
        return "answer"

    def ask() -> None:
        answers.append(portal.send_message(wait, A))

    def ask_too_late() -> None:
        while "open" in repr(portal):
            pass
        try:
            portal.send_message("late", A)
        except RuntimeStoppedError as exc:
            answers.append(exc)
        go_on.set()

    with ThreadPoolExecutor() as threads, open_portal(host=host) as portal:
        register(portal)
        threads.submit(ask)
        began.wait()
        threads.submit(ask_too_late)
    refused, answer = answers
    assert answer == "answer"
    assert "call it inside the block" in str(refused)


def test_an_exception_ends_everything_at_once(host: Host) -> None:
    """Handlers are cancelled, and the threads that wait are told so."""
    sleeper = Sleeper()
    with pytest.raises(KeyError, match="mine"):
        with open_portal(SingleThreadedAgentRuntime(grace=0), host=host) as portal:
            register(portal)
            request = portal.start_soon(portal.runtime.send_message, sleeper, A)
            other = portal.start_soon(anyio.sleep_forever)
            sleeper.began.wait()
            raise KeyError("mine")
    assert sleeper.unwound.is_set()
    assert isinstance(request.exception(), RuntimeStoppedError)
    with pytest.raises(RuntimeStoppedError, match="left by an exception"):
        other.result()
    assert [agent.id for agent in Scripted.closings] == [A]


@pytest.mark.parametrize("error", [GeneratorExit, StopIteration, SystemExit])
def test_whatever_leaves_the_block_comes_out(
    host: Host, error: type[BaseException]
) -> None:
    """Also those that a generator or a coroutine would take for its own."""
    raised = error("mine")

    def leave() -> None:
        with open_portal(host=host) as portal:
            register(portal)
            raise raised

    if error is StopIteration:  # contextlib lets them through, as the same object
        with pytest.raises(StopIteration):
            leave()
    else:
        with pytest.raises(error) as caught:
            leave()
        assert caught.value is raised


def test_a_handler_that_ends_the_program(host: Host) -> None:
    """The owner of the block has its SystemExit; the thread that asked is told."""

    async def leave(agent: Scripted) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        with open_portal(host=host) as portal:
            register(portal)
            portal.send_message(leave, A)
    assert caught.value.code == 3


def test_an_unhandled_exception_comes_out_at_the_end(host: Host) -> None:
    """With `ignore_unhandled_exceptions=False` the owner gets it."""

    async def fail(agent: Scripted) -> None:
        raise KeyError("published")

    strict = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    with pytest.raises(KeyError, match="published"):
        with open_portal(strict, host=host) as portal:
            register(portal)
            portal.call(portal.runtime.add_subscription, TypeSubscription("t", "a"))
            portal.publish_message(fail, TopicId("t", "k"))


def test_ctrl_c_cancels_the_handler_first(host: Host) -> None:
    """The thread that waits gets its KeyboardInterrupt when the handler has unwound."""
    unwound: list[bool] = []

    async def pressed(agent: Scripted) -> None:
        try:
            await interrupt(agent)
        finally:
            # long enough for a thread that does not wait to be seen
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.1)
            unwound.append(True)

    with open_portal(host=host) as portal:
        register(portal)
        with pytest.raises(KeyboardInterrupt):
            portal.send_message(pressed, A)
        assert unwound == [True]
        assert portal.send_message("next", A) == "next"


def test_ctrl_c_while_the_block_ends(host: Host) -> None:
    """The graceful end becomes one at once."""
    with pytest.raises(KeyboardInterrupt):
        with open_portal(SingleThreadedAgentRuntime(grace=0), host=host) as portal:
            register(portal)
            portal.call(portal.runtime.add_subscription, TypeSubscription("t", "a"))
            portal.publish_message(_interrupt_at_the_end(portal), TopicId("t", "k"))
    assert [agent.id for agent in Scripted.closings] == [A]
    assert portal.runtime.dead_letters.counts[DeadLetterReason.STOPPED] == 0


def _interrupt_at_the_end(portal: Portal) -> Script:
    async def script(agent: Scripted) -> None:
        while "open" in repr(portal):  # noqa: ASYNC110 - nobody tells the loop
            await anyio.sleep(0.001)
        await interrupt(agent)

    return script


# -- misuse ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["send_message", "publish_message", "call", "start_soon"]
)
def test_use_inside_the_loop_is_refused(host: Host, name: str) -> None:
    """It would block the loop that has to answer; the message says what to write."""
    targets: dict[str, object] = {
        "send_message": A,
        "publish_message": TopicId("t", "k"),
    }

    async def nested(agent: Scripted) -> None:
        args = ["x", targets[name]] if name in targets else [anyio.sleep, 0]
        getattr(portal, name)(*args)

    with open_portal(host=host) as portal:
        register(portal)
        with pytest.raises(RuntimeError, match=rf"portal.{name}\(\) blocks.*await"):
            portal.send_message(nested, A)


def test_use_after_the_end_is_refused(host: Host) -> None:
    """There is no loop any more."""
    with open_portal(host=host) as portal:
        register(portal)
    for call in (
        lambda: portal.send_message("x", A),
        lambda: portal.publish_message("x", TopicId("t", "k")),
        lambda: portal.register(Scripted, "b", Scripted),
        lambda: portal.call(anyio.sleep, 0),
        lambda: portal.start_soon(anyio.sleep, 0),
    ):
        with pytest.raises(RuntimeStoppedError, match="after the end"):
            call()


def test_a_runtime_that_runs_already() -> None:
    """Its second portal is refused; the first goes on."""
    with open_portal() as portal:
        register(portal)
        with pytest.raises(RuntimeError, match="already"):
            with open_portal(portal.runtime):
                pass
        assert portal.send_message("x", A) == "x"


def test_a_runtime_is_used_by_one_portal_after_another(host: Host) -> None:
    """Agents registered once are there again, also on another host."""
    runtime = SingleThreadedAgentRuntime()
    with open_portal(runtime, host=host) as portal:
        register(portal)
        assert portal.send_message(1, A) == 1
    with open_portal(runtime, host="asyncio") as portal:
        assert portal.send_message(2, A) == 2


def test_options_of_the_registration(host: Host) -> None:
    """`register` takes what the method of the class takes."""
    both = threading.Barrier(2)

    async def meet(agent: Scripted) -> None:
        await anyio.to_thread.run_sync(both.wait)

    with open_portal(host=host) as portal:
        register(portal, max_concurrency=2)
        first = portal.start_soon(portal.runtime.send_message, meet, A)
        portal.send_message(meet, A, fail_after=5)
        first.result()
        with pytest.raises(ValueError, match="already exists"):
            register(portal)


def test_context_variables_of_the_thread_travel(host: Host) -> None:
    """An intervention runs on behalf of the sender, so it sees the sender's."""
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")
    seen: list[str] = []

    class Look(DefaultInterventionHandler):
        async def on_send(
            self, message: Any, *, message_context: MessageContext, recipient: AgentId
        ) -> Any:
            seen.append(who.get())
            return message

    def ask(name: str) -> None:
        who.set(name)
        portal.send_message("x", A)

    runtime = SingleThreadedAgentRuntime(intervention_handlers=[Look()])
    with open_portal(runtime, host=host) as portal, ThreadPoolExecutor() as threads:
        register(portal)
        for name in ("ada", "grace"):
            threads.submit(contextvars.copy_context().run, ask, name).result()
    assert seen == ["ada", "grace"]


def test_a_future_that_is_done_cannot_be_cancelled(host: Host) -> None:
    """As every future says: too late."""
    with open_portal(host=host) as portal:
        future: Future[None] = portal.start_soon(anyio.sleep, 0)
        future.result()
        assert not future.cancel()


def test_a_loop_that_is_cancelled_from_within(host: Host) -> None:
    """Whoever waits is told so, and the owner too; nothing hangs."""
    sleeper = Sleeper()
    with pytest.raises(RuntimeError):
        with open_portal(SingleThreadedAgentRuntime(grace=0), host=host) as portal:
            register(portal)
            request = portal.start_soon(portal.runtime.send_message, sleeper, A)
            sleeper.began.wait()
            portal._loop.call(portal._loop.stop, True)
            assert isinstance(request.exception(5), RuntimeStoppedError)
    assert [agent.id for agent in Scripted.closings] == [A]
