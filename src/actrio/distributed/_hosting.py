"""What a member hosts, and what topics lead to it: what it tells the server of that."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

from .._redis import Argument, Link, Redis, Script
from ..abc import Subscription
from ..exceptions import NotAccessibleError, RedisReplyError, RuntimeStoppedError
from ..identity import AgentId
from ._room import room_of
from ._scripts import CLAIM, HOST, INSTANCES, PIN, TOPICS, UNHOST
from ._topics import Topics, name_of
from ._worker import Surroundings, Worker


class Contact(Protocol):
    """The member, as far as it is needed here."""

    worker: Worker | None
    redis: Redis | None

    async def run(self, link: Link | Redis, script: Script, *words: Argument) -> Any:
        """Run a script, and return its reply."""
        ...


class Hosting:
    """What a member hosts."""

    def __init__(
        self, member: Contact, surroundings: Surroundings, topics: Topics
    ) -> None:
        self._member = member
        self._around = surroundings
        self._topics = topics
        self.has_begun = False
        """Whether agents can live here now."""

    async def begin(self) -> None:
        """Host what is registered, now that agents can live here."""
        self.has_begun = True
        if self._member.worker is not None and self._member.redis is not None:
            await self.host_all(self._member.redis, self._member.worker)

    async def host_all(self, link: Link | Redis, worker: Worker) -> None:
        """Say what is hosted here, after joining."""
        router = self._around.router
        for agent_type in router.directory.types():
            await self._member.run(
                link, HOST, *self._type_words(worker, agent_type.type)
            )
        for actor in router.directory:
            if actor.registration.factory is None:
                words = (worker.id, str(actor.id), room_of(actor.registration))
                found = await self._member.run(link, PIN, *words)
                self._around.fences[actor.id] = int(found)
        for subscription in router.routes.subscriptions():
            await self._member.run(
                link, TOPICS, "+", name_of(subscription), subscription.id
            )

    def _type_words(self, worker: Worker, agent_type: str) -> Sequence[Argument]:
        registration = self._around.router.directory.registration(agent_type)
        is_instance = registration.factory is None
        capacity = INSTANCES if is_instance else room_of(registration)
        return worker.id, agent_type, capacity

    async def host_type(self, agent_type: str) -> None:
        """Say that a type is hosted here, and what its agents subscribe to."""
        worker = self._member.worker
        if worker is None or self._member.redis is None or not self.has_begun:
            return  # it is said when the worker joins
        await self._member.run(
            self._member.redis, HOST, *self._type_words(worker, agent_type)
        )
        for subscription in self._around.router.routes.subscriptions():
            if getattr(subscription, "agent_type", None) == agent_type:
                words = ("+", name_of(subscription), subscription.id)
                await self._member.run(self._member.redis, TOPICS, *words)

    async def host_new_type(
        self, agent_type: str, subscriptions: Sequence[Subscription]
    ) -> None:
        """Say that a type is hosted here; if that fails, forget that it was registered.

        Args:
            agent_type: The type.
            subscriptions: What was registered together with it.
        """
        try:
            await self.host_type(agent_type)
        except RedisReplyError:
            self._around.router.directory.remove(agent_type)
            for subscription in subscriptions:
                self._around.router.routes.remove(subscription.id)
            with suppress(RedisReplyError):  # some of it may have been done
                await self.unhost_type(agent_type)
            raise

    async def pin(self, id: AgentId) -> bool:
        """Say that an agent lives here and nowhere else; say whether that is so."""
        worker = self._member.worker
        if worker is None or self._member.redis is None:
            return True
        room = room_of(self._around.router.directory.registration(id.type))
        words = (worker.id, str(id), room)
        found = await self._member.run(self._member.redis, PIN, *words)
        self._around.fences[id] = int(found)
        return bool(found)

    async def unhost_type(self, agent_type: str) -> None:
        """Say that a type is not hosted here any more."""
        if self._member.worker is not None and self._member.redis is not None:
            await self._member.run(
                self._member.redis, UNHOST, self._member.worker.id, agent_type
            )

    async def read_topics(self) -> None:
        """Read the subscriptions of the namespace."""
        await self.change_topics("")

    async def remove_topic(self, id: str, mine: Subscription | None) -> bool:
        """Remove a subscription of the namespace; say whether there was such a one.

        Args:
            id: Its id, here or in another process.
            mine: The subscription, if it is known here under this id.
        """
        await self.read_topics()
        return await self.change_topics("-", self._topics.id_of(id, mine))

    async def change_topics(self, *words: str) -> bool:
        """Change the subscriptions of the namespace; say whether there was such a one."""
        if self._member.redis is None:
            return True
        reply = await self._member.run(self._member.redis, TOPICS, *words)
        if reply:
            self._topics.learn(*reply)
        return bool(reply)

    def release(self, id: AgentId) -> None:
        """Give up the place of an agent that has left, unless messages are on their way."""
        if self._member.worker is not None:
            self._member.worker.release(id)

    async def claim(self, id: AgentId) -> None:
        """Have an agent live here.

        Raises:
            NotAccessibleError: If it lives in another process.
            RuntimeStoppedError: If no agent can live here now.
        """
        worker = self._member.worker
        if worker is None or self._member.redis is None:
            message = (
                f"agent {id} cannot live here now: the runtime holds no lease, or has "
                "stopped"
            )
            raise RuntimeStoppedError(message)
        found = await self._member.run(self._member.redis, CLAIM, worker.id, str(id))
        if isinstance(found, list):
            where = cast("list[bytes]", found)[1].decode()
            message = (
                f"agent {id} lives in another process, on worker {where}; only messages "
                "reach it from here"
            )
            raise NotAccessibleError(message)
        if not found:
            message = f"agent {id} cannot live here: the worker has lost its lease"
            raise RuntimeStoppedError(message)
        self._around.fences[id] = int(found)
