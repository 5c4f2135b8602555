"""Strings and numbers of a JSON schema as types: formats and constraints."""

import datetime
import re
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import (
    UUID1,
    UUID3,
    UUID4,
    UUID5,
    AfterValidator,
    AnyUrl,
    BeforeValidator,
    EmailStr,
    Field,
    Json,
    Strict,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import SchemaError

from ..exceptions import FormatNotSupportedError, UnsupportedKeywordError

__all__ = ["number", "string", "with_format"]

Schema = Mapping[str, Any]

_FORMATS: Final[Mapping[str, Any]] = {
    "uuid": UUID,
    "uuid1": UUID1,
    "uuid2": UUID,
    "uuid3": UUID3,
    "uuid4": UUID4,
    "uuid5": UUID5,
    "email": EmailStr,
    "uri": AnyUrl,
    "hostname": str,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "ipv4-network": IPv4Network,
    "ipv6-network": IPv6Network,
    "date-time": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "duration": datetime.timedelta,
    "int32": Annotated[int, Strict(), Field(ge=-(2**31), le=2**31 - 1)],
    "int64": Annotated[int, Strict(), Field(ge=-(2**63), le=2**63 - 1)],
    "float": Annotated[float, Strict()],
    "double": float,
    "decimal": float,
    "byte": bytes,
    "binary": bytes,
    "password": str,
    "path": str,
    "json": Json,
}

_STRING: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}
_NUMBER: Final = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}


def string(schema: Schema, where: str) -> Any:
    """Return the type of a string.

    Raises:
        FormatNotSupportedError: If it has a format that is not known.
        UnsupportedKeywordError: If its pattern is no regular expression.
    """
    plain = _constrained(schema, where)
    if "format" not in schema:
        return plain
    kind = with_format(schema, where)
    if kind is str:
        return plain
    if plain is str:
        return kind
    # the constraints are about the text, not about what is read from it
    check = partial(_check_text, TypeAdapter(plain).validate_python)
    return Annotated[kind, BeforeValidator(check)]


def number(kind: type[int | float], schema: Schema, where: str) -> Any:
    """Return the type of a number.

    Raises:
        FormatNotSupportedError: If it has a format that is not known.
    """
    base = with_format(schema, where) if "format" in schema else kind
    limits = {ours: schema[key] for key, ours in _NUMBER.items() if key in schema}
    for exclusive, inclusive in (("gt", "ge"), ("lt", "le")):
        if isinstance(limits.get(exclusive), bool):  # as in old drafts
            is_exclusive = limits.pop(exclusive)
            if is_exclusive and inclusive in limits:
                limits[exclusive] = limits.pop(inclusive)
    return Annotated[base, Field(**limits)] if limits else base


def with_format(schema: Schema, where: str) -> Any:
    """Return the type that the format of a schema names.

    Raises:
        FormatNotSupportedError: If it is not known.
    """
    name = schema["format"]
    try:
        return _FORMATS[name]
    except (KeyError, TypeError):
        message = (
            f"Unknown format {name!r} for {where}: it must be one of "
            f"{', '.join(sorted(_FORMATS))}; leave it out for any string or number"
        )
        raise FormatNotSupportedError(message) from None


def _constrained(schema: Schema, where: str) -> Any:
    given = {ours: schema[key] for key, ours in _STRING.items() if key in schema}
    if not given:
        return str
    constrained = Annotated[str, StringConstraints(**given)]
    try:
        TypeAdapter(constrained)
    except SchemaError:  # the pattern is beyond pydantic's engine, as lookaheads are
        pattern = given.pop("pattern")
        find = partial(_find, _compiled(pattern, where))
        documented = Field(json_schema_extra={"pattern": pattern})
        constraints = StringConstraints(**given)
        return Annotated[str, constraints, AfterValidator(find), documented]
    return constrained


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as exc:
        message = (
            f"the pattern {pattern!r} for {where} must be a regular expression: {exc}"
        )
        raise UnsupportedKeywordError(message) from exc


def _find(pattern: re.Pattern[str], text: str) -> str:
    if pattern.search(text) is None:
        message = f"String should match pattern '{pattern.pattern}'"
        raise ValueError(message)
    return text


def _check_text(check: Callable[[object], object], value: object) -> object:
    if isinstance(value, str):
        check(value)
    return value
