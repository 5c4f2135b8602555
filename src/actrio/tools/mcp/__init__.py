"""Tools of MCP servers, through the official SDK: ``pip install 'actrio[mcp]'``."""

from ..._extras import Needs

with Needs("actrio.tools.mcp"):
    from ._servers import StdioServerParams, StreamableHttpServerParams
    from ._tool import McpTool
    from ._workbench import McpWorkbench

__all__ = [
    "McpTool",
    "McpWorkbench",
    "StdioServerParams",
    "StreamableHttpServerParams",
]
