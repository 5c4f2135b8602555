"""JSON schemas without references, which not every model understands."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

__all__ = ["inlined"]

Schema = dict[str, Any]

_PREFIX: Final = "#/$defs/"


def inlined(schema: Mapping[str, Any]) -> Schema:
    """Return a schema with the definitions in place of the references to them.

    What stands beside a reference, as the description of one parameter, goes before
    what the definition says. A definition that contains itself cannot be put in its own
    place: it stays in ``$defs``, and so do the references to it.
    """
    definitions: dict[str, Schema] = dict(schema.get("$defs", {}))
    kept = {name for name in definitions if _reaches(name, name, definitions)}
    body = {key: value for key, value in schema.items() if key != "$defs"}

    def replace(value: object) -> object:
        return _replaced(value, replace, definitions, kept)

    root = _target(body, definitions)
    if root is not None:  # the whole schema is one that contains itself
        body = {**definitions[root], **body}
        del body["$ref"]
    found: Schema = {key: replace(value) for key, value in body.items()}
    if kept:
        found["$defs"] = {
            name: {key: replace(value) for key, value in definitions[name].items()}
            for name in definitions
            if name in kept
        }
    return found


def _replaced(
    value: object,
    replace: Callable[[object], Any],
    definitions: Mapping[str, Schema],
    kept: set[str],
) -> object:
    if isinstance(value, list):
        return [replace(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    schema = cast("Schema", value)
    name = _target(schema, definitions)
    if name is not None and name not in kept:
        beside = {key: each for key, each in schema.items() if key != "$ref"}
        schema = {**definitions[name], **beside}
    if "propertyName" in schema and "mapping" in schema:
        # a discriminator: where the definitions are gone the values alone tell
        targets = {
            target.removeprefix(_PREFIX) for target in schema["mapping"].values()
        }
        if targets - kept:
            schema = {key: each for key, each in schema.items() if key != "mapping"}
    return {key: replace(each) for key, each in schema.items()}


def _target(value: Schema, definitions: Mapping[str, Schema]) -> str | None:
    """Return the name of the definition that a schema refers to, if it does."""
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return None
    name = reference.removeprefix(_PREFIX).replace("~1", "/").replace("~0", "~")
    return name if name in definitions else None


def _reaches(start: str, goal: str, definitions: Mapping[str, Schema]) -> bool:
    """Say whether one definition refers to another, over any number of others."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for name in _references(definitions[todo.pop()], definitions):
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return False


def _references(value: object, definitions: Mapping[str, Schema]) -> Iterator[str]:
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, list):
            todo += cast("list[object]", each)
        elif isinstance(each, dict):
            schema = cast("Schema", each)
            name = _target(schema, definitions)
            if name is not None:
                yield name
            todo += schema.values()
