"""The tools of an MCP server as a workbench."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self, TextIO

import mcp_types as types
from mcp import MCPError
from pydantic import BaseModel, Field

from ...components import Component
from ...exceptions import ToolServerError
from ...messages import CancellationToken
from .._cancelling import call_under
from .._overrides import originals, overridden
from .._results import ToolResult, error_result
from .._schema import ToolOverride, ToolSchema
from .._workbench import Workbench
from ._contents import result_of, schema_of
from ._servers import ServerParams, name_of, transport
from ._session import Session
from ._tool import McpTool

__all__ = ["McpWorkbench"]

_MAX_PAGES: Final = 100


class McpWorkbenchConfig(BaseModel):
    """The server, and what a model sees instead of its tools."""

    server_params: ServerParams
    tool_overrides: dict[str, ToolOverride] = Field(
        default_factory=dict[str, ToolOverride]
    )


class McpWorkbench(Workbench, Component[McpWorkbenchConfig]):
    """The tools of an MCP server.

    Use it as ``async with McpWorkbench(server) as workbench:``.
    The block starts the server, and when it ends, however it does, the server has ended
    too. One connection serves any number of tasks at once. Starting and stopping may be
    done by different tasks.

    What goes wrong in a call is a result with ``is_error``, the death of the server
    included; `reset` starts another one. Loading one from data runs nothing, but
    starting it does: start only what you trust.

    Args:
        server_params: The server: a `StdioServerParams` or a
            `StreamableHttpServerParams`.
        tool_overrides: Another name or description for a tool, by its own name.
        errlog: Where the stderr of a server goes that we start; by default to ours.

    Raises:
        ValueError: If two overrides have the same name.
    """

    component_provider_override: ClassVar[str | None] = "actrio.tools.mcp.McpWorkbench"
    component_config_schema = McpWorkbenchConfig

    def __init__(
        self,
        server_params: ServerParams,
        tool_overrides: dict[str, ToolOverride] | None = None,
        *,
        errlog: TextIO | None = None,
    ) -> None:
        self._server_params = server_params
        self._tool_overrides = tool_overrides or {}
        self._own_names = originals(self._tool_overrides)
        self._errlog = errlog
        self._session: Session | None = None

    @property
    def server_params(self) -> ServerParams:
        """The server."""
        return self._server_params

    async def start(self) -> None:
        """Start the server, or connect to it; nothing if that has been done.

        Raises:
            ToolServerError: If it cannot be started or reached.

        Cancellation: Stops it again, and waits for that.
        """
        if self._session is not None:
            return
        session = Session(self._connection(), name_of(self._server_params))
        self._session = session
        try:
            await session.open()
        except BaseException:
            self._session = None
            raise

    def _connection(self) -> Any:
        return transport(self._server_params, self._errlog)

    async def stop(self) -> None:
        """End the connection, and the server that `start` has started.

        A server gets some seconds to end by itself, then it is killed.

        Cancellation: Waits all the same, and is raised then.
        """
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def reset(self) -> None:
        """Stop the server and start it again.

        Raises:
            ToolServerError: If it cannot be started or reached.
        """
        await self.stop()
        await self.start()

    async def list_tools(self) -> list[ToolSchema]:
        """Ask the server what its tools are.

        Raises:
            ToolServerError: If it is not started, has ended, or does not answer this.
            ValueError: If an override gives a tool the name of another one.

        Cancellation: Withdraws the question.
        """
        found: list[ToolSchema] = []
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = await self._list_page(cursor)
            found += map(schema_of, page.tools)
            cursor = page.next_cursor
            if cursor is None:
                break
        else:
            message = f"{self._server()} lists more than {_MAX_PAGES} pages of tools"
            raise ToolServerError(message)
        originals(self._tool_overrides, {schema["name"] for schema in found})
        return [overridden(schema, self._tool_overrides) for schema in found]

    async def _list_page(self, cursor: str | None) -> types.ListToolsResult:
        client = self._started().client
        try:
            return await client.list_tools(cursor=cursor)
        except MCPError as exc:
            message = f"{self._server()} does not list its tools: {exc}"
            raise ToolServerError(message) from exc

    async def tools(self) -> list[McpTool]:
        """Return the server's tools as objects, for a `ToolAgent` or another workbench.

        Raises:
            ToolServerError: If it is not started, has ended, or does not answer this.

        Cancellation: Withdraws the question.
        """
        return [McpTool(self, schema) for schema in await self.list_tools()]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Call a tool of the server.

        Args:
            name: The tool, as `list_tools` names it.
            arguments: The arguments by name, as a model wrote them; None for none.
            cancellation_token: Lets somebody outside this task cancel the call.
            call_id: What the result refers to; the server does not learn it.

        Raises:
            ToolServerError: If the workbench is not started.
            RequestCancelled: If the token was cancelled.

        Cancellation: Tells the server to give up, and does not wait whether it does.
        """
        session = self._started()
        own = self._own_names.get(name, name)
        token = cancellation_token or CancellationToken()
        try:
            answer = await call_under(
                token, lambda: session.client.call_tool(own, dict(arguments or {}))
            )
            return result_of(name, answer)
        except Exception as exc:  # noqa: BLE001 - the model is told
            return error_result(name, exc, token)

    def _started(self) -> Session:
        if self._session is None:
            message = (
                f"{self._server()} is not started: use the workbench in "
                "'async with workbench:'"
            )
            raise ToolServerError(message)
        return self._session

    def _server(self) -> str:
        return f"the MCP server '{name_of(self._server_params)}'"

    async def save_state(self) -> Mapping[str, Any]:
        """Return the state: none, since what the server knows is its own.

        Cancellation: Never a checkpoint.
        """
        return {"type": "McpWorkbenchState"}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a state; there is none.

        Cancellation: Never a checkpoint.
        """

    def _to_config(self) -> McpWorkbenchConfig:
        return McpWorkbenchConfig(
            server_params=self._server_params, tool_overrides=self._tool_overrides
        )

    @classmethod
    def _from_config(cls, config: McpWorkbenchConfig) -> Self:
        return cls(config.server_params, config.tool_overrides)
