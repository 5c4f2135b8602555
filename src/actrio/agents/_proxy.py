"""`AgentProxy`: an agent's id that can be used as if it were the agent."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

from .._contextvars import MessageHandlerContext
from ..abc import AgentRuntime
from ..identity import AgentId, AgentMetadata
from ..messages import CancellationToken
from ._handlers import RpcCall


class AgentProxy:
    """Stands for one agent, wherever it lives and whether or not it exists yet.

    Args:
        agent: The agent's id.
        runtime: A runtime that can reach it.
    """

    def __init__(self, agent: AgentId, runtime: AgentRuntime) -> None:
        self._agent = agent
        self._runtime = runtime

    def __repr__(self) -> str:
        return f"AgentProxy({self._agent!r}, {self._runtime!r})"

    @property
    def id(self) -> AgentId:
        """The id of the agent that this stands for."""
        return self._agent

    @property
    def metadata(self) -> Awaitable[AgentMetadata]:
        """The agent's type, key and description, to be awaited."""
        return self._runtime.agent_metadata(self._agent)

    async def send_message(
        self,
        message: Any,
        *,
        sender: AgentId | None = None,
        cancellation_token: CancellationToken | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Send one message to the agent and wait for its response.

        See `AgentRuntime.send_message`.

        Args:
            message: Any object.
            sender: The agent that asks; None for the one whose handler calls this,
                if any.
            cancellation_token: Lets somebody outside this task withdraw the request.
            message_id: A name for the message; None lets the runtime choose one.
        """
        if sender is None:
            with suppress(RuntimeError):  # asked from outside any agent
                sender = MessageHandlerContext.agent_id()
        return await self._runtime.send_message(
            message,
            self._agent,
            sender=sender,
            cancellation_token=cancellation_token,
            message_id=message_id,
        )

    send = send_message
    """The same under a shorter name."""

    async def call(self, method: str, /, *args: object, **kwargs: object) -> Any:
        """Call an ``@rpc`` method of the agent that takes no message, by its name.

        It is a request like any other: it waits its turn, and `RpcCall` is its message.

        Args:
            method: The name of the method.
            args: Its positional arguments; only ``*args`` can take them.
            kwargs: Its keyword arguments.

        Returns:
            What the method returned.

        Raises:
            CantHandleException: If the agent has no such method.

        See `AgentRuntime.send_message` for the rest.
        """
        return await self.send_message(RpcCall(method, args, kwargs))

    async def save_state(self) -> Mapping[str, Any]:
        """Return the agent's state, serializable as JSON."""
        return await self._runtime.agent_save_state(self._agent)

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give the agent a state that `save_state` returned before."""
        await self._runtime.agent_load_state(self._agent, state)
