"""A probe: an agent that records what it receives, for tests to wait for and look at."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Self, TypeVar, overload

import anyio
import attrs

from ..agents import BaseAgent
from ..identity import AgentId, TopicId
from ..messages import MessageContext
from ..runtime import SingleThreadedAgentRuntime

T = TypeVar("T")

_DEFAULT_PATIENCE: Final = 1.0


@attrs.frozen
class Received:
    """One message that a probe received."""

    message: Any
    """The message itself."""

    context: MessageContext
    """Its sender, its topic, its id, and whether somebody waits for a response."""


class Probe(BaseAgent):
    """Stands in for an agent in a test: records, answers, and is waited for.

    ::

        probe = await Probe.install(runtime)
        await probe.listen("news")
        await runtime.publish_message(Task("print"), TopicId("news", "here"))
        task = await probe.expect(Task)
        assert task.name == "print"

    Waiting is in the time of the event loop: under a clock that jumps, as trio's
    ``MockClock`` or `VirtualTimeLoop`, an hour takes no time. Tests that use pytest have
    one as the fixture ``probe``.
    """

    received: list[Received]
    """Every message so far, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__("records what it receives")
        self.received = []
        self._unexpected: deque[Received] = deque()
        self._answers: list[tuple[type, Any]] = []
        self._came: anyio.Event | None = None

    @classmethod
    async def install(
        cls,
        runtime: SingleThreadedAgentRuntime,
        id: AgentId | str = "probe",
    ) -> Self:
        """Make a probe and register it.

        Args:
            runtime: The runtime, started or not.
            id: Its id, or the type of it with the key ``default``.

        Raises:
            ValueError: If the id is taken, or another kind of agent has the type.

        Cancellation: Never waits.
        """
        probe = cls()
        agent_id = id if isinstance(id, AgentId) else AgentId(id, "default")
        await runtime.register_agent_instance(probe, agent_id)
        return probe

    async def listen(self, *topic_types: str) -> None:
        """Receive what is published to topics of these types, from every source.

        Args:
            topic_types: The types; none for all topics there are.

        Raises:
            ValueError: If the probe listens to one of them already.

        Cancellation: Never waits.
        """
        for topic_type in topic_types or (None,):
            await self.runtime.add_subscription(_Listening(self.id, topic_type))

    def answer(self, message_type: type, response: object) -> None:
        """Say what requests of a type are answered with; by default it is None.

        Args:
            message_type: The class; subclasses count, and the latest rule that fits wins.
            response: The response. An exception is raised; a function is called with the
                message, may be async, and gives the response.
        """
        self._answers.insert(0, (message_type, response))

    @overload
    async def expect(
        self,
        message_type: type[T],
        *,
        where: Callable[[T], object] | None = None,
        within: float = _DEFAULT_PATIENCE,
    ) -> T: ...
    @overload
    async def expect(self, *, within: float = _DEFAULT_PATIENCE) -> Any: ...
    async def expect(
        self,
        message_type: type[Any] = object,
        *,
        where: Callable[[Any], object] | None = None,
        within: float = _DEFAULT_PATIENCE,
    ) -> Any:
        """Return the next message that was not expected yet; wait for it if need be.

        Args:
            message_type: What it must be an instance of.
            where: What it must fulfil besides.
            within: How many seconds to wait, on the clock of the event loop.

        Raises:
            AssertionError: If another message comes, or none does. The text lists what
                the probe received, and the runtime's dead letters.

        Cancellation: No message was taken.
        """
        if not self._unexpected:
            with anyio.move_on_after(within):
                await self._something()
        if not self._unexpected:
            raise AssertionError(self._report(message_type, f"nothing in {within:g} s"))
        message = self._unexpected[0].message
        if not isinstance(message, message_type):
            raise AssertionError(self._report(message_type, repr(message)))
        if where is not None and not where(message):
            came = f"{message!r}, which `where` refuses"
            raise AssertionError(self._report(message_type, came))
        self._unexpected.popleft()
        return message

    async def expect_nothing(self, *, within: float = _DEFAULT_PATIENCE) -> None:
        """Wait, and fail if a message comes that was not expected yet.

        Args:
            within: How many seconds to wait, on the clock of the event loop.

        Raises:
            AssertionError: If there is one.

        Cancellation: Raised; nothing changes.
        """
        if not self._unexpected:
            with anyio.move_on_after(within):
                await self._something()
        if self._unexpected:
            came = repr(self._unexpected[0].message)
            raise AssertionError(self._report(None, came))

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        """Record a message and answer it; the runtime calls this."""
        received = Received(message, ctx)
        self.received.append(received)
        self._unexpected.append(received)
        if self._came is not None:
            self._came.set()
            self._came = None
        for message_type, response in self._answers:
            if isinstance(message, message_type):
                return await _respond(response, message)
        return None

    async def _something(self) -> None:
        while not self._unexpected:
            if self._came is None:
                self._came = anyio.Event()
            await self._came.wait()

    def _report(self, expected: type[Any] | None, came: str) -> str:
        wanted = "no message" if expected is None else _named(expected)
        lines = [f"probe {self.id} expected {wanted}, and got {came}"]
        lines += [f"  received: {one.message!r}" for one in self.received]
        assert isinstance(self.runtime, SingleThreadedAgentRuntime)
        counts = self.runtime.dead_letters.counts
        lines += [f"  dead letters: {counts[one]} {one.value}" for one in counts]
        return "\n".join(lines)


@attrs.frozen
class _Listening:
    """The subscription of one probe to a topic type, or to all topics."""

    agent_id: AgentId
    topic_type: str | None

    @property
    def id(self) -> str:
        """Return the same name for the same subscription."""
        return f"{self.agent_id} listens to {self.topic_type or 'everything'}"

    def is_match(self, topic_id: TopicId) -> bool:
        return self.topic_type in (None, topic_id.type)

    def map_to_agent(self, topic_id: TopicId) -> AgentId:
        del topic_id
        return self.agent_id


async def _respond(response: Any, message: object) -> object:
    if isinstance(response, BaseException):
        raise response
    if not callable(response) or isinstance(response, type):
        return response
    value = response(message)
    return await value if inspect.isawaitable(value) else value


def _named(expected: type[Any]) -> str:
    return "a message" if expected is object else f"a {expected.__name__}"
