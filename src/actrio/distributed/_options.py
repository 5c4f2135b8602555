"""What a distributed runtime is set up with, and which values are allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

from .._redis import hash_tag
from ..exceptions import NamespaceNameInvalid
from ..identity import AgentId
from ..messages import MessageContext
from ..serialization import MessageSerializer, try_get_known_serializers_for_type
from ._transport import OnceContext

Delivery = Literal["at_least_once", "at_most_once"]
"""How a message is brought to its agent, if a worker is lost meanwhile."""

CONTEXTS: Final[Mapping[Delivery, type[MessageContext]]] = {
    "at_least_once": MessageContext,
    "at_most_once": OnceContext,
}
_SHORTEST_LEASE: Final = 0.5


def checked_delivery(value: str) -> Delivery:
    """Return ``value`` if it is a kind of delivery.

    Raises:
        ValueError: If it is none.
    """
    if value == "at_least_once":
        return "at_least_once"
    if value == "at_most_once":
        return "at_most_once"
    message = f"delivery={value!r}: must be 'at_least_once' or 'at_most_once'"
    raise ValueError(message)


def checked_lease(value: float) -> float:
    """Return ``value`` if it can be how long a lease lasts.

    Raises:
        ValueError: If it is not.
    """
    if value >= _SHORTEST_LEASE and value < math.inf:
        return value
    message = f"lease={value!r}: must be a number of seconds, {_SHORTEST_LEASE} or more"
    raise ValueError(message)


def checked_limit(value: int) -> int:
    """Return ``value`` if it can be how many bytes a message may take.

    Raises:
        ValueError: If it is not.
    """
    if value >= 1:
        return value
    message = f"payload_limit={value!r}: must be a number of bytes, 1 or more"
    raise ValueError(message)


def checked_prefix(namespace: object) -> str:
    """Return what the keys of a namespace begin with.

    Raises:
        NamespaceNameInvalid: If it cannot have this name.
    """
    try:
        return hash_tag(namespace)
    except ValueError:
        message = (
            f"namespace={namespace!r} must be a str of 1 to 100 printable characters "
            "without braces"
        )
        raise NamespaceNameInvalid(message, str(namespace)) from None


def serializers_of(cls: object) -> list[MessageSerializer[Any]]:
    """Return what writes and reads the messages of a class.

    Raises:
        TypeError: If nothing is known that could.
    """
    found = try_get_known_serializers_for_type(cls) if isinstance(cls, type) else []
    if found:
        return found
    message = (
        f"messages=...: {cls!r} is no dataclass, attrs class, pydantic model or protobuf "
        "message; call add_message_serializer() with a serializer of your own"
    )
    raise TypeError(message)


def check_id(id: object) -> None:
    """Raise unless this is the id of an agent.

    Raises:
        TypeError: If it is something else.
    """
    if not isinstance(id, AgentId):
        message = f'recipient {id!r} is not an AgentId; write AgentId("type", "key")'
        raise TypeError(message)
