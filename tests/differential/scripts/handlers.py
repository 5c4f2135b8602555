# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Handlers: how they are declared, found and chosen."""

import logging
from typing import Any, Optional, Union

from ..common import LoudText, Number, Text, failure, logged, recorder, refusal


async def ask(core, agent_class, *messages):
    """Send each message to one agent of the class; the answers or the errors."""
    runtime = core.SingleThreadedAgentRuntime()
    await agent_class.register(runtime, "agent", lambda: agent_class("An agent"))
    runtime.start()
    agent_id = core.AgentId("agent", "default")
    answers = []
    for message in messages:
        try:
            answers.append(await runtime.send_message(message, agent_id))
        except Exception as error:
            answers.append(f"raised {type(error).__name__}: {error}")
    await runtime.stop_when_idle()
    return answers


async def handler_attributes(core):
    """A handler tells what it takes and what it gives."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def one(self, message: Text, ctx: core.MessageContext) -> Number: ...

        @core.message_handler
        async def union(
            self, message: Text | Number, ctx: core.MessageContext
        ) -> str | None: ...

        @core.event
        async def happened(
            self, message: Union[Text, Number], ctx: core.MessageContext
        ) -> None: ...

        @core.rpc
        async def asked(
            self, message: Optional[Text], ctx: core.MessageContext
        ) -> str: ...

    handlers = [Agent.one, Agent.union, Agent.happened, Agent.asked]
    return [
        (
            handler.__name__,
            handler.is_message_handler,
            [kind.__name__ for kind in handler.target_types],
            [kind.__name__ for kind in handler.produces_types],
        )
        for handler in handlers
    ]


async def handlers_are_found_in_alphabetical_order(core):
    """The handlers of a class are found in alphabetical order, inherited ones too."""

    class Base(core.RoutedAgent):
        @core.message_handler
        async def m(self, message: Text, ctx: core.MessageContext) -> None: ...

    class Agent(Base):
        @core.message_handler
        async def z(self, message: Text, ctx: core.MessageContext) -> None: ...

        @core.message_handler
        async def a(self, message: Text, ctx: core.MessageContext) -> None: ...

        async def plain(self, message: Text, ctx: core.MessageContext) -> None: ...

    return [handler.__name__ for handler in Agent._discover_handlers()]


async def routers(core):
    """A handler's router joins the kind of the message with ``match``."""
    token = core.CancellationToken()
    asked = core.MessageContext(None, None, True, token, "1")
    told = core.MessageContext(None, None, False, token, "2")
    yes = lambda message, ctx: True  # noqa: E731 - passed on below
    no = lambda message, ctx: False  # noqa: E731 - the same

    async def handler(self, message: Text, ctx: core.MessageContext) -> None: ...

    decorators = [core.message_handler, core.event, core.rpc]
    made = [make(match=match)(handler) for make in decorators for match in (yes, no)]
    made += [make(handler) for make in decorators]
    return [(one.router(Text(), asked), one.router(Text(), told)) for one in made]


async def first_handler_in_alphabetical_order_wins(core):
    """Of two handlers of one type the first in alphabetical order handles alone."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def b(self, message: Text, ctx: core.MessageContext) -> str:
            seen.append("b")
            return "b"

        @core.message_handler
        async def a(self, message: Text, ctx: core.MessageContext) -> str:
            seen.append("a")
            return "a"

    return await ask(core, Agent, Text()), seen


async def match_passes_a_message_on(core):
    """The first handler whose match says yes handles the message."""

    class Agent(core.RoutedAgent):
        @core.message_handler(match=lambda message, ctx: message.content == "a")
        async def a(self, message: Text, ctx: core.MessageContext) -> str:
            return "a"

        @core.message_handler(match=lambda message, ctx: message.content == "b")
        async def b(self, message: Text, ctx: core.MessageContext) -> str:
            return "b"

        @core.message_handler(match=lambda message, ctx: message.content != "d")
        async def c(self, message: Text, ctx: core.MessageContext) -> str:
            return "c"

    return await ask(core, Agent, Text("a"), Text("b"), Text("c"), Text("d"))


async def match_sees_the_context(core):
    """``match`` is given the context of the message."""
    seen = []

    def match(message, ctx):
        seen.append((message, ctx.is_rpc, ctx.sender, ctx.topic_id, ctx.message_id))
        return True

    class Agent(core.RoutedAgent):
        @core.message_handler(match=match)
        async def a(self, message: Text, ctx: core.MessageContext) -> None: ...

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    runtime.start()
    agent_id = core.AgentId("agent", "default")
    await runtime.send_message(Text("x"), agent_id, message_id="an id")
    await runtime.stop_when_idle()
    return seen


async def match_that_raises(core):
    """What ``match`` raises goes to the sender."""

    def match(message, ctx):
        raise KeyError(message.content)

    class Agent(core.RoutedAgent):
        @core.message_handler(match=match)
        async def a(self, message: Text, ctx: core.MessageContext) -> None: ...

    return await ask(core, Agent, Text("x"))


async def events_and_rpcs(core):
    """An event handler takes publishes only, an rpc handler requests only."""
    seen = []

    class Agent(core.RoutedAgent):
        @core.event
        async def a(self, message: Text, ctx: core.MessageContext) -> None:
            seen.append(("event", message.content))

        @core.rpc
        async def b(self, message: Text, ctx: core.MessageContext) -> str:
            seen.append(("rpc", message.content))
            return "answer"

        @core.event
        async def c(self, message: Number, ctx: core.MessageContext) -> None:
            seen.append(("event", message.value))

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", lambda: Agent(""))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    agent_id, topic = core.AgentId("agent", "s"), core.TopicId("topic", "s")
    answers = [await runtime.send_message(Text("one"), agent_id)]
    await runtime.publish_message(Text("two"), topic)
    answers.append(await runtime.send_message(Number(3), agent_id))
    await runtime.publish_message(Number(4), topic)
    await runtime.stop_when_idle()
    return answers, seen


async def subclasses_are_not_routed(core):
    """A handler takes its exact type only."""
    return await ask(
        core, recorder_taking_a_description(core), Text("a"), LoudText("b")
    )


async def union_handler(core):
    """A handler of a union takes each of its members."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def a(
            self, message: Text | Number, ctx: core.MessageContext
        ) -> str | int:
            return message.content if isinstance(message, Text) else message.value

    return await ask(core, Agent, Text("a"), Number(1))


def recorder_taking_a_description(core):
    """The recorder, made like the agents of `ask`."""
    Recorder = recorder(core)

    class Agent(Recorder):
        def __init__(self, description):
            super().__init__()

    return Agent


async def unhandled_request(core):
    """A request that nobody handles returns None and leaves a line in the log."""
    with logged(logging.INFO) as lines:
        answers = await ask(core, recorder_taking_a_description(core), Number(7))
    return answers, [line for line in lines if "nhandled" in line]


async def unhandled_publish(core):
    """A publish that its recipient does not handle leaves a line in the log."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    with logged(logging.INFO) as lines:
        runtime.start()
        await runtime.publish_message(Number(7), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return [line for line in lines if "nhandled" in line]


async def on_unhandled_message_is_a_hook(core):
    """An agent may say itself what becomes of an unhandled message."""

    class Agent(core.RoutedAgent):
        async def on_unhandled_message(self, message, ctx):
            if message.value < 0:
                raise ValueError("negative")
            return "not returned"

    return await ask(core, Agent, Number(1), Number(-1))


async def agent_without_a_handler(core):
    """A class without any handler can be registered and handles nothing."""

    class Agent(core.RoutedAgent):
        pass

    return await ask(core, Agent, Text())


async def overridden_handler(core):
    """An overriding handler replaces the inherited one."""

    class Base(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            return "base"

    class Agent(Base):
        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> str:
            return "derived, " + await super().on_text(message, ctx)

    return await ask(core, Agent, Text())


async def handler_without_annotations(core):
    """A handler needs the types of its message and of its answer."""

    async def no_message_type(self, message, ctx: core.MessageContext) -> None: ...

    async def no_return_type(self, message: Text, ctx: core.MessageContext): ...

    return [
        refusal(AssertionError, lambda f=f, make=make: make(f) and "handler")
        for make in (core.message_handler, core.event, core.rpc)
        for f in (no_message_type, no_return_type)
    ]


async def handler_with_other_parameter_names(core):
    """Whether the message's parameter must be called ``message``."""

    async def handler(self, text: Text, context: core.MessageContext) -> None: ...

    return refusal(AssertionError, lambda: core.message_handler(handler).__name__)


async def handler_of_generic_types(core):
    """Subscripted generics cannot be routed; plain ones can."""

    async def one(self, message: list[str], ctx: core.MessageContext) -> None: ...

    async def two(self, message: dict[str, int], ctx: core.MessageContext) -> None: ...

    async def three(self, message: dict, ctx: core.MessageContext) -> None: ...

    return [
        refusal(AssertionError, lambda f=f: core.message_handler(f).target_types)
        for f in (one, two, three)
    ]


async def handler_returning_generics(core):
    """What a handler returns must be a type that can be compared, too."""

    async def handler(self, message: Text, ctx: core.MessageContext) -> list[str]: ...

    return refusal(
        AssertionError,
        lambda: [one.__name__ for one in core.message_handler(handler).produces_types],
    )


async def handler_returning_any(core):
    """What a handler that may return anything is said to produce."""

    async def handler(self, message: Text, ctx: core.MessageContext) -> Any: ...

    return [one.__name__ for one in core.message_handler(handler).produces_types]


async def decorating_something_else(core):
    """A decorator takes a function only."""
    makers = [core.message_handler, core.event, core.rpc]
    return [refusal(ValueError, lambda make=make: make(3)) for make in makers]


async def decorator_forms(core):
    """A decorator may be written with and without parentheses."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def a(self, message: Text, ctx: core.MessageContext) -> str:
            return "a"

        @core.rpc()
        async def b(self, message: Number, ctx: core.MessageContext) -> str:
            return "b"

        @core.rpc(strict=True, match=None)
        async def c(self, message: LoudText, ctx: core.MessageContext) -> str:
            return "c"

    return await ask(core, Agent, Text(), Number(), LoudText())


async def calling_a_handler_with_another_type(core):
    """Called directly, a strict handler refuses another type, a lenient one warns."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def strict(self, message: Text, ctx: core.MessageContext) -> Any:
            return "strict"

        @core.message_handler(strict=False)
        async def lenient(self, message: Text, ctx: core.MessageContext) -> Any:
            return "lenient"

    agent = Agent("")
    ctx = core.MessageContext(None, None, True, core.CancellationToken(), "1")
    cant_handle = __import__(core.__name__).exceptions.CantHandleException
    with logged() as lines:
        seen = [
            await failure(cant_handle, agent.strict(Number(), ctx)),
            await failure(cant_handle, agent.lenient(Number(), ctx)),
            await failure(cant_handle, agent.strict(Text(), ctx)),
        ]
    return seen, [line.split(":")[0] for line in lines]


async def wrong_answers(core):
    """A strict handler must answer with exactly an announced type."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def strict(self, message: Text, ctx: core.MessageContext) -> Text:
            answers = {
                "right": Text("right"),
                "sub": LoudText("a subclass"),
                "none": None,
            }
            return answers.get(message.content, 3)

        @core.rpc(strict=False)
        async def lenient(self, message: Number, ctx: core.MessageContext) -> Text:
            return message.value

    def kind(answer):
        if isinstance(answer, Text):
            return answer.content
        return answer.partition(":")[0] if isinstance(answer, str) else answer

    with logged() as lines:
        messages = [Text("right"), Text("sub"), Text("none"), Text("?"), Number(5)]
        answers = await ask(core, Agent, *messages)
    return [kind(answer) for answer in answers], [kind(line) for line in lines]


async def answering_an_event(core):
    """An event handler that answers is refused, or warned about if lenient."""

    class Agent(core.RoutedAgent):
        @core.event
        async def strict(self, message: Text, ctx: core.MessageContext) -> None:
            return "no"

        @core.event(strict=False)
        async def lenient(self, message: Number, ctx: core.MessageContext) -> None:
            return "no"

    agent = Agent("")
    ctx = core.MessageContext(None, None, False, core.CancellationToken(), "1")
    with logged() as lines:
        seen = [
            await failure(ValueError, agent.strict(Text(), ctx)),
            await failure(ValueError, agent.lenient(Number(), ctx)),
        ]
    return seen, [line.split(":")[0] for line in lines]


async def description_must_be_text(core):
    """An agent's description is a string."""

    class Agent(core.RoutedAgent):
        pass

    return refusal(ValueError, lambda: Agent(3)), Agent("fine")._description


async def description_may_be_left_out(core):
    """Whether an agent needs a description."""

    class Agent(core.RoutedAgent):
        pass

    return refusal(TypeError, lambda: type(Agent()).__name__)


async def catch_all_handler(core):
    """Whether a handler of Any takes everything."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def anything(self, message: Any, ctx: core.MessageContext) -> str:
            return f"any {type(message).__name__}"

        @core.message_handler
        async def text(self, message: Text, ctx: core.MessageContext) -> str:
            return "text"

    return await failure(ValueError, ask(core, Agent, Number(), Text()))


async def plain_values_as_messages(core):
    """Whether a class with a handler of strings can be registered."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: str, ctx: core.MessageContext) -> str:
            return message.upper()

    return await failure(ValueError, ask(core, Agent, "hello"))


async def plain_values_through_a_factory(core):
    """An agent registered by its factory alone takes plain values."""

    class Agent(core.RoutedAgent):
        @core.message_handler
        async def on_text(self, message: str, ctx: core.MessageContext) -> str:
            return message.upper()

    runtime = core.SingleThreadedAgentRuntime()
    await runtime.register_factory("agent", lambda: Agent(""))
    runtime.start()
    answer = await runtime.send_message("hello", core.AgentId("agent", "default"))
    await runtime.stop_when_idle()
    return answer
