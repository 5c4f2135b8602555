"""What the parameters of a function say about the arguments that a model writes."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

import attrs
from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from ..utils._fields import field_name, shadowing_allowed

__all__ = ["TOKEN", "Signature", "read_signature"]

TOKEN = "cancellation_token"  # noqa: S105 - the name of a parameter
"""The parameter that gets the token of the call, and that no model is told about."""

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@attrs.frozen
class Signature:
    """A function as a tool."""

    name: str
    """What it is called."""

    arguments: type[BaseModel]
    """The model of what a call gives."""

    fields: dict[str, str]
    """For each parameter its field in the model."""

    positional: tuple[str, ...]
    """The parameters that cannot be given by name."""

    returns: Any
    """The annotation of its value."""

    takes_token: bool
    """Whether it wants the token of the call."""

    is_plain: bool
    """Whether every parameter is given by name, and its field has this name."""

    def bound(self, given: BaseModel) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of a call, by position and by name."""
        values = {
            parameter: getattr(given, field)
            for parameter, field in self.fields.items()
            if hasattr(given, field)
        }
        args = [values.pop(each) for each in self.positional if each in values]
        return args, values


def read_signature(func: Callable[..., Any], name: str | None) -> Signature:
    """Read what the annotations of a function say.

    Raises:
        TypeError: If a parameter has no annotation, or stands for any number of
            arguments.
    """
    name = name or _name(func)
    hints = _hints(func)
    fields: dict[str, str] = {}
    positional: list[str] = []
    definitions: dict[str, Any] = {}
    parameters = inspect.signature(func).parameters
    for each, parameter in parameters.items():
        if each == TOKEN:
            continue
        _check(parameter, each in hints, name)
        fields[each] = field = field_name(each)
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(each)
        definitions[field] = _definition(parameter, hints[each], field)
    with shadowing_allowed():
        arguments = create_model(f"{name}args", **definitions)
    return Signature(
        name=name,
        arguments=arguments,
        fields=fields,
        positional=tuple(positional),
        returns=hints.get("return", inspect.Signature.empty),
        takes_token=TOKEN in parameters,
        is_plain=not positional
        and all(each == field for each, field in fields.items()),
    )


def _name(func: Callable[..., Any]) -> str:
    if isinstance(func, functools.partial):
        return _name(func.func)
    name: str = getattr(func, "__name__", type(func).__name__)
    return name


def _hints(func: Any) -> dict[str, Any]:
    """Return the annotations of whatever can be called."""
    while isinstance(func, functools.partial):
        func = func.func
    if inspect.isclass(func):
        return {**get_type_hints(func.__init__, include_extras=True), "return": func}
    if not inspect.isroutine(func):
        func = type(func).__call__
    return get_type_hints(func, include_extras=True)


def _check(parameter: inspect.Parameter, annotated: bool, function: str) -> None:
    if parameter.kind in _VARIADIC:
        message = (
            f"parameter {parameter} of tool {function!r} stands for any number of "
            "arguments, which a model cannot name: give it parameters of their own, or "
            "one that is a list or a dict"
        )
        raise TypeError(message)
    if not annotated:
        message = (
            f"parameter {parameter.name!r} of tool {function!r} has No annotation, and "
            f"a model must be told its type: write '{parameter.name}: int' or the like"
        )
        raise TypeError(message)


def _definition(parameter: inspect.Parameter, hint: Any, field: str) -> Any:
    default: Any = ... if parameter.default is parameter.empty else parameter.default
    description = _description(hint)
    if description is None and not _describes_itself(hint):
        description = parameter.name
    if field == parameter.name:
        return hint, Field(default, description=description)
    title = parameter.name.replace("_", " ").title()
    return hint, Field(
        default, description=description, alias=parameter.name, title=title
    )


def _describes_itself(hint: Any) -> bool:
    """Say whether the docstring of a class stands for what nobody has described."""
    return inspect.isclass(hint) and (
        issubclass(hint, BaseModel | Enum) or is_dataclass(hint) or is_typeddict(hint)
    )


def _description(hint: Any) -> str | None:
    """Return what the annotation says in words."""
    if get_origin(hint) is not Annotated:
        return None
    for each in get_args(hint)[1:]:
        if isinstance(each, str):
            return each
        if isinstance(each, FieldInfo) and each.description is not None:
            return each.description
    return None
