# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Subscriptions: matching, equality, adding, removing, and class decorators."""

import importlib

from ..common import Text, failure, recorder, refusal


def cant_handle(core):
    return importlib.import_module(f"{core.__name__}.exceptions").CantHandleException


async def type_subscription(core):
    """A type subscription matches its topic type exactly; the source is the key."""
    one = core.TypeSubscription(topic_type="topic", agent_type="agent")
    topics = [core.TopicId(kind, "s") for kind in ("topic", "topics", "top", "x")]
    return (
        one.topic_type,
        one.agent_type,
        [one.is_match(topic) for topic in topics],
        str(one.map_to_agent(topics[0])),
        refusal(cant_handle(core), lambda: one.map_to_agent(topics[1])),
    )


async def type_prefix_subscription(core):
    """A prefix subscription matches what begins with its prefix."""
    one = core.TypePrefixSubscription(topic_type_prefix="topic.", agent_type="agent")
    topics = [core.TopicId(kind, "s") for kind in ("topic.a", "topic.", "topic", "x")]
    return (
        one.topic_type_prefix,
        one.agent_type,
        [one.is_match(topic) for topic in topics],
        str(one.map_to_agent(topics[0])),
        refusal(cant_handle(core), lambda: one.map_to_agent(topics[2])),
    )


async def subscription_ids(core):
    """A subscription has a unique id, unless one is given."""
    ids = [core.TypeSubscription("t", "a").id for _ in range(3)]
    ids += [core.TypePrefixSubscription("t", "a").id for _ in range(3)]
    return (
        len(set(ids)),
        {type(one) for one in ids},
        core.TypeSubscription("t", "a", "mine").id,
        core.TypePrefixSubscription("t", "a", id="mine").id,
    )


async def subscriptions_take_an_agent_type(core):
    """The agent type may be given as an AgentType."""
    kind = core.AgentType("a")
    return [
        core.TypeSubscription("t", kind).agent_type,
        core.TypePrefixSubscription("t", kind).agent_type,
        core.DefaultSubscription("t", kind).agent_type,
    ]


async def subscription_equality(core):
    """Subscriptions are equal by id, or by topic and agent type."""
    exact = core.TypeSubscription("t", "a")
    prefix = core.TypePrefixSubscription("t", "a")
    return [
        exact == core.TypeSubscription("t", "a"),
        exact == core.TypeSubscription("t", "b"),
        exact == core.TypeSubscription("u", "a"),
        core.TypeSubscription("t", "a", "id") == core.TypeSubscription("u", "b", "id"),
        prefix == core.TypePrefixSubscription("t", "a"),
        prefix == core.TypePrefixSubscription("t", "b"),
        exact == prefix,
        prefix == exact,
        exact == core.DefaultSubscription("t", "a"),
        core.DefaultSubscription("t", "a") == exact,
        exact == 3,
    ]


async def default_subscription_object(core):
    """A default subscription is one of the topic type "default"."""
    one = core.DefaultSubscription(agent_type="a")
    return (
        isinstance(one, core.TypeSubscription),
        one.topic_type,
        one.agent_type,
        core.DefaultSubscription("t", "a").topic_type,
        one == core.TypeSubscription("default", "a"),
    )


async def default_subscription_outside_of_a_registration(core):
    """Without an agent type a default subscription needs a registration around it."""
    outside = refusal(cant_handle(core), core.DefaultSubscription)
    kind = core.AgentType("a")
    with core.SubscriptionInstantiationContext.populate_context(kind):
        inside = core.DefaultSubscription("t").agent_type
    return outside, inside


async def duplicate_subscriptions(core):
    """A subscription that exists already, by id or by value, is refused."""
    runtime = core.SingleThreadedAgentRuntime()
    await runtime.add_subscription(core.TypeSubscription("t", "a", "one"))
    await runtime.add_subscription(core.TypePrefixSubscription("t", "a"))
    again = [
        core.TypeSubscription("t", "a"),
        core.TypeSubscription("u", "b", "one"),
        core.DefaultSubscription("t", "a"),
        core.TypePrefixSubscription("t", "a"),
        core.TypeSubscription("t", "b"),
        core.TypePrefixSubscription("t", "b"),
    ]
    return [await failure(ValueError, runtime.add_subscription(one)) for one in again]


async def removing_a_subscription(core):
    """A removed subscription delivers no more, also for topics seen before."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    subscription = core.TypeSubscription("topic", "agent")
    await runtime.add_subscription(subscription)
    topic = core.TopicId("topic", "s")
    runtime.start()
    await runtime.publish_message(Text("before"), topic)
    await runtime.stop_when_idle()
    answer = await runtime.remove_subscription(subscription.id)
    runtime.start()
    await runtime.publish_message(Text("after"), topic)
    await runtime.stop_when_idle()
    again = await failure(ValueError, runtime.remove_subscription(subscription.id))
    return answer, Recorder.seen, again


async def adding_for_a_topic_seen_before(core):
    """A new subscription applies to topics that were published to before."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    topic = core.TopicId("topic", "s")
    runtime.start()
    await runtime.publish_message(Text("before"), topic)
    await runtime.stop_when_idle()
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    await runtime.publish_message(Text("after"), topic)
    await runtime.stop_when_idle()
    return Recorder.seen


async def subscription_of_ones_own(core):
    """Any object with the right methods is a subscription."""
    Recorder = recorder(core)

    class Everything:
        id = "everything"

        def is_match(self, topic_id):
            return topic_id.source != "secret"

        def map_to_agent(self, topic_id):
            return core.AgentId("agent", topic_id.type)

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(Everything())
    runtime.start()
    for kind, source in [("a", "s"), ("b", "secret"), ("c", "s")]:
        await runtime.publish_message(Text(source), core.TopicId(kind, source))
    await runtime.stop_when_idle()
    return sorted(Recorder.seen)


async def subscription_of_an_unknown_type(core):
    """A subscription may name a type that is registered later, or never."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    await Recorder.register(runtime, "agent", Recorder)
    runtime.start()
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return Recorder.seen


async def subscription_of_a_type_never_registered(core):
    """What becomes of the others if one subscriber's type does not exist."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await runtime.add_subscription(core.TypeSubscription("topic", "ghost"))
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return Recorder.seen


async def heard_on(core, agent_class, seen, *topics, **options):
    """Which of the topics the class hears through its class subscriptions."""
    runtime = core.SingleThreadedAgentRuntime()
    await agent_class.register(runtime, "agent", agent_class, **options)
    runtime.start()
    for topic in topics:
        await runtime.publish_message(Text(topic), core.TopicId(topic, "s"))
    await runtime.stop_when_idle()
    heard, seen[:] = [text for _, text in seen], []
    return heard


async def class_decorators(core):
    """The class decorators subscribe what is registered, in all their forms."""
    Recorder = recorder(core)
    seen = Recorder.seen

    @core.default_subscription
    class One(Recorder): ...

    @core.default_subscription()
    class Two(Recorder): ...

    @core.type_subscription("a")
    @core.type_subscription(topic_type="b")
    class Three(Recorder): ...

    topics = ["default", "a", "b"]
    return [await heard_on(core, one, seen, *topics) for one in (One, Two, Three)]


async def class_decorators_are_not_inherited(core):
    """A subclass starts without its base's subscriptions."""
    Recorder = recorder(core)

    @core.type_subscription("a")
    class Base(Recorder): ...

    @core.type_subscription("b")
    class Derived(Base): ...

    seen = Recorder.seen
    return [await heard_on(core, one, seen, "a", "b") for one in (Base, Derived)]


async def class_subscriptions_may_be_skipped(core):
    """A registration may leave the class subscriptions out."""
    Recorder = recorder(core)

    @core.type_subscription("a")
    class Agent(Recorder): ...

    return await heard_on(
        core, Agent, Recorder.seen, "a", "agent:", skip_class_subscriptions=True
    )


async def same_class_under_two_types(core):
    """A class that is registered twice has its subscriptions for both types."""
    Recorder = recorder(core)

    @core.default_subscription
    class Agent(Recorder): ...

    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "one", Agent)
    await Agent.register(runtime, "two", Agent)
    runtime.start()
    await runtime.publish_message(Text("x"), core.DefaultTopicId(source="s"))
    await runtime.stop_when_idle()
    return Recorder.seen


async def removing_what_is_not_there(core):
    """Whether removing an unknown subscription is the documented LookupError."""
    runtime = core.SingleThreadedAgentRuntime()
    return await failure(LookupError, runtime.remove_subscription("nothing"))


async def decorator_with_an_agent_type(core):
    """Whether ``type_subscription`` may name another agent type."""
    Recorder = recorder(core)
    try:

        @core.type_subscription(topic_type="topic", agent_type="other")
        class Agent(Recorder): ...
    except TypeError:
        return "TypeError"
    runtime = core.SingleThreadedAgentRuntime()
    await Agent.register(runtime, "agent", Agent)
    await Recorder.register(runtime, "other", Recorder)
    runtime.start()
    await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
    await runtime.stop_when_idle()
    return Recorder.seen
