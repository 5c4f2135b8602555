"""What autogen_core can serialize looks the same here, and each reads the other's bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import autogen_core
import pydantic
import pytest
from autogen_core import _serialization as theirs
from google.protobuf import duration_pb2

import actrio
from actrio.serialization import SerializationRegistry


@dataclass
class Task:
    name: str
    priority: int = 0
    weight: float = 0.5
    done: bool = False
    tags: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


class Model(pydantic.BaseModel):
    name: str
    tasks: list[int] = []
    note: str | None = None


MESSAGES = [
    Task("a"),
    Task("\u00fc\u20ac", -1, 1e300, done=True, tags=["x"], data={"k": [None, 1.5, {}]}),
    Model(name="a", tasks=[1, 2]),
    duration_pb2.Duration(seconds=3, nanos=5),
]


def serializers(message: object) -> tuple[Any, Any]:
    cls = type(message)
    (ours,) = actrio.try_get_known_serializers_for_type(cls)
    (theirs,) = autogen_core.try_get_known_serializers_for_type(cls)
    return ours, theirs


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_each_reads_what_the_other_writes(message: object) -> None:
    """Formats and content types are autogen_core's."""
    ours, other = serializers(message)
    assert ours.data_content_type == other.data_content_type
    assert ours.deserialize(other.serialize(message)) == message
    assert other.deserialize(ours.serialize(message)) == message


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_registries_work_alike(message: object) -> None:
    """A payload under autogen_core's bare name is read here."""
    ours, other = serializers(message)
    registry, original = SerializationRegistry(), theirs.SerializationRegistry()
    registry.add(ours)
    original.add_serializer(other)
    name, form = original.type_name(message), other.data_content_type
    payload = original.serialize(message, type_name=name, data_content_type=form)
    found = registry.deserialize(payload, type_name=name, data_content_type=form)
    assert found == message
    assert registry.is_registered(name, form)


@pytest.mark.parametrize("kind", ["ours", "theirs"])
def test_unknown_names_are_treated_alike(kind: str) -> None:
    """Writing raises ``ValueError``, reading returns an ``UnknownPayload``."""
    registry: Any = {
        "ours": SerializationRegistry,
        "theirs": theirs.SerializationRegistry,
    }[kind]()
    package: Any = {"ours": actrio, "theirs": autogen_core}[kind]
    options = {"type_name": "a.B", "data_content_type": "application/json"}
    with pytest.raises(ValueError, match="Unknown type"):
        registry.serialize(1, **options)
    found = registry.deserialize(b"x", **options)
    assert found == package.UnknownPayload("a.B", "application/json", b"x")


def test_a_serializer_of_theirs_can_be_added() -> None:
    """It goes by its own name, which is the bare one of the class."""
    registry = SerializationRegistry()
    _, other = serializers(MESSAGES[0])
    registry.add(other)
    assert registry.type_name(MESSAGES[0]) == "Task"


@dataclass
class Nested:
    task: Task


@dataclass
class Chosen:
    it: int | str


@pytest.mark.parametrize("cls", [Nested, Chosen])
def test_what_they_refuse_works_here(cls: type) -> None:
    """Nested dataclasses and unions, which autogen_core refuses or gets wrong."""
    value = cls(Task("a")) if cls is Nested else cls("a")
    (ours,) = actrio.try_get_known_serializers_for_type(cls)
    assert ours.deserialize(ours.serialize(value)) == value
