# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""The life of a runtime: start, the ways to stop, stepping, errors in events."""

import asyncio

from ..common import Text, failure, logged, name, recorder, refusal


async def starting_twice(core):
    """A runtime that runs cannot be started."""
    runtime = core.SingleThreadedAgentRuntime()
    returned = runtime.start()
    twice = refusal(RuntimeError, runtime.start)
    await runtime.stop()
    return returned, twice


async def stopping_what_does_not_run(core):
    """A runtime that was not started cannot be stopped."""
    runtime = core.SingleThreadedAgentRuntime()
    return [
        await failure(RuntimeError, runtime.stop()),
        await failure(RuntimeError, runtime.stop_when_idle()),
        await failure(RuntimeError, runtime.stop_when(lambda: True)),
    ]


async def stopping_twice(core):
    """A runtime that was stopped cannot be stopped again."""
    runtime = core.SingleThreadedAgentRuntime()
    outcomes = []
    for end in (runtime.stop, runtime.stop_when_idle):
        runtime.start()
        outcomes.append(await end())
        outcomes.append(await failure(RuntimeError, end()))
    return outcomes


async def starting_again(core):
    """A runtime may be started again; its agents are still there."""
    Recorder = recorder(core)
    built = []

    def build():
        built.append(1)
        return Recorder()

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", build)
    agent_id = core.AgentId("agent", "k")
    for end in (runtime.stop_when_idle, runtime.stop, runtime.stop_when_idle):
        runtime.start()
        await runtime.send_message(Text("x"), agent_id)
        await end()
    return len(Recorder.seen), len(built)


async def stop_when_idle_waits(core):
    """stop_when_idle() waits for all that is queued and all that follows from it."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            await asyncio.sleep(1)
            seen.append(message.content)
            if len(message.content) < 4:
                topic = core.TopicId("topic", message.content)
                await self.publish_message(Text(message.content + "x"), topic)

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return seen


async def stop_discards_what_is_queued(core):
    """stop() does not handle what was published before start and is still queued."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    for _ in range(3):
        await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop()
    return len(Recorder.seen) <= 3, runtime.unprocessed_messages_count


async def stop_when(core):
    """stop_when() stops once its condition holds."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    runtime.start()
    asyncio.get_running_loop().call_later(2.5, Recorder.seen.append, "now")
    await runtime.stop_when(lambda: bool(Recorder.seen))
    return await failure(RuntimeError, runtime.stop())


async def close_closes_agents(core):
    """close() stops the runtime and closes its agents in the order of their building."""
    closed = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            return "alive"

        async def close(self):
            closed.append(self.id.key)

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    for key in "bac":
        await runtime.send_message(Text(), core.AgentId("agent", key))
    returned = await runtime.close()
    stopped = await failure(RuntimeError, runtime.stop())
    return returned, closed, stopped


async def close_without_start(core):
    """close() works for a runtime that never ran."""
    runtime = core.SingleThreadedAgentRuntime()
    return await runtime.close()


async def stop_closes_agents(core):
    """Whether stop_when_idle() closes the agents."""
    closed = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            return "alive"

        async def close(self):
            closed.append(self.id.key)

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    await runtime.send_message(Text(), core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return closed


async def stepping(core):
    """process_next() handles one message of a runtime that was not started."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    counts = [runtime.unprocessed_messages_count]
    for text in "ab":
        await runtime.publish_message(Text(text), core.TopicId("topic", "s"))
    counts.append(runtime.unprocessed_messages_count)
    seen = []
    for _ in range(2):
        await runtime.process_next()
        await asyncio.sleep(0.1)
        counts.append(runtime.unprocessed_messages_count)
        seen.append(len(Recorder.seen))
    return counts, seen, Recorder.seen


async def stepping_through_a_request(core):
    """A request and its response are two steps."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    agent_id = core.AgentId("agent", "k")
    request = asyncio.ensure_future(runtime.send_message(Text("a"), agent_id))
    await asyncio.sleep(0.1)
    steps = [(runtime.unprocessed_messages_count, len(Recorder.seen), request.done())]
    for _ in range(2):
        await runtime.process_next()
        await asyncio.sleep(0.1)
        steps.append(
            (runtime.unprocessed_messages_count, len(Recorder.seen), request.done())
        )
    return steps, await request


async def stepping_with_an_empty_queue(core):
    """process_next() waits for a message."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    step = asyncio.ensure_future(runtime.process_next())
    await asyncio.sleep(1)
    before = step.done()
    await runtime.publish_message(Text("a"), core.TopicId("topic", "s"))
    await step
    await asyncio.sleep(0.1)
    return before, Recorder.seen


async def counting_messages(core):
    """Published messages that nobody took yet are counted; handled ones are not."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    for _ in range(3):
        await runtime.publish_message(Text(), core.TopicId("topic", "s"))
    counts = [runtime.unprocessed_messages_count]
    runtime.start()
    await runtime.stop_when_idle()
    counts.append(runtime.unprocessed_messages_count)
    return counts


async def _failing_runtime(core):
    """A runtime that does not ignore errors, with an agent that fails."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            if message.content:
                await asyncio.sleep(0.5)
                raise KeyError(message.content)
            return "fine"

    runtime = core.SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    return runtime, core.TopicId("topic", "s"), core.AgentId("agent", "s")


async def error_in_an_event_is_raised_when_stopping(core):
    """If errors are not ignored, stop_when_idle() raises the first one."""
    runtime, topic, _ = await _failing_runtime(core)
    with logged():
        runtime.start()
        await runtime.publish_message(Text("first"), topic)
        first = await failure(KeyError, runtime.stop_when_idle())
        runtime.start()
        await runtime.publish_message(Text(), topic)
        second = await runtime.stop_when_idle()
    return first, second


async def error_in_an_event_is_raised_by_stop(core):
    """If errors are not ignored, stop() raises the first one too."""
    runtime, topic, _ = await _failing_runtime(core)
    with logged():
        runtime.start()
        await runtime.publish_message(Text("first"), topic)
        await asyncio.sleep(1)
        return await failure(KeyError, runtime.stop())


async def error_in_an_event_is_raised_when_stepping(core):
    """If errors are not ignored, process_next() raises the first one."""
    runtime, topic, _ = await _failing_runtime(core)
    with logged():
        await runtime.publish_message(Text("first"), topic)
        await runtime.process_next()
        await asyncio.sleep(1)
        await runtime.publish_message(Text(), topic)
        return await failure(KeyError, runtime.process_next())


async def error_in_a_request_is_not_raised_when_stopping(core):
    """Errors that a sender was told are not raised again."""
    runtime, _, agent_id = await _failing_runtime(core)
    runtime.start()
    told = await failure(KeyError, runtime.send_message(Text("x"), agent_id))
    return told, await runtime.stop_when_idle()


async def errors_are_ignored_by_default(core):
    """By default an error in an event only appears in the log."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            raise KeyError(message.content)

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    with logged() as lines:
        await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
        ended = await runtime.stop_when_idle()
    return ended, len(lines)


async def caller_of_a_stopped_handler(core):
    """What the caller of a handler that never ends hears when the runtime stops."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            await asyncio.Event().wait()

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    agent_id = core.AgentId("agent", "k")
    request = asyncio.ensure_future(runtime.send_message(Text(), agent_id))
    await asyncio.sleep(1)
    await runtime.stop()
    try:
        async with asyncio.timeout(100):
            return await request
    except Exception as error:
        return name(error)


async def stop_inside_a_handler(core):
    """Whether a handler may call stop_when_idle()."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            await self.runtime.stop_when_idle()
            return "done"

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    return await runtime.send_message(Text(), core.AgentId("agent", "k"))


async def constructor_takes_keywords_only(core):
    """The options of a runtime are keywords, and unknown ones are refused."""
    runtime_class = core.SingleThreadedAgentRuntime
    return [
        refusal(TypeError, lambda: runtime_class([])),
        refusal(TypeError, lambda: runtime_class(unknown=1)),
        type(runtime_class(intervention_handlers=None)).__name__,
        type(runtime_class(tracer_provider=None)).__name__,
    ]


async def two_runtimes(core):
    """Two runtimes in one process do not meet."""
    one, two = recorder(core), recorder(core)
    runtimes = []
    for agent_class in (one, two):
        runtime = core.SingleThreadedAgentRuntime()
        await agent_class.register(runtime, "agent", agent_class)
        await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
        runtime.start()
        runtimes.append(runtime)
    await runtimes[0].publish_message(Text("x"), core.TopicId("topic", "s"))
    for runtime in runtimes:
        await runtime.stop_when_idle()
    return one.seen, two.seen


async def sending_after_stop(core):
    """What happens to a request to a runtime that was stopped."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    runtime.start()
    await runtime.stop()
    try:
        async with asyncio.timeout(100):
            return await runtime.send_message(Text(), core.AgentId("agent", "k"))
    except Exception as error:
        return name(error)


async def idle_while_another_subscriber_failed(core):
    """Whether stop_when_idle() waits for a handler whose sibling has failed."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            if self.id.type == "failing":
                raise KeyError("failing")
            await asyncio.sleep(5)
            seen.append("slow one done")

    runtime = core.SingleThreadedAgentRuntime()
    for kind in ("slow", "failing"):
        await Agent.register(runtime, kind, lambda: Agent(""))
        await runtime.add_subscription(core.TypeSubscription("topic", kind))
    runtime.start()
    with logged():
        await runtime.publish_message(Text(), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return seen


async def close_with_an_agent_that_fails(core):
    """Whether the other agents are closed if one's close() raises."""
    closed = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None: ...

        async def close(self):
            if self.id.key == "a":
                raise KeyError("close")
            closed.append(self.id.key)

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    for key in "abc":
        await runtime.send_message(Text(), core.AgentId("agent", key))
    with logged():
        outcome = await failure(KeyError, runtime.close())
    return outcome, closed


async def stop_when_its_condition_holds(core):
    """When stop_when() looks at its condition."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    runtime.start()
    loop = asyncio.get_running_loop()
    agent_id, start = core.AgentId("agent", "k"), loop.time()

    async def send():
        await asyncio.sleep(2.5)
        await runtime.send_message(Text(), agent_id)

    sender = loop.create_task(send())
    await runtime.stop_when(lambda: bool(Recorder.seen))
    took = round(loop.time() - start, 3)
    await sender
    return took


async def handler_running_at_stop(core):
    """Whether stop() lets a handler finish that has begun."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> None:
            await asyncio.sleep(2)
            seen.append("done")

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    await runtime.publish_message(Text(), core.TopicId("topic", "s"))
    await asyncio.sleep(1)
    await runtime.stop()
    return seen


async def async_with(core):
    """Whether a runtime is a context manager."""
    Recorder = recorder(core)
    try:
        async with core.SingleThreadedAgentRuntime() as runtime:
            await Recorder.register(runtime, "agent", Recorder)
            return await runtime.send_message(Text("x"), core.AgentId("agent", "k"))
    except TypeError:
        return "TypeError"
