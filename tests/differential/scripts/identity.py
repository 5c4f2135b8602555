# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Names: agent ids, agent types, topics and their contexts."""

from ..common import Text, refusal


async def agent_id_has_parts(core):
    """An agent id is a type and a key."""
    worker = core.AgentId("worker", "one")
    return worker.type, worker.key, str(worker), repr(worker)


async def agent_id_takes_an_agent_type(core):
    """An agent id may be made with an AgentType."""
    worker = core.AgentId(core.AgentType("worker"), "one")
    return worker.type, worker == core.AgentId("worker", "one")


async def agent_id_compares_by_value(core):
    """Equal ids are equal, hash alike, and equal nothing else."""
    worker = core.AgentId("worker", "one")
    return (
        worker == core.AgentId("worker", "one"),
        hash(worker) == hash(core.AgentId("worker", "one")),
        worker == core.AgentId("worker", "two"),
        worker == core.AgentId("other", "one"),
        worker == "worker/one",
        worker != core.AgentId("worker", "one"),
        len({worker, core.AgentId("worker", "one")}),
    )


async def agent_id_checks_its_type(core):
    """The type of an agent id matches a pattern."""
    names = ["a", "a_b-c.d", "", "a b", "a/b", "a:b", "a\n", "ä", "1", "-", "a\\b"]
    return [
        refusal(ValueError, lambda name=name: core.AgentId(name, "k").type)
        for name in names
    ]


async def agent_id_takes_any_key(core):
    """The key of an agent id is not checked."""
    keys = ["", "a b", "a/b", "ä", "k\n", "\x01"]
    return [core.AgentId("a", key).key for key in keys]


async def agent_id_from_str(core):
    """An agent id is read from ``type/key``; the key may hold slashes."""
    texts = ["a/k", "a/k/l", "a/", "/k", "a", "", "a b/k"]
    return [
        refusal(ValueError, lambda text=text: str(core.AgentId.from_str(text)))
        for text in texts
    ]


async def agent_id_is_read_only(core):
    """The parts of an agent id cannot be set."""
    worker = core.AgentId("worker", "one")
    return [
        refusal(AttributeError, lambda: setattr(worker, "type", "x")),
        refusal(AttributeError, lambda: setattr(worker, "key", "x")),
    ]


async def agent_type_is_a_value(core):
    """An agent type is a frozen, hashable wrapper of any string."""
    worker = core.AgentType("worker")
    return (
        worker.type,
        repr(worker),
        worker == core.AgentType(type="worker"),
        worker == "worker",
        hash(worker) == hash(core.AgentType("worker")),
        refusal(AttributeError, lambda: setattr(worker, "type", "x")),
        core.AgentType("not a valid id").type,
    )


async def topic_id_has_parts(core):
    """A topic id is a type and a source."""
    topic = core.TopicId("task.status", "worker-1")
    return topic.type, topic.source, str(topic)


async def topic_id_compares_by_value(core):
    """Equal topics are equal and hash alike."""
    topic = core.TopicId(type="a", source="b")
    return (
        topic == core.TopicId("a", "b"),
        hash(topic) == hash(core.TopicId("a", "b")),
        topic == core.TopicId("a", "c"),
        topic == "a/b",
        refusal(AttributeError, lambda: setattr(topic, "type", "x")),
    )


async def topic_id_checks_its_type(core):
    """The type of a topic matches a pattern."""
    names = ["a", "a.b-c:d=e_f", "", "a b", "a/b", "t\n", "ä", "a:", "a*"]
    return [
        refusal(ValueError, lambda name=name: core.TopicId(name, "s").type)
        for name in names
    ]


async def topic_id_takes_any_source(core):
    """The source of a topic is not checked."""
    return [
        core.TopicId("a", source).source for source in ["", "a b", "a/b", "ä", "\n"]
    ]


async def topic_id_from_str(core):
    """A topic is read from ``type/source``; the source may hold slashes."""
    texts = ["a/s", "a/s/t", "a/", "/s", "a", "", "a b/s"]
    return [
        refusal(ValueError, lambda text=text: str(core.TopicId.from_str(text)))
        for text in texts
    ]


async def default_topic_outside_of_a_handler(core):
    """Outside of a handler the default topic has the source "default"."""
    topics = [
        core.DefaultTopicId(),
        core.DefaultTopicId("a"),
        core.DefaultTopicId(source="s"),
        core.DefaultTopicId("a", "s"),
    ]
    return [(topic.type, topic.source, str(topic)) for topic in topics]


async def default_topic_is_a_topic(core):
    """A default topic is a TopicId."""
    topic = core.DefaultTopicId()
    return isinstance(topic, core.TopicId), refusal(
        ValueError, lambda: core.DefaultTopicId("a b")
    )


async def default_topic_equals_its_topic(core):
    """Whether a default topic equals the topic of the same parts."""
    return core.DefaultTopicId() == core.TopicId("default", "default")


async def message_context_is_a_record(core):
    """A message context has five required fields, which can be set."""
    token = core.CancellationToken()
    sender = core.AgentId("a", "k")
    topic = core.TopicId("t", "s")
    ctx = core.MessageContext(sender, topic, True, token, "id")
    seen = [
        ctx.sender is sender,
        ctx.topic_id is topic,
        ctx.is_rpc,
        ctx.cancellation_token is token,
        ctx.message_id,
    ]
    ctx.message_id = "other"
    return (
        seen,
        ctx.message_id,
        ctx == core.MessageContext(sender, topic, True, token, "other"),
        refusal(TypeError, lambda: core.MessageContext(sender=None)),
    )


async def constants(core):
    """The names of the loggers and the content types."""
    return core.ROOT_LOGGER_NAME, core.EVENT_LOGGER_NAME, core.TRACE_LOGGER_NAME


async def contexts_cannot_be_instantiated(core):
    """The three context classes are namespaces."""
    return [
        refusal(RuntimeError, core.AgentInstantiationContext),
        refusal(RuntimeError, core.MessageHandlerContext),
        refusal(RuntimeError, core.SubscriptionInstantiationContext),
    ]


async def contexts_are_empty_outside(core):
    """Outside of a factory, a handler and a registration the contexts are empty."""
    return [
        refusal(RuntimeError, core.AgentInstantiationContext.current_runtime),
        refusal(RuntimeError, core.AgentInstantiationContext.current_agent_id),
        core.AgentInstantiationContext.is_in_factory_call(),
        refusal(RuntimeError, core.MessageHandlerContext.agent_id),
        refusal(RuntimeError, core.SubscriptionInstantiationContext.agent_type),
    ]


async def contexts_can_be_populated(core):
    """Each context can be filled for a block, and nests."""
    first, second = core.AgentId("a", "1"), core.AgentId("a", "2")
    seen = []
    with core.MessageHandlerContext.populate_context(first):
        with core.MessageHandlerContext.populate_context(second):
            seen.append(core.MessageHandlerContext.agent_id() is second)
        seen.append(core.MessageHandlerContext.agent_id() is first)
        seen.append(core.DefaultTopicId().source)
    runtime = core.SingleThreadedAgentRuntime()
    with core.AgentInstantiationContext.populate_context((runtime, first)):
        seen.append(core.AgentInstantiationContext.is_in_factory_call())
        seen.append(core.AgentInstantiationContext.current_runtime() is runtime)
        seen.append(core.AgentInstantiationContext.current_agent_id() is first)
    agent_type = core.AgentType("a")
    with core.SubscriptionInstantiationContext.populate_context(agent_type):
        seen.append(core.SubscriptionInstantiationContext.agent_type() is agent_type)
        seen.append(core.DefaultSubscription().agent_type)
    return seen


async def protocols_are_checkable(core):
    """Agent, AgentRuntime and Subscription can be asked with isinstance."""

    class Nobody(core.RoutedAgent):
        def __init__(self):
            super().__init__("")

    runtime = core.SingleThreadedAgentRuntime()
    await Nobody.register(runtime, "nobody", Nobody)
    agent = await runtime.try_get_underlying_agent_instance(core.AgentId("nobody", "k"))
    return (
        isinstance(agent, core.Agent),
        isinstance(Text(), core.Agent),
        isinstance(runtime, core.AgentRuntime),
        isinstance(Text(), core.AgentRuntime),
        isinstance(core.TypeSubscription("t", "a"), core.Subscription),
        isinstance(Text(), core.Subscription),
    )
