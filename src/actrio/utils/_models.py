"""Pydantic models from JSON schemas."""

from collections.abc import Mapping, Sequence
from types import GenericAlias, NoneType
from typing import Annotated, Any, Final, ForwardRef, Literal, Optional, Union, cast

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from ..exceptions import ReferenceNotFoundError, UnsupportedKeywordError
from ._fields import field_name, shadowing_allowed
from ._merging import merged
from ._scalars import number, string, with_format

__all__ = ["schema_to_pydantic_model"]

Schema = Mapping[str, Any]

_ROOT: Final = "#"
_WORDS: Final = {
    "$comment",
    "default",
    "deprecated",
    "description",
    "examples",
    "title",
}
"""Keywords that say nothing about which values fit."""
_NOT_AN_OBJECT: Final = {"anyOf", "oneOf", "enum", "const", "items"}


def schema_to_pydantic_model(
    schema: dict[str, Any], model_name: str = "GeneratedModel"
) -> type[BaseModel]:
    """Make a pydantic model that takes what fits a JSON schema.

    ``$ref`` inside the schema, recursive ones too, ``anyOf``, ``oneOf`` with and without
    a discriminator, ``allOf``, ``enum``, ``const``, several types in one, the formats
    that pydantic has a type for, and the limits of strings, numbers and arrays are
    understood; ``not``, ``if`` and ``patternProperties`` and the like are ignored. An
    object with properties becomes a model, another one a dictionary. A property that is
    not required and has no default may be None. A schema that is no object becomes a
    ``RootModel``.

    Args:
        schema: The schema; it is not changed.
        model_name: The name of the model.

    Raises:
        ReferenceNotFoundError: If a ``$ref`` points to nothing in the schema.
        FormatNotSupportedError: If a ``format`` is not known.
        UnsupportedKeywordError: If a property has no type or an unknown one, a
            recursive definition is no object, or parts of an ``allOf`` contradict each
            other. These three are a `SchemaConversionError
            <actrio.exceptions.SchemaConversionError>`, a ``ValueError``.
        ImportError: If there is an e-mail address, and email-validator is not
            installed.
    """
    return _Conversion(schema).convert(model_name)


class _Conversion:
    """What is known about one schema while it is converted."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._by_reference: dict[str, Any] = {}
        """The type for each reference; a ForwardRef while its model is being made."""
        self._models: dict[str, type[BaseModel] | None] = {}
        """All models by their names; None while one is being made."""

    def convert(self, name: str) -> type[BaseModel]:
        root = self._resolved(self._root, name)
        if _NOT_AN_OBJECT & root.keys() or root.get("type", "object") != "object":
            kind = self._type(root, name, name)
            base: Any = RootModel.__class_getitem__(kind)
            model: type[BaseModel] = create_model(name, __base__=base)
        else:
            self._by_reference[_ROOT] = ForwardRef(name)
            model = self._model(root, name)
        for each in (*self._models.values(), model):
            if each is not None:
                each.model_rebuild(force=True, _types_namespace=self._models)
        return model

    def _resolved(
        self, schema: Schema, where: str, seen: frozenset[str] = frozenset()
    ) -> Schema:
        """Return the schema without a reference or an ``allOf`` at its top."""
        if "$ref" not in schema and "allOf" not in schema:
            return schema
        parts = [self._resolved(part, where, seen) for part in schema.get("allOf", ())]
        if "$ref" in schema:
            reference: str = schema["$ref"]
            if reference in seen:
                raise UnsupportedKeywordError(_endless(reference))
            target = self._target(reference, where)
            parts.append(self._resolved(target, where, seen | {reference}))
        rest = {key: schema[key] for key in schema if key not in {"$ref", "allOf"}}
        return merged([*parts, rest], where)

    def _target(self, reference: str, where: str) -> Schema:
        """Return what a reference points to."""
        target: Any = self._root
        steps = reference.split("/")
        try:
            if steps.pop(0) != _ROOT:
                raise KeyError(reference)
            for step in steps:
                key = step.replace("~1", "/").replace("~0", "~")
                target = target[int(key) if isinstance(target, list) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            names = ", ".join(self._root.get("$defs", {})) or "none"
            message = (
                f"Reference {reference!r} of {where} not found: it must point into the "
                f"schema itself, as '#/$defs/Name'; its $defs are {names}"
            )
            raise ReferenceNotFoundError(message) from None
        return cast("Schema", target)

    def _model(self, schema: Schema, name: str) -> type[BaseModel]:
        """Make the model of an object."""
        self._models[name] = None
        required = set(schema.get("required", ()))
        fields: dict[str, Any] = {}
        for key, value in schema.get("properties", {}).items():
            kind = self._type(value, f"{name}_{key}", f"property {key!r} of {name}")
            words: Schema = {} if isinstance(value, bool) else value
            fields[field_name(key)] = _field(key, kind, words, key in required)
        extra = schema.get("additionalProperties")
        config = ConfigDict(
            extra="ignore"
            if extra is None
            else "forbid"
            if extra is False
            else "allow",
            protected_namespaces=(),
            serialize_by_alias=True,
        )
        with shadowing_allowed():
            model: type[BaseModel] = create_model(
                name,
                __config__=config,
                __doc__=schema.get("description"),
                **fields,
            )
        self._models[name] = model
        return model

    def _type(self, schema: Any, name: str, where: str) -> Any:
        """Return the type of what fits a schema.

        Args:
            schema: The schema.
            name: What to call a model, if it becomes one.
            where: How to name the place to people.
        """
        if schema is True:
            return Any
        if not isinstance(schema, Mapping):
            message = f"nothing fits the schema {schema!r} for {where}"
            raise UnsupportedKeywordError(message)
        schema = cast("Schema", schema)
        if "$ref" in schema and not schema.keys() - _WORDS - {"$ref"}:
            return self._reference(schema["$ref"], where)
        schema = self._resolved(schema, where)
        if "const" in schema:
            return _literal([schema["const"]], where)
        if "enum" in schema:
            return _literal(schema["enum"], where)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._union(schema[key], schema, name, where)
        kinds: object = schema.get("type")
        if isinstance(kinds, list):
            members = [{**schema, "type": kind} for kind in cast("list[str]", kinds)]
            return self._union(members, {}, name, where)
        return self._of_one_type(schema, name, where)

    def _reference(self, reference: str, where: str) -> Any:
        """Return the type of what a reference points to; each is converted once."""
        if reference not in self._by_reference:
            target = self._resolved(self._target(reference, where), where)
            name = self._free_name(reference.rpartition("/")[2] or "Model")
            is_object = target.get("type", "object") == "object"
            if is_object and "properties" in target:
                self._by_reference[reference] = ForwardRef(name)
                self._by_reference[reference] = self._model(target, name)
            else:
                self._by_reference[reference] = None
                self._by_reference[reference] = self._type(target, name, where)
        found = self._by_reference[reference]
        if found is None:
            raise UnsupportedKeywordError(_endless(reference))
        return found

    def _free_name(self, name: str) -> str:
        name = "".join(one if one.isalnum() else "_" for one in name)
        while name in self._models:
            name += "_"
        return name

    def _union(
        self, members: Sequence[Any], around: Schema, name: str, where: str
    ) -> Any:
        if not members:
            message = f"nothing fits the empty union for {where}"
            raise UnsupportedKeywordError(message)
        many = len(members) > 1
        kinds = [
            self._type(
                member, f"{name}_{index}" if many else name, f"the union of {where}"
            )
            for index, member in enumerate(members)
        ]
        union: Any = Union[tuple(kinds)]  # noqa: UP007 - of forward references too
        tag = around.get("discriminator", {}).get("propertyName")
        if many and tag and all(self._is_tagged(each, tag, where) for each in members):
            return Annotated[union, Field(discriminator=tag)]
        return union

    def _is_tagged(self, member: Any, tag: str, where: str) -> bool:
        """Say whether each value of the property tells that it is of this member."""
        resolved = self._resolved(member, where)
        found = resolved.get("properties", {}).get(tag, {})
        return "const" in found or "enum" in found

    def _of_one_type(self, schema: Schema, name: str, where: str) -> Any:
        match schema.get("type"):
            case "string":
                return string(schema, where)
            case "integer":
                return number(int, schema, where)
            case "number":
                return number(float, schema, where)
            case "boolean":
                return with_format(schema, where) if "format" in schema else bool
            case "null":
                return NoneType
            case "array":
                return self._array(schema, name, where)
            case "object":
                return self._object(schema, name, where)
            case other:
                message = (
                    f"Unsupported or missing type {other!r} for {where}: it must be "
                    "string, integer, number, boolean, null, array or object"
                )
                raise UnsupportedKeywordError(message)

    def _array(self, schema: Schema, name: str, where: str) -> Any:
        items = self._anything(
            schema.get("items", True), f"{name}_item", f"the items of {where}"
        )
        kind: Any = GenericAlias(list, (items,))
        keys = {"minItems": "min_length", "maxItems": "max_length"}
        limits = {ours: schema[key] for key, ours in keys.items() if key in schema}
        return Annotated[kind, Field(**limits)] if limits else kind

    def _object(self, schema: Schema, name: str, where: str) -> Any:
        if "properties" in schema:
            return self._model(schema, self._free_name(name))
        values = schema.get("additionalProperties") or True
        kind = self._anything(values, f"{name}_value", f"the values of {where}")
        return GenericAlias(dict, (str, kind))

    def _anything(self, schema: Any, name: str, where: str) -> Any:
        """Return the type; Any for a schema that says nothing."""
        is_open = isinstance(schema, Mapping) and not schema.keys() - _WORDS
        return Any if is_open else self._type(schema, name, where)


def _field(key: str, kind: Any, words: Schema, required: bool) -> tuple[Any, Any]:
    default = ... if required else words.get("default")
    described: dict[str, Any] = {
        each: words[each] for each in ("title", "description") if each in words
    }
    if field_name(key) != key:
        described["alias"] = key
    if default is None:
        kind = Optional[kind]  # noqa: UP045 - of forward references too
    return kind, Field(default, **described)


def _literal(values: Sequence[Any], where: str) -> Any:
    simple = (str, int, float, bool, NoneType)
    if not values or not all(isinstance(value, simple) for value in values):
        message = (
            f"enum or const {list(values)!r} for {where} must have values, and only "
            "strings, numbers, booleans and null"
        )
        raise UnsupportedKeywordError(message)
    return Literal[tuple(values)]


def _endless(reference: str) -> str:
    return (
        f"the definition {reference!r} contains itself without an object with "
        "properties between, which no model can say"
    )
