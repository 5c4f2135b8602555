"""The forms of classes with fields, and of typed dicts.

cattrs generates the functions that go through the fields of a class. They do not say
where an error happened; when one did, the same is done once more by functions that do.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Set as AbstractSet
from operator import attrgetter
from typing import Any, Final, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from ._fields import Field, fields_of, filled_in, hints_of, is_named_tuple
from ._form import OBJECT, Form, Misfit, Read, Write, at, expected
from ._names import described
from ._unions import TAG

FormOf = Callable[[Any], Form]

_CATTRS: Final = Converter(detailed_validation=False)
"""Never asked for the form of a field: every field brings its own."""

_NOT_FOR_CATTRS: Final = {"cl", "converter"}
"""Fields that would collide with the parameters of cattrs' functions."""


@attrs.frozen
class Record:
    """A class with fields, each with its form."""

    cls: type[Any]
    fields: Mapping[str, tuple[Field, Form]]
    forbids_unknown: bool

    @property
    def required(self) -> AbstractSet[str]:
        """The fields without a default."""
        return {name for name, (field, _) in self.fields.items() if field.required}


def record_of(annotation: Any, form_of: FormOf, *, forbids_unknown: bool) -> Record:
    """Look up the forms of a class's fields.

    Raises:
        Misfit: If a field has no form.
    """
    cls = get_origin(annotation) or annotation
    fields: dict[str, tuple[Field, Form]] = {}
    for field in fields_of(annotation):
        fields[field.name] = field, _form_of_field(field, form_of)
    return Record(cls, fields, forbids_unknown)


def record_form(record: Record, *, explains: bool) -> Form:
    """Return the form of a class with fields.

    Args:
        record: The class.
        explains: Whether errors are to say which field they come from.
    """
    slowly = (
        explains or is_named_tuple(record.cls) or _NOT_FOR_CATTRS & {*record.fields}
    )
    write = _explaining_write(record) if slowly else _generated_write(record)
    read = _explaining_read(record) if slowly else _generated_read(record)
    # What is no object has no fields either, and fails when it is asked for one.
    if slowly or record.forbids_unknown or not record.required:
        read = _of_object(record, read)
    return Form(_of_class(record.cls, write), read, OBJECT, (record.cls,))


def _of_class(cls: type[Any], write: Write) -> Write:
    what = f"a {described(cls)}"

    def of_class(value: Any) -> Any:
        if value.__class__ is not cls:
            if isinstance(value, cls):
                reason = (
                    f"a {described(value.__class__)} would come back as {what}; name "
                    "the subclass in a union, or send its data"
                )
                raise Misfit(reason)
            raise expected(what, value)
        return write(value)

    return of_class


def _of_object(record: Record, read: Read) -> Read:
    what = f"an object with the fields of {described(record.cls)}"
    known = {*record.fields, TAG}

    def of_object(value: Any, _: object = None) -> Any:
        if value.__class__ is not dict:
            raise expected(what, value)
        return read(value)

    def of_known_fields(value: Any, _: object = None) -> Any:
        if value.__class__ is dict and not known.issuperset(value):
            unknown = ", ".join(repr(name) for name in value if name not in known)
            message = f"{described(record.cls)} has no field {unknown}"
            raise Misfit(message)
        return of_object(value)

    return of_known_fields if record.forbids_unknown else of_object


def _generated_write(record: Record) -> Write:
    hooks: dict[str, Any] = {
        name: override(unstruct_hook=form.write)
        for name, (_, form) in record.fields.items()
    }
    return make_dict_unstructure_fn(
        record.cls, _CATTRS, _cattrs_use_linecache=False, **hooks
    )


def _generated_read(record: Record) -> Read:
    hooks: dict[str, Any] = {
        name: override(struct_hook=form.read)
        for name, (_, form) in record.fields.items()
    }
    return make_dict_structure_fn(
        record.cls, _CATTRS, _cattrs_use_linecache=False, **hooks
    )


def _explaining_write(record: Record) -> Write:
    getters = [
        (name, attrgetter(name), form.write)
        for name, (_, form) in record.fields.items()
    ]

    def write(value: Any) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, get, write_field in getters:
            try:
                written[name] = write_field(get(value))
            except Exception as exc:
                raise at(exc, f".{name}") from None
        return written

    return write


def _explaining_read(record: Record) -> Read:
    required = record.required

    def read(value: Any, _: object = None) -> Any:
        missing = [
            repr(name) for name in record.fields if name in required - value.keys()
        ]
        if missing:
            names = ", ".join(missing)
            message = f"{described(record.cls)} needs the field {names}"
            raise Misfit(message)
        arguments: dict[str, Any] = {}
        for name, (field, form) in record.fields.items():
            if name in value:
                try:
                    arguments[field.alias] = form.read(value[name])
                except Exception as exc:
                    raise at(exc, f".{name}") from None
        return record.cls(**arguments)

    return read


def typed_dict_form(annotation: Any, form_of: FormOf, *, forbids_unknown: bool) -> Form:
    """Return the form of a ``TypedDict``.

    Raises:
        Misfit: If a value has no form.
    """
    cls = get_origin(annotation) or annotation
    binding = dict(zip(_parameters(cls), get_args(annotation), strict=False))
    fields: dict[str, tuple[Field, Form]] = {}
    for name, hint in hints_of(cls).items():
        field = Field(
            name, name, filled_in(hint, binding), _is_required(cls, name, hint)
        )
        fields[name] = field, _form_of_field(field, form_of)
    record = Record(cls, fields, forbids_unknown)
    required = record.required
    what = f"a dict like {described(cls)}"

    def write(value: Any) -> dict[str, Any]:
        if value.__class__ is not dict or not (
            fields.keys() >= value.keys() >= required
        ):
            raise expected(what, value)
        written: dict[str, Any] = {}
        for name, one in value.items():
            try:
                written[name] = fields[name][1].write(one)
            except Exception as exc:
                raise at(exc, f"[{name!r}]") from None
        return written

    read = _of_object(record, _explaining_read(record))
    return Form(write, read, OBJECT, (dict,))


def _parameters(cls: Any) -> tuple[Any, ...]:
    parameters: tuple[Any, ...] = getattr(cls, "__parameters__", ())
    return parameters


def _is_required(cls: Any, name: str, hint: object) -> bool:
    # Under `from __future__ import annotations` the class itself takes strings for
    # required, whatever they say.
    match get_origin(hint):
        case typing.Required:
            return True
        case typing.NotRequired:
            return False
        case _:
            return name in cls.__required_keys__


def _form_of_field(field: Field, form_of: FormOf) -> Form:
    try:
        return form_of(field.type)
    except Misfit as exc:
        raise at(exc, f".{field.name}") from None
