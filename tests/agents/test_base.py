"""What every agent has: an id, a runtime, and ways to be registered."""

import math
from typing import Any

import pytest

from actrio import (
    Agent,
    AgentId,
    AgentRuntime,
    AgentType,
    BaseAgent,
    CancellationToken,
    DefaultSubscription,
    MessageContext,
    SingleThreadedAgentRuntime,
    Subscription,
    SubscriptionInstantiationContext,
    TopicId,
    TypePrefixSubscription,
    TypeSubscription,
    default_subscription,
    type_subscription,
)
from actrio.exceptions import AgentNotBound

ID, OTHER = AgentId("worker", "1"), AgentId("worker", "2")


class Echo(BaseAgent):
    async def on_message_impl(self, message: object, ctx: MessageContext) -> object:
        return message


@default_subscription
class Listener(Echo):
    pass


async def test_on_message_calls_the_implementation(ask: Any) -> None:
    """The runtime calls `on_message`, the user writes `on_message_impl`."""
    assert await ask(Echo("echo"), "hello") == "hello"


def test_an_agent_made_by_a_runtime_knows_where_it_belongs(runtime: Any) -> None:
    """Id and runtime are there in the constructor already."""
    agent = runtime.make("worker/1", lambda: Echo("says it again"))
    assert (agent.id, agent.type, agent.runtime) == (ID, "worker", runtime)
    expected = {"type": "worker", "key": "1", "description": "says it again"}
    assert agent.metadata == expected


@pytest.mark.parametrize("attribute", ["id", "type", "runtime", "metadata"])
def test_outside_a_runtime_there_is_no_id(attribute: str) -> None:
    """The error names the class and both ways to a runtime."""
    with pytest.raises(RuntimeError, match="this Echo belongs to no runtime") as caught:
        getattr(Echo("echo"), attribute)
    assert isinstance(caught.value, AgentNotBound)
    assert "Echo.register()" in str(caught.value)
    assert "register_instance()" in str(caught.value)


def test_an_agent_without_a_runtime_is_still_an_agent() -> None:
    """Asking for the protocol does not stumble over the missing id."""
    assert isinstance(Echo("echo"), Agent)


async def test_binding_twice(runtime: Any) -> None:
    """The same again is harmless; another id or runtime is refused."""
    agent = runtime.make("worker/1", lambda: Echo("echo"))
    await agent.bind_id_and_runtime(ID, runtime)
    with pytest.raises(RuntimeError, match="bound to a different ID") as caught:
        await agent.bind_id_and_runtime(OTHER, runtime)
    assert "it is worker/1 and cannot be worker/2" in str(caught.value)
    with pytest.raises(RuntimeError, match="bound to a different runtime"):
        await agent.bind_id_and_runtime(ID, SingleThreadedAgentRuntime())
    assert (agent.id, agent.runtime) == (ID, runtime)


async def test_messages_are_sent_as_the_agent(runtime: Any) -> None:
    """The agent is their sender, and everything else goes through."""
    agent = runtime.make("worker/1", lambda: Echo("echo"))
    runtime.response = "done"
    token = CancellationToken()
    sent = agent.send_message("m", OTHER, cancellation_token=token, message_id="7")
    assert await sent == "done"
    assert runtime.calls.pop() == ("m", OTHER, ID, token, "7")
    topic = TopicId("t", "s")
    await agent.publish_message("m", topic, cancellation_token=token)
    assert runtime.calls.pop() == ("m", topic, ID, token)


async def test_states_that_nobody_keeps(runtime: Any) -> None:
    """The default hooks warn and name the class; closing does nothing."""
    agent = runtime.make("worker/1", lambda: Echo("echo"))
    with pytest.warns(UserWarning, match="save_state not implemented by Echo"):
        assert await agent.save_state() == {}
    with pytest.warns(UserWarning, match="load_state not implemented by Echo"):
        await agent.load_state({"a": 1})
    await agent.close()


async def test_registering_a_class(runtime: Any) -> None:
    """Factory, decorated subscriptions and direct topics go to the runtime at once."""

    def factory() -> Listener:
        return Listener("listens")

    assert await Listener.register(runtime, "worker", factory) == AgentType("worker")
    assert runtime.factories == {"worker": factory}
    assert runtime.subscriptions == [
        TypeSubscription("default", "worker"),
        TypePrefixSubscription("worker:", "worker"),
    ]
    assert runtime.options == {
        "expected_class": Listener,
        "max_concurrency": None,
        "inbox_capacity": None,
        "reentrant": True,
        "passivate_after": None,
        "on_failure": "resume",
    }


async def test_subscriptions_can_be_left_out(runtime: Any) -> None:
    """Each of the two kinds by itself."""
    await Listener.register(
        runtime,
        "a",
        lambda: Listener(""),
        skip_class_subscriptions=True,
        skip_direct_message_subscription=True,
    )
    assert runtime.subscriptions == []


async def test_settings_of_the_actor_go_through(runtime: Any) -> None:
    """Our additions to `register` reach the runtime."""
    settings = {
        "max_concurrency": math.inf,
        "inbox_capacity": 3,
        "reentrant": False,
        "on_failure": "stop",
    }
    await Echo.register(runtime, "a", lambda: Echo(""), passivate_after=5, **settings)  # type: ignore[arg-type]
    assert runtime.options == {
        "expected_class": Echo,
        "passivate_after": 5,
        **settings,
    }
    await Echo("").register_instance(runtime, ID, **settings)  # type: ignore[arg-type]
    assert runtime.options == settings


async def test_a_subscription_that_cannot_be_made_registers_nothing(
    runtime: Any,
) -> None:
    """The type name stays free."""

    class Broken(Echo):
        pass

    def fail() -> list[Subscription]:
        raise KeyError("no configuration")

    Broken._unbound_subscriptions = [fail]  # type: ignore[attr-defined]
    with pytest.raises(KeyError):
        await Broken.register(runtime, "worker", lambda: Broken(""))
    assert (runtime.factories, runtime.subscriptions) == ({}, [])


async def test_a_duplicate_subscription_registers_nothing() -> None:
    """With the real runtime: after the failure the type name is free."""
    runtime = SingleThreadedAgentRuntime()
    await runtime.add_subscription(TypeSubscription("default", "worker"))
    with pytest.raises(ValueError, match="already"):
        await Listener.register(runtime, "worker", lambda: Listener(""))
    await Listener.register(
        runtime, "worker", lambda: Listener(""), skip_class_subscriptions=True
    )


async def test_subscriptions_may_be_made_asynchronously(runtime: Any) -> None:
    """They are made while the type being registered is known."""

    async def make() -> list[Subscription]:
        return [DefaultSubscription("task")]

    class Later(Echo):
        pass

    Later._unbound_subscriptions = [make]  # type: ignore[attr-defined]
    await Later.register(runtime, "worker", lambda: Later(""))
    assert runtime.subscriptions[0] == TypeSubscription("task", "worker")
    with pytest.raises(RuntimeError):
        SubscriptionInstantiationContext.agent_type()


async def test_registering_an_instance(runtime: Any) -> None:
    """Its key is a topic type that it receives, and it is bound."""
    agent = Listener("listens")
    assert await agent.register_instance(runtime, ID) == ID
    assert (agent.id, runtime.instances) == (ID, {ID: agent})
    assert runtime.subscriptions == [
        TypeSubscription("1", "worker"),
        TypePrefixSubscription("worker:", "worker"),
    ]


async def test_instances_of_one_type_share_its_subscriptions(runtime: Any) -> None:
    """The second one adds only what is its own."""
    for key in ("1", "2"):
        await Listener("").register_instance(
            runtime, AgentId("worker", key), skip_class_subscriptions=False
        )
    assert runtime.subscriptions == [
        TypeSubscription("1", "worker"),
        TypeSubscription("default", "worker"),
        TypePrefixSubscription("worker:", "worker"),
        TypeSubscription("2", "worker"),
    ]


async def test_an_instance_without_direct_topics(runtime: Any) -> None:
    """The topic named by its key remains."""
    await Echo("").register_instance(runtime, ID, skip_direct_message_subscription=True)
    assert runtime.subscriptions == [TypeSubscription("1", "worker")]


async def test_class_subscriptions_are_those_of_the_class_that_registers(
    runtime: Any,
) -> None:
    """A subclass registers with its own decorators only."""

    @type_subscription("task")
    class Own(Listener):
        pass

    await Own.register(
        runtime, "own", lambda: Own(""), skip_direct_message_subscription=True
    )
    assert runtime.subscriptions == [TypeSubscription("task", "own")]


def test_row_05_id_and_runtime_as_arguments(runtime: AgentRuntime) -> None:
    """An agent may be given its id and runtime instead of a description."""
    agent = Echo(ID, runtime)
    assert (agent.id, agent.runtime) == (ID, runtime)
    assert agent.metadata["description"] == ""


def test_row_05_only_one_of_them_is_refused(runtime: Any) -> None:
    """Neither says enough alone, and another id than the runtime's is wrong."""
    with pytest.raises(TypeError, match="an AgentId together with its runtime"):
        Echo(ID)
    with pytest.raises(TypeError, match="an AgentId together with its runtime"):
        Echo("description", runtime)
    with pytest.raises(RuntimeError, match="bound to a different ID"):
        runtime.make("worker/1", lambda: Echo(OTHER, runtime))


def test_row_06_the_description_is_optional(runtime: Any) -> None:
    """Without one it is empty; anything but text is refused."""
    assert runtime.make("worker/1", Echo).metadata["description"] == ""
    with pytest.raises(ValueError, match="must be a string, not 5"):
        Echo(5)  # type: ignore[arg-type]
