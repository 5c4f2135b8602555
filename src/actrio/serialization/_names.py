"""What classes are called on the wire: ``module.qualname``.

A bare class name, which is all that autogen_core writes, says too little: two modules
may have an ``Order`` each.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin


def wire_name(cls: type[Any]) -> str:
    """Return the name of a class on the wire; of a protobuf message, its full name."""
    descriptor = getattr(cls, "DESCRIPTOR", None)
    full_name = getattr(descriptor, "full_name", None)
    if isinstance(full_name, str):
        return full_name
    return f"{cls.__module__}.{cls.__qualname__}"


def bare_name(name: str) -> str:
    """Return a name on the wire without its module and the classes around it."""
    head, bracket, arguments = name.partition("[")
    return head.rpartition(".")[2] + bracket + arguments


def described(annotation: Any) -> str:
    """Name a type to people."""
    origin = get_origin(annotation)
    arguments = [described(one) for one in get_args(annotation)]
    if annotation in (None, NoneType):
        return "None"
    if origin in (Union, UnionType):
        return " | ".join(arguments)
    if isinstance(origin, type):
        return f"{described(origin)}[{', '.join(arguments) or '()'}]"
    if isinstance(annotation, type):
        return annotation.__qualname__.rpartition("<locals>.")[2]
    return "..." if annotation is ... else str(annotation).replace("typing.", "")


def label(annotation: object) -> str:
    """Return the tag by which a union's member is known on the wire."""
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return wire_name(annotation)
    return str(annotation)
