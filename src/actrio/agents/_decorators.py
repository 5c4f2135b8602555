"""`message_handler`, `event` and `rpc`: three decorators from one factory."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import Parameter, iscoroutinefunction, signature, unwrap
from typing import Any, Protocol, TypeVar, cast, overload

from ..exceptions import HandlerSignatureError
from ..messages import MessageContext
from ._annotations import MISSING, enclosing_names, positional
from ._handlers import HANDLER, Handler, Match, Method, RpcCall

MethodT = TypeVar("MethodT", bound=Method)


class HandlerDecorator(Protocol):
    """The signature that the three decorators share."""

    @overload
    def __call__(self, func: MethodT, /) -> MethodT: ...
    @overload
    def __call__(
        self,
        func: None = None,
        *,
        strict: bool = True,
        match: Match | None = None,
        concurrent: bool = False,
    ) -> Callable[[MethodT], MethodT]: ...


def _make_decorator(
    name: str, doc: str, *, requests: bool, events: bool
) -> HandlerDecorator:
    def decorator(
        func: Method | None = None,
        *,
        strict: bool = True,
        match: Match | None = None,
        concurrent: bool = False,
    ) -> Any:
        def decorate(function: Method) -> Method:
            takes_message = _check_signature(name, function, calls=not events)
            if takes_message:
                annotation = positional(function)[1].annotation
                call, matches = function, match
            else:
                annotation = RpcCall
                call, matches = _by_name(function.__name__, match)
            handler = Handler(
                function,
                call,
                name,
                requests,
                events,
                matches,
                strict,
                concurrent,
                annotation,
            )
            return _wrap(handler, takes_message=takes_message)

        return decorate if func is None else decorate(func)

    decorator.__name__ = decorator.__qualname__ = name
    decorator.__doc__ = doc
    return cast("HandlerDecorator", decorator)


def _check_signature(decorator: str, function: Any, *, calls: bool) -> bool:
    """Say whether a method takes a message; if not, it is called by its name.

    Args:
        decorator: The name of the decorator.
        function: What it was put above.
        calls: Whether a method may take no message.
    """
    if not callable(function):
        text = (
            f"@{decorator}({function!r}): decorates an async method; give options by "
            f"name, as in @{decorator}(match=...)"
        )
        raise ValueError(text)
    described = f"@{decorator} {function.__qualname__}"
    if not iscoroutinefunction(unwrap(function)):
        text = f"{described} is no coroutine function; write 'async def'"
        raise HandlerSignatureError(text)
    parameters = positional(function)
    if signature(function).return_annotation is MISSING:
        text = (
            f"{described} has no return annotation; say what it returns, or '-> None'"
        )
        raise HandlerSignatureError(text)
    if calls and len(parameters) == 1:
        return False
    names = ", ".join(parameter.name for parameter in parameters)
    if len(parameters) != 3:
        text = (
            f"{described} has the parameters ({names}); a handler has three, as in "
            "(self, message: Task, ctx: MessageContext)"
        )
        raise HandlerSignatureError(text)
    message, context = parameters[1:]
    if message.annotation is MISSING:
        text = (
            f"{described} has no annotation for {message.name!r}; it says which "
            "messages are handled, so name their class"
        )
        raise HandlerSignatureError(text)
    if _is_context(message) and not _is_context(context):
        text = (
            f"{described} has the parameters ({names}); the message comes first, then "
            "its MessageContext"
        )
        raise HandlerSignatureError(text)
    return True


def _is_context(parameter: Parameter) -> bool:
    return parameter.annotation in (MessageContext, MessageContext.__name__)


def _by_name(name: str, match: Match | None) -> tuple[Method, Match]:
    """Return what handles and what recognises an `RpcCall` for a method."""

    def is_called(message: RpcCall, ctx: MessageContext) -> bool:
        return message.method == name and (match is None or match(message, ctx))

    async def call(agent: Any, message: RpcCall, ctx: MessageContext) -> object:
        return await getattr(agent, name)(*message.args, **message.kwargs)

    return call, is_called


def _wrap(handler: Handler, *, takes_message: bool) -> Method:
    """Make what stands in the class: the method, for direct calls, and its handler."""
    function = handler.function
    message_name = positional(function)[1].name if takes_message else ""

    @wraps(function)
    async def method(self: object, *args: object, **kwargs: object) -> object:
        handler.resolve()
        if takes_message:
            handler.check_message(args[0] if args else kwargs.get(message_name))
        return handler.checked(await function(self, *args, **kwargs))

    handler.method = method
    vars(method).update(
        {
            HANDLER: handler,
            "is_message_handler": True,
            "router": handler.accepts,
        }
    )
    with suppress(NameError):
        handler.resolve_with({})
    if not handler.is_resolved:
        # A name that is defined later in the module is evaluated when it is needed.
        with suppress(NameError):
            handler.resolve_with(enclosing_names(function))
    return method


message_handler: HandlerDecorator = _make_decorator(
    "message_handler",
    """Make a method handle the messages of one class, requests and published ones.

    The method takes the message and its `MessageContext`. The annotation of the
    message, by whatever name, says which messages it handles: those whose class is
    exactly this one, or a member of this union. ``Any`` takes what no other handler
    takes. What it returns is the response to a request, and is dropped otherwise::

        class Worker(RoutedAgent):
            @message_handler
            async def on_task(self, message: Task, ctx: MessageContext) -> Done:
                return Done(message.name)

    Args:
        strict: Whether a return value that the annotation does not allow is an error,
            raised at the sender after the handler ran; if not, it is only logged.
        match: Called with message and context; if it returns False, the next handler
            for this class is asked, in the alphabetical order of their names.
        concurrent: Whether the handler may run beside the agent's other handlers, as
            one must that is to stop or watch a handler that is running. All handlers
            for one class must agree about this.

    Raises:
        HandlerSignatureError: If the method is not ``async``, lacks an annotation or
            has other parameters.
        ValueError: If what is decorated is no function.
    """,
    requests=True,
    events=True,
)

event: HandlerDecorator = _make_decorator(
    "event",
    """Make a method handle the *published* messages of one class.

    Like `message_handler`, except that requests are left to other handlers and that the
    method must return None.
    """,
    requests=False,
    events=True,
)

rpc: HandlerDecorator = _make_decorator(
    "rpc",
    """Make a method handle the *requests* of one class.

    Like `message_handler`, except that published messages are left to other handlers.

    A method that takes no message is called by its name, and may have keyword-only
    parameters::

        class Worker(RoutedAgent):
            @rpc
            async def get_status(self, *, verbose: bool = False) -> str:
                return "ready"

        status = await AgentProxy(AgentId("worker", "1"), runtime).call("get_status")
    """,
    requests=True,
    events=False,
)
