"""The fields of a class, with every type resolved.

Annotations may be strings, and the type variables of a generic class stand for what its
subclasses and aliases say, through any number of generic bases. A type variable that
nobody filled in allows what JSON allows.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import attrs

from ._form import Misfit
from ._names import described


@attrs.frozen
class Field:
    """One field that the constructor takes."""

    name: str
    alias: str
    """The name of the constructor's parameter."""
    type: Any
    required: bool


def is_record(cls: Any) -> bool:
    """Say whether a class has fields: a dataclass, an attrs or a NamedTuple class."""
    if not isinstance(cls, type):
        return False
    own: Any = cls
    return dataclasses.is_dataclass(own) or attrs.has(own) or is_named_tuple(own)


def is_named_tuple(cls: Any) -> bool:
    """Say whether a class is made by ``typing.NamedTuple``."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")  # pyright: ignore[reportUnknownArgumentType] - narrowed to tuple of unknown


def fields_of(annotation: Any) -> list[Field]:
    """Return the fields of a class, or of a generic class with arguments.

    Raises:
        Misfit: If a type cannot be resolved, or the constructor needs more than fields.
    """
    cls = get_origin(annotation) or annotation
    hints = hints_of(cls)
    bindings = dict(_bindings(cls, get_args(annotation)))
    owners = {name: c for c in cls.__mro__[::-1] for name in inspect.get_annotations(c)}
    found: list[Field] = []
    for name, alias, required in _declared(cls):
        binding = bindings.get(owners.get(name, cls), {})
        hint = filled_in(hints.get(name, Any), binding)
        found.append(Field(name, alias, hint, required))
    _check_constructor(cls, found)
    return found


def hints_of(cls: type) -> dict[str, Any]:
    """Return the annotations of a class, with strings evaluated.

    Raises:
        Misfit: If one uses a name that is not defined at module level.
    """
    try:
        return get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    except NameError as exc:
        reason = (
            f"the annotations of {described(cls)} cannot be evaluated: {exc}; define or "
            "import the name at module level and not for type checkers alone"
        )
        raise Misfit(reason, exc) from None


def filled_in(annotation: Any, binding: Mapping[Any, Any]) -> Any:
    """Replace the type variables in an annotation."""
    if isinstance(annotation, TypeVar):
        return binding.get(annotation, Any)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or get_origin(annotation) is None:
        return annotation  # a class without brackets has its own variables, not ours
    return annotation[tuple(binding.get(one, Any) for one in parameters)]


def _bindings(
    cls: type, arguments: tuple[Any, ...]
) -> Iterator[tuple[type, Mapping[Any, Any]]]:
    """Say for a class and each of its bases what its type variables stand for."""
    parameters: tuple[Any, ...] = getattr(cls, "__parameters__", ())
    binding = dict(zip(parameters, arguments, strict=False))
    yield cls, binding
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        filled = base if get_origin(base) is Generic else filled_in(base, binding)
        origin = get_origin(filled) or filled
        if isinstance(origin, type):  # `NamedTuple` is a function
            yield from _bindings(origin, get_args(filled))


def _declared(cls: Any) -> Iterator[tuple[str, str, bool]]:
    """Yield name, alias and whether it is required, of each field."""
    if attrs.has(cls):
        for field in attrs.fields(cls):
            if field.init:
                alias = field.alias or field.name
                yield field.name, alias, field.default is attrs.NOTHING
    elif dataclasses.is_dataclass(cls):
        missing = dataclasses.MISSING
        for own in dataclasses.fields(cls):
            if own.init:
                required = own.default is missing and own.default_factory is missing
                yield own.name, own.name, required
    else:
        for name in cls._fields:
            yield name, name, name not in cls._field_defaults


def _check_constructor(cls: type, fields: list[Field]) -> None:
    """Refuse a class that could be written, but never be read again."""
    given = {field.alias for field in fields}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name, parameter in inspect.signature(cls).parameters.items():
        has_default = parameter.default is not parameter.empty
        if not (name in given or has_default or parameter.kind in variadic):
            reason = (
                f"the constructor of {described(cls)} needs {name!r}, which is no field; "
                "give it a default, or write a MessageSerializer for the class"
            )
            raise Misfit(reason)
