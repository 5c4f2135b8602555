"""What models can call: functions, classes, and collections of tools."""

from .._extras import Needs

with Needs("actrio.tools"):
    from ._schema import ParametersSchema, StreamTool, Tool, ToolOverride, ToolSchema

__all__ = ["ParametersSchema", "StreamTool", "Tool", "ToolOverride", "ToolSchema"]
