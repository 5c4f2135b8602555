"""What the signature of a handler says about the messages it takes.

Annotations may be strings, as everywhere under ``from __future__ import annotations``.
Only those of the message and of the return value are evaluated, so that the others may
name what is imported for type checkers alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from ..exceptions import HandlerSignatureError

Function = Callable[..., Any]

MISSING = inspect.Signature.empty


def positional(function: Function) -> list[inspect.Parameter]:
    """Return the parameters that can be given by position."""
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    parameters = inspect.signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.kind in kinds]


def message_types(annotation: object, described: str) -> tuple[type, ...]:
    """Return the classes that an annotation of a message allows; object for any.

    Raises:
        HandlerSignatureError: If something in it is no class.
    """
    found: list[type] = []
    for member in _members(annotation):
        cls = _class(member)
        if cls is None:
            origin = get_origin(member)
            remedy = (
                f"annotate it with {origin.__name__!r}"
                if isinstance(origin, type)
                else "name the classes of the messages"
            )
            message = (
                f"{described}: {member!r} is no class, and messages are sorted by "
                f"their class; {remedy}"
            )
            raise HandlerSignatureError(message)
        found.append(cls)
    return tuple(found)


def return_types(annotation: object) -> tuple[type, ...]:
    """Return the classes that an annotation of a return value allows.

    What an ``isinstance`` cannot tell (a ``Literal``, a type variable, a protocol)
    allows everything.
    """
    return tuple(
        object if cls is None or getattr(cls, "_is_protocol", False) else cls
        for cls in (
            _class(get_origin(member) or member) for member in _members(annotation)
        )
    )


def names_of(types: Iterable[type]) -> str:
    """Name classes to people."""
    return " or ".join("None" if cls is NoneType else cls.__name__ for cls in types)


def evaluate(
    annotation: object, function: Function, names: Mapping[str, object] | None = None
) -> object:
    """Return what an annotation means where the function was defined.

    Args:
        annotation: The annotation as it stands in the source, or as a string.
        function: The function it belongs to.
        names: Further names that it may use.

    Raises:
        NameError: If it uses a name that is not defined (yet).
    """
    holder = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(holder, _namespace(function), dict(names or {}))["it"]


def enclosing_names(function: Function) -> Mapping[str, object]:
    """Return the local names around a function that is being defined just now.

    A string annotation does not make a closure, so the names are looked up in the
    frames of the functions and the class body around it.
    """
    names: dict[str, object] = {}
    namespace = _namespace(function)
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals is not namespace:
        frame = frame.f_back
    while frame is not None and frame.f_globals is namespace:
        names = {**frame.f_locals, **names}
        frame = frame.f_back
    return names


def _namespace(function: Function) -> dict[str, Any]:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    if not hasattr(function, "__globals__"):
        function = type(function).__call__
    namespace: dict[str, Any] = getattr(function, "__globals__", {})
    return namespace


def _members(annotation: object) -> Iterator[object]:
    """Take unions apart, and aliases made with the ``type`` statement."""
    if not isinstance(annotation, type):
        annotation = getattr(annotation, "__value__", annotation)
    if get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _class(member: object) -> type | None:
    if member is Any:
        return object
    if is_typeddict(member):
        return dict
    return member if isinstance(member, type) else None
