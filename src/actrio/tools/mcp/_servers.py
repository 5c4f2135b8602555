"""Which MCP server, and how to reach it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, TextIO

import httpx2
from mcp import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel, Field

__all__ = [
    "ServerParams",
    "StdioServerParams",
    "StreamableHttpServerParams",
    "name_of",
    "transport",
]


class StdioServerParams(StdioServerParameters):
    """A server that is a program, which is started and talked to over its stdin.

    It gets few environment variables besides ``env``, so that no secret of yours does.
    """

    type: Literal["StdioServerParams"] = "StdioServerParams"
    """Which kind of server it is."""


class StreamableHttpServerParams(BaseModel):
    """A server that runs already, behind a URL."""

    type: Literal["StreamableHttpServerParams"] = "StreamableHttpServerParams"
    """Which kind of server it is."""

    url: str
    """Where it is."""

    headers: dict[str, str] = {}
    """What each request says besides, such as who asks."""


ServerParams = Annotated[
    StdioServerParams | StreamableHttpServerParams, Field(discriminator="type")
]
"""Either of them, told by its type."""


def name_of(params: ServerParams) -> str:
    """Return how to name a server to people."""
    if isinstance(params, StdioServerParams):
        return " ".join([params.command, *params.args])
    return params.url


def transport(params: ServerParams, errlog: TextIO | None) -> Any:
    """Return what the SDK connects to the server with.

    Args:
        params: The server.
        errlog: Where a program's stderr goes; None for ours.
    """
    if isinstance(params, StreamableHttpServerParams):
        return _http(params)
    return stdio_client(params) if errlog is None else stdio_client(params, errlog)


@asynccontextmanager
async def _http(params: StreamableHttpServerParams) -> AsyncGenerator[Any]:
    async with httpx2.AsyncClient(headers=params.headers) as client:
        async with streamable_http_client(params.url, http_client=client) as streams:
            yield streams
