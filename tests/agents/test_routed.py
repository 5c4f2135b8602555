"""Which handler gets which message."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, Optional, Protocol

import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    RpcCall,
    event,
    message_handler,
    rpc,
)
from actrio.exceptions import CantHandleException, HandlerSignatureError


@dataclass
class Ping:
    number: int = 0


class LoudPing(Ping):
    pass


@dataclass
class Pong:
    number: int = 0


async def test_by_class(ask: Any, tell: Any) -> None:
    """Each class of message has its handler, for requests and published messages."""

    class Agent(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "ping"

        @message_handler
        async def on_pong(self, message: Pong, ctx: MessageContext) -> str:
            return "pong"

    agent = Agent()
    assert [await ask(agent, Ping()), await ask(agent, Pong())] == ["ping", "pong"]
    assert [await tell(agent, Ping()), await tell(agent, Pong())] == ["ping", "pong"]


async def test_unions_are_each_of_their_members(ask: Any) -> None:
    """Both spellings, and None by its own class."""

    class Agent(RoutedAgent):
        @message_handler
        async def either(self, message: Ping | int, ctx: MessageContext) -> str:
            return "either"

        @message_handler
        async def maybe(self, message: Optional[Pong], ctx: MessageContext) -> str:  # noqa: UP045
            return "maybe"

    agent = Agent()
    answers = [await ask(agent, message) for message in (Ping(), 5, Pong(), None)]
    assert answers == ["either", "either", "maybe", "maybe"]


async def test_subclasses_are_other_classes(ask: Any) -> None:
    """A message is sorted by its exact class."""

    class Agent(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "ping"

    assert await ask(Agent(), LoudPing()) is None


async def test_events_and_requests_are_told_apart(ask: Any, tell: Any) -> None:
    """`event` and `rpc` take one kind each, of the same class."""
    seen = []

    class Agent(RoutedAgent):
        @rpc
        async def asked(self, message: Ping, ctx: MessageContext) -> str:
            return "asked"

        @event
        async def told(self, message: Ping, ctx: MessageContext) -> None:
            seen.append("told")

    assert await ask(Agent(), Ping()) == "asked"
    assert await tell(Agent(), Ping()) is None
    assert seen == ["told"]


async def test_the_first_that_matches_in_alphabetical_order(ask: Any) -> None:
    """The order in the class does not count."""

    class Agent(RoutedAgent):
        @message_handler
        async def c_rest(self, message: Ping, ctx: MessageContext) -> str:
            return "rest"

        @message_handler(match=lambda message, ctx: message.number < 2)
        async def b_small(self, message: Ping, ctx: MessageContext) -> str:
            return "small"

        @message_handler(match=lambda message, ctx: message.number == 1)
        async def a_one(self, message: Ping, ctx: MessageContext) -> str:
            return "one"

        @message_handler
        async def d_never(self, message: Ping, ctx: MessageContext) -> str:
            raise AssertionError

    answers = [await ask(Agent(), Ping(number)) for number in (0, 1, 2)]
    assert answers == ["small", "one", "rest"]


async def test_match_sees_the_context(ask: Any, tell: Any) -> None:
    """It is asked after the class, and after the kind of message."""

    class Agent(RoutedAgent):
        @message_handler(match=lambda message, ctx: ctx.is_rpc)
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "request"

    assert await ask(Agent(), Ping()) == "request"
    assert await tell(Agent(), Ping()) is None


async def test_inherited_handlers(ask: Any) -> None:
    """A subclass has its base's handlers, may replace them and may drop them."""

    class Base(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "base ping"

        @message_handler
        async def on_pong(self, message: Pong, ctx: MessageContext) -> str:
            return "base pong"

    assert await ask(Base(), Ping()) == "base ping"

    class Replacing(Base):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "own ping"

    class Dropping(Base):
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            raise AssertionError

    assert await ask(Replacing(), Ping()) == "own ping"
    assert await ask(Replacing(), Pong()) == "base pong"
    assert await ask(Dropping(), Ping()) is None
    assert await ask(Base(), Ping()) == "base ping"


async def test_an_agent_without_constructor(ask: Any) -> None:
    """Forgetting ``super().__init__()`` does not route messages to the base's table."""

    class Base(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "base"

    Base()

    class Own(Base):
        def __init__(self) -> None:
            pass

        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "own"

    assert await ask(Own(), Ping()) == "own"


async def test_decorators_above_ours_see_every_message(ask: Any) -> None:
    """What they return is theirs to answer for."""

    def shouting(method: Callable[..., Any]) -> Any:
        @wraps(method)
        async def shout(*args: object) -> object:
            return [await method(*args)]

        return shout

    class Agent(RoutedAgent):
        @shouting
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "ping"

    assert await ask(Agent(), Ping()) == ["ping"]


class Duck(Protocol):
    """Something that no ``isinstance`` can tell."""


async def test_return_values(ask: Any, tell: Any) -> None:
    """Subclasses of what is annotated are welcome; other values are the handler's bug."""

    class Agent(RoutedAgent):
        value: Any = None

        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> Ping | None:
            return self.value  # type: ignore[no-any-return]

        @message_handler
        async def on_pong(self, message: Pong, ctx: MessageContext) -> Duck:
            return self.value  # type: ignore[no-any-return]

        @message_handler
        async def on_number(self, message: int, ctx: MessageContext) -> NoReturn:
            raise KeyError(message)

    agent = Agent()
    for value in (None, Ping(), LoudPing()):
        agent.value = value
        assert await ask(agent, Ping()) is value
    agent.value = "wrong"
    with pytest.raises(
        ValueError, match="on_ping returned 'wrong'; it may return Ping"
    ):
        await ask(agent, Ping())
    with pytest.raises(ValueError, match="or None, so correct its annotation"):
        await tell(agent, Ping())
    assert await ask(agent, Pong()) == "wrong"
    with pytest.raises(KeyError):
        await ask(agent, 5)


async def test_events_return_nothing(tell: Any) -> None:
    """Whatever the annotation says."""

    class Agent(RoutedAgent):
        @event
        async def told(self, message: Ping, ctx: MessageContext) -> str:
            return "heard"

    with pytest.raises(ValueError, match="told returned 'heard'; it may return None"):
        await tell(Agent(), Ping())


async def test_without_strict_a_wrong_value_goes_out(
    ask: Any, tell: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """With a warning in the log; what an event handler returns is dropped."""

    class Agent(RoutedAgent):
        @rpc(strict=False)
        async def asked(self, message: Ping, ctx: MessageContext) -> int:
            return "text"  # type: ignore[return-value]

        @event(strict=False)
        async def told(self, message: Ping, ctx: MessageContext) -> None:
            return "text"  # type: ignore[return-value]

    with caplog.at_level(logging.WARNING, "autogen_core"):
        assert await ask(Agent(), Ping()) == "text"
        assert await tell(Agent(), Ping()) is None
    assert "asked returned 'text'; it may return int" in caplog.text
    assert "told returned 'text'; it may return None" in caplog.text


async def test_row_28_an_unhandled_message_is_logged_and_answered_with_none(
    runtime: Any, ask: Any, tell: Any, handled_by: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """And the runtime is told, so that it can count a dead letter."""
    agent = runtime.make("agent/1", RoutedAgent)
    with handled_by(agent.id) as handling:
        with caplog.at_level(logging.INFO, "autogen_core"):
            assert await ask(agent, Ping(1)) is None
            assert await tell(agent, Ping(2)) is None
    assert handling.unhandled
    assert [record.getMessage() for record in caplog.records] == [
        "Unhandled message: Ping(number=1)",
        "Unhandled message: Ping(number=2)",
    ]


async def test_the_handling_of_another_agent_is_left_alone(
    runtime: Any, ask: Any, handled_by: Any
) -> None:
    """An agent that is called directly by another one's handler does not mark that."""
    agent = runtime.make("agent/1", RoutedAgent)
    with handled_by(AgentId("other", "1")) as handling:
        await ask(agent, Ping())
    assert not handling.unhandled


async def test_the_hook_for_unhandled_messages(ask: Any) -> None:
    """An agent may raise, or answer by itself."""

    class Strict(RoutedAgent):
        async def on_unhandled_message(self, message: Any, ctx: MessageContext) -> Any:
            if message == 1:
                return "one"
            raise CantHandleException

    assert await ask(Strict(), 1) == "one"
    with pytest.raises(CantHandleException):
        await ask(Strict(), 2)


async def test_row_08_builtin_values_are_messages(ask: Any, runtime: Any) -> None:
    """No serializer is needed to register a handler for them."""

    class Agent(RoutedAgent):
        @message_handler
        async def on_text(self, message: str, ctx: MessageContext) -> str:
            return message.upper()

        @message_handler
        async def on_data(self, message: dict, ctx: MessageContext) -> list[str]:  # type: ignore[type-arg]
            return list(message)

    await Agent.register(runtime, "agent", Agent)
    agent = runtime.make("agent/1")
    assert await ask(agent, "hello") == "HELLO"
    assert await ask(agent, {"a": 1}) == ["a"]


@pytest.mark.parametrize("annotation", [Any, object])
async def test_row_09_any_is_a_catch_all(annotation: Any, ask: Any, tell: Any) -> None:
    """It is tried after the handlers for the class of the message."""
    seen = []

    class Agent(RoutedAgent):
        @event
        async def a_log_event(self, message: annotation, ctx: MessageContext) -> None:
            seen.append(message)

        @message_handler(match=lambda message, ctx: message.number == 1)
        async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
            return "ping"

    agent = Agent()
    assert await tell(agent, Ping(1)) == "ping"
    assert await tell(agent, Ping(2)) is None
    assert await tell(agent, "text") is None
    assert await ask(agent, "text") is None
    assert seen == [Ping(2), "text"]


class Status(RoutedAgent):
    @rpc
    async def get_status(self, *, verbose: bool = False) -> dict[str, object]:
        return {"status": "ready", "verbose": verbose}

    @rpc
    async def add(self, *numbers: int) -> int:
        return sum(numbers)

    @rpc
    async def lie(self) -> int:
        return "text"  # type: ignore[return-value]

    @rpc
    async def on_ping(self, message: Ping, ctx: MessageContext) -> str:
        return "ping"


async def test_row_07_an_rpc_without_a_message_is_called_by_name(ask: Any) -> None:
    """Its arguments are those of the call, and it can be called directly too."""
    agent = Status()
    expected = {"status": "ready", "verbose": False}
    assert await ask(agent, RpcCall("get_status")) == expected
    assert await agent.get_status() == expected
    loud = RpcCall("get_status", kwargs={"verbose": True})
    assert await ask(agent, loud) == {"status": "ready", "verbose": True}
    assert await ask(agent, RpcCall("add", (1, 2))) == 3
    assert await ask(agent, Ping()) == "ping"
    assert Status.get_status.target_types == [RpcCall]  # type: ignore[attr-defined]


async def test_row_07_wrong_calls(ask: Any, tell: Any) -> None:
    """The caller is told: a misspelt name does not end as None."""
    agent = Status()
    with pytest.raises(CantHandleException) as caught:
        await ask(agent, RpcCall("getstatus"))
    assert "Status has no @rpc method 'getstatus'" in str(caught.value)
    assert "by name: add, get_status, lie" in str(caught.value)
    with pytest.raises(CantHandleException, match="by name: none"):
        await ask(RoutedAgent(), RpcCall("get_status"))
    with pytest.raises(CantHandleException):
        await ask(agent, RpcCall("on_ping"))
    with pytest.raises(CantHandleException):
        await ask(agent, RpcCall("send_message"))
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        await ask(agent, RpcCall("get_status", kwargs={"loud": True}))
    with pytest.raises(ValueError, match="lie returned 'text'"):
        await ask(agent, RpcCall("lie"))
    assert await tell(agent, RpcCall("get_status")) is None


def test_concurrent_handlers_are_known_by_the_class_of_the_message() -> None:
    """The runtime asks before it queues a message."""

    class Plain(RoutedAgent):
        @message_handler
        async def work(self, message: Ping, ctx: MessageContext) -> None: ...

    class Pausing(Plain):
        @rpc(concurrent=True)
        async def pause(self, message: Pong, ctx: MessageContext) -> None: ...

    class Watching(Plain):
        @event(concurrent=True)
        async def watch(self, message: Any, ctx: MessageContext) -> None: ...

    Plain()
    Pausing()
    Watching()
    assert not Plain._has_concurrent_handlers
    assert not Plain._concurrency()(Ping)
    assert Pausing._has_concurrent_handlers
    assert Pausing._concurrency()(Pong)
    assert not Pausing._concurrency()(Ping)
    assert not Pausing._concurrency()(int)
    assert Watching._has_concurrent_handlers
    assert Watching._concurrency()(int)
    assert not Watching._concurrency()(Ping)


async def test_handlers_for_one_class_agree_about_concurrency(runtime: Any) -> None:
    """Otherwise nobody could tell before asking ``match``."""

    class Agent(RoutedAgent):
        @rpc(concurrent=True)
        async def asked(self, message: Ping, ctx: MessageContext) -> None: ...

        @event
        async def told(self, message: Ping, ctx: MessageContext) -> None: ...

    with pytest.raises(HandlerSignatureError) as caught:
        await Agent.register(runtime, "agent", Agent)
    assert "asked" in str(caught.value)
    assert "told take Ping, and only some are concurrent=True" in str(caught.value)
    assert "give it to all or none" in str(caught.value)


def test_discovery_is_alphabetical() -> None:
    """As programs written for autogen_core expect it."""
    assert [method.__name__ for method in Status._discover_handlers()] == [
        "add",
        "get_status",
        "lie",
        "on_ping",
    ]
