"""Who exists: the registered agent types and the live actors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from ..abc import Agent
from ..exceptions import RecipientNotFound
from ..identity import AgentId, AgentType
from ._actor import Actor
from ._contracts import Post
from ._registration import Registration

_FAILED_REMEMBERED: Final = 1024


class Directory:
    """The registered types and the live actors of one runtime."""

    __slots__ = ("_actors", "_failed", "_registrations", "_router", "known")

    def __init__(self, router: Post) -> None:
        self._router = router
        self._registrations: dict[str, Registration] = {}
        self._actors: dict[AgentId, Actor] = {}
        self._failed: OrderedDict[Actor, None] = OrderedDict()
        """Who is gone and failed before, or was when this was last looked at."""
        self.known: Callable[[AgentId], Actor | None] = self._actors.get
        """Returns the actor behind an id, None if it was never addressed before."""

    def __iter__(self) -> Iterator[Actor]:
        """Iterate over the actors in the order in which they were first addressed."""
        return iter(list(self._actors.values()))

    def __len__(self) -> int:
        return len(self._actors)

    def types(self) -> list[AgentType]:
        """Return the registered types in the order of their registration."""
        return [AgentType(name) for name in self._registrations]

    def add(self, registration: Registration) -> None:
        """Register a type.

        Raises:
            ValueError: If the type is registered already.
        """
        if registration.name in self._registrations:
            message = (
                f"Agent with type {registration.name} already exists; "
                "register each agent type once, or choose another name"
            )
            raise ValueError(message)
        self._registrations[registration.name] = registration

    def forget(self, actor: Actor) -> None:
        """Forget an actor that is gone; the next message for its id finds a new one.

        One that was stopped is not forgotten. One that failed is remembered for longer,
        so that its restarts are counted together, but not any number of them.
        """
        if actor.life.stopped is not None:
            return
        if actor.life.failures is not None:
            self._failed[actor] = None
            self._failed.move_to_end(actor)
            if len(self._failed) <= _FAILED_REMEMBERED:
                return
            actor, _ = self._failed.popitem(last=False)
            if not actor.is_gone or actor.life.stopped is not None:
                return
        if self._actors.get(actor.id) is actor:
            del self._actors[actor.id]

    def remove(self, type: str) -> None:
        """Forget a type that no actor uses.

        Raises:
            LookupError: If the type is not registered.
            ValueError: If agents of this type live.
        """
        self.registration(type)
        if any(known.type == type for known in self._actors):
            message = (
                f"agent type {type!r} has live agents; a type can be unregistered "
                "only before its first agent is addressed"
            )
            raise ValueError(message)
        del self._registrations[type]

    def registration(self, type: str) -> Registration:
        """Return the registration of a type.

        Raises:
            RecipientNotFound: If the type is not registered.
        """
        try:
            return self._registrations[type]
        except KeyError:
            registered = ", ".join(self._registrations)
            if not registered:
                registered = "none; 'register' does nothing until it is awaited"
            message = (
                f"Recipient not found: no agent type {type!r} is registered; "
                f"register it first (registered: {registered})"
            )
            raise RecipientNotFound(message) from None

    def find(self, type: str) -> Registration | None:
        """Return the registration of a type, or None."""
        return self._registrations.get(type)

    def actor(self, id: AgentId) -> Actor:
        """Return the actor behind an id, made now if it is addressed for the first time.

        Raises:
            RecipientNotFound: If no such agent type is registered.
            TypeError: If ``id`` is something else.
        """
        actor = self._actors.get(id)
        if actor is None:
            _check_id(id)
            actor = Actor(id, self.registration(id.type), self._router)
            self._actors[id] = actor
        return actor

    def check_instance(self, agent: Agent, id: AgentId) -> None:
        """Check that an agent may be registered as the instance for an id.

        Raises:
            ValueError: If the id is taken, its type has a factory, or the type's
                other instances are of another class.
        """
        registration = self._registrations.get(id.type)
        if registration is None:
            return
        if registration.factory is not None:
            message = (
                f"agent type {id.type!r} already exists with a factory; register the "
                "instance under a type of its own"
            )
            raise ValueError(message)
        if id in self._actors and self._actors[id].life.agent is not None:
            message = f"agent {id} already exists; give the instance another key"
            raise ValueError(message)
        expected = registration.expected_class
        if expected is not None and type(agent) is not expected:
            message = (
                f"Agent instances must be of the same class: {id.type!r} has instances "
                f"of {expected.__name__}, got {type(agent).__name__}"
            )
            raise ValueError(message)

    def check_known(self, id: AgentId) -> Registration:
        """Return the registration of an agent's type.

        Raises:
            RecipientNotFound: If no such agent type is registered.
            TypeError: If ``id`` is something else.
        """
        _check_id(id)
        return self.registration(id.type)

    def find_actor(self, id: AgentId) -> Actor | None:
        """Return the actor behind an id as `actor` does; None for an unknown type."""
        actor = self._actors.get(id)
        if actor is None:
            _check_id(id)
            if id.type in self._registrations:
                actor = self.actor(id)
        return actor


def _check_id(id: object) -> None:
    if not isinstance(id, AgentId):
        message = f'recipient {id!r} is not an AgentId; write AgentId("type", "key")'
        raise TypeError(message)
