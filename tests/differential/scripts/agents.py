# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Agents: registering, building, instances, proxies, metadata and state."""

import asyncio

from ..common import Number, Text, failure, logged, recorder, refusal, warned


async def register_returns_the_type(core):
    """Registering returns the agent type; a type is registered once."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    kind = await Recorder.register(runtime, "agent", Recorder)
    other = await runtime.register_factory(core.AgentType("other"), Recorder)
    return (
        kind == core.AgentType("agent"),
        other == core.AgentType("other"),
        await failure(ValueError, Recorder.register(runtime, "agent", Recorder)),
        await failure(ValueError, runtime.register_factory("other", Recorder)),
        repr(kind),
    )


async def factory_context(core):
    """A factory knows for whom it builds; the agent is bound then."""
    seen = []
    runtime = core.SingleThreadedAgentRuntime()
    context = core.AgentInstantiationContext
    Recorder = recorder(core)

    def build():
        seen.append(context.is_in_factory_call())
        seen.append(context.current_runtime() is runtime)
        seen.append(str(context.current_agent_id()))
        agent = Recorder()
        seen.append((str(agent.id), agent.type, agent.runtime is runtime))
        return agent

    await runtime.register_factory("agent", build)
    runtime.start()
    await runtime.send_message(Text(), core.AgentId("agent", "k"))
    await runtime.send_message(Text(), core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return seen, context.is_in_factory_call()


async def async_factory(core):
    """A factory may be async, and keeps its context over its awaits."""
    seen = []
    runtime = core.SingleThreadedAgentRuntime()
    context = core.AgentInstantiationContext
    Recorder = recorder(core)

    async def build():
        await asyncio.sleep(1)
        seen.append(str(context.current_agent_id()))
        return Recorder()

    await Recorder.register(runtime, "agent", build)
    runtime.start()
    answer = await runtime.send_message(Text("x"), core.AgentId("agent", "k"))
    await runtime.stop_when_idle()
    return answer, seen


async def slow_factory_and_two_messages(core):
    """How many agents two early messages build."""
    built = []
    Recorder = recorder(core)

    async def build():
        built.append(1)
        await asyncio.sleep(1)
        return Recorder()

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", build)
    runtime.start()
    agent_id = core.AgentId("agent", "k")
    async with asyncio.TaskGroup() as group:
        for text in "ab":
            group.create_task(runtime.send_message(Text(text), agent_id))
    await runtime.stop_when_idle()
    return len(built)


async def failing_factory(core):
    """A factory's error reaches the sender; the next message tries again."""
    Recorder = recorder(core)
    tries = []

    def build():
        tries.append(1)
        if len(tries) == 1:
            raise KeyError("first")
        return Recorder()

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", build)
    runtime.start()
    agent_id = core.AgentId("agent", "k")
    with logged() as lines:
        first = await failure(KeyError, runtime.send_message(Text("a"), agent_id))
        second = await runtime.send_message(Text("b"), agent_id)
        await runtime.stop_when_idle()
    return first, second, len(tries), [line.partition(":")[0] for line in lines]


async def failing_factory_of_a_subscriber(core):
    """What a subscriber that cannot be built means for the next one."""
    Recorder = recorder(core)

    def build():
        raise KeyError("never")

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "broken", build)
    await Recorder.register(runtime, "agent", Recorder)
    await runtime.add_subscription(core.TypeSubscription("topic", "broken"))
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    runtime.start()
    with logged() as lines:
        await runtime.publish_message(Text("x"), core.TopicId("topic", "s"))
        await runtime.stop_when_idle()
    return Recorder.seen, [line.partition(":")[0] for line in lines]


async def expected_class(core):
    """An agent of another class than registered is refused when it is built."""
    Recorder = recorder(core)

    class Other(core.RoutedAgent): ...

    class Derived(Recorder): ...

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "wrong", lambda: Other(""))
    await Recorder.register(runtime, "derived", Derived)
    await runtime.register_factory("loose", lambda: Other(""))
    runtime.start()
    outcomes = []
    with logged():
        for kind in ("wrong", "derived", "loose"):
            request = runtime.send_message(Text("x"), core.AgentId(kind, "k"))
            outcomes.append(await failure(ValueError, request))
    await runtime.stop_when_idle()
    return outcomes


async def factory_with_arguments(core):
    """A factory that takes arguments fails when it is called."""
    runtime = core.SingleThreadedAgentRuntime()
    await runtime.register_factory("agent", lambda runtime, agent_id: None)
    runtime.start()
    with logged():
        request = runtime.send_message(Text(), core.AgentId("agent", "k"))
        outcome = await failure(TypeError, request)
    await runtime.stop_when_idle()
    return outcome


async def get_is_lazy(core):
    """``get`` names an agent; it builds nothing unless told so."""
    built = []
    Recorder = recorder(core)

    def build():
        built.append(str(core.AgentInstantiationContext.current_agent_id()))
        return Recorder()

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", build)
    names = [
        await runtime.get("agent"),
        await runtime.get("agent", "k"),
        await runtime.get(core.AgentType("agent"), key="l"),
        await runtime.get(core.AgentId("agent", "m")),
        await runtime.get("nobody"),
    ]
    lazy = list(built)
    eager = [
        await runtime.get("agent", "n", lazy=False),
        await runtime.get(core.AgentId("agent", "o"), lazy=False),
    ]
    unknown = await failure(LookupError, runtime.get("nobody", lazy=False))
    return [str(one) for one in names + eager], lazy, built, unknown


async def underlying_instance(core):
    """The instance behind an id, if it is of the class asked for."""
    Recorder = recorder(core)

    class Other(core.RoutedAgent): ...

    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    ask = runtime.try_get_underlying_agent_instance
    agent_id = core.AgentId("agent", "k")
    agent = await ask(agent_id, type=Recorder)
    return (
        type(agent) is Recorder,
        await ask(agent_id) is agent,
        await ask(agent_id, Recorder) is agent,
        await failure(TypeError, ask(agent_id, Other)),
        await failure(LookupError, ask(core.AgentId("nobody", "k"), Recorder)),
    )


async def metadata(core):
    """An agent's metadata is its name and description."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    agent_id = core.AgentId("agent", "k")
    agent = await runtime.try_get_underlying_agent_instance(agent_id, Recorder)
    unknown = runtime.agent_metadata(core.AgentId("nobody", "k"))
    return (
        await runtime.agent_metadata(agent_id),
        agent.metadata == await runtime.agent_metadata(agent_id),
        await failure(LookupError, unknown),
    )


def keeper(core):
    """A class of agents with a state."""

    class Keeper(core.RoutedAgent):
        def __init__(self):
            super().__init__("Keeps a number")
            self.value = 0

        @core.message_handler
        async def on_number(self, message: Number, ctx: core.MessageContext) -> int:
            self.value += message.value
            return self.value

        async def save_state(self):
            return {"value": self.value}

        async def load_state(self, state):
            self.value = state["value"]

    return Keeper


async def state_of_an_agent(core):
    """The state of an agent is saved and loaded, also before start."""
    Keeper = keeper(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Keeper.register(runtime, "keeper", Keeper)
    agent_id = core.AgentId("keeper", "k")
    seen = [await runtime.agent_save_state(agent_id)]
    seen.append(await runtime.agent_load_state(agent_id, {"value": 40}))
    runtime.start()
    seen.append(await runtime.send_message(Number(2), agent_id))
    seen.append(await runtime.agent_save_state(agent_id))
    await runtime.stop_when_idle()
    nobody = core.AgentId("nobody", "k")
    seen.append(await failure(LookupError, runtime.agent_save_state(nobody)))
    seen.append(await failure(LookupError, runtime.agent_load_state(nobody, {})))
    return seen


async def state_of_a_runtime(core):
    """The state of a runtime is that of its agents; unknown types are passed over."""
    Keeper = keeper(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Keeper.register(runtime, "keeper", Keeper)
    runtime.start()
    for key, value in [("a", 1), ("b", 2)]:
        await runtime.send_message(Number(value), core.AgentId("keeper", key))
    await runtime.stop_when_idle()
    saved = await runtime.save_state()

    other = core.SingleThreadedAgentRuntime()
    await Keeper.register(other, "keeper", Keeper)
    await other.load_state({**saved, "nobody/k": {"value": 3}})
    other.start()
    values = [
        await other.send_message(Number(10), core.AgentId("keeper", key))
        for key in "abc"
    ]
    await other.stop_when_idle()
    return dict(saved), values


async def state_by_default(core):
    """An agent without a state of its own warns and has an empty one."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    agent_id = core.AgentId("agent", "k")
    with warned() as categories:
        saved = await runtime.agent_save_state(agent_id)
        await runtime.agent_load_state(agent_id, {})
    return dict(saved), categories


async def proxy(core):
    """A proxy stands for an agent."""
    Keeper = keeper(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Keeper.register(runtime, "keeper", Keeper)
    agent_id = core.AgentId("keeper", "k")
    sender = core.AgentId("keeper", "sender")
    one = core.AgentProxy(agent_id, runtime)
    runtime.start()
    seen = [
        one.id == agent_id,
        await one.metadata,
        await one.send_message(Number(5), sender=sender),
        await one.save_state(),
        await one.load_state({"value": 7}),
        await one.send_message(
            Number(1),
            sender=sender,
            cancellation_token=core.CancellationToken(),
            message_id="id",
        ),
    ]
    await runtime.stop_when_idle()
    return seen


async def proxy_without_a_sender(core):
    """Whether a proxy needs to be told the sender."""
    Keeper = keeper(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Keeper.register(runtime, "keeper", Keeper)
    one = core.AgentProxy(core.AgentId("keeper", "k"), runtime)
    runtime.start()
    try:
        answer = await one.send_message(Number(5))
    except TypeError:
        answer = "TypeError"
    await runtime.stop_when_idle()
    return answer


async def registering_an_instance(core):
    """An instance is registered under an id and hears the topic of its key."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    agent = Recorder()
    agent_id = core.AgentId("agent", "k")
    returned = await agent.register_instance(runtime, agent_id)
    runtime.start()
    answer = await runtime.send_message(Text("direct"), agent_id)
    await runtime.publish_message(Text("key"), core.TopicId("k", "k"))
    await runtime.publish_message(Text("prefix"), core.TopicId("agent:x", "k"))
    await runtime.publish_message(Text("default"), core.DefaultTopicId(source="k"))
    await runtime.stop_when_idle()
    same = await runtime.try_get_underlying_agent_instance(agent_id) is agent
    return returned == agent_id, agent.id == agent_id, answer, Recorder.seen, same


async def registering_an_instance_twice(core):
    """Ids, types and classes of registered instances must not clash."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    register = runtime.register_agent_instance
    agent = Recorder()
    first = await register(agent, core.AgentId("agent", "a"))

    class Other(Recorder): ...

    await Recorder.register(runtime, "made", Recorder)
    attempts = [
        lambda: register(Recorder(), core.AgentId("agent", "a")),
        lambda: register(Other(), core.AgentId("agent", "b")),
        lambda: register(Recorder(), core.AgentId("made", "b")),
    ]
    refused = [await failure(ValueError, attempt()) for attempt in attempts]
    bound = await failure(RuntimeError, register(agent, core.AgentId("agent", "c")))
    runtime_two = core.SingleThreadedAgentRuntime()
    elsewhere = runtime_two.register_agent_instance(agent, core.AgentId("agent", "a"))
    return (
        str(first),
        refused,
        bound,
        await failure(RuntimeError, elsewhere),
        str(await register(Recorder(), core.AgentId("agent", "d"))),
        await failure(ValueError, Recorder.register(runtime, "agent", Recorder)),
    )


async def other_keys_of_a_registered_instance(core):
    """Another key of the type of a registered instance cannot be built."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder().register_instance(runtime, core.AgentId("agent", "a"))
    runtime.start()
    with logged():
        request = runtime.send_message(Text(), core.AgentId("agent", "b"))
        outcome = await failure(RuntimeError, request)
    await runtime.stop_when_idle()
    return outcome


async def registering_an_instance_with_class_subscriptions(core):
    """An instance has its class subscriptions if asked for."""
    Recorder = recorder(core)

    @core.default_subscription
    class Agent(Recorder): ...

    runtime = core.SingleThreadedAgentRuntime()
    await Agent().register_instance(
        runtime,
        core.AgentId("agent", "k"),
        skip_class_subscriptions=False,
        skip_direct_message_subscription=True,
    )
    runtime.start()
    await runtime.publish_message(Text("x"), core.DefaultTopicId(source="k"))
    await runtime.publish_message(Text("y"), core.TopicId("agent:", "k"))
    await runtime.stop_when_idle()
    return Recorder.seen


async def agent_outside_of_a_runtime(core):
    """An agent that is made by hand is bound later, once."""
    agent = recorder(core)()
    runtime = core.SingleThreadedAgentRuntime()
    unbound = refusal(AttributeError, lambda: agent.id)
    agent_id = core.AgentId("agent", "k")
    await agent.bind_id_and_runtime(agent_id, runtime)
    await agent.bind_id_and_runtime(agent_id, runtime)
    other = agent.bind_id_and_runtime(core.AgentId("agent", "l"), runtime)
    return unbound, str(agent.id), await failure(RuntimeError, other)


async def base_agent_is_abstract(core):
    """A base agent needs on_message_impl."""

    class Agent(core.BaseAgent): ...

    return refusal(TypeError, lambda: core.BaseAgent("")), refusal(
        TypeError, lambda: Agent("")
    )


async def any_agent_can_be_hosted(core):
    """A runtime hosts any object with the methods of an agent."""

    class Agent:
        def __init__(self):
            context = core.AgentInstantiationContext
            self.id = context.current_agent_id()
            self.metadata = {"type": "t", "key": "k", "description": "d"}

        async def bind_id_and_runtime(self, id, runtime):
            self.id = id

        async def on_message(self, message, ctx):
            return (str(self.id), message)

        async def save_state(self):
            return {"saved": 1}

        async def load_state(self, state): ...

        async def close(self): ...

    runtime = core.SingleThreadedAgentRuntime()
    await runtime.register_factory("agent", Agent)
    runtime.start()
    agent_id = core.AgentId("agent", "k")
    answer = await runtime.send_message("hello", agent_id)
    state = await runtime.agent_save_state(agent_id)
    metadata = await runtime.agent_metadata(agent_id)
    await runtime.close()
    return answer, state, metadata


async def registration_that_fails(core):
    """Whether a type is taken by a registration that fails."""
    Recorder = recorder(core)

    @core.type_subscription("topic")
    class Agent(Recorder): ...

    runtime = core.SingleThreadedAgentRuntime()
    await runtime.add_subscription(core.TypeSubscription("topic", "agent"))
    first = await failure(ValueError, Agent.register(runtime, "agent", Agent))
    again = Agent.register(runtime, "agent", Agent, skip_class_subscriptions=True)
    second = await failure(ValueError, again)
    return first, second if isinstance(second, str) else "registered"


async def base_agent_of_an_id_and_a_runtime(core):
    """Whether an agent may be made with its id and its runtime."""

    class Agent(core.RoutedAgent): ...

    runtime = core.SingleThreadedAgentRuntime()
    agent_id = core.AgentId("agent", "k")
    try:
        agent = Agent(agent_id, runtime)
    except TypeError:
        return "TypeError"
    return agent.id is agent_id, agent.runtime is runtime


async def agent_type_by_its_other_name(core):
    """Whether the field of an agent type may be called ``name``."""
    try:
        return core.AgentType(name="worker").name
    except TypeError:
        return "TypeError"


async def sending_through_a_proxy(core):
    """Whether a proxy has a method ``send``."""
    Recorder = recorder(core)
    runtime = core.SingleThreadedAgentRuntime()
    await Recorder.register(runtime, "agent", Recorder)
    proxy = core.AgentProxy(core.AgentId("agent", "k"), runtime)
    runtime.start()
    try:
        answer = await proxy.send(Text("x"))
    except AttributeError:
        answer = "AttributeError"
    await runtime.stop_when_idle()
    return answer
