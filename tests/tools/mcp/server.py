"""An MCP server for the tests: a program that speaks the protocol on its stdin."""

import os
import sys
from pathlib import Path

import anyio
from mcp.server.mcpserver import Image, MCPServer
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAC0lEQVR4nGNgwAIAABUAAapll8QAAAAA"
    "SUVORK5CYII="
)
"""A PNG file of two by three pixels, in base64."""


def make(log: Path | None = None) -> MCPServer:
    """Make a server; ``log`` is where `slow` says what happens to it."""
    server = MCPServer("tests")

    def say(line: str) -> None:
        if log is not None:
            with log.open("a") as file:
                file.write(f"{line}\n")

    @server.tool()
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        return a + b

    @server.tool()
    def fail() -> str:
        message = "broken"
        raise ValueError(message)

    @server.tool()
    async def slow() -> str:
        say("begins")
        try:
            await anyio.sleep(1000)
        except BaseException:
            say("is cancelled")
            raise
        return "done"

    @server.tool()
    def die() -> str:
        os._exit(3)

    @server.tool()
    def picture() -> Image:
        import base64

        return Image(data=base64.b64decode(PIXEL), format="png")

    @server.tool(structured_output=False)
    def everything() -> list[ContentBlock]:
        return CONTENTS

    return server


CONTENTS: list[ContentBlock] = [
    TextContent(text="text"),
    ImageContent(data=PIXEL, mime_type="image/png"),
    ImageContent(data="AAAA", mime_type="image/png"),
    AudioContent(data="AAAA", mime_type="audio/wav"),
    EmbeddedResource(resource=TextResourceContents(uri="a:b", text="inside")),
    EmbeddedResource(resource=BlobResourceContents(uri="a:c", blob="AAAA")),
    ResourceLink(name="page", uri="https://example.com/"),
]

if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else None).run("stdio")
