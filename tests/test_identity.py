"""Ids are values, and say what is wrong with their parts."""

import copy
import dataclasses
import pickle

import pytest

from actrio import AgentId, AgentType, DefaultTopicId, TopicId
from actrio.identity import check_agent_type


class Named(AgentId):
    __slots__ = ()


def test_equal_ids_are_one_key() -> None:
    """Ids with equal parts are equal, and one entry of a dictionary."""
    ids = {AgentId("worker", "1"): "first", TopicId("task", "1"): "second"}
    assert ids[AgentId(AgentType("worker"), "1")] == "first"
    assert ids[TopicId("task", "1")] == "second"
    assert AgentId("worker", "1") == Named("worker", "1")
    for each in ids:
        assert each == each


def test_different_ids_differ() -> None:
    """Each part counts, and the kind of the id too."""
    agent, topic = AgentId("a", "b"), TopicId("a", "b")
    assert agent != AgentId("a", "c")
    assert agent != AgentId("c", "b")
    assert topic != TopicId("a", "c")
    assert topic != TopicId("c", "b")
    assert agent != topic
    assert agent != "a/b"
    assert topic != "a/b"


def test_a_default_topic_equals_the_topic_it_stands_for() -> None:
    """The class of a topic id does not matter; in autogen_core it does."""
    assert TopicId("default", "s") == DefaultTopicId(source="s")
    assert DefaultTopicId(source="s") == TopicId("default", "s")


def test_text_forms() -> None:
    """``str`` gives what ``from_str`` reads, and ``repr`` what Python reads."""
    agent, topic = AgentId("worker", "a/b"), TopicId("task:new", "a/b")
    assert str(agent) == "worker/a/b"
    assert str(topic) == "task:new/a/b"
    assert AgentId.from_str(str(agent)) == agent
    assert TopicId.from_str(str(topic)) == topic
    assert repr(agent) == 'AgentId(type="worker", key="a/b")'
    assert repr(topic) == "TopicId(type='task:new', source='a/b')"
    assert repr(AgentType("worker")) == "AgentType(type='worker')"


@pytest.mark.parametrize(
    "value",
    [AgentId("w", "k"), TopicId("t", "s"), DefaultTopicId("t", "s"), AgentType("w")],
)
def test_copies_are_equal(value: object) -> None:
    """A pickled or copied id computes its own hash: they differ between processes."""
    for twin in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert twin == value
        assert hash(twin) == hash(value)


def test_ids_cannot_be_changed() -> None:
    """An id that is a key somewhere stays what it is."""
    for value, name in [
        (AgentId("w", "k"), "key"),
        (AgentId("w", "k"), "type"),
        (TopicId("t", "s"), "source"),
        (AgentType("w"), "type"),
    ]:
        with pytest.raises(AttributeError):
            setattr(value, name, "other")


def test_a_topic_can_be_replaced_in_part() -> None:
    """A topic id is a dataclass, as in autogen_core."""
    topic = dataclasses.replace(TopicId("task", "1"), source="2")
    assert topic == TopicId("task", "2")
    assert dataclasses.asdict(topic) == {"type": "task", "source": "2"}


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "a\n", "a="])
def test_agent_types_that_are_refused(name: str) -> None:
    """The message names the value, the rule and a remedy."""
    with pytest.raises(ValueError, match="Invalid agent type: ") as caught:
        AgentId(name, "key")
    assert repr(name) in str(caught.value)
    assert r"^[\w\-.]+\Z" in str(caught.value)
    assert "replace" in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n"])
def test_topic_types_that_are_refused(name: str) -> None:
    """A colon and an equals sign are allowed here, a slash is not."""
    with pytest.raises(ValueError, match="Invalid topic type: ") as caught:
        TopicId(name, "source")
    assert r"^[\w\-.:=]+\Z" in str(caught.value)
    TopicId("agent:key=value", "source")


def test_types_must_be_text() -> None:
    """Another type of value is an error of its own."""
    with pytest.raises(TypeError, match="agent type 1 must be a str, not int"):
        AgentId(1, "key")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="topic type 1 must be a str, not int"):
        TopicId(1, "source")  # type: ignore[arg-type]


def test_text_without_a_slash_is_no_id() -> None:
    """Both parsers say which form they expect."""
    with pytest.raises(ValueError, match="'worker' must have the form 'type/key'"):
        AgentId.from_str("worker")
    with pytest.raises(ValueError, match="'task' must have the form 'type/source'"):
        TopicId.from_str("task")


def test_row_22_an_agent_type_has_a_name() -> None:
    """The field is called type, and name as well."""
    assert AgentType(name="worker") == AgentType("worker") == AgentType(type="worker")
    assert AgentType("worker").name == "worker"
    with pytest.raises(TypeError, match="exactly once"):
        AgentType()
    with pytest.raises(TypeError, match="exactly once"):
        AgentType("worker", name="worker")


def test_row_30_keys_are_not_checked_and_types_are() -> None:
    """A type takes letters of every script; a key takes everything."""
    assert AgentId("bücher.v2-ж_1", "any thing\n/at all").key == "any thing\n/at all"
    assert check_agent_type("worker") == "worker"


def test_row_31_a_newline_does_not_end_a_topic_type() -> None:
    """The pattern ends where the text ends."""
    with pytest.raises(ValueError, match=r"'task\\n' must match"):
        TopicId("task\n", "source")
