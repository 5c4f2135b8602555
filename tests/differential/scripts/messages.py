# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Sending and publishing: who receives what, and what comes back."""

import asyncio
import importlib
import logging
import math
from typing import Any

from ..common import Number, Text, failure, logged, name, recorder


async def started(core, **agents):
    """A started runtime with one agent type per keyword, ``name=class``."""
    runtime = core.SingleThreadedAgentRuntime()
    for agent_type, agent_class in agents.items():
        await agent_class.register(runtime, agent_type, agent_class)
    runtime.start()
    return runtime


def answering(core, answer):
    """A class of agents that answer each Text with ``answer(self, message, ctx)``."""

    class Agent(core.RoutedAgent):
        def __init__(self):
            super().__init__("Answers")

        @core.message_handler(strict=False)
        async def on_text(self, message: Text, ctx: core.MessageContext) -> Any:
            result = answer(self, message, ctx)
            return await result if asyncio.iscoroutine(result) else result

    return Agent


async def response_is_the_same_object(core):
    """Nothing is copied, neither the message nor the response."""
    seen = []
    response = Number(3)

    def answer(self, message, ctx):
        seen.append(message)
        return response

    runtime = await started(core, agent=answering(core, answer))
    message = Text("x")
    back = await runtime.send_message(message, core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return seen[0] is message, back is response


async def exception_is_the_same_object(core):
    """What a handler raises is raised at the sender, the same object."""
    error = KeyError("mine")

    def answer(self, message, ctx):
        if message.content:
            return "alive"
        raise error

    runtime = await started(core, agent=answering(core, answer))
    agent_id = core.AgentId("agent", "k")
    try:
        await runtime.send_message(Text(), agent_id)
    except KeyError as raised:
        same = raised is error
    after = await runtime.send_message(Text("again"), agent_id)
    await runtime.stop_when_idle()
    return same, after


async def exception_crosses_two_agents(core):
    """An exception crosses a chain of requests, and may be caught on the way."""
    error = ValueError("deep")

    def inner(self, message, ctx):
        raise error

    async def outer(self, message, ctx):
        try:
            return await self.send_message(message, core.AgentId("inner", "k"))
        except ValueError as raised:
            if message.content == "catch":
                return raised is error
            raise

    agents = {"inner": answering(core, inner), "outer": answering(core, outer)}
    runtime = await started(core, **agents)
    agent_id = core.AgentId("outer", "k")
    caught = await runtime.send_message(Text("catch"), agent_id)
    passed = await failure(ValueError, runtime.send_message(Text(), agent_id))
    await runtime.stop_when_idle()
    return caught, passed


async def cancelled_error_of_a_handler(core):
    """asyncio.CancelledError raised by a handler reaches the sender."""

    def answer(self, message, ctx):
        raise asyncio.CancelledError

    runtime = await started(core, agent=answering(core, answer))
    try:
        await runtime.send_message(Text(), core.AgentId("agent", "k"))
    except asyncio.CancelledError:
        outcome = "cancelled"
    await runtime.stop_when_idle()
    return outcome, asyncio.current_task().cancelling()


async def unknown_recipient(core):
    """A request to a type that nobody registered fails at once, also before start."""
    runtime = core.SingleThreadedAgentRuntime()
    request = runtime.send_message(Text(), core.AgentId("nobody", "k"))
    before = await failure(Exception, request)
    runtime.start()
    request = runtime.send_message(Text(), core.AgentId("nobody", "k"))
    after = await failure(Exception, request)
    await runtime.stop_when_idle()
    return before, after


async def unknown_recipient_message(core):
    """The text of the error for an unknown recipient, which users match."""
    runtime = core.SingleThreadedAgentRuntime()
    try:
        await runtime.send_message(Text(), core.AgentId("nobody", "k"))
    except Exception as error:
        return "Recipient not found" in str(error)


async def context_of_a_request(core):
    """A request from outside: no sender, no topic, a token and an id."""
    seen = []

    def answer(self, message, ctx):
        seen.extend([ctx.sender, ctx.topic_id, ctx.is_rpc, ctx.message_id])
        seen.append(ctx.cancellation_token.is_cancelled())
        seen.append(self.id == core.AgentId("agent", "k"))
        seen.append(core.MessageHandlerContext.agent_id() == self.id)

    runtime = await started(core, agent=answering(core, answer))
    agent_id = core.AgentId("agent", "k")
    await runtime.send_message(Text(), agent_id, message_id="given")
    await runtime.stop_when_idle()
    return seen


async def token_of_a_request(core):
    """The handler sees the very token that the sender gave."""
    seen = []
    token = core.CancellationToken()

    def answer(self, message, ctx):
        seen.append(ctx.cancellation_token is token)

    runtime = await started(core, agent=answering(core, answer))
    agent_id = core.AgentId("agent", "k")
    await runtime.send_message(Text(), agent_id, cancellation_token=token)
    await runtime.send_message(Text(), agent_id)
    await runtime.stop_when_idle()
    return seen


async def message_ids_are_unique(core):
    """Without a given id each message has a text of its own."""
    seen = []

    def answer(self, message, ctx):
        seen.append(ctx.message_id)

    runtime = await started(core, agent=answering(core, answer))
    for _ in range(5):
        await runtime.send_message(Text(), core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return len(set(seen)), {type(one) for one in seen}


async def sender_of_a_request(core):
    """An agent's request names the agent; a sender may be given from outside too."""
    seen = []

    def inner(self, message, ctx):
        seen.append(ctx.sender)

    async def outer(self, message, ctx):
        await self.send_message(message, core.AgentId("inner", "k"))

    agents = {"inner": answering(core, inner), "outer": answering(core, outer)}
    runtime = await started(core, **agents)
    await runtime.send_message(Text(), core.AgentId("outer", "a"))
    sender = core.AgentId("outer", "b")
    await runtime.send_message(Text(), core.AgentId("inner", "k"), sender=sender)
    await runtime.stop_when_idle()
    return [str(one) for one in seen]


async def context_of_a_publish(core):
    """A published message tells its topic, its sender and its id."""
    seen, returned = [], []

    def inner(self, message, ctx):
        seen.append((str(ctx.sender), str(ctx.topic_id), ctx.is_rpc, ctx.message_id))

    async def outer(self, message, ctx):
        topic = core.TopicId("topic", "s")
        returned.append(await self.publish_message(Text("from outer"), topic))

    agents = {"inner": answering(core, inner), "outer": answering(core, outer)}
    runtime = await started(core, **agents)
    await runtime.add_subscription(core.TypeSubscription("topic", "inner"))
    topic = core.TopicId("topic", "s")
    returned.append(await runtime.publish_message(Text(), topic, message_id="given"))
    await runtime.stop_when_idle()
    runtime.start()
    await runtime.send_message(Text(), core.AgentId("outer", "a"))
    await runtime.stop_when_idle()
    return returned, seen[0], seen[1][:3]


async def publish_to_nobody(core):
    """A publish without a subscriber is silent."""
    runtime = await started(core, agent=recorder(core))
    with logged() as lines:
        answer = await runtime.publish_message(Text(), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return answer, lines


async def publish_to_each_source(core):
    """Each topic source has an agent of its own, which keeps its messages in order."""
    Recorder = recorder(core)
    runtime = await started(core, agent=Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    for number in range(4):
        source = "odd" if number % 2 else "even"
        await runtime.publish_message(Text(str(number)), core.TopicId("topic", source))
    await runtime.stop_when_idle()
    return sorted(Recorder.seen)


async def publish_to_several_types(core):
    """Every type that is subscribed receives its copy, and only those."""
    one, two, three = recorder(core), recorder(core), recorder(core)
    runtime = await started(core, one=one, two=two, three=three)
    await runtime.add_subscription(core.TypeSubscription("topic", "one"))
    await runtime.add_subscription(core.TypeSubscription("topic", "two"))
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return one.seen, two.seen, three.seen


async def publisher_does_not_hear_itself(core):
    """An agent never receives its own publish; another key of its type does."""
    seen = []

    async def answer(self, message, ctx):
        seen.append((self.id.key, message.content))
        if message.content == "first":
            topic = core.TopicId("topic", "a")
            await self.publish_message(Text("second"), topic)
            topic = core.TopicId("topic", "b")
            await self.publish_message(Text("third"), topic)

    runtime = await started(core, agent=answering(core, answer))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    await runtime.send_message(Text("first"), core.AgentId("agent", "a"))
    await runtime.stop_when_idle()
    return seen


async def publish_in_the_name_of_an_agent(core):
    """A sender given from outside does not receive the message either."""
    Recorder = recorder(core)
    runtime = await started(core, agent=Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    topic, sender = core.TopicId("topic", "a"), core.AgentId("agent", "a")
    await runtime.publish_message(Text("own"), topic, sender=sender)
    sender = core.AgentId("agent", "b")
    await runtime.publish_message(Text("other"), topic, sender=sender)
    await runtime.stop_when_idle()
    return Recorder.seen


async def two_subscriptions_of_one_agent(core):
    """How often an agent receives what two of its subscriptions match."""
    Recorder = recorder(core)
    runtime = await started(core, agent=Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    await runtime.add_subscription(core.TypePrefixSubscription("top", "agent"))
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return len(Recorder.seen)


async def publish_to_a_type_directly(core):
    """A topic ``type:...`` reaches every registered type, unless it opted out."""
    one, two = recorder(core), recorder(core)
    runtime = await started(core, one=one)
    await two.register(runtime, "two", two, skip_direct_message_subscription=True)
    for topic in ("one:", "one:anything", "two:", "on", "one"):
        await runtime.publish_message(Text(topic), core.TopicId(topic, "s"))
    await runtime.stop_when_idle()
    return sorted(one.seen), two.seen


async def exception_of_a_subscriber(core):
    """A subscriber's exception is logged; the others and the publisher do not see it."""
    Recorder = recorder(core)

    def answer(self, message, ctx):
        raise KeyError(message.content)

    failing = answering(core, answer)
    runtime = await started(core, failing=failing, agent=Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "failing"))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    with logged() as lines:
        await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return Recorder.seen, [line.split(":")[0] for line in lines]


async def log_line_of_a_subscribers_exception(core):
    """The log line of a failed subscriber names it."""

    def answer(self, message, ctx):
        raise KeyError(message.content)

    runtime = await started(core, failing=answering(core, answer))
    await runtime.add_subscription(core.TypeSubscription("topic", "failing"))
    with logged() as lines:
        await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return len(lines), ["failing/s" in line for line in lines]


async def answer_to_a_publish(core):
    """What a subscriber returns is dropped, silently."""
    runtime = await started(core, agent=recorder(core))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    with logged() as lines:
        answer = await runtime.publish_message(Text(), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return answer, lines


async def default_topic_in_a_handler(core):
    """Inside a handler the default topic has the agent's key as its source."""
    seen = []

    async def answer(self, message, ctx):
        topic = core.DefaultTopicId()
        seen.append((topic.type, topic.source))
        topic = core.DefaultTopicId("other", "given")
        seen.append((topic.type, topic.source))

    runtime = await started(core, agent=answering(core, answer))
    await runtime.send_message(Text(), core.AgentId("agent", "the-key"))
    await runtime.stop_when_idle()
    return seen


async def handler_context_comes_back(core):
    """After a nested request the context names the outer agent again."""
    seen = []

    def inner(self, message, ctx):
        seen.append(str(core.MessageHandlerContext.agent_id()))

    async def outer(self, message, ctx):
        seen.append(str(core.MessageHandlerContext.agent_id()))
        await self.send_message(message, core.AgentId("inner", "k"))
        seen.append(str(core.MessageHandlerContext.agent_id()))

    agents = {"inner": answering(core, inner), "outer": answering(core, outer)}
    runtime = await started(core, **agents)
    await runtime.send_message(Text(), core.AgentId("outer", "k"))
    await runtime.stop_when_idle()
    return seen


async def request_in_a_circle(core):
    """A asks B, which asks A, which answers."""
    seen = []

    async def a(self, message, ctx):
        seen.append(f"a {message.content}")
        if message.content == "start":
            return await self.send_message(Text("there"), core.AgentId("b", "k"))
        return "answer of a"

    async def b(self, message, ctx):
        seen.append(f"b {message.content} from {ctx.sender}")
        return await self.send_message(Text("back"), core.AgentId("a", "k"))

    runtime = await started(core, a=answering(core, a), b=answering(core, b))
    answer = await runtime.send_message(Text("start"), core.AgentId("a", "k"))
    await runtime.stop_when_idle()
    return answer, seen


async def request_to_oneself(core):
    """An agent may ask itself."""

    async def answer(self, message, ctx):
        if message.content == "aaa":
            return (str(ctx.sender), str(core.MessageHandlerContext.agent_id()))
        return await self.send_message(Text(message.content + "a"), self.id)

    runtime = await started(core, agent=answering(core, answer))
    back = await runtime.send_message(Text(), core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return back


async def handlers_of_one_agent(core):
    """Whether two handlers of one agent run beside each other."""
    seen = []

    async def answer(self, message, ctx):
        seen.append(f"begin {message.content}")
        await asyncio.sleep(1)
        seen.append(f"end {message.content}")

    runtime = await started(core, agent=answering(core, answer))
    agent_id = core.AgentId("agent", "k")
    async with asyncio.TaskGroup() as group:
        for text in "ab":
            group.create_task(runtime.send_message(Text(text), agent_id))
    await runtime.stop_when_idle()
    return seen


async def handlers_of_one_agent_side_by_side(core):
    """With AutoGen's concurrency the handlers of one agent interleave."""
    seen = []

    async def answer(self, message, ctx):
        seen.append(f"begin {message.content}")
        await asyncio.sleep(1)
        seen.append(f"end {message.content}")

    options = {} if core.__name__ == "autogen_core" else {"max_concurrency": math.inf}
    runtime = core.SingleThreadedAgentRuntime(**options)
    agent_class = answering(core, answer)
    await agent_class.register(runtime, "agent", agent_class)
    runtime.start()
    agent_id = core.AgentId("agent", "k")
    async with asyncio.TaskGroup() as group:
        for text in "ab":
            group.create_task(runtime.send_message(Text(text), agent_id))
    await runtime.stop_when_idle()
    return seen


async def order_of_starting(core):
    """Requests and publishes of one task start in the order in which they were sent."""
    seen = []

    async def answer(self, message, ctx):
        seen.append(message.content)

    runtime = await started(core, agent=answering(core, answer))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    agent_id, topic = core.AgentId("agent", "s"), core.TopicId("topic", "s")
    for number in range(10):
        if number % 3 == 2:
            await runtime.send_message(Text(str(number)), agent_id)
        else:
            await runtime.publish_message(Text(str(number)), topic)
    await runtime.stop_when_idle()
    return seen


async def sending_before_start(core):
    """What is sent and published before start() is handled, in order, after it."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    agent_id, topic = core.AgentId("agent", "s"), core.TopicId("topic", "s")
    await runtime.publish_message(Text("one"), topic)
    async with asyncio.TaskGroup() as group:
        request = group.create_task(runtime.send_message(Text("two"), agent_id))
        await asyncio.sleep(0.1)
        await runtime.publish_message(Text("three"), topic)
        seen = [list(Recorder.seen), request.done()]
        runtime.start()
    await runtime.stop_when_idle()
    return seen, request.result(), Recorder.seen


async def any_object_is_a_message(core):
    """An agent without routing takes any object."""

    class Agent(core.BaseAgent):
        def __init__(self):
            super().__init__("Echoes")

        async def on_message_impl(self, message, ctx):
            return message

    runtime = await started(core, agent=Agent)
    messages = [None, 3, "text", [1], {"a": 1}, Text]
    agent_id = core.AgentId("agent", "k")
    back = [await runtime.send_message(message, agent_id) for message in messages]
    await runtime.stop_when_idle()
    return [one is other for one, other in zip(back, messages, strict=True)]


async def what_is_logged_of_a_request(core):
    """Nothing above INFO is logged of a request that goes well."""
    with logged(logging.INFO + 1) as lines:
        runtime = await started(core, agent=recorder(core))
        await runtime.send_message(Text(), core.AgentId("agent", "k"))
        await runtime.stop_when_idle()
    return lines


async def sender_that_is_not_registered(core):
    """Whether a request may name a sender that the runtime does not know."""
    runtime = await started(core, agent=recorder(core))
    sender = core.AgentId("stranger", "k")
    try:
        answer = await runtime.send_message(
            Text("x"), core.AgentId("agent", "k"), sender=sender
        )
    except Exception as error:
        answer = name(error, LookupError)
    await runtime.stop_when_idle()
    return answer


async def naming_a_sender(core):
    """Whether naming a sender builds it."""
    built = []

    def build():
        built.append(str(core.AgentInstantiationContext.current_agent_id()))
        return recorder(core)()

    runtime = core.SingleThreadedAgentRuntime()
    await runtime.register_factory("agent", build)
    runtime.start()
    sender, recipient = core.AgentId("agent", "sender"), core.AgentId("agent", "k")
    await runtime.send_message(Text(), recipient, sender=sender)
    await runtime.stop_when_idle()
    return sorted(built)


async def kind_of_the_error_of_an_unknown_recipient(core):
    """Whether the error for an unknown recipient is the documented one."""
    errors = importlib.import_module(f"{core.__name__}.exceptions")
    runtime = core.SingleThreadedAgentRuntime()
    request = runtime.send_message(Text(), core.AgentId("nobody", "k"))
    return await failure(errors.UndeliverableException, request)


async def slow_subscriber(core):
    """A slow subscriber does not delay the other ones, nor the publisher."""
    seen = []

    async def slow(self, message, ctx):
        await asyncio.sleep(10)
        seen.append("slow")

    def quick(self, message, ctx):
        seen.append("quick")

    agents = {"slow": answering(core, slow), "quick": answering(core, quick)}
    runtime = await started(core, **agents)
    await runtime.add_subscription(core.TypeSubscription("topic", "slow"))
    await runtime.add_subscription(core.TypeSubscription("topic", "quick"))
    await runtime.publish_message(Text(), core.TopicId("topic", "s"))
    seen.append("published")
    await asyncio.sleep(1)
    before = sorted(seen)
    await runtime.stop_when_idle()
    return before, seen[-1]


async def several_callers(core):
    """Callers of different agents do not wait for each other."""

    async def answer(self, message, ctx):
        await asyncio.sleep(10)
        return self.id.key

    runtime = await started(core, agent=answering(core, answer))
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as group:
        requests = [
            group.create_task(runtime.send_message(Text(), core.AgentId("agent", key)))
            for key in "abc"
        ]
    took = round(loop.time() - start, 3)
    await runtime.stop_when_idle()
    return [request.result() for request in requests], took
