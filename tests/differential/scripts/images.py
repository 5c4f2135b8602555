# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Images: how they are read, written and validated."""

import base64
import io
import tempfile
from pathlib import Path

from PIL import Image as PILImage
from pydantic import BaseModel, ValidationError

from ..common import refusal

MODES = ["RGB", "RGBA", "P", "L", "1", "LA", "CMYK", "I", "F", "I;16"]


def picture(mode="RGB"):
    """A small image, every pixel of which differs."""
    image = PILImage.new("RGB", (5, 4))
    image.putdata([(x * 50, y * 60, x * y) for y in range(4) for x in range(5)])
    return image if mode == "I;16" else image.convert(mode)


def encoded(format, mode="RGB"):
    buffer = io.BytesIO()
    picture(mode).save(buffer, format=format)
    return base64.b64encode(buffer.getvalue()).decode()


def pixels(image):
    return image.image.mode, image.image.size, image.image.tobytes().hex()


async def image_of_any_mode(core):
    """It is converted to RGB."""
    return [pixels(core.Image(picture(mode))) for mode in MODES], [
        pixels(core.Image.from_pil(picture(mode))) for mode in MODES
    ]


async def image_from_base64(core):
    """In any format that Pillow reads."""
    formats = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO"]
    return [pixels(core.Image.from_base64(encoded(name))) for name in formats]


async def image_from_broken_base64(core):
    """Line breaks pass, missing padding does not."""
    text = encoded("PNG")
    lines = "\n".join(text[i : i + 20] for i in range(0, len(text), 20))
    return (
        pixels(core.Image.from_base64(lines)),
        refusal(ValueError, lambda: core.Image.from_base64("abc")),
        refusal(OSError, lambda: core.Image.from_base64("eA==")),
        refusal(OSError, lambda: core.Image.from_base64("")),
        refusal(OSError, lambda: core.Image.from_base64(text[:80])),
    )


async def image_from_uri(core):
    """A PNG or JPEG data URI."""
    text = encoded("JPEG")
    uris = [
        f"data:image/png;base64,{text}",
        f"data:image/jpeg;base64,{text}",
        f"data:text/plain;base64,{text}",
        f"data:image/png,{text}",
        "http://example.org/a.png",
        text,
        "",
    ]
    return [
        refusal(ValueError, lambda uri=uri: pixels(core.Image.from_uri(uri)))
        for uri in uris
    ]


async def image_from_uri_of_another_format(core):
    """A WebP data URI."""
    uri = f"data:image/webp;base64,{encoded('WEBP')}"
    return refusal(ValueError, lambda: core.Image.from_uri(uri).image.size)


async def image_from_file(core):
    """By a path or a string."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        picture().save(path)
        missing = Path(folder) / "b.png"
        broken = Path(folder) / "c.png"
        broken.write_text("no image")
        return (
            pixels(core.Image.from_file(path)),
            pixels(core.Image.from_file(str(path))),
            refusal(FileNotFoundError, lambda: core.Image.from_file(missing)),
            refusal(OSError, lambda: core.Image.from_file(broken)),
        )


async def image_is_written(core):
    """Always as a PNG."""
    image = core.Image.from_base64(encoded("JPEG"))
    return (
        image.to_base64(),
        image.data_uri,
        image.to_openai_format(),
        image.to_openai_format("high"),
        image.to_openai_format(detail="low"),
        image._repr_html_(),
    )


async def image_in_a_model(core):
    """A field of a pydantic model holds it, and is dumped as base64."""

    class Message(BaseModel):
        content: core.Image

    image = core.Image(picture())
    message = Message(content=image)
    read = Message.model_validate_json(message.model_dump_json())
    return (
        message.model_dump(),
        pixels(read.content),
        Message.model_json_schema(),
        Message.model_json_schema(mode="serialization"),
        message.content is image,
        refusal(ValidationError, lambda: Message(content={})),
        refusal(ValidationError, lambda: Message(content={"data": "abc"})),
    )


async def image_beside_text(core):
    """A field that holds texts and images is read from JSON."""

    class Message(BaseModel):
        content: list[str | core.Image]

    text = Message(content=["a", core.Image(picture())]).model_dump_json()
    return refusal(
        ValidationError, lambda: len(Message.model_validate_json(text).content)
    )


async def image_field_of_something_else(core):
    """A value that is no image is a validation error."""

    class Message(BaseModel):
        content: core.Image

    return [
        refusal(ValidationError, lambda value=value: Message(content=value))
        for value in (3, "x", {"data": "eA=="})
    ]


async def image_is_compared(core):
    """By identity."""
    return core.Image(picture()) == core.Image(picture())
