"""Names on the wire: full ones, bare ones, old ones, and those of custom serializers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from actrio import (
    JSON_DATA_CONTENT_TYPE as JSON,
    PROTOBUF_DATA_CONTENT_TYPE as PROTOBUF,
    MessageSerializer,
    UnknownPayload,
    try_get_known_serializers_for_type,
)
from actrio.exceptions import SerializationError
from actrio.serialization import SerializationRegistry

from . import namesakes

T = TypeVar("T")


@dataclass
class Order:
    id: int


@dataclass
class Task:
    name: str


NAME = f"{__name__}.Order"
OTHER = f"{namesakes.__name__}.Order"


def registry(*classes: type, **options: Any) -> SerializationRegistry:
    made = SerializationRegistry()
    for cls in classes:
        made.add(try_get_known_serializers_for_type(cls), **options)
    return made


def test_a_message_goes_by_its_full_name() -> None:
    """The name has the module, and leads to the serializer when reading."""
    known = registry(Order)
    assert known.type_name(Order(1)) == NAME
    payload = known.serialize(Order(1), type_name=NAME, data_content_type=JSON)
    assert payload == b'{"id":1}'
    assert known.deserialize(payload, type_name=NAME, data_content_type=JSON) == Order(
        1
    )


@pytest.mark.parametrize("value", ["x", 1, 1.5, True, b"y", None, [1], {"a": None}])
def test_builtin_values_need_no_registration(value: object) -> None:
    """Texts, numbers, bytes, None, lists and dicts are there from the start."""
    known = registry()
    name = known.type_name(value)
    assert name == f"builtins.{type(value).__name__}"
    payload = known.serialize(value, type_name=name, data_content_type=JSON)
    found = known.deserialize(payload, type_name=name, data_content_type=JSON)
    assert (type(found), found) == (type(value), value)


def test_a_bare_name_is_read_while_it_is_clear() -> None:
    """autogen_core writes bare names; two classes of one bare name need full ones."""
    known = registry(Order)
    assert known.is_registered("Order", JSON)
    found = known.deserialize(b'{"id":1}', type_name="Order", data_content_type=JSON)
    assert found == Order(1)
    known.add(try_get_known_serializers_for_type(namesakes.Order))
    assert known.deserialize(
        b'{"id":1}', type_name=NAME, data_content_type=JSON
    ) == Order(1)
    assert known.deserialize(
        b'{"id":"1"}', type_name=OTHER, data_content_type=JSON
    ) == namesakes.Order("1")
    with pytest.raises(SerializationError) as caught:
        known.deserialize(b"{}", type_name="Order", data_content_type=JSON)
    assert str(caught.value) == (
        f"type name 'Order' may mean {NAME} or {OTHER}; use the full name"
    )


def test_an_unknown_name_is_kept_when_reading() -> None:
    """The payload comes back as it is, with its name and format."""
    found = registry().deserialize(b"?", type_name="a.B", data_content_type=JSON)
    assert found == UnknownPayload("a.B", JSON, b"?")


def test_an_unknown_name_is_an_error_when_writing() -> None:
    """The error is a ``ValueError`` that says what to do, or which formats there are."""
    known = registry(Order)
    with pytest.raises(
        ValueError, match=r"Unknown type 'a\.B'.*add_message_serializer"
    ):
        known.serialize(1, type_name="a.B", data_content_type=JSON)
    with pytest.raises(ValueError, match="its serializers write application/json"):
        known.serialize(Order(1), type_name=NAME, data_content_type=PROTOBUF)
    assert not known.is_registered(NAME, PROTOBUF)


def test_a_renamed_class_is_read_by_its_old_names() -> None:
    """An alias is for reading; what is written has the present name."""
    known = registry(Order, aliases=["shop.Purchase"])
    assert known.type_name(Order(1)) == NAME
    for name in ("shop.Purchase", "Purchase", NAME, "Order"):
        assert known.deserialize(
            b'{"id":1}', type_name=name, data_content_type=JSON
        ) == Order(1)


def test_a_name_can_be_given() -> None:
    """With ``type="..."`` messages are written under that name too."""
    known = registry(Order, type="shop.Order")
    assert known.type_name(Order(1)) == "shop.Order"
    assert known.is_registered("shop.Order", JSON)


def test_replacing_is_the_default() -> None:
    """The last serializer of a name and format wins, unless it is not to replace."""
    known = registry(Order)
    strict = try_get_known_serializers_for_type(Order, forbid_unknown_fields=True)
    payload = b'{"id":1,"x":2}'
    known.add(strict, replace=False)
    assert known.deserialize(payload, type_name=NAME, data_content_type=JSON) == Order(
        1
    )
    known.add(strict)
    with pytest.raises(SerializationError, match="Order has no field 'x'"):
        known.deserialize(payload, type_name=NAME, data_content_type=JSON)


class TaskSerializer(MessageSerializer[Task]):
    """As AutoGen's documents write one: without a type name."""

    @property
    def data_content_type(self) -> str:
        return "application/json"

    def serialize(self, message: Task) -> bytes:
        return json.dumps({"field1": message.name}).encode("utf-8")

    def deserialize(self, data: bytes) -> Task:
        return Task(json.loads(data.decode("utf-8"))["field1"])


class Counting(Generic[T]):
    """Something generic that has nothing to do with serializers."""


class CountingSerializer(Counting[int], TaskSerializer):
    pass


class NamedSerializer(MessageSerializer):  # type: ignore[type-arg]  # as documented
    """As AutoGen's other document writes one: ``deserialize`` is given the name."""

    def serialize(self, message: Any) -> bytes:
        return json.dumps(message.name).encode()

    def deserialize(self, data: bytes, type_name: str) -> Any:  # type: ignore[override]  # as documented
        return f"{type_name}: {json.loads(data.decode())}"


class BareSerializer:
    """Inherits from nothing, and goes by a bare name like one of autogen_core."""

    type_name = "Task"
    data_content_type = JSON

    def serialize(self, message: Task) -> bytes:
        return message.name.encode()

    def deserialize(self, payload: bytes) -> Task:
        return Task(payload.decode())


@pytest.mark.parametrize("serializer", [TaskSerializer, CountingSerializer])
def test_row_23_the_type_name_comes_from_the_brackets(
    serializer: type[TaskSerializer],
) -> None:
    """``MessageSerializer[Task]`` is for messages of the class ``Task``."""
    known = registry()
    known.add(serializer())
    name = known.type_name(Task("a"))
    assert name == f"{__name__}.Task"
    payload = known.serialize(Task("a"), type_name=name, data_content_type=JSON)
    assert payload == b'{"field1": "a"}'
    assert known.deserialize(payload, type_name="Task", data_content_type=JSON) == Task(
        "a"
    )


def test_row_23_deserialize_may_take_the_type_name() -> None:
    """Without brackets the class, or the name, is given when the serializer is added."""
    both: list[tuple[type | str, str]] = [
        (Task, f"{__name__}.Task"),
        ("jobs.Task", "jobs.Task"),
    ]
    for given, name in both:
        known = registry()
        known.add(NamedSerializer(), type=given)
        assert known.is_registered(name, JSON)
        found = known.deserialize(b'"a"', type_name=name, data_content_type=JSON)
        assert found == f"{name}: a"
    with pytest.raises(TypeError, match="NamedSerializer does not say which messages"):
        registry().add(NamedSerializer())

    class Late(NamedSerializer, MessageSerializer["Task"]):  # a name is no class
        pass

    with pytest.raises(TypeError, match="Late does not say which messages"):
        registry().add(Late())


class ShortSerializer(TaskSerializer):
    """Says which class it is for, and that it goes by another name."""

    @property
    def type_name(self) -> str:
        return "Job"


def test_what_a_serializer_says_of_its_name_holds() -> None:
    """What is known about the class by itself does not replace it."""
    known = registry()
    known.add(ShortSerializer())
    known.add(try_get_known_serializers_for_type(Task), replace=False)
    assert known.type_name(Task("a")) == "Job"
    assert not known.is_registered("Task", JSON)


def test_a_serializer_may_be_any_object() -> None:
    """One that only has a bare name is found for every class of that bare name."""
    known = registry()
    known.add(BareSerializer())
    assert known.type_name(Task("a")) == "Task"
    payload = known.serialize(Task("a"), type_name="Task", data_content_type=JSON)
    assert known.deserialize(payload, type_name="Task", data_content_type=JSON) == Task(
        "a"
    )
    known.add(try_get_known_serializers_for_type(Task), replace=False)
    assert known.type_name(Task("a")) == "Task"
    known.add(try_get_known_serializers_for_type(Task))
    assert known.type_name(Task("a")) == f"{__name__}.Task"


def test_row_24_an_unknown_payload_is_a_value() -> None:
    """It is returned, not raised, and compares like a dataclass."""
    assert UnknownPayload("a", JSON, b"") == UnknownPayload("a", JSON, b"")


def test_row_25_both_names_of_protobuf_mean_the_same() -> None:
    """``application/protobuf`` is looked up as ``application/x-protobuf``."""

    class Binary(BareSerializer):
        data_content_type = "application/protobuf"

    known = registry()
    known.add(Binary())
    assert PROTOBUF == "application/x-protobuf"
    for content_type in (PROTOBUF, "application/protobuf"):
        assert known.is_registered("Task", content_type)
        assert known.deserialize(
            b"a", type_name="Task", data_content_type=content_type
        ) == Task("a")
