"""From a type to its form.

A `Compiler` keeps the form of every type it has met, so that each is made once. A type
that contains itself is met again while its form is being made; it gets a form that looks
the real one up when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import get_ident
from types import UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from ._collections import (
    MAPPINGS,
    SERIES,
    mapping_form,
    plain_form,
    series_form,
    tuple_form,
)
from ._fields import is_record
from ._form import ARRAY, EVERYTHING, OBJECT, Form, Misfit, Write
from ._models import is_model, model_form
from ._names import described, label
from ._records import record_form, record_of, typed_dict_form
from ._scalars import SCALARS, enum_form, is_enum, literal_form
from ._unions import Member, union_form

_TRANSPARENT: Final = (Annotated, Final, Required, NotRequired)


class Compiler:
    """Makes the forms of types.

    Args:
        forbids_unknown: Refuse fields that a class does not have.
        explains: Make forms that say where an error happened, and find values that
            contain themselves, at the price of speed. The others also refuse a float
            that may be an integer too long for a fast parser.
    """

    def __init__(self, *, forbids_unknown: bool, explains: bool) -> None:
        self._forbids_unknown = forbids_unknown
        self._explains = explains
        self._forms: dict[object, Form | None] = {}
        self._being_written: set[tuple[int, int]] = set()

    def form_of(self, annotation: Any) -> Form:
        """Return the form of a type.

        Raises:
            Misfit: If it has none; the steps lead to the field that is to blame.
        """
        annotation = stripped(annotation)
        if annotation in self._forms:
            return self._forms[annotation] or self._later(annotation)
        self._forms[annotation] = None
        try:
            form = self._make(annotation)
        except BaseException:
            del self._forms[annotation]
            raise
        self._forms[annotation] = form
        return form

    def _make(self, annotation: Any) -> Form:
        cls: Any = get_origin(annotation) or annotation
        if annotation in SCALARS:
            return SCALARS[annotation]
        if annotation in (Any, object) or isinstance(annotation, TypeVar):
            return self._plain()
        if cls in (Union, UnionType):
            return self._union(annotation)
        if cls is Literal:
            return literal_form(annotation)
        if is_enum(cls):
            return enum_form(cls)
        if is_model(cls):
            return model_form(cls)
        form = self._container(cls, annotation)
        if form is None:
            reason = (
                f"{described(annotation)} has no form in JSON; use another type, or "
                "write a MessageSerializer for the message"
            )
            raise Misfit(reason)
        return Form(self._guarded(form.write), form.read, form.kinds, form.classes)

    def _container(self, cls: Any, annotation: Any) -> Form | None:
        arguments = get_args(annotation)
        if is_typeddict(cls):
            return typed_dict_form(
                annotation, self.form_of, forbids_unknown=self._forbids_unknown
            )
        if is_record(cls):
            record = record_of(
                annotation, self.form_of, forbids_unknown=self._forbids_unknown
            )
            return record_form(record, explains=self._explains)
        if cls is tuple and get_origin(annotation) and arguments[1:] != (...,):
            return tuple_form([self.form_of(one) for one in arguments])
        if cls in SERIES:
            return series_form(cls, self.form_of(arguments[0] if arguments else Any))
        if cls in MAPPINGS:
            key, value = arguments or (str, Any)
            return mapping_form(
                cls, self.form_of(str if key is Any else key), self.form_of(value)
            )
        return None

    def _plain(self) -> Form:
        return plain_form(self._guarded, refuse_big_floats=not self._explains)

    def _union(self, annotation: Any) -> Form:
        found = list(dict.fromkeys(_members(annotation)))
        if Any in found or object in found:
            return self._plain()
        members = [
            Member(
                one, self.form_of(one), is_record(get_origin(one) or one), label(one)
            )
            for one in _with_one_literal(found)
        ]
        return union_form(members, refuse_big_floats=not self._explains)

    def _later(self, annotation: Any) -> Form:
        """Return a form for a type whose form is being made just now."""
        cls = get_origin(annotation) or annotation
        classes: tuple[type, ...] = (object,)
        kinds = EVERYTHING
        if is_record(cls):
            classes, kinds = (cls,), OBJECT
        elif is_typeddict(cls):
            classes, kinds = (dict,), OBJECT
        elif cls in MAPPINGS:
            classes, kinds = MAPPINGS[cls][0], OBJECT
        elif cls in SERIES:
            classes, kinds = SERIES[cls][0], ARRAY

        def write(value: Any) -> Any:
            return self.form_of(annotation).write(value)

        def read(value: Any, _: object = None) -> Any:
            return self.form_of(annotation).read(value)

        return Form(write, read, kinds, classes)

    def _guarded(self, write: Write) -> Write:
        """Refuse a value inside of itself, where errors are explained."""
        if not self._explains:
            return write

        def guarded(value: Any) -> Any:
            mark = get_ident(), id(value)
            if mark in self._being_written:
                reason = (
                    f"this {type(value).__name__} contains itself; a message is a tree, "
                    "so send ids instead of references back"
                )
                raise Misfit(reason)
            self._being_written.add(mark)
            try:
                return write(value)
            finally:
                self._being_written.discard(mark)

        return guarded


def stripped(annotation: Any) -> Any:
    """Return what an annotation comes down to, without names and remarks."""
    while True:
        origin = get_origin(annotation)
        if origin in _TRANSPARENT:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif hasattr(origin, "__value__"):  # made by a `type` statement
            annotation = origin.__value__[get_args(annotation)]
        elif hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        else:
            return annotation


def _members(union: Any) -> Iterator[Any]:
    """Yield the members of a union and of the unions that it names."""
    for one in map(stripped, get_args(union)):
        if get_origin(one) in (Union, UnionType):
            yield from _members(one)
        else:
            yield one


def _with_one_literal(members: Sequence[Any]) -> list[Any]:
    """Join the literals in a union, without values that another member takes anyway."""
    literals = [one for one in members if get_origin(one) is Literal]
    values = tuple(
        value
        for one in literals
        for value in get_args(one)
        if type(value) not in members
    )
    others = [one for one in members if one not in literals]
    return [*others, Literal[values]] if values else others
