"""Pydantic models from JSON schemas."""

from typing import Any

import pytest
from pydantic import BaseModel, RootModel, ValidationError

from actrio.exceptions import (
    ReferenceNotFoundError,
    SchemaConversionError,
    UnsupportedKeywordError,
)
from actrio.utils import schema_to_pydantic_model


def of_value(
    schema: Any, defs: Any = None, *, required: bool = True
) -> type[BaseModel]:
    """A model with one property, and definitions for it."""
    return schema_to_pydantic_model(
        {
            "type": "object",
            "properties": {"v": schema},
            "required": ["v"] if required else [],
            "$defs": defs or {},
        }
    )


def takes(model: type[BaseModel], value: Any) -> bool:
    try:
        model(v=value)
    except ValidationError:
        return False
    return True


class Address(BaseModel):
    street: str


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = 3
    address: Address
    friends: list["Person"] = []
    tags: dict[str, int] | None = None


def test_a_model_comes_back_from_its_schema() -> None:
    """The new one takes what the old one takes, and has the same schema."""
    schema = Person.model_json_schema()
    made = schema_to_pydantic_model(schema, "Person")
    value = {"name": "Ada", "address": {"street": "x"}, "friends": []}
    assert (
        made.model_validate(value).model_dump()
        == Person.model_validate(value).model_dump()
    )
    assert made.__name__ == "Person"
    assert made.__doc__ == "Somebody."


def test_properties_that_are_not_required_may_be_none() -> None:
    """Their default, if they have one, is what is missing."""
    model = of_value({"type": "string"}, required=False)
    assert model().model_dump() == {"v": None}
    model = of_value({"type": "string", "default": "x"}, required=False)
    assert model().model_dump() == {"v": "x"}
    assert not takes(model, None)
    assert not takes(of_value({"type": "string"}), None)


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string"}, ["x"], [1, None]),
        ({"type": "integer"}, [1], ["x", 1.5]),
        ({"type": "number"}, [1, 1.5], ["x"]),
        ({"type": "boolean"}, [True], ["x"]),
        ({"type": "null"}, [None], [1]),
        ({"type": "object"}, [{"a": [1]}], [1]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "x"}]),
        ({"type": "array"}, [[1, "x"]], [1]),
        ({"type": "array", "items": {"title": "any"}}, [[1, "x"]], [1]),
        ({"type": "array", "items": {"enum": ["a"]}}, [["a"]], [["b"]]),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, [[[1]]], [[1], [["x"]]]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}, [[1], [1, 2]], [[], [1, 2, 3]]),
        ({"type": ["string", "null"]}, ["x", None], [1]),
        ({"enum": ["a", 1, None]}, ["a", 1, None], ["b", 2]),
        ({"const": "a"}, ["a"], ["b"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None], ["x"]),
        ({"oneOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"type": "string"}]}, [{"a": 1}, "x"], [{"a": "x"}, 1]),
        ({"allOf": [{"type": "integer", "minimum": 2}, {"minimum": 1, "maximum": 4}]}, [2, 4], [1, 5]),
        ({"type": "object", "properties": {"a": True}, "additionalProperties": False}, [{"a": 1}], [{"b": 1}]),
    ],
)  # fmt: skip
def test_values_fit_a_schema_or_not(
    schema: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    """The model takes what fits and refuses the rest."""
    model = of_value(schema)
    assert [takes(model, value) for value in right] == [True] * len(right)
    assert [takes(model, value) for value in wrong] == [False] * len(wrong)


def test_extra_properties_are_kept_where_they_are_allowed() -> None:
    """A schema that does not mention them drops them."""
    inner: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
    }
    value = {"a": 1, "b": 2}
    assert of_value(inner)(v=value).model_dump() == {"v": {"a": 1}}
    inner["additionalProperties"] = True
    assert of_value(inner)(v=value).model_dump() == {"v": value}


def test_references_may_point_anywhere_in_the_schema() -> None:
    """To definitions of both names and of any kind, and to other properties."""
    model = schema_to_pydantic_model(
        {
            "type": "object",
            "properties": {
                "color": {"$ref": "#/$defs/Color", "description": "of the wall"},
                "old": {"$ref": "#/definitions/a~1b"},
                "same": {"$ref": "#/properties/color"},
                "short": {"$ref": "#/$defs/Text", "maxLength": 2},
                "first": {"$ref": "#/$defs/Choices/anyOf/0"},
            },
            "required": ["color", "old", "same"],
            "$defs": {
                "Color": {"enum": ["red", "blue"]},
                "Text": {"type": "string"},
                "Choices": {"anyOf": [{"type": "integer"}]},
            },
            "definitions": {"a/b": {"type": "integer"}},
        }
    )
    value = {"color": "red", "old": 1, "same": "blue", "short": "xy", "first": 3}
    assert model(**value).model_dump() == value
    for wrong in ({"color": "green"}, {"old": "x"}, {"short": "xyz"}):
        with pytest.raises(ValidationError):
            model(**{**value, **wrong})


def test_recursive_definitions_become_models() -> None:
    """They may contain themselves, each other, and the whole."""
    tree = {
        "type": "object",
        "properties": {
            "left": {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}]},
            "whole": {"$ref": "#"},
        },
    }
    leaf = {"type": "object", "properties": {"up": {"$ref": "#/$defs/Tree"}}}
    model = schema_to_pydantic_model({**tree, "$defs": {"Tree": tree, "Leaf": leaf}})
    value = {"left": {"up": {"left": {"up": None}, "whole": None}}, "whole": None}
    assert model.model_validate(value).model_dump() == value
    with pytest.raises(ValidationError):
        model.model_validate({"left": {"up": {"left": {"up": 3}}}})


def test_one_definition_is_one_model() -> None:
    """However often it is referred to."""
    point = {"type": "object", "properties": {"x": {"type": "integer"}}}
    schema = {
        "properties": {"a": {"$ref": "#/$defs/P"}, "b": {"$ref": "#/$defs/P"}},
        "required": ["a", "b"],
        "$defs": {"P": point},
    }
    fields = schema_to_pydantic_model(schema).model_fields
    assert fields["a"].annotation is fields["b"].annotation


def test_all_of_merges_objects() -> None:
    """Properties of both, requirements of both; what both have must fit both."""
    model = schema_to_pydantic_model(
        {
            "allOf": [{"$ref": "#/$defs/Named"}, {"$ref": "#/$defs/Aged"}],
            "properties": {"more": {"type": "integer"}},
            "$defs": {
                "Named": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "minLength": 2}},
                    "required": ["name"],
                },
                "Aged": {
                    "type": "object",
                    "properties": {
                        "age": {"type": "integer"},
                        "name": {"type": "string", "maxLength": 3},
                    },
                    "required": ["age"],
                },
            },
        }
    )
    assert list(model.model_fields) == ["name", "age", "more"]
    model(name="Ada", age=1)
    for wrong in ({"name": "Ada"}, {"name": "A", "age": 1}, {"name": "Adas", "age": 1}):
        with pytest.raises(ValidationError):
            model(**wrong)


def test_a_discriminator_chooses_the_member() -> None:
    """An error is about that member only; without tags the union is a plain one."""

    def member(kind: str) -> dict[str, Any]:
        tag = {"const": kind}
        size = {"type": "integer"}
        return {"type": "object", "properties": {"kind": tag, kind: size}, "required": ["kind", kind]}  # fmt: skip

    defs = {"A": member("a"), "B": member("b")}
    union = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "discriminator": {"propertyName": "kind"},
    }
    model = of_value(union, defs)
    assert model(v={"kind": "b", "b": 1}).model_dump() == {"v": {"kind": "b", "b": 1}}
    with pytest.raises(ValidationError) as caught:
        model(v={"kind": "a", "a": "x"})
    assert [error["loc"] for error in caught.value.errors()] == [("v", "a", "a")]
    plain = of_value({**union, "discriminator": {"propertyName": "size"}}, defs)
    assert takes(plain, {"kind": "a", "a": 1})


def test_names_that_pydantic_does_not_take_have_an_alias() -> None:
    """They are read and written under their own name."""
    model = schema_to_pydantic_model(
        {
            "type": "object",
            "properties": {
                "_id": {"type": "integer"},
                "model_dump": {"type": "integer"},
                "copy": {"type": "integer"},
                "content-type": {"type": "integer"},
            },
        }
    )
    value = {"_id": 1, "model_dump": 2, "copy": 3, "content-type": 4}
    made = model.model_validate(value)
    assert made.model_dump() == value
    assert made.copy == 3  # type: ignore[comparison-overlap] # a field here


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "array", "items": {"type": "integer"}}, [1], ["x"]),
        ({"enum": ["a"]}, "a", "b"),
        ({"$ref": "#/$defs/S", "$defs": {"S": {"type": "string"}}}, "x", 1),
    ],
)
def test_a_schema_that_is_no_object_is_a_root_model(
    schema: dict[str, Any], right: Any, wrong: Any
) -> None:
    """The value itself is what the model has."""
    model = schema_to_pydantic_model(schema, "Values")
    assert issubclass(model, RootModel)
    assert model.model_validate(right).model_dump() == right
    with pytest.raises(ValidationError):
        model.model_validate(wrong)


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"title": "x"}])
def test_an_object_without_properties_is_an_empty_model(schema: dict[str, Any]) -> None:
    """As autogen_core has it."""
    assert schema_to_pydantic_model(schema).model_fields == {}


@pytest.mark.parametrize(
    "reference",
    [
        "#/$defs/Missing",
        "other.json#/a",
        "#/properties/v/anyOf/7",
        "#/a/b/c",
    ],
)
def test_a_reference_to_nothing_is_an_error(reference: str) -> None:
    """The error names it, where it stands, and what there is."""
    schema = {"$ref": reference}
    with pytest.raises(
        ReferenceNotFoundError, match=r"property 'v'.*\$defs are X"
    ) as caught:
        of_value({"anyOf": [schema]}, {"X": {"type": "integer"}})
    assert isinstance(caught.value, SchemaConversionError | ValueError | LookupError)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"title": "nothing else"}, "missing type None for property 'v' of Gen"),
        ({"type": "date"}, "type 'date'"),
        ({"anyOf": [{}]}, "missing type None for the union of property 'v'"),
        ({"anyOf": []}, "nothing fits the empty union"),
        ({"enum": []}, "must have values"),
        ({"const": {"a": 1}}, "only strings, numbers, booleans and null"),
        (False, "nothing fits the schema False"),
        ({"type": "array", "items": {"type": "x"}}, "the items of property 'v'"),
        ({"type": "object", "additionalProperties": {"type": "x"}}, "the values of"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "nothing is both"),
        ({"$ref": "#/$defs/Json"}, "'#/\\$defs/Json' contains itself without"),
        ({"$ref": "#/$defs/Loop"}, "'#/\\$defs/Loop' contains itself without"),
    ],
)
def test_what_no_model_can_say_is_an_error(schema: Any, message: str) -> None:
    """It names the place, the value and the rule."""
    json_value = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/Json"}}]}  # fmt: skip
    loop = {"$ref": "#/$defs/Loop"}
    with pytest.raises(UnsupportedKeywordError, match=message):
        of_value(schema, {"Json": json_value, "Loop": loop})


def test_the_schema_is_not_changed() -> None:
    """It is the caller's."""
    schema = Person.model_json_schema()
    before = str(schema)
    schema_to_pydantic_model(schema)
    assert str(schema) == before
