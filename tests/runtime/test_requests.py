"""A request is a function call: its value, its exception, its cancellation."""

from __future__ import annotations

import asyncio
import traceback

import anyio
import anyio.lowlevel
import pytest

from actrio.exceptions import RecipientNotFound, RequestCancelled, RuntimeStoppedError
from actrio.identity import AgentId
from actrio.messages import CancellationToken, MessageContext
from actrio.runtime import SingleThreadedAgentRuntime

from .kit import (
    Busy,
    Scripted,
    agent_of,
    asking,
    assert_at_rest,
    every_host,
    on_asyncio,
    raising,
    register,
    returning,
    running,
    settled,
    start,
    timed,
)

pytestmark = every_host


async def test_the_response_is_what_the_handler_returned() -> None:
    """The very object that the handler returned comes back."""
    value = object()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        assert await runtime.send_message(returning(value), a) is value


async def test_the_handlers_exception_reaches_the_caller() -> None:
    """It is the same object, with its traceback and a note that names the agent."""
    error = ValueError("broken")
    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(ValueError, match="broken") as caught:
            await runtime.send_message(raising(error), a)
        assert await runtime.send_message("next", a) == "next"
    assert caught.value is error
    [note] = error.__notes__
    assert "a/k" in note
    assert "function" in note
    assert "script" in "".join(traceback.format_tb(error.__traceback__))


async def test_a_deep_chain_carries_value_and_exception() -> None:
    """Through four agents, each waiting for the next, both come back unchanged."""
    error = LookupError("at the bottom")
    async with running() as runtime:
        a, b, c, d = await register(runtime, "a", "b", "c", "d")
        chain = asking(asking(asking(returning(7), d), c), b)
        assert await runtime.send_message(chain, a) == 7
        failing = asking(asking(asking(raising(error), d), c), b)
        with pytest.raises(LookupError) as caught:
            await runtime.send_message(failing, a)
    assert caught.value is error
    assert [note.split()[3] for note in error.__notes__] == ["d/k", "c/k", "b/k", "a/k"]


async def test_one_exception_object_raised_often_does_not_grow() -> None:
    """A handler that raises one object again and again adds its note once."""
    error = ValueError("again")
    async with running() as runtime:
        [a] = await register(runtime, "a")
        for _ in range(100):
            with pytest.raises(ValueError, match="again"):
                await runtime.send_message(raising(error), a)
    assert len(error.__notes__) == 1


@pytest.mark.parametrize(
    "error",
    [
        ExceptionGroup("two", [ValueError(1), TypeError(2)]),
        type("Odd", (BaseException,), {})(),
    ],
    ids=["group", "base exception"],
)
async def test_groups_and_base_exceptions_reach_the_caller_as_they_are(
    error: BaseException,
) -> None:
    """Nothing wraps, unwraps or swallows them, and the agent lives on."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(type(error)) as caught:
            await runtime.send_message(raising(error), a)
        assert caught.value is error
        assert await runtime.send_message("next", a) == "next"


async def test_a_bare_asyncio_cancelled_error_is_an_answer() -> None:
    """A handler that raises CancelledError by itself neither dies nor hangs anybody."""
    error = asyncio.CancelledError("my own")
    caught: list[BaseException] = []
    async with running() as runtime:
        [a] = await register(runtime, "a")
        try:
            await runtime.send_message(raising(error), a)
        except asyncio.CancelledError as exc:
            caught.append(exc)
        assert await runtime.send_message("next", a) == "next"
    assert caught == [error]


async def test_a_request_cancelled_error_of_a_handler_is_an_answer() -> None:
    """A handler that lets RequestCancelled escape gives it to its caller."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(RequestCancelled):
            await runtime.send_message(raising(RequestCancelled("x")), a)
        assert await runtime.send_message("next", a) == "next"


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
async def test_an_exception_for_the_program_ends_the_runtime(
    fatal: type[BaseException],
) -> None:
    """KeyboardInterrupt and SystemExit of a handler come out at the owner."""
    error = fatal("end")
    answers: list[BaseException] = []
    caught: list[BaseException] = []
    runtime = SingleThreadedAgentRuntime()
    try:
        async with runtime:
            [a] = await register(runtime, "a")
            try:
                await runtime.send_message(raising(error), a)
            except RuntimeStoppedError as exc:
                answers.append(exc)
                raise
    except BaseException as exc:  # noqa: BLE001
        caught.append(exc)
    assert_at_rest(runtime)
    # the body's own exception is the caller's answer; else the program's
    assert caught == [error]
    assert answers[0].__cause__ is error


async def test_an_unknown_recipient_is_told_at_once() -> None:
    """The error names the type and the ones that exist; both base classes fit."""
    async with running() as runtime:
        await register(runtime, "known")
        with pytest.raises(RecipientNotFound, match=r"'nobody'.*known") as caught:
            await runtime.send_message("x", AgentId("nobody", "k"))
        assert isinstance(caught.value, LookupError)


async def test_a_recipient_that_is_no_id_is_a_type_error() -> None:
    """A string instead of an AgentId is named in the error."""
    async with running() as runtime:
        await register(runtime, "a")
        with pytest.raises(TypeError, match="'a/k'"):
            await runtime.send_message("x", "a/k")  # type: ignore[arg-type]


async def test_the_handler_sees_how_the_message_travelled() -> None:
    """Sender, id, token and kind are in the context."""
    token = CancellationToken()
    seen: list[MessageContext] = []

    async def look(agent: Scripted, ctx: MessageContext) -> None:
        seen.append(ctx)

    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        await runtime.send_message(
            look, a, sender=b, cancellation_token=token, message_id="mine"
        )
        await runtime.send_message(asking(look, b), a)
    first, second = seen
    assert (first.sender, first.topic_id, first.is_rpc) == (b, None, True)
    assert first.cancellation_token is token
    assert first.message_id == "mine"
    assert second.sender == a
    assert second.message_id not in ("", "mine")
    assert not second.cancellation_token.is_cancelled


# -- cancelled by a scope --------------------------------------------------------------


async def test_a_queued_request_leaves_at_once_and_is_never_handled() -> None:
    """Its sender does not wait for the stranger's handler in front of it."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            queued = start(tasks, runtime.send_message, "never", a)
            await settled()
            assert runtime.unprocessed_messages_count == 1
            queued.scope.cancel()
            await settled()
            assert queued.cancelled
            assert runtime.unprocessed_messages_count == 0
            assert not busy.ended
            busy.release.set()
        agent = await agent_of(runtime, a)
        assert agent.seen == []


async def test_a_request_that_waits_for_room_leaves_at_once() -> None:
    """It gives up its place; the one behind it moves up."""
    busy = Busy()
    async with running(inbox_capacity=1) as runtime:
        [a] = await register(runtime, "a")
        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            calls = []
            for message in range(3):
                calls.append(start(tasks, runtime.send_message, message, a))
                await settled()
            calls[1].scope.cancel()
            await settled()
            assert calls[1].cancelled
            assert not calls[2].done
            busy.release.set()
        agent = await agent_of(runtime, a)
        assert agent.seen == [0, 2]


@timed
async def test_a_running_request_leaves_when_its_handler_has_unwound() -> None:
    """The handler's clean-up, which takes 3 s, is waited for."""
    log: list[str] = []

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)
            log.append("unwound")

    async with running() as runtime:
        [a] = await register(runtime, "a")
        began = anyio.current_time()
        with anyio.move_on_after(2) as scope:
            await runtime.send_message(handler, a)
        log.append("left")
        assert scope.cancelled_caught
        assert anyio.current_time() - began == pytest.approx(5)
        assert await runtime.send_message("next", a) == "next"
    assert log == ["unwound", "left"]


@timed
async def test_cancellation_goes_down_a_chain_and_unwinds_upwards() -> None:
    """The innermost handler unwinds first, the caller leaves last."""
    log: list[str] = []

    def named(name: str, inner: object = None, to: AgentId | None = None) -> object:
        async def script(agent: Scripted, ctx: MessageContext) -> None:
            try:
                if to is None:
                    await anyio.sleep_forever()
                else:
                    await agent.send_message(inner, to)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(1)
                log.append(name)

        return script

    async with running() as runtime:
        a, b, c = await register(runtime, "a", "b", "c")
        with anyio.move_on_after(1):
            await runtime.send_message(named("a", named("b", named("c"), c), b), a)
        log.append("caller")
    assert log == ["c", "b", "a", "caller"]


@timed
async def test_a_handlers_own_error_wins_over_the_cancellation() -> None:
    """What the handler raises instead of unwinding reaches the cancelled caller."""

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            raise ValueError("while unwinding") from None

    async with running() as runtime:
        [a] = await register(runtime, "a")
        with anyio.move_on_after(1) as scope:
            with pytest.raises(ValueError, match="while unwinding"):
                await runtime.send_message(handler, a)
        assert not scope.cancelled_caught
        assert await runtime.send_message("next", a) == "next"


@timed
async def test_a_handler_that_swallows_the_cancellation_is_waited_for() -> None:
    """Its value is dropped, the caller is cancelled, the agent goes on unharmed."""

    async def handler(agent: Scripted, ctx: MessageContext) -> str:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            pass
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        return "stubborn"

    async with running() as runtime:
        [a] = await register(runtime, "a")
        result = None
        for _ in range(3):
            began = anyio.current_time()
            with anyio.move_on_after(1) as scope:
                result = await runtime.send_message(handler, a)
            assert scope.cancelled_caught
            assert anyio.current_time() - began == pytest.approx(2)
            assert await runtime.send_message("next", a) == "next"
            await anyio.sleep(1)
            assert (
                await runtime.send_message(returning("still here"), a) == "still here"
            )
    assert result is None


async def test_a_request_that_is_done_gives_its_value_although_cancelled() -> None:
    """A scope cancelled between the response and the caller's next step loses nothing."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        scope = anyio.CancelScope()

        async def handler(agent: Scripted, ctx: MessageContext) -> str:
            await anyio.lowlevel.checkpoint()
            return "value"

        with scope:
            router = runtime._router
            answer = router.answer

            def answer_and_cancel(envelope: object) -> None:
                answer(envelope)  # type: ignore[arg-type]
                scope.cancel()

            router.answer = answer_and_cancel
            try:
                result = await runtime.send_message(handler, a)
            finally:
                router.answer = answer
            assert result == "value"
            with pytest.raises(anyio.get_cancelled_exc_class()):
                await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
        assert scope.cancelled_caught


async def test_a_request_under_a_scope_that_is_cancelled_already() -> None:
    """It is cancelled too, and nothing is handled twice or left behind."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        await runtime.send_message("first", a)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await runtime.send_message("second", a)
        assert scope.cancelled_caught
        assert_at_rest(runtime)
        agent = await agent_of(runtime, a)
        assert agent.seen == ["first"]


@timed
async def test_the_agents_loop_survives_a_thousand_cancelled_handlers() -> None:
    """A cancelled handler leaves no trace in the task that runs the next one."""
    async with running() as runtime:
        [a] = await register(runtime, "a")
        for number in range(300):
            busy = Busy()
            with anyio.move_on_after(0.001):
                await runtime.send_message(busy, a)
            assert busy.cancelled
            assert await runtime.send_message(number, a) == number


# -- cancelled by a token --------------------------------------------------------------


async def test_a_token_withdraws_a_queued_request() -> None:
    """Its caller gets RequestCancelled, and no handler sees the message."""
    busy, token = Busy(), CancellationToken()
    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def ask() -> None:
            await runtime.send_message("never", a, cancellation_token=token)

        async with anyio.create_task_group() as tasks:
            start(tasks, runtime.send_message, busy, a)
            await busy.started.wait()
            call = start(tasks, ask)
            await settled()
            token.cancel()
            await settled()
            assert isinstance(call.error, RequestCancelled)
            assert isinstance(call.error, asyncio.CancelledError)
            assert not busy.ended
            busy.release.set()
        agent = await agent_of(runtime, a)
        assert agent.seen == []


async def test_a_token_cancels_a_running_handler_and_its_requests() -> None:
    """Everything the handler waits for is cancelled too; the caller leaves last."""
    token, busy = CancellationToken(), Busy()
    log: list[str] = []

    async def outer(agent: Scripted, ctx: MessageContext) -> None:
        try:
            await agent.send_message(busy, AgentId("b", "k"))
        finally:
            log.append(f"outer, inner cancelled: {busy.cancelled}")

    async with running() as runtime:
        a, _ = await register(runtime, "a", "b")

        async def ask() -> None:
            try:
                await runtime.send_message(outer, a, cancellation_token=token)
            finally:
                log.append("caller")

        async with anyio.create_task_group() as tasks:
            call = start(tasks, ask)
            await busy.started.wait()
            token.cancel()
        assert isinstance(call.error, RequestCancelled)
        assert await runtime.send_message("next", a) == "next"
    assert log == ["outer, inner cancelled: True", "caller"]


async def test_a_token_that_is_cancelled_already_refuses_the_request() -> None:
    """No handler begins, on an idle or an unbuilt agent."""
    token = CancellationToken()
    token.cancel()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        for _ in range(2):
            with pytest.raises(RequestCancelled, match="a/k"):
                await runtime.send_message("never", a, cancellation_token=token)
            await runtime.send_message("x", a)
        agent = await agent_of(runtime, a)
        assert agent.seen == ["x", "x"]


async def test_a_handlers_own_error_wins_over_its_token() -> None:
    """The token cancels the handler; what that raises instead is raised."""
    token, started = CancellationToken(), anyio.Event()

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        started.set()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            raise ValueError("mine") from None

    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def ask() -> None:
            await runtime.send_message(handler, a, cancellation_token=token)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, ask)
            await started.wait()
            token.cancel()
        assert isinstance(call.error, ValueError)


async def test_a_scope_beats_a_token() -> None:
    """When both cancel one running request, the caller leaves by its scope."""
    token = CancellationToken()
    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def ask(busy: Busy) -> None:
            await runtime.send_message(busy, a, cancellation_token=token)

        for token_first in (True, False):
            token, busy = CancellationToken(), Busy()
            async with anyio.create_task_group() as tasks:
                call = start(tasks, ask, busy)
                await busy.started.wait()
                if token_first:
                    token.cancel()
                    call.scope.cancel()
                else:
                    call.scope.cancel()
                    token.cancel()
            assert call.cancelled
            assert call.error is None
            assert busy.cancelled


async def test_a_handler_sees_its_token_cancelled() -> None:
    """The context's token is the sender's, so a polling handler can stop in time."""
    token = CancellationToken()
    seen: list[bool] = []

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        seen.append(bool(ctx.cancellation_token.is_cancelled))
        token.cancel()
        seen.append(bool(ctx.cancellation_token.is_cancelled))

    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(RequestCancelled):
            await runtime.send_message(handler, a, cancellation_token=token)
    assert seen == [False, True]


async def test_one_token_serves_many_requests_and_keeps_none_of_them() -> None:
    """After a thousand requests, failed and nested ones too, it listens to nothing."""
    token = CancellationToken()
    async with running() as runtime:
        a, b = await register(runtime, "a", "b")
        for _ in range(100):
            await runtime.send_message("x", a, cancellation_token=token)
            with pytest.raises(ValueError, match="no"):
                await runtime.send_message(
                    raising(ValueError("no")), a, cancellation_token=token
                )
            with pytest.raises(LookupError):
                await runtime.send_message(
                    "x", AgentId("nobody", "k"), cancellation_token=token
                )

            async def back(agent: Scripted, ctx: MessageContext) -> object:
                return await agent.send_message("self", a, cancellation_token=token)

            await runtime.send_message(asking(back, b), a)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await runtime.send_message("x", a, cancellation_token=token)
    assert not token._listeners


async def test_a_token_cancelled_in_another_thread_reaches_the_handler() -> None:
    """The request is withdrawn in its own loop."""
    token, busy = CancellationToken(), Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def ask() -> None:
            await runtime.send_message(busy, a, cancellation_token=token)

        async with anyio.create_task_group() as tasks:
            call = start(tasks, ask)
            await busy.started.wait()
            await anyio.to_thread.run_sync(token.cancel)
        assert isinstance(call.error, RequestCancelled)
        assert busy.cancelled


# -- native asyncio ------------------------------------------------------------------


@on_asyncio
async def test_task_cancel_waits_for_the_handler() -> None:
    """A native cancel of the calling task unwinds the handler, then the task."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runtime.send_message(busy, a))
            await busy.started.wait()
            task.cancel()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert busy.cancelled
        assert await runtime.send_message("next", a) == "next"


@on_asyncio
async def test_repeated_native_cancels_do_not_tear_the_caller_off() -> None:
    """While the handler cleans up, further cancels change nothing."""

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(10)
            agent.seen.append("unwound")

    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runtime.send_message(handler, a))
            for _ in range(5):
                await asyncio.sleep(1)
                task.cancel()
            assert not task.done()
            await asyncio.wait([task])
            assert task.cancelled()
        assert (await agent_of(runtime, a)).seen == ["unwound"]


@on_asyncio
@pytest.mark.parametrize("form", ["wait_for", "timeout"])
async def test_asyncios_own_timeouts_wait_for_the_handler(form: str) -> None:
    """They raise TimeoutError when the handler has unwound, and leave no cancel behind."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        with pytest.raises(TimeoutError):
            if form == "wait_for":
                await asyncio.wait_for(runtime.send_message(busy, a), 1)
            else:
                async with asyncio.timeout(1):
                    await runtime.send_message(busy, a)
        assert busy.cancelled
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert await runtime.send_message("next", a) == "next"


@on_asyncio
async def test_a_failing_sibling_in_a_native_task_group_cancels_the_request() -> None:
    """The group ends when the handler has unwound, with the sibling's error alone."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")

        async def fail() -> None:
            await busy.started.wait()
            raise ValueError("sibling")

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(runtime.send_message(busy, a))
                tasks.create_task(fail())
        assert [str(exc) for exc in caught.value.exceptions] == ["sibling"]
        assert busy.cancelled


@on_asyncio
async def test_scope_and_native_cancel_together_unwind_once() -> None:
    """A cancelled scope and a native cancel leave the handler unwound, the task clean."""
    busy = Busy()
    async with running() as runtime:
        [a] = await register(runtime, "a")
        async with asyncio.TaskGroup() as tasks:
            scope = anyio.CancelScope()

            async def ask() -> None:
                with scope:
                    await runtime.send_message(busy, a)

            task = tasks.create_task(ask())
            await busy.started.wait()
            scope.cancel()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert busy.cancelled
        assert_at_rest(runtime)


@on_asyncio
async def test_a_handler_that_cancels_and_awaits_a_task_of_its_own() -> None:
    """The CancelledError of that task is the handler's exception, not a cancellation."""

    async def handler(agent: Scripted, ctx: MessageContext) -> None:
        task = asyncio.get_running_loop().create_task(asyncio.sleep(100))
        task.cancel()
        await task

    async with running() as runtime:
        [a] = await register(runtime, "a")
        errors: list[BaseException] = []
        try:
            await runtime.send_message(handler, a)
        except asyncio.CancelledError as exc:
            errors.append(exc)
        assert len(errors) == 1
        assert await runtime.send_message("next", a) == "next"


# -- context variables ---------------------------------------------------------------


async def test_agents_do_not_inherit_the_first_senders_context() -> None:
    """A variable that the first sender set is unknown in the handler."""
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable", default="base")
    seen: list[str] = []

    async def look(agent: Scripted, ctx: MessageContext) -> None:
        seen.append(variable.get())

    async with running() as runtime:
        a, b = await register(runtime, "a", "b", max_concurrency=2)
        variable.set("sender's")
        await runtime.send_message(look, a)
        await runtime.send_message(asking(look, b), a)
        await runtime.get(AgentId("a", "other"), lazy=False)
        await runtime.send_message(look, AgentId("a", "other"))
    assert seen == ["base"] * 3
