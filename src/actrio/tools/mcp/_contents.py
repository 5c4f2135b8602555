"""From what the SDK says about tools and results to what we say."""

import base64
import json
from collections.abc import Sequence
from typing import Any, cast

import mcp_types as types

from ...exceptions import InvalidImage
from ...images import Image
from .._inlining import inlined
from .._results import ImageResultContent, ResultContent, TextResultContent, ToolResult
from .._schema import ParametersSchema, ToolSchema

__all__ = ["result_of", "schema_of"]

Content = TextResultContent | ImageResultContent


def schema_of(tool: types.Tool) -> ToolSchema:
    """Return what a model is told about a tool of a server."""
    found = inlined(tool.input_schema)
    parameters = {key: found[key] for key in found if key not in {"$schema", "title"}}
    parameters.setdefault("type", "object")
    parameters.setdefault("properties", {})
    return ToolSchema(
        name=tool.name,
        description=tool.description or "",
        parameters=cast("ParametersSchema", parameters),
    )


def result_of(name: str, result: types.CallToolResult) -> ToolResult:
    """Return the result of a call; what is neither text nor image becomes text."""
    contents: list[ResultContent] = [
        _content(part) for part in cast("Sequence[Any]", result.content)
    ]
    if not contents and result.structured_content is not None:
        text = json.dumps(result.structured_content)
        contents = [TextResultContent(content=text)]
    return ToolResult(name=name, result=contents, is_error=result.is_error)


def _content(part: Any) -> Content:
    match part:
        case types.TextContent():
            return TextResultContent(content=part.text)
        case types.ImageContent():
            try:
                return ImageResultContent(content=Image.from_base64(part.data))
            except InvalidImage as exc:
                return TextResultContent(content=f"[{part.mime_type}, broken: {exc}]")
        case types.AudioContent():
            return TextResultContent(content=_bytes(part.mime_type, part.data))
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            return TextResultContent(content=resource.text)
        case types.EmbeddedResource(resource=types.BlobResourceContents() as resource):
            kind = resource.mime_type or "data"
            text = f"{_bytes(kind, resource.blob)} {resource.uri}"
            return TextResultContent(content=text)
        case types.ResourceLink():
            return TextResultContent(content=f"[{part.name}] {part.uri}")
        case _:
            return TextResultContent(content=str(part))


def _bytes(kind: str, data: str) -> str:
    """Say how much of something there is that cannot be told in words."""
    return f"[{kind}, {len(base64.b64decode(data))} bytes]"
