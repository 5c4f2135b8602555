"""The adapter as an `AgentRuntime` of autogen_core, for agents of the Core API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import anyio
import autogen_core as theirs
import pytest
from autogen_core.exceptions import MessageDroppedException

from actrio import AgentId
from actrio.autogen import AgentChatRuntime
from actrio.exceptions import RecipientNotFound, RequestCancelled

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

ECHO = theirs.AgentId("echo", "k")


@dataclass
class Text:
    text: str


@theirs.default_subscription
class Echo(theirs.RoutedAgent):
    """Answers with what it knows of the message."""

    def __init__(self) -> None:
        super().__init__("echoes")
        self.seen: list[tuple[Text, theirs.MessageContext]] = []
        self.closed = 0

    @theirs.message_handler
    async def on_text(self, message: Text, ctx: theirs.MessageContext) -> Text | None:
        self.seen.append((message, ctx))
        match message.text:
            case "who":
                return Text(str(theirs.MessageHandlerContext.agent_id()))
            case "wait":
                await anyio.sleep(60)
            case "fail":
                raise ValueError(message.text)
            case "spread":
                await self.publish_message(Text("spread on"), theirs.DefaultTopicId())
            case _:
                pass
        return message if ctx.is_rpc else None

    async def save_state(self) -> Mapping[str, Any]:
        return {"seen": len(self.seen)}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.seen = [None] * state["seen"]  # type: ignore[list-item]

    async def close(self) -> None:
        self.closed += 1


async def echo(runtime: AgentChatRuntime, key: str = "k") -> Echo:
    return await runtime.try_get_underlying_agent_instance(
        theirs.AgentId("echo", key), Echo
    )


async def test_it_is_a_runtime_of_autogen_core() -> None:
    """Type checkers and ``isinstance`` take it for one."""
    runtime: theirs.AgentRuntime = AgentChatRuntime()
    assert isinstance(runtime, theirs.AgentRuntime)
    assert "AgentChatRuntime" in repr(runtime)


async def test_the_runtime_beneath_can_be_looked_at() -> None:
    """Its snapshot shows the agents under their ids."""
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        await runtime.send_message(Text("a"), ECHO)
        inner = runtime.inner
        guest = await inner.try_get_underlying_agent_instance(AgentId("echo", "k"))
        assert guest.id == AgentId("echo", "k")
        assert "echo/k" in str(inner.snapshot())


async def test_handlers_find_the_context_of_autogen_core() -> None:
    """The id of the agent, the sender and the very token are as in autogen_core."""
    token = theirs.CancellationToken()
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        answer = await runtime.send_message(
            Text("who"),
            ECHO,
            sender=theirs.AgentId("me", "1"),
            cancellation_token=token,
            message_id="m",
        )
        ((_, ctx),) = (await echo(runtime)).seen
    assert answer == Text("echo/k")
    assert ctx == theirs.MessageContext(
        theirs.AgentId("me", "1"), None, True, token, "m"
    )


async def test_a_factory_finds_its_context_and_may_be_async() -> None:
    """The runtime in it is the adapter, to which the agent is bound."""
    found: list[object] = []

    async def factory() -> Echo:
        found.append(theirs.AgentInstantiationContext.current_runtime())
        found.append(theirs.AgentInstantiationContext.current_agent_id())
        return Echo()

    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", factory)
        agent = await echo(runtime)
    assert found == [runtime, ECHO]
    assert agent.runtime is runtime
    assert agent.id == ECHO


async def test_published_messages_arrive_everywhere_but_at_home() -> None:
    """Class subscriptions work, and nobody hears itself."""
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        await Echo.register(runtime, "other", Echo)
        await runtime.send_message(Text("spread"), ECHO)
        other = await runtime.try_get_underlying_agent_instance(
            theirs.AgentId("other", "k"), Echo
        )
        own = (await echo(runtime)).seen
    assert [text.text for text, _ in own] == ["spread"]
    assert [text.text for text, _ in other.seen] == ["spread on"]
    assert other.seen[0][1].topic_id == theirs.TopicId("default", "k")


async def test_an_error_reaches_the_sender() -> None:
    """It is the same exception."""
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        with pytest.raises(ValueError, match="fail"):
            await runtime.send_message(Text("fail"), ECHO)


async def test_an_error_of_an_event_can_end_the_runtime() -> None:
    """With ``ignore_unhandled_exceptions=False`` it is raised at the end."""
    runtime = AgentChatRuntime(ignore_unhandled_exceptions=False)
    runtime.start()
    await Echo.register(runtime, "echo", Echo)
    await runtime.publish_message(Text("fail"), theirs.DefaultTopicId())
    with pytest.raises(ValueError, match="fail"):
        await runtime.stop_when_idle()


async def test_a_token_withdraws_a_request_and_cancels_its_handler() -> None:
    """The error is asyncio's for those who catch that."""
    token = theirs.CancellationToken()
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        waiting = asyncio.ensure_future(  # noqa: TID251 - as users write it
            runtime.send_message(Text("wait"), ECHO, cancellation_token=token)
        )
        await anyio.sleep(1)
        token.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await waiting
    assert isinstance(caught.value, RequestCancelled)


async def test_what_was_published_arrives_in_spite_of_its_token() -> None:
    """Handlers get the token, and may heed it themselves."""
    token = theirs.CancellationToken()
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        await runtime.publish_message(
            Text("a"), theirs.DefaultTopicId(), cancellation_token=token
        )
        token.cancel()
        await anyio.sleep(1)
        agent = await echo(runtime, "default")
        ((_, ctx),) = agent.seen
    assert ctx.cancellation_token is token


async def test_the_wrong_class_is_found_when_an_agent_is_built() -> None:
    """The error is that of autogen_core."""
    async with AgentChatRuntime() as runtime:
        await runtime.register_factory(
            "echo", cast("Any", Echo), expected_class=theirs.ClosureAgent
        )
        with pytest.raises(ValueError, match="expected ClosureAgent, got Echo"):
            await runtime.send_message(Text("a"), ECHO)


async def test_instances_are_registered_under_ids_of_their_own() -> None:
    """A taken id, another class and a bound agent are refused."""

    class Other(Echo):
        pass

    async with AgentChatRuntime() as runtime:
        agent = Echo()
        assert await runtime.register_agent_instance(agent, ECHO) == ECHO
        assert await echo(runtime) is agent
        with pytest.raises(ValueError, match="already exists"):
            await runtime.register_agent_instance(Echo(), ECHO)
        with pytest.raises(
            ValueError, match="same class: 'echo' has instances of Echo"
        ):
            await runtime.register_agent_instance(Other(), theirs.AgentId("echo", "2"))
        with pytest.raises(RuntimeError, match="different ID"):
            await runtime.register_agent_instance(agent, theirs.AgentId("echo", "3"))
    assert agent.closed == 1


async def test_agents_are_found_and_described() -> None:
    """Unknown types and wrong classes are errors."""
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        assert await runtime.get("echo", "k") == ECHO
        assert await runtime.get(theirs.AgentType("echo"), "k", lazy=False) == ECHO
        assert await runtime.get(ECHO) == ECHO
        assert await runtime.agent_metadata(ECHO) == {
            "type": "echo",
            "key": "k",
            "description": "echoes",
        }
        assert isinstance(await runtime.try_get_underlying_agent_instance(ECHO), Echo)
        with pytest.raises(TypeError, match="is a Echo, not a ClosureAgent"):
            await runtime.try_get_underlying_agent_instance(ECHO, theirs.ClosureAgent)
        with pytest.raises(LookupError):
            await runtime.get("nobody", lazy=False)
        with pytest.raises(RecipientNotFound):
            await runtime.send_message(Text("a"), theirs.AgentId("nobody", "k"))


async def test_states_are_saved_and_loaded_also_before_the_start() -> None:
    """Agents are built for it."""
    runtime = AgentChatRuntime()
    await Echo.register(runtime, "echo", Echo)
    await runtime.agent_load_state(ECHO, {"seen": 2})
    assert await runtime.agent_save_state(ECHO) == {"seen": 2}
    assert await runtime.save_state() == {"echo/k": {"seen": 2}}
    await runtime.load_state({"echo/other": {"seen": 3}, "nobody/k": {}})
    assert len((await echo(runtime, "other")).seen) == 3
    await runtime.close()


async def test_subscriptions_come_and_go() -> None:
    """The same one twice is an error, and so is removing one that is not there."""
    subscription = theirs.TypeSubscription("t", "echo")
    async with AgentChatRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        await runtime.add_subscription(subscription)
        with pytest.raises(ValueError, match="already exists"):
            await runtime.add_subscription(theirs.TypeSubscription("t", "echo"))
        await runtime.remove_subscription(subscription.id)
        with pytest.raises(ValueError, match="does not exist"):
            await runtime.remove_subscription(subscription.id)


async def test_the_life_of_the_runtime_is_the_owners() -> None:
    """It is started, stepped, stopped and started again, and closes its agents."""
    runtime = AgentChatRuntime()
    await Echo.register(runtime, "echo", Echo)
    await runtime.publish_message(Text("a"), theirs.DefaultTopicId())
    assert runtime.unprocessed_messages_count == 1
    await runtime.process_next()
    assert runtime.unprocessed_messages_count == 0
    runtime.start()
    await runtime.stop_when(lambda: True)
    runtime.start()
    await runtime.stop()
    agent = await echo(runtime, "default")
    await runtime.close()
    assert agent.closed == 1


class Censor(theirs.DefaultInterventionHandler):
    """Notes what it sees, and drops what is secret."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def _judge(self, kind: str, message: Text, *ids: object) -> Any:
        self.seen.append(" ".join([kind, message.text, *map(str, ids)]))
        if message.text == "secret":
            return theirs.DropMessage
        return theirs.DropMessage() if message.text == "private" else message

    async def on_send(
        self,
        message: Any,
        *,
        message_context: theirs.MessageContext,
        recipient: theirs.AgentId,
    ) -> Any:
        return self._judge("send", message, message_context.message_id, recipient)

    async def on_publish(
        self, message: Any, *, message_context: theirs.MessageContext
    ) -> Any:
        return self._judge("publish", message, message_context.topic_id)

    async def on_response(
        self, message: Any, *, sender: theirs.AgentId, recipient: theirs.AgentId | None
    ) -> Any:
        return self._judge("respond", message, sender, recipient)


async def test_intervention_handlers_of_autogen_core_are_asked() -> None:
    """They see values of autogen_core, and what they drop raises its exception."""
    censor = Censor()
    async with AgentChatRuntime(intervention_handlers=[censor]) as runtime:
        await Echo.register(runtime, "echo", Echo)
        me = theirs.AgentId("me", "1")
        await runtime.send_message(Text("a"), ECHO, sender=me, message_id="1")
        await runtime.send_message(Text("b"), ECHO, message_id="2")
        for text in ("secret", "private"):
            with pytest.raises(MessageDroppedException, match="dropped Text"):
                await runtime.send_message(Text(text), ECHO, message_id="3")
        await runtime.publish_message(Text("secret"), theirs.DefaultTopicId())
    assert censor.seen == [
        "send a 1 echo/k",
        "respond a echo/k me/1",
        "send b 2 echo/k",
        "respond b echo/k None",
        "send secret 3 echo/k",
        "send private 3 echo/k",
        "publish secret default/default",
    ]
