"""An agent that runs the tools which a model asks for, and the loop between the two."""

from .._extras import Needs

with Needs("actrio.tool_agent"):
    from ._agent import ToolAgent
    from ._caller_loop import tool_agent_caller_loop
    from ._exceptions import (
        InvalidToolArgumentsException,
        ToolException,
        ToolExecutionException,
        ToolNotFoundException,
    )

__all__ = [
    "InvalidToolArgumentsException",
    "ToolAgent",
    "ToolException",
    "ToolExecutionException",
    "ToolNotFoundException",
    "tool_agent_caller_loop",
]
