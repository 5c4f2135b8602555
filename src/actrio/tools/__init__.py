"""What models can call: functions, classes, and collections of tools."""

from .._extras import Needs

with Needs("actrio.tools"):
    from ._base import BaseStreamTool, BaseTool, BaseToolWithState
    from ._function_tool import FunctionTool
    from ._results import ImageResultContent, TextResultContent, ToolResult
    from ._schema import ParametersSchema, StreamTool, Tool, ToolOverride, ToolSchema
    from ._static import StaticStreamWorkbench, StaticWorkbench
    from ._workbench import StreamWorkbench, Workbench

__all__ = [
    "BaseStreamTool",
    "BaseTool",
    "BaseToolWithState",
    "FunctionTool",
    "ImageResultContent",
    "ParametersSchema",
    "StaticStreamWorkbench",
    "StaticWorkbench",
    "StreamTool",
    "StreamWorkbench",
    "TextResultContent",
    "Tool",
    "ToolOverride",
    "ToolResult",
    "ToolSchema",
    "Workbench",
]
