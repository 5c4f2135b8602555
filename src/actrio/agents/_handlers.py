"""Handlers: methods that say by their signature which messages they take.

What a decorator leaves in the class can be called as before, with its message and its
return value checked. The runtime goes around that: it takes the `Handler`, calls the
method itself and looks at the class of what it returned.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from inspect import iscoroutine, signature
from types import NoneType
from typing import Any

import attrs

from ..exceptions import CantHandleException, HandlerSignatureError
from ..logging import ROOT_LOGGER_NAME
from ..messages import MessageContext
from ._annotations import evaluate, message_types, names_of, return_types

logger = logging.getLogger(ROOT_LOGGER_NAME)

Method = Callable[..., Coroutine[Any, Any, Any]]
Match = Callable[[Any, MessageContext], bool]

HANDLER = "_actrio_handler"
"""The attribute by which a decorated method is known."""


@attrs.frozen
class RpcCall:
    """Calls an ``@rpc`` method that takes no message, by its name.

    `AgentProxy.call` sends it.
    """

    method: str
    """The name of the method."""
    args: tuple[object, ...] = ()
    """Its positional arguments; only ``*args`` can take them."""
    kwargs: Mapping[str, object] = attrs.field(factory=dict[str, object])
    """Its keyword arguments."""


@attrs.define(eq=False)
class Handler:
    """One decorated method."""

    function: Method
    """The method as the user wrote it."""
    call: Callable[[Any, Any, MessageContext], Awaitable[object]]
    """What handles a message: the agent, the message and its context go in."""
    decorator: str
    requests: bool
    """Whether it takes requests."""
    events: bool
    """Whether it takes published messages."""
    match: Match | None
    """Says whether it takes this one message; None for yes."""
    strict: bool
    """Whether a wrong return value is an error."""
    concurrent: bool
    """Whether it may run beside the agent's other handlers."""
    message_annotation: object
    """What the message is annotated with, perhaps as a string."""
    method: Method = attrs.field(init=False)
    """The method as the decorator left it."""
    target_types: tuple[type, ...] = ()
    """The classes of the messages it takes; object for every class."""
    produces_types: tuple[type, ...] = ()
    """The classes of the values it may return; object for every class."""
    allowed: frozenset[type] = frozenset()
    """The same, for a first look."""
    is_resolved: bool = False
    """Whether the annotations are evaluated."""

    @property
    def name(self) -> str:
        """How to name it to people."""
        return f"@{self.decorator} {self.function.__qualname__}"

    def accepts(self, message: object, ctx: MessageContext) -> bool:
        """Say whether it takes this message, whose class fits."""
        return (self.requests if ctx.is_rpc else self.events) and (
            self.match is None or self.match(message, ctx)
        )

    @property
    def is_call(self) -> bool:
        """Whether it takes an `RpcCall` for a method without a message."""
        return self.call is not self.function

    def resolve(self) -> None:
        """Evaluate the annotations, unless that is done.

        Raises:
            HandlerSignatureError: If that is not possible, or the message is annotated
                with something else than classes.
        """
        try:
            self.resolve_with({})
        except NameError as exc:
            text = (
                f"{self.name}: its annotations cannot be evaluated: {exc}; define or "
                "import the name at module level and not for type checkers alone"
            )
            raise HandlerSignatureError(text) from exc

    def resolve_with(self, names: Mapping[str, object]) -> None:
        """Evaluate the annotations, which may use these names, unless that is done.

        Raises:
            NameError: If they use a name that is not defined (yet).
            HandlerSignatureError: If the message is annotated with something else than
                classes.
        """
        if self.is_resolved:
            return
        function = self.function
        message = evaluate(self.message_annotation, function, names)
        response = evaluate(signature(function).return_annotation, function, names)
        self.target_types = message_types(message, self.name)
        self.produces_types = return_types(response) if self.requests else (NoneType,)
        self.allowed = frozenset(self.produces_types)
        self.is_resolved = True
        # What programs written for autogen_core read off the method.
        vars(self.method).update(
            target_types=list(self.target_types),
            produces_types=list(self.produces_types),
        )

    def check_message(self, message: object) -> None:
        """Complain about a message of a class that it does not take."""
        if type(message) in self.target_types or object in self.target_types:
            return
        text = (
            f"{self.name} was given a {type(message).__name__}; it takes "
            f"{names_of(self.target_types)}"
        )
        if self.strict:
            raise CantHandleException(text)
        logger.warning("%s", text)

    def checked(self, response: object) -> object:
        """Return the response, or complain about its class; subclasses are welcome."""
        if object in self.allowed or isinstance(response, self.produces_types):
            return response
        remedy = f"correct its annotation or write @{self.decorator}(strict=False)"
        if iscoroutine(response):
            remedy = "write 'await' in front of the call that gave it"
        text = (
            f"{self.name} returned {response!r}; it may return "
            f"{names_of(self.produces_types)}, so {remedy}"
        )
        if self.strict:
            raise ValueError(text)
        logger.warning("%s", text)
        # To an event there is no response, whatever its handler returns.
        return response if self.requests else None


def handler_of(method: Method) -> Handler:
    """Return the handler that a decorated method stands for.

    A decorator that the user put above ours is respected: it sees every call, and what
    it returns is not checked.

    Raises:
        HandlerSignatureError: If the annotations cannot be evaluated.
    """
    handler: Handler = getattr(method, HANDLER)
    handler.resolve()
    if handler.is_call or method is handler.method:
        return handler
    return attrs.evolve(handler, call=method, allowed=frozenset({object}))
