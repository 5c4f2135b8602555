# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Closure agents: agents made from a function."""

import importlib
from typing import Any

from ..common import Number, Text, failure, recorder, refusal, warned


async def heard(core, closure, *messages, **options):
    """What a started runtime answers to requests to the closure."""
    runtime = core.SingleThreadedAgentRuntime()
    await core.ClosureAgent.register_closure(runtime, "closure", closure, **options)
    runtime.start()
    agent_id = core.AgentId("closure", "k")
    answers = []
    for message in messages:
        try:
            answers.append(await runtime.send_message(message, agent_id))
        except Exception as error:
            answers.append(type(error).__name__)
    await runtime.stop_when_idle()
    return answers


async def closure_answers(core):
    """A closure is given its agent, the message and the context."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> str:
        return f"{agent.id} heard {message.content}, {ctx.is_rpc}"

    return await heard(core, closure, Text("x"))


async def register_closure_returns_the_type(core):
    """Registering a closure returns its agent type and its description."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None: ...

    runtime = core.SingleThreadedAgentRuntime()
    kind = await core.ClosureAgent.register_closure(
        runtime, "closure", closure, description="Closes"
    )
    agent_id = core.AgentId("closure", "k")
    return (
        kind == core.AgentType("closure"),
        await runtime.agent_metadata(agent_id),
        await runtime.agent_save_state(agent_id),
        await failure(
            ValueError,
            core.ClosureAgent.register_closure(runtime, "closure", closure),
        ),
    )


async def closure_subscriptions(core):
    """A closure's subscriptions are made in the context of its registration."""
    seen = []

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None:
        seen.append((agent.id.key, message.content))

    async def later():
        return [core.TypeSubscription("late", "two")]

    runtime = core.SingleThreadedAgentRuntime()
    register = core.ClosureAgent.register_closure
    now = lambda: [core.DefaultSubscription()]  # noqa: E731 - as users write it
    await register(runtime, "one", closure, subscriptions=now)
    await register(runtime, "two", closure, subscriptions=later)
    runtime.start()
    for kind in ("default", "late", "one:", "none"):
        await runtime.publish_message(Text(kind), core.TopicId(kind, "s"))
    await runtime.stop_when_idle()
    return sorted(seen)


async def closure_sends_and_publishes(core):
    """A closure may send and publish as its agent."""
    Recorder = recorder(core)

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> str:
        await agent.publish_message(Text("published"), core.TopicId("topic", "s"))
        return await agent.send_message(Text("sent"), core.AgentId("agent", "s"))

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    await core.ClosureAgent.register_closure(runtime, "closure", closure)
    runtime.start()
    answer = await runtime.send_message(Text(), core.AgentId("closure", "k"))
    await runtime.stop_when_idle()
    return answer, Recorder.seen


async def closure_that_raises(core):
    """What a closure raises reaches the sender."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None:
        raise KeyError(message.content)

    return await heard(core, closure, Text())


async def closure_of_a_union(core):
    """A closure may take several types."""

    async def closure(
        agent: core.ClosureContext, message: Text | Number, ctx: core.MessageContext
    ) -> str:
        return type(message).__name__

    return await heard(core, closure, Text(), Number())


async def unknown_type_warns(core):
    """By default another type is not handled, with a warning."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> str:
        return "handled"

    with warned() as categories:
        answers = await heard(core, closure, Number(), Text())
    return answers, categories


async def unknown_type_is_an_error(core):
    """With the policy "error" another type is an error at the sender."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> str:
        return "handled"

    return await heard(core, closure, Number(), Text(), unknown_type_policy="error")


async def unknown_type_is_ignored(core):
    """What the policy "ignore" does with another type."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> str:
        return "handled"

    with warned() as categories:
        answers = await heard(
            core, closure, Number(), Text(), unknown_type_policy="ignore"
        )
    return answers, categories


async def closure_of_any(core):
    """Whether a closure that takes Any is called."""

    async def closure(
        agent: core.ClosureContext, message: Any, ctx: core.MessageContext
    ) -> str:
        return "handled"

    with warned():
        runtime = core.SingleThreadedAgentRuntime()
        await runtime.register_factory(
            "closure", lambda: core.ClosureAgent("", closure)
        )
        runtime.start()
        answer = await runtime.send_message(Text(), core.AgentId("closure", "k"))
        await runtime.stop_when_idle()
    return answer


async def closure_agent_outside_of_a_factory(core):
    """A closure agent is made by its factory only."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None: ...

    return refusal(Exception, lambda: core.ClosureAgent("", closure))


async def closure_without_annotations(core):
    """A closure needs the type of its message."""

    async def closure(agent, message, ctx): ...

    runtime = core.SingleThreadedAgentRuntime()
    register = core.ClosureAgent.register_closure
    return await failure(AssertionError, register(runtime, "closure", closure))


async def closure_state(core):
    """A closure agent has no state to save or to load."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None: ...

    runtime = core.SingleThreadedAgentRuntime()
    await core.ClosureAgent.register_closure(runtime, "closure", closure)
    agent_id = core.AgentId("closure", "k")
    with warned() as categories:
        state = await runtime.agent_save_state(agent_id)
        loaded = await runtime.agent_load_state(agent_id, {})
    return dict(state), loaded, categories


async def closure_class_in_the_log_of_errors(core):
    """The error of the policy "error" is the exception of unhandled messages."""

    async def closure(
        agent: core.ClosureContext, message: Text, ctx: core.MessageContext
    ) -> None: ...

    errors = importlib.import_module(f"{core.__name__}.exceptions")
    runtime = core.SingleThreadedAgentRuntime()
    await core.ClosureAgent.register_closure(
        runtime, "closure", closure, unknown_type_policy="error"
    )
    runtime.start()
    request = runtime.send_message(Number(), core.AgentId("closure", "k"))
    outcome = await failure(errors.CantHandleException, request)
    await runtime.stop_when_idle()
    return outcome
