"""One thing that is remembered.

JSON has no word for bytes, and an image is a dictionary there. So that a memory comes
back from JSON as it was, bytes are written as ``{"$bytes": base64}``, and the MIME type
tells an image, ``{"data": base64}``, from a dictionary that looks alike.
"""

import base64
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from pydantic import (
    BaseModel,
    SerializerFunctionWrapHandler,
    field_serializer,
    model_validator,
)

from ..images import Image

__all__ = ["MemoryContent", "MemoryMimeType"]


class MemoryMimeType(str, Enum):  # noqa: UP042 - a StrEnum would print as its value
    """The MIME types that are known here; others are given as strings.

    A member equals its string, which is what it is read as.
    """

    TEXT = "text/plain"
    JSON = "application/json"
    MARKDOWN = "text/markdown"
    IMAGE = "image/*"
    BINARY = "application/octet-stream"


class MemoryContent(BaseModel):
    """One thing that is remembered.

    In JSON bytes are ``{"$bytes": base64}``, and an image is ``{"data": base64}``. Both
    come back as they were; an image only if its MIME type says that it is one.
    """

    content: str | bytes | dict[str, Any] | Image
    """The thing itself."""

    mime_type: MemoryMimeType | str
    """What kind of thing it is."""

    metadata: dict[str, Any] | None = None
    """What else is known about it, for those who search."""

    @model_validator(mode="before")
    @classmethod
    def _read_content(cls, given: Any) -> Any:
        """Take bytes and images in the form that they have in JSON."""
        if not isinstance(given, Mapping):
            return given
        fields = cast("Mapping[str, Any]", given)
        match fields.get("content"):
            case {"$bytes": str(text), **rest} if not rest:
                content: object = base64.b64decode(text, validate=True)
            case {"data": str(text), **rest} if not rest and _is_image(fields):
                content = Image.from_base64(text)
            case _:
                return fields
        return {**fields, "content": content}

    @field_serializer("content", mode="wrap", when_used="json")
    def _write_content(
        self, content: object, write: SerializerFunctionWrapHandler
    ) -> Any:
        if isinstance(content, bytes):
            return {"$bytes": base64.b64encode(content).decode("ascii")}
        return write(content)

    @field_serializer("mime_type")
    def serialize_mime_type(self, mime_type: MemoryMimeType | str) -> str:
        """Return a MIME type as a string; pydantic calls this."""
        return mime_type.value if isinstance(mime_type, MemoryMimeType) else mime_type


def _is_image(fields: Mapping[str, Any]) -> bool:
    mime_type = fields.get("mime_type")
    return isinstance(mime_type, str) and mime_type.startswith("image/")
