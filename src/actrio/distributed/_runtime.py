"""The front door: `RedisAgentRuntime`."""

from __future__ import annotations

import builtins
import math
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from threading import get_ident
from typing import Any, NoReturn, Self

from .._concurrency import Host, current_host, uninterruptible
from .._redis import Servers
from ..abc import Agent, InterventionHandler, OnFailure, StateStore, Subscription
from ..exceptions import RuntimeStoppedError
from ..identity import AgentId, AgentMetadata, AgentType, TopicId
from ..messages import CancellationToken, Request
from ..runtime import DeadLetter, SingleThreadedAgentRuntime
from ..runtime._requests import outcome_of
from ..runtime._sending import check_sendable, send_observed
from ..serialization import MessageSerializer
from ._assembly import Parts, assemble
from ._codec import Codec
from ._counters import Counters
from ._failures import Failures
from ._health import Health, take_health
from ._member import Member
from ._membership import Membership
from ._options import (
    CONTEXTS,
    Delivery,
    check_id,
    checked_delivery,
    checked_lease,
    checked_limit,
    checked_prefix,
    serializers_of,
)
from ._sender import Sender
from ._store import FencedStateStore
from ._topics import Topics, name_of
from ._transport import Transport, stopped


class RedisAgentRuntime(SingleThreadedAgentRuntime):
    """Runs agents in many processes, on many machines, which meet in a Redis server.

    ::

        async with RedisAgentRuntime("redis://localhost", namespace="app") as runtime:
            await Greeter.register(runtime, "greeter", Greeter)
            await trio.sleep_forever()

    Each process opens one, and registers the agent types that it hosts; any number of
    processes may host a type. A message reaches its agent wherever that lives, and each
    agent lives in one process at a time. An agent class runs here as it runs in
    `SingleThreadedAgentRuntime`, under the same guarantees, but for this: messages and
    responses are copied, exceptions are made anew from what crosses (see
    ``exceptions``), and a runtime waits only for what goes on in its own process.

    A message is delivered at least once, and its outcome is recorded once: it is handled a
    second time only if the process that had it was lost, or cut off, before it could say
    that it was done. A process that cannot reach the server for three quarters of
    ``lease`` cancels its handlers, before others take its agents over.

    The block is the only form. Its normal end lets everything end that was begun here,
    saves what agents want to keep, and hands over; an exception or a cancellation ends the
    handlers at once. What was not handled goes to other workers of the type.

    Args:
        url: Where the server is, ``redis://user:password@host:port/database``, with commas
            between several hosts of a cluster; ``redis+sentinel://host:port/service/database``
            for what sentinels know; ``rediss://…`` and ``rediss+sentinel://…`` for TLS; or a
            client of redis-py, of which only the settings are taken. Redis 6.2 or later.
        namespace: What all keys begin with. Runtimes of different namespaces do not meet.
        lease: For how many seconds others wait for a process that is not heard of, before
            they take its agents over. At least 0.5, the same in all processes.
        name: A name for logs, which no two may have at the same time; else the names of
            machine and process.
        delivery: What `send_message` does unless it says otherwise.
        messages: Classes that are received here, and are not those of the handlers of
            registered agents: responses, usually.
        exceptions: Classes that are raised as themselves here if a handler in another
            process raised them, besides the built-in ones and those of actrio. Other
            errors become a `RemoteError <actrio.exceptions.RemoteError>`.
        payload_limit: How many bytes a message or a response may take.
        tls: What certificates to accept, in place of the system's.
        intervention_handlers: As in `SingleThreadedAgentRuntime`, and so the others.
            They see what is sent from this process.
        state_store: As there; by default the namespace itself, where only the process in
            which an agent lives can save it.

    Raises:
        ValueError: If one of them is out of its range, or the URL or the namespace is none.
        TypeError: If one of them is of another type.
    """

    def __init__(
        self,
        url: object,
        *,
        namespace: str,
        lease: float = 10.0,
        name: str | None = None,
        delivery: Delivery = "at_least_once",
        messages: Iterable[type] = (),
        exceptions: Iterable[type[BaseException]] = (),
        payload_limit: int = 2**20,
        tls: ssl.SSLContext | None = None,
        intervention_handlers: list[InterventionHandler] | None = None,
        tracer_provider: object | None = None,
        ignore_unhandled_exceptions: bool = True,
        max_concurrency: float = 1,
        inbox_capacity: int = 1024,
        grace: float = 5.0,
        strict_delivery: bool = False,
        on_dead_letter: Callable[[DeadLetter], object] | None = None,
        warn_busy_after: float = 30.0,
        meter_provider: object | None = None,
        state_store: StateStore | None = None,
        max_live_agents: float = math.inf,
    ) -> None:
        servers, prefix = Servers.of(url, tls), checked_prefix(namespace)
        self._fences: dict[AgentId, int] = {}
        self._store = FencedStateStore(servers, namespace, self._fence_of)
        super().__init__(
            intervention_handlers=intervention_handlers,
            tracer_provider=tracer_provider,
            ignore_unhandled_exceptions=ignore_unhandled_exceptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            grace=grace,
            strict_delivery=strict_delivery,
            on_dead_letter=on_dead_letter,
            warn_busy_after=warn_busy_after,
            meter_provider=meter_provider,
            state_store=self._store if state_store is None else state_store,
            max_live_agents=max_live_agents,
        )
        self._delivery = checked_delivery(delivery)
        self._membership = Membership(servers, prefix, name or "", checked_lease(lease))
        self._codec = Codec(
            self._serialization_registry,
            Failures(exceptions),
            checked_limit(payload_limit),
        )
        for cls in messages:
            self.add_message_serializer(serializers_of(cls))
        self._topics = Topics()
        self._counters = Counters()
        self._member: Member | None = None
        self._sender: Sender | None = None
        self._transport: Transport | None = None

    def __repr__(self) -> str:
        phase, agents = self._supervisor.phase.value, len(self._router.directory)
        where = f"{self._membership.prefix} at {self._membership.servers}"
        return f"<RedisAgentRuntime {where}: {phase}, {agents} agents>"

    @property
    def state_store(self) -> FencedStateStore:
        """Where the states of agents lie, in the namespace; open as long as this is."""
        return self._store

    def _fence_of(self, key: str) -> int | None:
        """Return the fencing token that a state is saved with; None if it is no agent's."""
        kind, slash, _ = key.partition("/")
        if not slash or self._router.directory.find(kind) is None:
            return None
        return self._fences.get(AgentId.from_str(key), 0)

    # -- life -------------------------------------------------------------------

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Be a member of the namespace for the length of a block."""
        host = self._router.bind_loop()
        member = self._joining(host)
        try:
            async with member.open():
                async with member.at_work(), super().__asynccontextmanager__():
                    await member.hosting.begin()
                    yield self
                    await member.leave()
        finally:
            self._over()

    def _joining(self, host: Host) -> Member:
        """Make what a member needs."""
        parts = Parts(
            self._membership,
            self._codec,
            self._topics,
            self._counters,
            self._store,
            self._fences,
        )
        made = assemble(parts, self._router, host, self._life.close_left)
        self._sender, self._member = made.sender, made.member
        self._transport = self._router.transport = made.transport
        return made.member

    def _over(self) -> None:
        sender, self._sender = self._sender, None
        self._member = self._transport = self._router.transport = None
        if sender is not None:
            sender.close(lambda: stopped(self._membership.prefix))

    async def leave(self) -> None:
        """Take nothing new from others, finish what is queued, and hand over.

        What the end of the block does, without ending it: what is sent to agents here
        goes to other workers of their types, after what is queued here was handled and
        their states were saved. From here messages can be sent as before.

        Raises:
            RuntimeError: If the runtime does not run.
        """
        member = self._member
        if member is not None:
            await member.leave()
        await self.stop_when_idle()

    async def stop(self) -> None:
        """Stop at once, and close the agents, which may live elsewhere from now on.

        What is queued goes to other workers. See the base class.
        """
        try:
            await super().stop()
        finally:
            await self._stopped()

    async def stop_when_idle(self) -> None:
        """Stop when every message here was handled, and close the agents.

        See the base class.
        """
        await super().stop_when_idle()
        await self._stopped()

    async def close(self) -> None:
        """Stop if need be, and close every agent. See the base class."""
        try:
            await super().close()
        finally:
            await self._stopped(is_closed=True)

    async def _stopped(self, *, is_closed: bool = False) -> None:
        """Give to others what was not handled, unless handlers still run."""
        if self._member is None or self._supervisor.alive:
            return
        try:
            if not is_closed:
                await super().close()
        finally:
            await self._member.depart()

    def start(self) -> NoReturn:
        """Raise: connecting to a server takes an ``await``.

        Raises:
            RuntimeError: Always.
        """
        message = "start() cannot wait for the server; write: async with runtime:"
        raise RuntimeError(message)

    async def process_next(self) -> NoReturn:
        """Raise: what other processes send cannot be stepped.

        Raises:
            RuntimeError: Always.
        """
        message = "the messages of other processes come by themselves: nothing to step"
        raise RuntimeError(message)

    # -- sending ----------------------------------------------------------------

    @uninterruptible
    async def send_message(
        self,
        message: Any,
        recipient: AgentId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
        delivery: Delivery | None = None,
    ) -> Any:
        """Send a message to one agent, wherever it lives, and return its response."""
        router = self._router
        transport = self._opened()
        check_id(recipient)
        if router.accepting_thread != get_ident():
            check_sendable(router, recipient)
        chosen = checked_delivery(delivery or self._delivery)
        context = CONTEXTS[chosen](
            sender,
            None,
            True,
            cancellation_token or CancellationToken(),
            message_id or router.next_message_id(),
        )
        router.quiescence.enter()
        try:
            if (
                router.interventions is None
                and cancellation_token is None
                and not router.observers.is_watching()
            ):
                request = Request(message, recipient, context)
                await transport.begin(request)
                return outcome_of(request)
            return await send_observed(
                router, message, recipient, context, cancellation_token
            )
        finally:
            router.quiescence.leave()

    @uninterruptible
    async def publish_message(
        self,
        message: Any,
        topic_id: TopicId,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> None:
        """Publish a message to every agent that a topic leads to, wherever it lives."""
        self._opened()
        await super().publish_message(
            message,
            topic_id,
            sender=sender,
            cancellation_token=cancellation_token,
            message_id=message_id,
        )

    def _opened(self) -> Transport:
        if self._transport is None:
            message = f"{self!r} is not open; write: async with runtime:, and send inside of it"
            raise RuntimeStoppedError(message)
        return self._transport

    async def register_factory(
        self,
        type: str | AgentType,
        agent_factory: Callable[[], Any],
        *,
        expected_class: builtins.type[Any] | None = None,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        passivate_after: float | None = None,
        on_failure: OnFailure = "resume",
    ) -> AgentType:
        """Register a factory for an agent type, which this process hosts then.

        As in `SingleThreadedAgentRuntime`, whose arguments these are. ``inbox_capacity``
        is what counts for the whole namespace.

        Raises:
            TypeError: If a subscription decides by code of its own, which other processes
                do not have.
            ValueError: As there.
            RedisReplyError: If the server refuses it. Nothing is registered then.

        Cancellation: It may or may not be registered for others.
        """
        for subscription in subscriptions:
            name_of(subscription)
        registered = await super().register_factory(
            type,
            agent_factory,
            expected_class=expected_class,
            subscriptions=subscriptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            passivate_after=passivate_after,
            on_failure=on_failure,
        )
        if self._member is not None:
            await self._member.hosting.host_new_type(registered.type, subscriptions)
        return registered

    async def register_agent_instance(
        self,
        agent_instance: Agent,
        agent_id: AgentId,
        *,
        subscriptions: Sequence[Subscription] = (),
        max_concurrency: float | None = None,
        inbox_capacity: int | None = None,
        reentrant: bool = True,
        on_failure: OnFailure = "resume",
    ) -> AgentId:
        """Register one agent that exists already; no other process may have its id.

        As in `SingleThreadedAgentRuntime`, whose arguments these are.

        Raises:
            ValueError: If the agent lives in another process; or as there.
            TypeError: As in `register_factory`.

        Cancellation: It may or may not be registered for others.
        """
        for subscription in subscriptions:
            name_of(subscription)
        registered = await super().register_agent_instance(
            agent_instance,
            agent_id,
            subscriptions=subscriptions,
            max_concurrency=max_concurrency,
            inbox_capacity=inbox_capacity,
            reentrant=reentrant,
            on_failure=on_failure,
        )
        if self._member is not None:
            await self._member.hosting.host_type(agent_id.type)
            if not await self._member.hosting.pin(agent_id):
                message = f"agent {agent_id} lives in another process already"
                raise ValueError(message)
        return registered

    async def unregister(self, type: str | AgentType) -> None:
        """Forget an agent type whose agents were never addressed here."""
        await super().unregister(type)
        if self._member is not None:
            await self._member.hosting.unhost_type(str(getattr(type, "type", type)))

    async def add_subscription(self, subscription: Subscription) -> None:
        """Add a subscription, for the whole namespace."""
        name = name_of(subscription)
        if self._member is not None:
            await self._member.hosting.change_topics("+", name, subscription.id)
        await super().add_subscription(subscription)

    async def remove_subscription(self, id: str) -> None:
        """Remove the subscription with this id, for the whole namespace."""
        mine = {one.id: one for one in self._router.routes.subscriptions()}
        is_there = id in mine
        if self._member is not None:
            is_there |= await self._member.hosting.remove_topic(id, mine.get(id))
        if id in mine or not is_there:
            await super().remove_subscription(id)  # raises if there is none

    def add_message_serializer(
        self,
        serializer: MessageSerializer[Any] | Sequence[MessageSerializer[Any]],
        *,
        type: builtins.type[Any] | str | None = None,
        aliases: Iterable[str] = (),
        replace: bool = True,
    ) -> None:
        """Say how messages of a class are written; as in `SingleThreadedAgentRuntime`."""
        super().add_message_serializer(
            serializer, type=type, aliases=aliases, replace=replace
        )
        self._codec.forget()

    async def get(
        self,
        id_or_type: AgentId | AgentType | str,
        /,
        key: str = "default",
        *,
        lazy: bool = True,
    ) -> AgentId:
        """Return the id of an agent; with ``lazy=False`` it is built here.

        Raises:
            NotAccessibleError: With ``lazy=False``, if it lives in another process.
        """
        agent_id = await super().get(id_or_type, key)
        if not lazy:
            await self._claim(agent_id)
        return await super().get(agent_id, lazy=lazy)

    async def try_get_underlying_agent_instance(
        self, id: AgentId, type: builtins.type[Any] = Agent
    ) -> Any:
        """Return the agent behind an id itself, if it lives here or nowhere yet.

        Raises:
            NotAccessibleError: If it lives in another process.
        """
        await self._claim(id)
        return await super().try_get_underlying_agent_instance(id, type)

    async def agent_metadata(self, agent: AgentId) -> AgentMetadata:
        """Return what an agent says about itself, if it lives here or nowhere yet."""
        await self._claim(agent)
        return await super().agent_metadata(agent)

    async def agent_save_state(self, agent: AgentId) -> Mapping[str, Any]:
        """Return the state of one agent, if it lives here or nowhere yet."""
        await self._claim(agent)
        return await super().agent_save_state(agent)

    async def agent_load_state(self, agent: AgentId, state: Mapping[str, Any]) -> None:
        """Give one agent its state back, if it lives here or nowhere yet."""
        await self._claim(agent)
        await super().agent_load_state(agent, state)

    async def _claim(self, id: AgentId) -> None:
        """See to it that an agent lives here before anything is done to it."""
        if self._member is not None:
            self._router.directory.check_known(id)
            await self._member.hosting.claim(id)

    def health(self) -> Health:
        """Return how this runtime is, and what it has done; does not wait."""
        now = 0.0 if self._member is None else current_host().current_time()
        return take_health(self._member, self._sender, self._counters, now)
