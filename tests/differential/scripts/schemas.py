# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Pydantic models from JSON schemas, and JSON from text."""

import json
import uuid

from pydantic import ValidationError

from ..common import refusal

FENCE = "`" * 3


def of_value(core, schema, required=True, **around):
    return core.utils.schema_to_pydantic_model(
        {
            "type": "object",
            "properties": {"v": schema},
            "required": ["v"] if required else [],
            **around,
        },
        "Model",
    )


def taken(core, schema, *values, **around):
    """Which values a property takes, and what becomes of them."""
    model = of_value(core, schema, **around)
    found = []
    for value in values:
        try:
            found.append(model(v=value).model_dump())
        except ValidationError:
            found.append("refused")
    return found


def made(core, schema, **around):
    """How a schema is refused, or that it is not."""
    found = refusal(Exception, lambda: of_value(core, schema, **around))
    return found if isinstance(found, str) else "made"


async def scalars(core):
    """The types of JSON."""
    return [
        taken(core, {"type": kind}, 1, 1.5, "x", "3", True, None, [1], {"a": 1})
        for kind in ("integer", "number", "string", "boolean", "null", "object")
    ]


async def limits(core):
    """Of strings, numbers and arrays."""
    return [
        taken(core, {"type": "string", "minLength": 2, "maxLength": 3}, "a", "ab", "abcd"),
        taken(core, {"type": "string", "pattern": "^a+$"}, "aa", "ab"),
        taken(core, {"type": "integer", "minimum": 1, "maximum": 3}, 0, 1, 3, 4),
        taken(core, {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 3}, 1, 2, 3),
        taken(core, {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}, [], [1], [1, 2, 3], ["x"]),
    ]  # fmt: skip


async def formats(core):
    """Types of strings."""
    return [
        taken(core, {"type": "string", "format": name}, *values)
        for name, values in {
            "uuid4": [str(uuid.UUID(int=1, version=4)), "x"],
            "email": ["a@example.com", "a"],
            "uri": ["https://example.com/"],
            "ipv4": ["1.2.3.4", "x"],
            "ipv6": ["::1", "x"],
            "date": ["2026-01-02", "x"],
            "time": ["10:00:00", "x"],
            "date-time": ["2026-01-02T10:00:00", "x"],
            "duration": ["P1D", "x"],
            "hostname": ["example.com", 1],
            "password": ["x", 1],
            "path": ["x", 1],
            "json": ["[1]", "["],
        }.items()
    ]


async def formats_of_numbers(core):
    """Their ranges."""
    return [
        taken(core, {"type": "integer", "format": "int32"}, 1, 2**31, "1"),
        taken(core, {"type": "integer", "format": "int64"}, 2**31, 2**63, "1"),
        taken(core, {"type": "number", "format": "float"}, 1.5, "1.5"),
        taken(core, {"type": "number", "format": "double"}, 1.5, "1.5", "x"),
    ]


async def optional_properties(core):
    """Their defaults, and None."""
    return [
        of_value(core, {"type": "string"}, False)().model_dump(),
        of_value(core, {"type": "string", "default": "x"}, False)().model_dump(),
        taken(core, {"type": "string", "default": "x"}, None, required=False),
        taken(core, {"type": "string"}, None, required=False),
    ]


async def words_of_fields(core):
    """Titles and descriptions."""
    schema = {"type": "integer", "title": "T", "description": "D", "default": 3}
    return of_value(core, schema, False).model_json_schema()


async def nested_objects(core):
    """Models inside of models."""
    inner = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
    }
    values = [{"a": 1}, {"a": "x"}, {}, 1]
    return (
        taken(core, inner, *values),
        taken(core, {"type": "array", "items": inner}, *[[value] for value in values]),
    )


async def references(core):
    """To definitions, which may contain themselves."""
    tree = {
        "type": "object",
        "properties": {
            "value": {"type": "integer"},
            "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "required": ["value"],
    }
    values = [
        {"value": 1},
        {"value": 1, "kids": [{"value": 2, "kids": []}]},
        {"value": 1, "kids": [{"kids": []}]},
    ]
    return taken(core, {"$ref": "#/$defs/Tree"}, *values, **{"$defs": {"Tree": tree}})


async def unions(core):
    """The first member that fits."""
    member = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
    }
    return [
        taken(core, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1, None, "x"),
        taken(
            core, {"oneOf": [{"type": "string"}, {"type": "boolean"}]}, "x", True, []
        ),
        taken(core, {"anyOf": [{"enum": ["a"]}, {"type": "integer"}]}, "a", 1, "b"),
        taken(
            core,
            {"anyOf": [{"$ref": "#/$defs/M"}, {"type": "string"}]},
            {"a": 1},
            "x",
            {"a": "x"},
            **{"$defs": {"M": member}},
        ),
    ]


async def tagged_unions(core):
    """By a discriminator."""

    def member(kind):
        return {
            "type": "object",
            "properties": {"kind": {"enum": [kind]}, kind: {"type": "integer"}},
            "required": ["kind", kind],
        }

    union = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "discriminator": {"propertyName": "kind"},
    }
    defs = {"A": member("a"), "B": member("b")}
    values = [{"kind": "a", "a": 1}, {"kind": "b", "b": 1}, {"kind": "c"}]
    return taken(core, union, *values, **{"$defs": defs})


async def merged_schemas(core):
    """All of them hold."""
    model = core.utils.schema_to_pydantic_model(
        {
            "allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
            "$defs": {
                "A": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                "B": {"type": "object", "properties": {"b": {"type": "integer"}}},
            },
        }
    )  # fmt: skip
    return (
        model.__name__,
        model(a=1).model_dump(),
        refusal(ValidationError, lambda: model(b=1)),
    )


async def schemas_that_are_refused(core):
    """In time."""
    return [
        made(core, schema)
        for schema in (
            {"title": "no type"},
            {"type": "odd"},
            {"type": "string", "format": "odd"},
            {"$ref": "#/$defs/Missing"},
            {"type": "array", "items": {"type": "odd"}},
            {"anyOf": [{}]},
        )
    ]


async def names_of_the_errors(core):
    """What they are called."""
    found = []
    for schema in (
        {"title": "no type"},
        {"type": "string", "format": "odd"},
        {"$ref": "#/$defs/Missing"},
    ):
        try:
            of_value(core, schema)
        except Exception as error:
            found.append(type(error).__name__)
    return found


async def kind_of_the_errors(core):
    """They are about a value."""
    return refusal(ValueError, lambda: of_value(core, {"type": "odd"}))


async def array_of_anything(core):
    """Items that a schema does not mention may be anything."""
    return taken(core, {"type": "array"}, ["x"], [1])


async def array_of_choices(core):
    """Items have a schema like any other."""
    return refusal(
        Exception,
        lambda: taken(core, {"type": "array", "items": {"enum": ["a"]}}, ["a"], ["b"]),
    )


async def array_of_arrays(core):
    """The items of the items too."""
    inner = {"type": "array", "items": {"type": "integer"}}
    return taken(core, {"type": "array", "items": inner}, [[1]], [["x"]])


async def constants(core):
    """One value."""
    return refusal(Exception, lambda: taken(core, {"const": "a"}, "a", "b"))


async def several_types(core):
    """Any of them."""
    schema = {"type": ["string", "null"]}
    return refusal(Exception, lambda: taken(core, schema, "a", None, 1))


async def definition_of_a_scalar(core):
    """A definition may be of anything."""
    return refusal(
        Exception,
        lambda: taken(
            core,
            {"$ref": "#/$defs/Color"},
            "red",
            "blue",
            **{"$defs": {"Color": {"enum": ["red"]}}},
        ),
    )


async def format_and_limit(core):
    """Both hold."""
    schema = {"type": "string", "format": "password", "minLength": 2}
    return taken(core, schema, "ab", "a")


async def uuids_of_any_version(core):
    """A uuid is one of any version."""
    text = str(uuid.NAMESPACE_DNS)
    return taken(core, {"type": "string", "format": "uuid"}, text) != ["refused"]


async def networks(core):
    """A network is more than an address."""
    schema = {"type": "string", "format": "ipv4-network"}
    return taken(core, schema, "10.0.0.0/8") != ["refused"]


async def closed_objects(core):
    """They take nothing else."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}  # fmt: skip
    return taken(core, schema, {"a": 1}, {"a": 1, "b": 2})


async def schema_of_an_array(core):
    """The value itself is what the model has."""
    model = core.utils.schema_to_pydantic_model(
        {"type": "array", "items": {"type": "integer"}}
    )
    return refusal(ValidationError, lambda: model.model_validate([1]).model_dump())


async def json_in_text(core):
    """Fenced or not."""
    extract = core.utils.extract_json_from_str
    return [
        refusal(ValueError, lambda text=text: extract(text))
        for text in (
            '{"a": 1}',
            f'x\n{FENCE}json\n{{"a": 1}}\n{FENCE}\ny\n{FENCE}\n[2]\n{FENCE}',
            f"{FENCE}JSON\n1\n{FENCE}",
            f"{FENCE} json\n1\n{FENCE}",
            f"{FENCE}python\n1\n{FENCE}",
            f"{FENCE}json\n{{\n{FENCE}",
            "no json",
            "",
        )
    ]


async def json_that_is_none(core):
    """With json's own error."""
    return refusal(json.JSONDecodeError, lambda: core.utils.extract_json_from_str("{"))
