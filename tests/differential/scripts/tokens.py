# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Cancellation tokens: callbacks, futures, and requests that are withdrawn."""

import asyncio

from ..common import Text


async def token_is_a_flag(core):
    """A token is cancelled once and for all."""
    token = core.CancellationToken()
    seen = [token.is_cancelled() is False]
    token.cancel()
    token.cancel()
    return seen, token.is_cancelled() is True


async def token_read_as_an_attribute(core):
    """Whether ``if token.is_cancelled:`` tells the truth."""
    token = core.CancellationToken()
    before = bool(token.is_cancelled)
    token.cancel()
    return before, bool(token.is_cancelled)


async def callbacks(core):
    """Callbacks run once, in order; one that comes late runs at once."""
    token = core.CancellationToken()
    seen = []
    returned = token.add_callback(lambda: seen.append("one"))
    token.add_callback(lambda: seen.append("two"))
    before = list(seen)
    token.cancel()
    token.cancel()
    token.add_callback(lambda: seen.append("late"))
    return returned, before, seen


async def linked_futures(core):
    """Futures and tasks that are linked are cancelled, the late ones at once."""
    token = core.CancellationToken()
    loop = asyncio.get_running_loop()
    future, late = loop.create_future(), loop.create_future()
    task = loop.create_task(asyncio.sleep(100))
    same = [token.link_future(future) is future, token.link_future(task) is task]
    before = future.cancelled()
    token.cancel()
    await asyncio.wait([task])
    same.append(token.link_future(late) is late)
    return same, before, future.cancelled(), task.cancelled(), late.cancelled()


async def linked_future_that_is_done(core):
    """A linked future that has finished is left alone."""
    token = core.CancellationToken()
    future = asyncio.get_running_loop().create_future()
    token.link_future(future)
    future.set_result(3)
    token.cancel()
    return future.cancelled(), future.result()


async def worker_runtime(core, seen):
    """A started runtime with an agent that takes ten seconds for each message."""

    class Worker(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            seen.append(f"begin {message.content}")
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                seen.append(f"cancelled {message.content}")
                raise
            seen.append(f"end {message.content}")
            return "done"

    runtime = core.SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker(""))
    runtime.start()
    return runtime, core.AgentId("worker", "k")


async def outcome_of(task):
    """How a task ended."""
    try:
        return await task
    except asyncio.CancelledError:
        return "CancelledError"


async def cancelling_a_request(core):
    """A cancelled token ends the sender's wait with asyncio.CancelledError."""
    runtime, agent_id = await worker_runtime(core, [])
    token = core.CancellationToken()
    request = runtime.send_message(Text("a"), agent_id, cancellation_token=token)
    loop = asyncio.get_running_loop()
    start = loop.time()
    loop.call_later(5, token.cancel)
    outcome = await outcome_of(request)
    waited = round(loop.time() - start, 3)
    await runtime.stop_when_idle()
    return outcome, waited, asyncio.current_task().cancelling()


async def cancelled_handler(core):
    """What a cancelled token means for the handler that runs."""
    seen = []
    runtime, agent_id = await worker_runtime(core, seen)
    token = core.CancellationToken()
    request = runtime.send_message(Text("a"), agent_id, cancellation_token=token)
    asyncio.get_running_loop().call_later(5, token.cancel)
    await outcome_of(request)
    await runtime.stop_when_idle()
    return seen


async def cancelled_beforehand(core):
    """A request with a cancelled token fails; whether it is handled all the same."""
    seen = []
    runtime, agent_id = await worker_runtime(core, seen)
    token = core.CancellationToken()
    token.cancel()
    request = runtime.send_message(Text("a"), agent_id, cancellation_token=token)
    outcome = await outcome_of(request)
    await runtime.stop_when_idle()
    return outcome, seen


async def token_cancelled_too_late(core):
    """A token that is cancelled after the response changes nothing."""
    seen = []
    runtime, agent_id = await worker_runtime(core, seen)
    token = core.CancellationToken()
    answer = await runtime.send_message(Text("a"), agent_id, cancellation_token=token)
    token.cancel()
    await runtime.stop_when_idle()
    return answer, seen


async def cancelled_caller(core):
    """What a cancelled caller means for the handler that runs."""
    seen = []
    runtime, agent_id = await worker_runtime(core, seen)
    try:
        async with asyncio.timeout(5):
            await runtime.send_message(Text("a"), agent_id)
    except TimeoutError:
        seen.append("timeout")
    await runtime.stop_when_idle()
    return seen


async def handler_that_looks_at_its_token(core):
    """A handler that polls its token ends, and the sender sees the cancellation."""

    class Worker(core.RoutedAgent):
        @core.rpc
        async def work(self, message: Text, ctx: core.MessageContext) -> str:
            for _ in range(100):
                if ctx.cancellation_token.is_cancelled():
                    raise asyncio.CancelledError
                await asyncio.sleep(0.1)
            return "completed"

    runtime = core.SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker(""))
    runtime.start()
    agent_id = core.AgentId("worker", "k")
    token = core.CancellationToken()
    asyncio.get_running_loop().call_later(5, token.cancel)
    request = runtime.send_message(Text("a"), agent_id, cancellation_token=token)
    outcomes = [await outcome_of(request)]
    outcomes.append(await outcome_of(runtime.send_message(Text("b"), agent_id)))
    await runtime.stop_when_idle()
    return outcomes


async def handler_that_links_its_work(core):
    """A handler may link its own futures to the token."""

    class Worker(core.RoutedAgent):
        @core.rpc
        async def work(self, message: Text, ctx: core.MessageContext) -> str:
            work = asyncio.ensure_future(asyncio.sleep(100))
            ctx.cancellation_token.link_future(work)
            await work
            return "completed"

    runtime = core.SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker(""))
    runtime.start()
    token = core.CancellationToken()
    loop = asyncio.get_running_loop()
    loop.call_later(5, token.cancel)
    start = loop.time()
    request = runtime.send_message(
        Text("a"), core.AgentId("worker", "k"), cancellation_token=token
    )
    outcome = await outcome_of(request)
    await runtime.stop_when_idle()
    return outcome, round(loop.time() - start, 3)


async def token_passed_on(core):
    """A token that a handler passes on cancels the nested request too."""
    seen = []

    class Outer(core.RoutedAgent):
        @core.rpc
        async def work(self, message: Text, ctx: core.MessageContext) -> str:
            try:
                return await self.send_message(
                    message,
                    core.AgentId("inner", "k"),
                    cancellation_token=ctx.cancellation_token,
                )
            finally:
                seen.append("outer ends")

    class Inner(core.RoutedAgent):
        @core.rpc
        async def work(self, message: Text, ctx: core.MessageContext) -> str:
            seen.append("inner begins")
            await asyncio.sleep(10)
            return "done"

    runtime = core.SingleThreadedAgentRuntime()
    await Outer.register(runtime, "outer", lambda: Outer(""))
    await Inner.register(runtime, "inner", lambda: Inner(""))
    runtime.start()
    token = core.CancellationToken()
    asyncio.get_running_loop().call_later(5, token.cancel)
    request = runtime.send_message(
        Text("a"), core.AgentId("outer", "k"), cancellation_token=token
    )
    outcome = await outcome_of(request)
    await runtime.stop_when_idle()
    return outcome, seen


async def callback_that_asks_its_token(core):
    """Whether a callback may ask the token that calls it."""
    token = core.CancellationToken()
    seen = []

    def ask():
        if core.__name__ == "autogen_core" and token._lock.locked():
            seen.append("deadlock")  # is_cancelled() takes this lock, once more
        else:
            seen.append(token.is_cancelled())

    token.add_callback(ask)
    token.cancel()
    return seen


async def callback_that_raises(core):
    """What becomes of the later callbacks if one raises."""
    token = core.CancellationToken()
    seen = []

    def fail():
        raise KeyError("callback")

    token.add_callback(fail)
    token.add_callback(lambda: seen.append("later"))
    try:
        token.cancel()
    except Exception as error:
        seen.append(type(error).__name__)
    return seen


async def cancel_after(core):
    """Whether a token can be cancelled after a while."""
    token = core.CancellationToken()
    try:
        token.cancel_after(10)
    except AttributeError:
        return "AttributeError"
    await asyncio.sleep(9)
    before = token.is_cancelled()
    await asyncio.sleep(2)
    return before, token.is_cancelled()


async def publish_with_a_token(core):
    """Whether a cancelled token stops a message that nobody has begun to handle."""
    seen = []
    runtime, agent_id = await worker_runtime(core, seen)
    await runtime.add_subscription(core.TypeSubscription("topic", "worker"))
    token = core.CancellationToken()
    token.cancel()
    topic = core.TopicId("topic", agent_id.key)
    await runtime.publish_message(Text("a"), topic, cancellation_token=token)
    await runtime.stop_when_idle()
    return seen


async def token_of_a_publish(core):
    """A subscriber sees the token that the publisher gave."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.event
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            seen.append((ctx.cancellation_token is token, ctx.sender))

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    token, topic = core.CancellationToken(), core.TopicId("topic", "s")
    await runtime.publish_message(Text(), topic, cancellation_token=token)
    await runtime.stop_when_idle()
    return seen
