"""Agents and intervention handlers of autogen_core, as guests of actrio.

A guest is called by actrio and calls the original, inside the context variables that
autogen_core reads.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any

import autogen_core as theirs

from .._contextvars import AgentInstantiationContext
from ..abc import AgentRuntime, InterventionHandler
from ..identity import AgentId, AgentMetadata
from ..messages import MessageContext
from ..runtime import DropMessage
from ._values import their_context, their_id

__all__ = ["Guest", "GuestIntervention", "guest_factory"]


class Guest:
    """An agent of autogen_core, as an agent of actrio.

    Args:
        agent: The agent, which knows its id and its runtime.
        id: Its id.
    """

    __slots__ = ("_id", "_their_id", "agent")

    def __init__(self, agent: theirs.Agent, id: AgentId) -> None:
        self.agent = agent
        self._id = id
        self._their_id = their_id(id)

    @property
    def id(self) -> AgentId:
        """The id of the agent."""
        return self._id

    @property
    def metadata(self) -> AgentMetadata:
        """What the agent says about itself."""
        said = self.agent.metadata
        return AgentMetadata(
            type=said["type"], key=said["key"], description=said["description"]
        )

    async def bind_id_and_runtime(self, id: AgentId, runtime: AgentRuntime) -> None:
        """Do nothing: the agent was bound to the runtime that it knows."""

    async def on_message(self, message: Any, ctx: MessageContext) -> Any:
        """Let the agent handle a message."""
        with theirs.MessageHandlerContext.populate_context(self._their_id):
            return await self.agent.on_message(message, ctx=their_context(ctx))

    async def save_state(self) -> Mapping[str, Any]:
        """Return the state of the agent."""
        return await self.agent.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give the agent its state back."""
        await self.agent.load_state(state)

    async def close(self) -> None:
        """Close the agent."""
        await self.agent.close()


def guest_factory(
    runtime: theirs.AgentRuntime,
    agent_factory: Callable[[], Any],
    expected_class: type[Any] | None,
) -> Callable[[], Awaitable[Guest]]:
    """Return a factory that makes an agent with theirs, and takes it in.

    Args:
        runtime: The runtime that the agent is to know.
        agent_factory: Makes an agent of autogen_core; may be async.
        expected_class: What it makes.
    """

    async def make() -> Guest:
        ours = AgentInstantiationContext.current_agent_id()
        context = (runtime, their_id(ours))
        with theirs.AgentInstantiationContext.populate_context(context):
            made = agent_factory()
            agent = await made if isawaitable(made) else made
        if expected_class is not None and not isinstance(agent, expected_class):
            message = (
                f"Factory registered using the wrong type: expected "
                f"{expected_class.__name__}, got {type(agent).__name__}"
            )
            raise ValueError(message)
        await agent.bind_id_and_runtime(id=their_id(ours), runtime=runtime)
        return Guest(agent, ours)

    return make


class GuestIntervention(InterventionHandler):
    """An intervention handler of autogen_core, as one of actrio."""

    def __init__(self, handler: theirs.InterventionHandler) -> None:
        self._handler = handler

    async def on_send(
        self, message: Any, *, message_context: MessageContext, recipient: AgentId
    ) -> Any:
        """Let the original see a request."""
        return _or_drop(
            await self._handler.on_send(
                message,
                message_context=their_context(message_context),
                recipient=their_id(recipient),
            )
        )

    async def on_publish(self, message: Any, *, message_context: MessageContext) -> Any:
        """Let the original see a published message."""
        return _or_drop(
            await self._handler.on_publish(
                message, message_context=their_context(message_context)
            )
        )

    async def on_response(
        self, message: Any, *, sender: AgentId, recipient: AgentId | None
    ) -> Any:
        """Let the original see a response."""
        return _or_drop(
            await self._handler.on_response(
                message,
                sender=their_id(sender),
                recipient=None if recipient is None else their_id(recipient),
            )
        )


def _or_drop(result: Any) -> Any:
    if result is theirs.DropMessage or isinstance(result, theirs.DropMessage):
        return DropMessage
    return result
