# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Interventions: watching, changing and dropping messages."""

import asyncio
import importlib

from ..common import Text, failure, logged, name, recorder, refusal, warned


async def with_handlers(core, *handlers):
    """A started runtime with the intervention handlers and one recorder."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=list(handlers))
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    return runtime, Recorder.seen, core.AgentId("agent", "s")


def dropped(core):
    errors = importlib.import_module(f"{core.__name__}.exceptions")
    return errors.MessageDroppedException


async def default_handler_changes_nothing(core):
    """The default intervention handler passes everything on."""
    handler = core.DefaultInterventionHandler()
    runtime, seen, agent_id = await with_handlers(core, handler)
    answer = await runtime.send_message(Text("sent"), agent_id)
    await runtime.publish_message(Text("published"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return answer, seen


async def what_a_handler_is_told(core):
    """An intervention handler sees the message, the sender and the recipient."""
    told = []

    class Watch(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            told.append(("send", message, str(recipient), message_context.is_rpc))
            told.append((message_context.sender, message_context.message_id))
            return message

        async def on_publish(self, message, *, message_context):
            told.append(("publish", message, str(message_context.topic_id)))
            told.append((message_context.sender, message_context.message_id))
            return message

        async def on_response(self, message, *, sender, recipient):
            told.append(("response", message, str(sender), recipient))
            return message

    runtime, _, agent_id = await with_handlers(core, Watch())
    await runtime.send_message(Text("a"), agent_id, message_id="1")
    topic = core.TopicId("topic", "s")
    await runtime.publish_message(Text("b"), topic, message_id="2")
    await runtime.stop_when_idle()
    return told


async def changing_what_is_sent(core):
    """A handler may replace requests, publishes and responses."""

    class Change(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return Text(message.content + " (sent)")

        async def on_publish(self, message, *, message_context):
            return Text(message.content + " (published)")

        async def on_response(self, message, *, sender, recipient):
            return message + " (response)"

    runtime, seen, agent_id = await with_handlers(core, Change())
    answer = await runtime.send_message(Text("a"), agent_id)
    await runtime.publish_message(Text("b"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return answer, seen


async def two_handlers(core):
    """What the second of two intervention handlers is given."""

    def adding(letter):
        class Add(core.DefaultInterventionHandler):
            async def on_send(self, message, *, message_context, recipient):
                return Text(message.content + letter)

        return Add()

    runtime, seen, agent_id = await with_handlers(core, adding("1"), adding("2"))
    await runtime.send_message(Text("x"), agent_id)
    await runtime.stop_when_idle()
    return seen


async def dropping_a_request(core):
    """A dropped request fails at its sender, by the class and by an instance."""

    class Drop(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return core.DropMessage if message.content == "a" else core.DropMessage()

    runtime, seen, agent_id = await with_handlers(core, Drop())
    outcomes = [
        await failure(dropped(core), runtime.send_message(Text(text), agent_id))
        for text in "ab"
    ]
    await runtime.stop()
    return outcomes, seen


async def dropping_a_publish(core):
    """A dropped publish reaches nobody, silently."""

    class Drop(core.DefaultInterventionHandler):
        async def on_publish(self, message, *, message_context):
            return core.DropMessage

    runtime, seen, _ = await with_handlers(core, Drop())
    with logged() as lines:
        topic = core.TopicId("topic", "s")
        answer = await runtime.publish_message(Text("x"), topic)
        await asyncio.sleep(1)
        await runtime.stop()
    return answer, seen, lines


async def dropping_a_response(core):
    """A dropped response fails at the sender; the handler has run."""

    class Drop(core.DefaultInterventionHandler):
        async def on_response(self, message, *, sender, recipient):
            return core.DropMessage()

    runtime, seen, agent_id = await with_handlers(core, Drop())
    request = runtime.send_message(Text("x"), agent_id)
    outcome = await failure(dropped(core), request)
    await runtime.stop()
    return outcome, seen


async def idle_after_a_drop(core):
    """Whether a runtime becomes idle again after a dropped message."""

    class Drop(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return core.DropMessage

    runtime, _, agent_id = await with_handlers(core, Drop())
    await failure(dropped(core), runtime.send_message(Text("x"), agent_id))
    await runtime.stop_when_idle()
    return "idle"


async def handler_that_raises(core):
    """What on_send and on_response raise goes to the sender."""

    class Raise(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            if message.content == "send":
                raise KeyError("send")
            return message

        async def on_response(self, message, *, sender, recipient):
            raise IndexError("response")

    runtime, seen, agent_id = await with_handlers(core, Raise())
    outcomes = [
        await failure(KeyError, runtime.send_message(Text("send"), agent_id)),
        await failure(IndexError, runtime.send_message(Text("other"), agent_id)),
    ]
    await runtime.stop()
    return outcomes, seen


async def handler_that_raises_on_publish(core):
    """What on_publish raises is logged, and the message is gone."""

    class Raise(core.DefaultInterventionHandler):
        async def on_publish(self, message, *, message_context):
            raise KeyError("publish")

    runtime, seen, _ = await with_handlers(core, Raise())
    with logged() as lines:
        try:
            topic = core.TopicId("topic", "s")
            answer = await runtime.publish_message(Text("x"), topic)
        except Exception as error:
            answer = name(error)
        await asyncio.sleep(1)
        await runtime.stop()
    return answer, seen, [line.partition(":")[0] for line in lines]


async def handler_that_returns_none(core):
    """What the recipient gets if a handler returns None."""

    class Forget(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return None

    seen = []

    class Agent(core.BaseAgent):
        async def on_message_impl(self, message, ctx):
            seen.append(message)

    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=[Forget()])
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    with warned() as categories:
        await runtime.send_message(Text("x"), core.AgentId("agent", "k"))
        await runtime.stop_when_idle()
    return seen, "RuntimeWarning" in categories


async def handler_without_the_base_class(core):
    """Any object with the three methods is an intervention handler."""

    class Watch:
        async def on_send(self, message, *, message_context, recipient):
            return Text(message.content.upper())

        async def on_publish(self, message, *, message_context):
            return message

        async def on_response(self, message, *, sender, recipient):
            return message

    runtime, seen, agent_id = await with_handlers(core, Watch())
    await runtime.send_message(Text("x"), agent_id)
    await runtime.stop_when_idle()
    return seen


async def response_to_a_publish(core):
    """on_response is not called for published messages."""
    told = []

    class Watch(core.DefaultInterventionHandler):
        async def on_response(self, message, *, sender, recipient):
            told.append(message)
            return message

    runtime, seen, _ = await with_handlers(core, Watch())
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return told, seen


async def exceptions_are_not_responses(core):
    """on_response is not called for what a handler raises."""
    told = []

    class Watch(core.DefaultInterventionHandler):
        async def on_response(self, message, *, sender, recipient):
            told.append(message)
            return message

    class Agent(core.BaseAgent):
        async def on_message_impl(self, message, ctx):
            raise KeyError(message)

    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=[Watch()])
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    request = runtime.send_message(Text("x"), core.AgentId("agent", "k"))
    outcome = await failure(KeyError, request)
    await runtime.stop_when_idle()
    return outcome, told


async def drop_message_is_an_exception(core):
    """Whether DropMessage can be raised, and be given a reason."""
    return refusal(TypeError, lambda: issubclass(core.DropMessage, Exception)), refusal(
        TypeError, lambda: type(core.DropMessage("reason")).__name__
    )


async def handler_that_returns_none_on_response(core):
    """What the sender gets if on_response returns None; it warns in any case."""

    class Forget(core.DefaultInterventionHandler):
        async def on_response(self, message, *, sender, recipient):
            return None

    runtime, _, agent_id = await with_handlers(core, Forget())
    with warned() as categories:
        answer = await runtime.send_message(Text("x"), agent_id)
        await runtime.stop_when_idle()
    return answer, "RuntimeWarning" in categories


async def handler_for_a_handler_without_response(core):
    """Whether a response of None warns although no handler touched it."""

    class Agent(core.BaseAgent):
        async def on_message_impl(self, message, ctx):
            return None

    handler = core.DefaultInterventionHandler()
    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=[handler])
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    with warned() as categories:
        await runtime.send_message(Text("x"), core.AgentId("agent", "k"))
        await runtime.stop_when_idle()
    return categories


async def partial_handler(core):
    """What a handler that overrides one method does to other messages."""

    class Watch(core.InterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return message

    with warned():
        runtime, seen, agent_id = await with_handlers(core, Watch())
        answer = await runtime.send_message(Text("sent"), agent_id)
        await runtime.stop_when_idle()
    return answer, seen


async def raising_drop_message(core):
    """Whether DropMessage may be raised."""

    class Drop(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            raise core.DropMessage

    runtime, seen, agent_id = await with_handlers(core, Drop())
    outcome = await failure(dropped(core), runtime.send_message(Text("x"), agent_id))
    await runtime.stop()
    return outcome, seen


async def slow_handler(core):
    """Whether a slow intervention delays other messages."""
    seen = []

    class Approve(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            if message.content == "slow":
                await asyncio.sleep(10)
            return message

    runtime, _, agent_id = await with_handlers(core, Approve())

    async def ask(text):
        await runtime.send_message(Text(text), agent_id)
        seen.append(text)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("slow"))
        await asyncio.sleep(1)
        group.create_task(ask("quick"))
    await runtime.stop_when_idle()
    return seen
