"""Schemas without references."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from actrio.tools._inlining import inlined

from .functions import Point, Tree


class Inner(BaseModel):
    point: Point
    tree: Tree


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Pets(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


def references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for each in schema for found in references(each)]
    if isinstance(schema, dict):
        own = [schema["$ref"]] if "$ref" in schema else []
        return own + [found for each in schema.values() for found in references(each)]
    return []


def test_definitions_stand_where_they_are_referred_to() -> None:
    """What contains itself stays a definition, and nothing else does."""
    found = inlined(Inner.model_json_schema())
    assert list(found["$defs"]) == ["Tree"]
    assert set(references(found)) == {"#/$defs/Tree"}
    assert found["properties"]["point"]["properties"]["x"] == {
        "title": "X",
        "type": "integer",
    }


def test_what_stands_beside_a_reference_is_kept() -> None:
    """It goes before what the definition says."""
    schema = {
        "properties": {"p": {"$ref": "#/$defs/P", "description": "mine"}},
        "$defs": {"P": {"type": "object", "description": "theirs"}},
    }
    assert inlined(schema) == {
        "properties": {"p": {"type": "object", "description": "mine"}}
    }


def test_a_whole_that_contains_itself_is_an_object() -> None:
    """A model that refers to itself has nothing but a reference at its top."""
    found = inlined(Tree.model_json_schema())
    assert found["type"] == "object"
    assert found["properties"]["kids"]["items"] == {"$ref": "#/$defs/Tree"}
    assert "Tree" in found["$defs"]


def test_a_discriminator_does_not_point_to_what_is_gone() -> None:
    """The values of the property alone tell the members apart."""
    found = inlined(Pets.model_json_schema())
    assert found["properties"]["pet"]["discriminator"] == {"propertyName": "kind"}
    assert references(found) == []


def test_a_discriminator_keeps_what_stays() -> None:
    """Definitions that contain themselves are still there to point to."""
    node = {"properties": {"next": {"$ref": "#/$defs/N"}}}
    tagged = {"propertyName": "kind", "mapping": {"n": "#/$defs/N"}}
    schema = {"properties": {"v": {"discriminator": tagged}}, "$defs": {"N": node}}
    assert inlined(schema)["properties"]["v"]["discriminator"] == tagged


def test_definitions_may_form_a_circle() -> None:
    """All of them stay, and what only leads into the circle does not."""
    schema = {
        "properties": {"v": {"$ref": "#/$defs/In"}},
        "$defs": {
            "In": {"items": {"$ref": "#/$defs/A"}},
            "A": {"items": {"$ref": "#/$defs/B"}, "not": {"$ref": "#/$defs/B"}},
            "B": {"items": [{"$ref": "#/$defs/A"}]},
        },
    }
    found = inlined(schema)
    assert set(found["$defs"]) == {"A", "B"}
    assert found["properties"]["v"] == {"items": {"$ref": "#/$defs/A"}}


def test_other_references_stay() -> None:
    """Only definitions are put in their place."""
    schema = {"items": [{"$ref": "other.json"}, {"$ref": 3}]}
    assert inlined(schema) == schema


def test_the_schema_is_not_changed() -> None:
    """It is the caller's."""
    schema = Inner.model_json_schema()
    before = str(schema)
    inlined(schema)["properties"]["point"]["type"] = "changed"
    assert str(schema) == before
