"""The form of a union: how to tell its members apart, on the wire as well.

A member whose kind of JSON no other member uses is written as it is: ``int | None`` is a
number or null, ``str | Order`` a string or an object. Numbers, strings, booleans and null
are always written as they are. Members that look alike get a tag: a class's own object
carries it as ``"$type"``, which no field can be called, and anything else is wrapped in
``{"$type": …, "$value": …}``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ._form import KINDS, OBJECT, Form, Misfit, expected
from ._names import bare_name, described

TAG: Final = "$type"
VALUE: Final = "$value"
_BIG: Final = 2.0**63
_NATIVE: Final = (str, int, float, bool, None, type(None))


@attrs.frozen
class Member:
    """One member of a union."""

    annotation: object
    form: Form
    is_record: bool
    """Whether it is written as an object that has room for a tag."""
    tag: str
    """Its name on the wire."""
    is_tagged: bool = False


def union_form(members: Sequence[Member], *, refuse_big_floats: bool) -> Form:
    """Return the form of a union.

    Raises:
        Misfit: If two members have values of one class, or one name.
    """
    members = _with_tags(members)
    _check_classes(members)
    _check_tags(members)
    by_class = {cls: one for one in members for cls in one.form.classes}
    by_kind = _by_kind(members)
    tagged = _by_tag([one for one in members if one.is_tagged])
    what = " or ".join(described(one.annotation) for one in members)

    def member_of(value: object) -> Member:
        for member in members:
            if isinstance(value, member.form.classes):
                return member
        raise expected(what, value)

    def write(value: Any) -> Any:
        member = by_class.get(value.__class__) or member_of(value)
        written = member.form.write(value)
        if not member.is_tagged:
            # "NaN" would be read as a string, if that is somebody else's.
            if written.__class__ is str and by_kind["string"] is not member:
                raise expected("a finite number, beside strings", value)
            return written
        if member.is_record:
            return {TAG: member.tag, **written}
        return {TAG: member.tag, VALUE: written}

    def read(value: Any, _: object = None) -> Any:
        kind = KINDS[value.__class__]
        if kind == "object" and tagged:
            return _read_tagged(value, tagged)
        member = by_kind.get(kind)
        if member is None:
            raise expected(what, value)
        if refuse_big_floats and kind == "real" and not -_BIG < value < _BIG:
            raise expected("a float", value)
        return member.form.read(value)

    kinds = frozenset[str]().union(
        *(OBJECT if one.is_tagged else one.form.kinds for one in members)
    )
    classes = tuple(cls for one in members for cls in one.form.classes)
    return Form(write, read, kinds, classes)


def _with_tags(members: Sequence[Member]) -> list[Member]:
    """Decide who needs a tag: who looks like somebody else, and is no native."""
    seen = Counter(kind for one in members for kind in one.form.kinds)
    for _ in range(2):  # the tags of the first round are objects, too
        members = [
            attrs.evolve(
                one,
                is_tagged=one.annotation not in _NATIVE
                and any(seen[kind] > 1 for kind in one.form.kinds),
            )
            for one in members
        ]
        if any(one.is_tagged for one in members):
            seen["object"] += 1
    return list(members)


def _check_classes(members: Sequence[Member]) -> None:
    owners: dict[type, Member] = {}
    for member in members:
        for cls in member.form.classes:
            other = owners.setdefault(cls, member)
            if other is not member:
                reason = (
                    f"{described(other.annotation)} and {described(member.annotation)} "
                    f"cannot be told apart: the values of both are of class "
                    f"{cls.__name__}; put one of them into a class of its own"
                )
                raise Misfit(reason)


def _check_tags(members: Sequence[Member]) -> None:
    for tag, count in Counter(one.tag for one in members if one.is_tagged).items():
        if count > 1:
            reason = (
                f"{count} members of the union are called {tag} and cannot be told "
                "apart; rename one of them"
            )
            raise Misfit(reason)


def _by_kind(members: Sequence[Member]) -> dict[str, Member]:
    untagged = [one for one in members if not one.is_tagged]
    by_kind = {kind: one for one in untagged for kind in one.form.kinds}
    for one in untagged:
        if one.annotation is float:  # also takes whole numbers, and "NaN"
            by_kind.setdefault("integer", one)
            by_kind.setdefault("string", one)
    return by_kind


def _by_tag(members: Sequence[Member]) -> dict[str, Member]:
    """Return the tagged members by tag, and by bare name where that is clear."""
    bare = Counter(bare_name(one.tag) for one in members)
    found = {
        bare_name(one.tag): one for one in members if bare[bare_name(one.tag)] == 1
    }
    return found | {one.tag: one for one in members}


def _read_tagged(value: Mapping[str, Any], tagged: Mapping[str, Member]) -> Any:
    tag = value.get(TAG)
    member = tagged.get(tag) if isinstance(tag, str) else None
    if member is None:
        tags = " or ".join(repr(one) for one in dict.fromkeys(tagged) if "." in one)
        reason = f"{TAG!r} says which class it is and must be {tags}, not {tag!r}"
        raise Misfit(reason)
    if member.is_record:
        return member.form.read(value)
    if VALUE not in value:
        message = f"{VALUE!r} is missing beside the tag {tag!r}"
        raise Misfit(message)
    return member.form.read(value[VALUE])
