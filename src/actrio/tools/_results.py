"""What comes out of a tool call, in a form that any model can be told."""

from typing import Annotated, Literal, cast

from pydantic import BaseModel, Field

from ..exceptions import RequestCancelled
from ..images import Image
from ..messages import CancellationToken

__all__ = [
    "ImageResultContent",
    "ResultContent",
    "TextResultContent",
    "ToolResult",
    "error_result",
    "not_found",
    "text_result",
]


class TextResultContent(BaseModel):
    """Some text."""

    type: Literal["TextResultContent"] = "TextResultContent"

    content: str
    """The text."""


class ImageResultContent(BaseModel):
    """An image."""

    type: Literal["ImageResultContent"] = "ImageResultContent"

    content: Image
    """The image."""


ResultContent = Annotated[
    TextResultContent | ImageResultContent, Field(discriminator="type")
]
"""One part of a result."""


class ToolResult(BaseModel):
    """The result of a tool call, or the error in its place."""

    type: Literal["ToolResult"] = "ToolResult"

    name: str
    """The tool, as the call named it."""

    result: list[ResultContent]
    """What it returned, in parts."""

    is_error: bool = False
    """Whether the parts say what went wrong."""

    def to_text(self, replace_image: str | None = None) -> str:
        """Return the parts as text, one below the other.

        Args:
            replace_image: What stands for an image; None for the image itself, as the
                base64 of a PNG file.
        """
        return "\n".join(_text(part, replace_image) for part in self.result)


def _text(
    part: TextResultContent | ImageResultContent, replace_image: str | None
) -> str:
    if isinstance(part, TextResultContent):
        return part.content
    if replace_image is not None:
        return replace_image
    return f"[Image: {part.content.to_base64()}]"


def text_result(name: str, text: str, *, is_error: bool = False) -> ToolResult:
    """Return a result that is text."""
    return ToolResult(
        name=name, result=[TextResultContent(content=text)], is_error=is_error
    )


def not_found(name: str) -> ToolResult:
    """Return what a model is told that has called what is not there."""
    return text_result(name, f"Tool {name} not found.", is_error=True)


def error_result(name: str, exc: Exception, token: CancellationToken) -> ToolResult:
    """Return what a model is told of an error.

    Raises:
        RequestCancelled: If that is the error, and the token is cancelled: then nobody
            waits for a result.
    """
    if isinstance(exc, RequestCancelled) and token.is_cancelled:
        raise exc
    return text_result(name, _words(exc), is_error=True)


def _words(exc: Exception) -> str:
    if isinstance(exc, ExceptionGroup):
        inside = cast("ExceptionGroup[Exception]", exc).exceptions
        return "\n".join(map(_words, inside))
    return str(exc).strip() or type(exc).__name__
