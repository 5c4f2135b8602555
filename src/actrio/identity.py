"""Who is addressed: agent types, agent ids and topic ids.

Ids are values: equal when their parts are equal, and never changing. They are the keys
of every table that a message passes, so they compute their hash once, when they are
made.
"""

import re
from dataclasses import dataclass
from typing import Any, Self, TypedDict, final

__all__ = ["AgentId", "AgentMetadata", "AgentType", "TopicId", "check_agent_type"]

_AGENT_TYPE = re.compile(r"[\w\-.]+")
_TOPIC_TYPE = re.compile(r"[\w\-.:=]+")


def check_agent_type(name: object) -> str:
    r"""Return ``name`` if an agent type may have this name.

    Raises:
        TypeError: If ``name`` is no string.
        ValueError: If it does not match ``^[\w\-.]+\Z``.
    """
    return _checked("agent type", name, _AGENT_TYPE)


def _checked(what: str, name: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(name, str):
        message = f"{what} {name!r} must be a str, not {type(name).__name__}"
        raise TypeError(message)
    if pattern.fullmatch(name) is None:
        message = (
            rf"Invalid {what}: {name!r} must match ^{pattern.pattern}\Z; "
            "replace spaces and other special characters, for example by '_'"
        )
        raise ValueError(message)
    return name


class _Hashed:
    """Keeps the hash that its subclass computed."""

    __slots__ = ("__weakref__", "_hash")

    _hash: int

    def __hash__(self) -> int:
        return self._hash


@final
@dataclass(frozen=True, init=False)
class AgentType:
    """The name under which agents are registered; one factory makes all of them.

    Any string will do here; `AgentId` and registration check the name.

    Args:
        type: The name.
        name: The same, by its other name; give one of the two.

    Raises:
        TypeError: If neither or both are given.
    """

    type: str
    """The name."""

    def __init__(self, type: str | None = None, *, name: str | None = None) -> None:
        given = name if type is None else type
        if given is None or (type is not None and name is not None):
            message = (
                f"AgentType(type={type!r}, name={name!r}): give its name exactly once, "
                "as in AgentType('worker')"
            )
            raise TypeError(message)
        object.__setattr__(self, "type", given)

    @property
    def name(self) -> str:
        """The same as ``type``."""
        return self.type


class AgentId(_Hashed):
    r"""The address of one agent: its type, and the key that tells it from its kin.

    Args:
        type: Which factory makes the agent; must match ``^[\w\-.]+\Z``.
        key: Which one of that type, often the source of a topic. Any string.

    Raises:
        TypeError: If ``type`` is neither a string nor an `AgentType`.
        ValueError: If it does not match.
    """

    __slots__ = ("_key", "_type")

    def __init__(self, type: str | AgentType, key: str) -> None:
        name = type.type if isinstance(type, AgentType) else type
        self._type = check_agent_type(name)
        self._key = key
        self._hash = hash((name, key))

    @classmethod
    def from_str(cls, agent_id: str) -> Self:
        """Parse ``"type/key"``, the format that ``str()`` gives; the key may hold ``/``.

        Raises:
            ValueError: If there is no ``/``, or the type is not allowed.
        """
        name, slash, key = agent_id.partition("/")
        if not slash:
            message = f"Invalid agent id: {agent_id!r} must have the form 'type/key'"
            raise ValueError(message)
        return cls(name, key)

    @property
    def type(self) -> str:
        """The name of the agent type."""
        return self._type

    @property
    def key(self) -> str:
        """The name of this agent among those of its type."""
        return self._key

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, AgentId):
            return NotImplemented
        return self._key == other._key and self._type == other._type

    def __str__(self) -> str:
        return f"{self._type}/{self._key}"

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(type="{self._type}", key="{self._key}")'

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another process must compute its own hash.
        return self.__class__, (self._type, self._key)


@dataclass(frozen=True, eq=False)
class TopicId(_Hashed):
    r"""What a message is published about.

    The type says what kind of messages these are and usually decides which agent types
    receive them; the source says in which context, and usually becomes the key of the
    receiving agents.

    Raises:
        TypeError: If ``type`` is no string.
        ValueError: If it does not match ``^[\w\-.:=]+\Z``.
    """

    __slots__ = ("source", "type")

    type: str
    r"""The kind of messages; must match ``^[\w\-.:=]+\Z``."""

    source: str
    """The context they come from. Any string."""

    def __post_init__(self) -> None:
        _checked("topic type", self.type, _TOPIC_TYPE)
        object.__setattr__(self, "_hash", hash((self.type, self.source)))

    @classmethod
    def from_str(cls, topic_id: str) -> Self:
        """Parse ``"type/source"``, the format that ``str()`` gives.

        Raises:
            ValueError: If there is no ``/``, or the type is not allowed.
        """
        name, slash, source = topic_id.partition("/")
        if not slash:
            message = f"Invalid topic id: {topic_id!r} must have the form 'type/source'"
            raise ValueError(message)
        return cls(name, source)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TopicId):
            return NotImplemented
        return self.type == other.type and self.source == other.source

    def __str__(self) -> str:
        return f"{self.type}/{self.source}"

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another process must compute its own hash.
        return self.__class__, (self.type, self.source)


class AgentMetadata(TypedDict):
    """What can be asked about an agent without a message."""

    type: str
    """The name of its type."""
    key: str
    """Its key."""
    description: str
    """What it says about itself."""
