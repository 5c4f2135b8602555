"""Images in messages.

An image is decoded when it is made, so that whoever has one has pixels, and so that
broken or oversized data is refused where it comes in. Nothing here opens a connection.
"""

import base64
import binascii
import inspect
import re
import reprlib
from collections.abc import Awaitable, Callable
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from PIL import Image as PILImage

from .exceptions import InvalidImage

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["MAX_PIXELS", "Image"]

MAX_PIXELS = 2**26
"""How many pixels an image may have unless its reader says otherwise: 8192 x 8192."""

_BYTES_PER_PIXEL = 4
_DATA_URI = re.compile(r"data:image/[\w.+-]+;base64,")
# Pillow decodes EPS by running Ghostscript, so it must be asked for by name.
_EPS = (b"%!PS", b"\xc5\xd0\xd3\xc6")


class Image:
    """An image, for messages that people and models look at.

    Args:
        image: A Pillow image. It is decoded and converted to RGB.

    The methods that read one take ``max_pixels``: an image with more pixels, or in more
    than four bytes for each allowed one, is refused before it is decoded. Pillow has a
    limit of its own, ``PIL.Image.MAX_IMAGE_PIXELS``, which holds as well.
    """

    image: PILImage.Image
    """The image as Pillow has it, in RGB."""

    def __init__(self, image: PILImage.Image) -> None:
        self.image = image.convert("RGB")

    @classmethod
    def from_pil(cls, pil_image: PILImage.Image) -> Self:
        """Make an image of one that Pillow has opened."""
        return cls(pil_image)

    @classmethod
    def from_bytes(
        cls,
        data: bytes | bytearray,
        format: str | None = None,
        *,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Decode the content of an image file.

        Args:
            data: The content.
            format: The only format that it may have, such as ``"png"``; None for any.
            max_pixels: How many pixels are allowed.

        Raises:
            TypeError: If ``data`` is not bytes.
            ValueError: If Pillow does not know the format.
            InvalidImage: If the data is no whole image, or too large.
        """
        data = _content(data)
        _check_size(len(data), max_pixels)
        if format is None and data[:4] in _EPS:
            message = "EPS is a program, not an image: to run it, pass format='eps'"
            raise InvalidImage(message)
        formats = None if format is None else [_known_format(format)]
        try:
            opened = PILImage.open(BytesIO(data), formats=formats)
            _check_pixels(opened.size, max_pixels)
            return cls(opened)
        except InvalidImage:
            raise
        except (
            PILImage.DecompressionBombError,
            PILImage.DecompressionBombWarning,
        ) as exc:
            message = f"image too large for PIL.Image.MAX_IMAGE_PIXELS: {exc}"
            raise InvalidImage(message) from exc
        except Exception as exc:  # decoders raise anything about damaged data
            message = (
                f"no {format or 'image'} can be read from {len(data):,} bytes that "
                f"begin with {data[:8]!r}: {exc}"
            )
            raise InvalidImage(message) from exc

    @classmethod
    def from_base64(cls, base64_str: str, *, max_pixels: int = MAX_PIXELS) -> Self:
        """Decode the content of an image file that is written in base64.

        Raises:
            InvalidImage: If it is no base64, no whole image, or too large.
        """
        _check_size(len(base64_str) * 3 // 4 - 2, max_pixels)  # two may be padding
        try:
            data = base64.b64decode(base64_str)
        except (binascii.Error, ValueError) as exc:
            message = f"not base64: {base64_str[:32]!r} and so on ({exc})"
            raise InvalidImage(message) from exc
        return cls.from_bytes(data, max_pixels=max_pixels)

    @classmethod
    def from_uri(cls, uri: str, *, max_pixels: int = MAX_PIXELS) -> Self:
        """Decode a ``data:image/...;base64,`` URI.

        Raises:
            ValueError: If it is no such URI.
            InvalidImage: If its data is no base64, no whole image, or too large.
        """
        head = _DATA_URI.match(uri)
        if head is None:
            message = (
                f"Invalid URI format: {uri[:32]!r} must begin with "
                "'data:image/png;base64,' or the like"
            )
            raise ValueError(message)
        return cls.from_base64(uri[head.end() :], max_pixels=max_pixels)

    @classmethod
    def from_file(
        cls, file_path: str | PathLike[str], *, max_pixels: int = MAX_PIXELS
    ) -> Self:
        """Read and decode an image file.

        Raises:
            OSError: If the file cannot be read.
            InvalidImage: If it is no whole image, or too large.
        """
        path = Path(file_path)
        try:
            _check_size(path.stat().st_size, max_pixels)
            return cls.from_bytes(path.read_bytes(), max_pixels=max_pixels)
        except InvalidImage as exc:
            exc.add_note(f"The file is {path}.")
            raise

    @classmethod
    def from_url(
        cls,
        url: str,
        fetch: Callable[[str], bytes] | None = None,
        *,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Decode a data URI, or what ``fetch`` returns for an http URL.

        No connection is opened here: without ``fetch`` only data URIs work. A function
        that awaits is for `afrom_url`.

        Raises:
            ValueError: If there is nothing to fetch the URL with, or it is neither a
                data URI nor an http or https URL.
            TypeError: If ``fetch`` does not return bytes.
            InvalidImage: If it is no whole image, or too large.
        """
        if _is_data(url):
            return cls.from_uri(url, max_pixels=max_pixels)
        if fetch is None:
            message = (
                f"Image.from_url({url[:80]!r}) opens no connection: pass fetch=, a "
                "function from a URL to bytes, or use afrom_url() with an async one"
            )
            raise ValueError(message)
        return cls.from_bytes(fetch(url), max_pixels=max_pixels)

    @classmethod
    async def afrom_url(
        cls,
        url: str,
        fetch: Callable[[str], Awaitable[bytes]],
        *,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Decode a data URI, or what ``fetch`` returns for an http URL, awaiting it.

        Raises:
            ValueError: If it is neither a data URI nor an http or https URL.
            TypeError: If ``fetch`` does not return bytes.
            InvalidImage: If it is no whole image, or too large.

        Cancellation: That of ``fetch``. For a data URI this is no checkpoint.
        """
        if _is_data(url):
            return cls.from_uri(url, max_pixels=max_pixels)
        return cls.from_bytes(await fetch(url), max_pixels=max_pixels)

    def to_base64(self) -> str:
        """Return the image as a PNG file, written in base64."""
        buffer = BytesIO()
        self.image.save(buffer, format="PNG")
        return base64.b64encode(buffer.getvalue()).decode("ascii")

    @property
    def data_uri(self) -> str:
        """The image as a data URI; always a PNG."""
        return f"data:image/png;base64,{self.to_base64()}"

    def to_openai_format(
        self, detail: Literal["auto", "low", "high"] = "auto"
    ) -> dict[str, Any]:
        """Return the image as part of a message to a model of OpenAI."""
        return {
            "type": "image_url",
            "image_url": {"url": self.data_uri, "detail": detail},
        }

    def __repr__(self) -> str:
        width, height = self.image.size
        return f"<Image {width}x{height}>"

    def _repr_html_(self) -> str:
        """Show the image in a notebook."""
        return f'<img src="{self.data_uri}"/>'

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source_type: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """Let a pydantic field hold an image: as it is, or as ``{"data": base64}``."""
        # Imported late: pydantic calls this, and whoever has no pydantic does not.
        from pydantic_core import core_schema

        def dump(image: Image) -> dict[str, str]:
            return {"data": image.to_base64()}

        return core_schema.no_info_after_validator_function(
            cls._validated,
            core_schema.any_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(dump),
        )

    @classmethod
    def _validated(cls, value: object) -> Self:
        """Take the value of a pydantic field."""
        if isinstance(value, cls):
            return value
        match value:
            case {"data": str(data)}:
                return cls.from_base64(data)
            case _:
                message = (
                    f"{reprlib.repr(value)} must be an Image or {{'data': base64}}"
                )
                raise ValueError(message)


def _content(data: object) -> bytes:
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if inspect.iscoroutine(data):
        data.close()  # or it would be warned about as never awaited
    message = (
        f"the content of an image must be bytes, not {type(data).__name__}; text in "
        "base64 is for Image.from_base64(), a function that awaits for afrom_url()"
    )
    raise TypeError(message)


def _check_size(size: int, max_pixels: int) -> None:
    """Refuse data that is too long to hold only the allowed pixels."""
    allowed = _BYTES_PER_PIXEL * max_pixels
    if size > allowed:
        message = (
            f"image too large: {size:,} bytes, of {allowed:,} allowed; raise "
            "max_pixels, which allows four bytes each"
        )
        raise InvalidImage(message)


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        message = (
            f"image too large: {width} x {height} pixels, of {max_pixels:,} allowed; "
            "raise max_pixels"
        )
        raise InvalidImage(message)


def _known_format(name: str) -> str:
    """Return Pillow's name of a format, which may be given by its file extension."""
    PILImage.init()
    known = PILImage.registered_extensions().get(f".{name.lower()}", name.upper())
    if known not in PILImage.OPEN:
        message = f"format {name!r} must be one of {', '.join(sorted(PILImage.OPEN))}"
        raise ValueError(message)
    return known


def _is_data(url: str) -> bool:
    """Tell a data URI from an http or https URL."""
    scheme = url.partition(":")[0].lower()
    if scheme not in {"data", "http", "https"}:
        message = (
            f"Invalid URL: {url[:80]!r} must begin with 'data:image/', 'http:' or "
            "'https:'; for a file use Image.from_file()"
        )
        raise ValueError(message)
    return scheme == "data"
