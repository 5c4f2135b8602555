"""What the three decorators accept, refuse, and leave on the method."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import NoneType
from typing import Any, TypedDict, TypeVar

import pytest

from actrio import MessageContext, RoutedAgent, event, message_handler, rpc
from actrio.exceptions import CantHandleException, HandlerSignatureError


@dataclass
class Ping:
    number: int = 0


@dataclass
class Pong:
    number: int = 0


class Options(TypedDict):
    verbose: bool


CTX: Any = None
DECORATORS: list[Any] = [message_handler, event, rpc]
T = TypeVar("T")


@pytest.mark.parametrize("decorator", DECORATORS)
def test_they_look_like_functions(decorator: Callable[..., object]) -> None:
    """They have names and docstrings of their own."""
    assert decorator.__name__ in {"message_handler", "event", "rpc"}
    assert "Make a method handle" in (decorator.__doc__ or "")


def test_what_is_left_on_the_method() -> None:
    """The attributes that programs written for autogen_core read."""

    def only_one(message: Ping, ctx: MessageContext) -> bool:
        return message.number == 1

    class Agent(RoutedAgent):
        @message_handler
        async def both(self, message: Ping | Pong, ctx: MessageContext) -> Pong | None:
            """Says pong."""

        @rpc(match=only_one)
        async def asked(self, message: Ping, ctx: MessageContext) -> Any:
            return None

        @event()
        async def told(self, message: Any, ctx: MessageContext) -> None:
            pass

    both: Any = Agent.both
    assert both.is_message_handler is True
    assert both.target_types == [Ping, Pong]
    assert both.produces_types == [Pong, NoneType]
    assert both.__name__ == "both"
    assert both.__doc__ == "Says pong."
    asked: Any = Agent.asked
    assert asked.produces_types == [object]
    request = MessageContext(None, None, True, CTX, "1")
    published = MessageContext(None, None, False, CTX, "1")
    assert both.router(Ping(), request)
    assert both.router(Ping(), published)
    assert asked.router(Ping(1), request)
    assert not asked.router(Ping(1), published)
    assert not asked.router(Ping(2), request)
    told: Any = Agent.told
    assert told.target_types == [object]
    assert told.produces_types == [NoneType]
    assert told.router(Ping(), published)
    assert not told.router(Ping(), request)


async def test_direct_calls_are_checked() -> None:
    """A decorated method can be called like any other, with the right message."""

    class Agent(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> Pong:
            return Pong(message.number)

        @message_handler
        async def on_pong(self, message: Pong, ctx: MessageContext) -> Ping:
            return "ping"  # type: ignore[return-value]

    agent = Agent()
    assert await agent.on_ping(Ping(3), CTX) == Pong(3)
    assert await agent.on_ping(message=Ping(3), ctx=CTX) == Pong(3)
    with pytest.raises(CantHandleException) as caught:
        await agent.on_ping(Pong(), CTX)  # type: ignore[arg-type]
    assert "Agent.on_ping was given a Pong; it takes Ping" in str(caught.value)
    with pytest.raises(ValueError, match="on_pong returned 'ping'") as wrong:
        await agent.on_pong(Pong(), CTX)
    assert "it may return Ping" in str(wrong.value)
    assert "@message_handler(strict=False)" in str(wrong.value)


async def test_without_strict_they_only_log(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong message or return value is a warning then."""

    class Agent(RoutedAgent):
        @message_handler(strict=False)
        async def on_ping(self, message: Ping, ctx: MessageContext) -> Pong:
            return message  # type: ignore[return-value]

    with caplog.at_level(logging.WARNING, "autogen_core"):
        assert await Agent().on_ping(Pong(), CTX) == Pong()  # type: ignore[arg-type]
        returned: object = await Agent().on_ping(Ping(), CTX)
        assert returned == Ping()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "was given a Pong; it takes Ping" in caplog.text
    assert "returned Ping(number=0); it may return Pong" in caplog.text


async def test_a_handler_can_be_extended_by_a_subclass() -> None:
    """``super()`` reaches the handler below."""

    class Base(RoutedAgent):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> int:
            return message.number

    class Extended(Base):
        @message_handler
        async def on_ping(self, message: Ping, ctx: MessageContext) -> int:
            return await super().on_ping(message, ctx) + 1

    assert await Extended().on_ping(Ping(1), CTX) == 2


@pytest.mark.parametrize("decorator", DECORATORS)
def test_only_functions_can_be_decorated(decorator: Any) -> None:
    """Options are given by name."""
    with pytest.raises(ValueError, match="give options by name") as caught:
        decorator(5)
    assert f"@{decorator.__name__}(5)" in str(caught.value)


def test_a_handler_must_be_async() -> None:
    """A plain function is refused when the class is made."""

    def plain(self: object, message: Ping, ctx: MessageContext) -> None: ...

    with pytest.raises(HandlerSignatureError, match="write 'async def'"):
        message_handler(plain)  # type: ignore[type-var]


async def lonely(self: object) -> None: ...
async def short(self: object, message: Ping) -> None: ...
async def long(self: object, message: Ping, ctx: MessageContext, more: int) -> None: ...
async def swapped(self: object, ctx: MessageContext, message: Ping) -> None: ...
async def untyped(self: object, message, ctx: MessageContext) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001
async def mute(self: object, message: Ping, ctx: MessageContext): ...  # type: ignore[no-untyped-def]
async def generic(self: object, message: list[str], ctx: MessageContext) -> None: ...
async def variable(self: object, message: T, ctx: MessageContext) -> T: ...  # type: ignore[empty-body]
async def optional_generic(
    self: object, message: dict[str, int] | None, ctx: MessageContext
) -> None: ...


@pytest.mark.parametrize(
    ("method", "complaint"),
    [
        (lonely, r"lonely has the parameters \(self\); a handler has three"),
        (short, r"short has the parameters \(self, message\); a handler has three"),
        (long, r"\(self, message, ctx, more\); a handler has three"),
        (swapped, "the message comes first, then its MessageContext"),
        (untyped, "no annotation for 'message'; it says which messages are handled"),
        (mute, "no return annotation; say what it returns, or '-> None'"),
        (generic, r"list\[str\] is no class.*; annotate it with 'list'"),
        (variable, "~T is no class.*; name the classes of the messages"),
        (optional_generic, r"dict\[str, int\] is no class.*; annotate it with 'dict'"),
    ],
)
def test_signatures_that_are_refused(method: Any, complaint: str) -> None:
    """Each complaint names the method, what is wrong and what would be right."""
    with pytest.raises(HandlerSignatureError, match=complaint) as caught:
        message_handler(method)
    assert f"@message_handler {method.__name__}" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, AssertionError)


def test_parameters_may_have_any_names() -> None:
    """They are found by their position."""

    @message_handler
    async def on_ping(me: object, what: Ping, whence: MessageContext) -> None: ...

    assert on_ping.target_types == [Ping]  # type: ignore[attr-defined]


def test_what_a_return_annotation_may_be() -> None:
    """Generics count as their class; what no class can tell allows everything."""

    @message_handler
    async def words(self: object, message: Ping, ctx: Any) -> list[str] | T:  # type: ignore[empty-body]
        ...

    @message_handler
    async def options(self: object, message: Options, ctx: Any) -> Options:  # type: ignore[empty-body]
        ...

    assert words.produces_types == [list, object]  # type: ignore[attr-defined]
    assert options.target_types == [dict]  # type: ignore[attr-defined]
    assert options.produces_types == [dict]  # type: ignore[attr-defined]


def test_row_27_a_message_handler_takes_requests_too() -> None:
    """It is for messages of both kinds, unlike `event` and `rpc`."""

    @message_handler
    async def both(self: object, message: Ping, ctx: MessageContext) -> None: ...

    for is_rpc in (True, False):
        ctx = MessageContext(None, None, is_rpc, CTX, "1")
        assert both.router(Ping(), ctx)  # type: ignore[attr-defined]


def test_user_decorators_below_ours_are_looked_through() -> None:
    """``functools.wraps`` tells us the real signature."""

    def traced(method: Any) -> Any:
        @wraps(method)
        async def traced_method(*args: object, **kwargs: object) -> object:
            return await method(*args, **kwargs)

        return traced_method

    @message_handler
    @traced
    async def on_ping(self: object, message: Ping, ctx: MessageContext) -> None: ...

    assert on_ping.target_types == [Ping]
