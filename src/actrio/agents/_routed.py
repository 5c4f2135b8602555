"""`RoutedAgent`: each message goes to the handler that is declared for its class."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from .._contextvars import mark_unhandled
from ..abc import AgentRuntime
from ..exceptions import CantHandleException, HandlerSignatureError
from ..identity import AgentId
from ..logging import ROOT_LOGGER_NAME
from ..messages import MessageContext
from ._base import BaseAgent
from ._handlers import HANDLER, Handler, RpcCall, handler_of

logger = logging.getLogger(ROOT_LOGGER_NAME)

Direct = dict[type, Handler]


class Routing:
    """Which handler takes which message: one table for each agent class.

    Args:
        handlers: In the order in which they are to be asked.

    Raises:
        HandlerSignatureError: If handlers for one class of messages do not agree
            whether they may run beside others.
    """

    def __init__(self, handlers: Iterable[Handler]) -> None:
        by_class: dict[type, list[Handler]] = defaultdict(list)
        handlers = list(handlers)
        self.types = dict.fromkeys(
            cls for one in handlers for cls in (*one.target_types, *one.produces_types)
        )
        for handler in handlers:
            for cls in dict.fromkeys(handler.target_types):
                by_class[cls].append(handler)
        catch_all = by_class.pop(object, [])
        self._catch_all = catch_all
        self._by_class = {
            cls: _reachable(found + catch_all) for cls, found in by_class.items()
        }
        self.direct = tuple(
            _always_first(self._by_class, is_rpc=is_rpc) for is_rpc in (False, True)
        )
        self.concurrent = frozenset(
            cls for cls, found in self._by_class.items() if _is_concurrent(cls, found)
        )
        self.catch_all_is_concurrent = _is_concurrent(object, catch_all)

    def choose(self, message: object, ctx: MessageContext) -> Handler | None:
        """Return the first handler that accepts the message, those for Any last."""
        for handler in self._by_class.get(type(message), self._catch_all):
            if handler.accepts(message, ctx):
                return handler
        return None

    def is_concurrent(self, message_type: type) -> bool:
        """Say whether messages of this class are handled beside others."""
        if message_type in self._by_class:
            return message_type in self.concurrent
        return self.catch_all_is_concurrent

    def calls(self) -> list[str]:
        """Return the names that an `RpcCall` can have."""
        handlers = self._by_class.get(RpcCall, ())
        return [h.function.__name__ for h in handlers if h.is_call]


class RoutedAgent(BaseAgent):
    """An agent whose methods handle messages by their class.

    Declare them with `message_handler`, `event` and `rpc`. Handlers are found by the
    exact class of the message, not by its bases; several for one class are asked in the
    alphabetical order of their names, and the first that accepts the message has it.

    Args:
        description: What the agent is for, in a sentence; see `BaseAgent`.
        runtime: See `BaseAgent`.
    """

    # The handlers that need not be asked, by class: of events, and of requests.
    _direct: ClassVar[tuple[Direct, ...]] = ({}, {})
    _own_routing: ClassVar[Routing | None] = None
    _has_concurrent_handlers: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Until `_routing` has looked at this class it must not use its base's.
        cls._direct = ({}, {})
        cls._own_routing = None
        cls._has_concurrent_handlers = False

    def __init__(
        self, description: str | AgentId = "", runtime: AgentRuntime | None = None
    ) -> None:
        self._check_handlers()
        super().__init__(description, runtime)

    async def on_message_impl(self, message: object, ctx: MessageContext) -> Any:
        """Hand the message to its handler. Write handlers instead of overriding this.

        Raises:
            ValueError: If the handler returns what its annotation does not allow.
        """
        handler = self._direct[ctx.is_rpc].get(type(message))
        if handler is None:
            handler = self._routing().choose(message, ctx)
            if handler is None:
                return await self._unhandled(message, ctx)
        response = await handler.call(self, message, ctx)
        if type(response) in handler.allowed:
            return response
        return handler.checked(response)

    async def on_unhandled_message(self, message: Any, ctx: MessageContext) -> Any:
        """Do something about a message that no handler takes.

        This one logs it and has the runtime count it as a dead letter; the sender of a
        request gets None. Override it to raise `CantHandleException`, for example.

        Returns:
            The response to a request.
        """
        logger.info("Unhandled message: %s", message)
        mark_unhandled(self._id)

    async def _unhandled(self, message: object, ctx: MessageContext) -> object:
        if isinstance(message, RpcCall) and ctx.is_rpc:
            names = ", ".join(self._routing().calls()) or "none"
            text = (
                f"{type(self).__name__} has no @rpc method {message.method!r} without a "
                f"message; those that can be called by name: {names}"
            )
            raise CantHandleException(text)
        return await self.on_unhandled_message(message, ctx)

    @classmethod
    def _discover_handlers(cls) -> Sequence[Callable[..., Any]]:
        """Return the decorated methods, in the alphabetical order of their names."""
        attributes: list[Any] = [getattr(cls, name, None) for name in dir(cls)]
        return [each for each in attributes if hasattr(each, HANDLER)]

    @classmethod
    def _routing(cls) -> Routing:
        """Return the table of this class; made when it is first needed."""
        routing = cls._own_routing
        if routing is None:
            routing = Routing(map(handler_of, cls._discover_handlers()))
            cls._own_routing = routing
            cls._direct = routing.direct
            cls._has_concurrent_handlers = bool(
                routing.concurrent or routing.catch_all_is_concurrent
            )
        return routing

    @classmethod
    def _check_handlers(cls) -> None:
        cls._routing()

    @classmethod
    def _message_types(cls) -> Iterable[type]:
        return cls._routing().types

    @classmethod
    def _handler_name(cls, message: object, ctx: MessageContext) -> str | None:
        """Return the name of the handler that takes a message, to report an error."""
        handler = cls._direct[ctx.is_rpc].get(type(message))
        return None if handler is None else handler.function.__qualname__

    @classmethod
    def _concurrency(cls) -> Callable[[type], bool]:
        """Return what says whether messages of a class are handled beside others."""
        return cls._routing().is_concurrent


def _reachable(handlers: Sequence[Handler]) -> list[Handler]:
    """Leave out the handlers behind one that takes every message of its class."""
    found: list[Handler] = []
    for handler in handlers:
        found.append(handler)
        if handler.requests and handler.events and handler.match is None:
            break
    return found


def _always_first(by_class: dict[type, list[Handler]], *, is_rpc: bool) -> Direct:
    """Return the handlers that take every request, or every event, of their class."""
    direct: Direct = {}
    for cls, handlers in by_class.items():
        for handler in handlers:
            if handler.requests if is_rpc else handler.events:
                if handler.match is None:
                    direct[cls] = handler
                break
    return direct


def _is_concurrent(cls: type, handlers: Sequence[Handler]) -> bool:
    concurrent = [handler for handler in handlers if handler.concurrent]
    if concurrent and len(concurrent) < len(handlers):
        names = ", ".join(handler.name for handler in handlers)
        text = (
            f"the handlers {names} take {cls.__name__}, and only some are "
            "concurrent=True; give it to all or none, because messages are sorted by "
            "their class when they arrive"
        )
        raise HandlerSignatureError(text)
    return bool(concurrent)
