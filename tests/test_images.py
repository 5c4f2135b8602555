"""Images in messages."""

import base64
import contextlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image as PILImage
from pydantic import BaseModel, ValidationError

from actrio import Image
from actrio.exceptions import InvalidImage
from actrio.testing import run

RED = PILImage.new("RGB", (4, 3), "red")


def encoded(format: str = "PNG", image: PILImage.Image = RED) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=format)
    return buffer.getvalue()


PNG = encoded()
TEXT = base64.b64encode(PNG).decode()
URI = f"data:image/png;base64,{TEXT}"


def pixels(image: Image) -> tuple[str, tuple[int, int], bytes]:
    return image.image.mode, image.image.size, image.image.tobytes()


class Picture(BaseModel):
    image: Image


def test_every_way_gives_the_same_image(tmp_path: Path) -> None:
    """From Pillow, bytes, text, URIs and files."""
    path = tmp_path / "red.png"
    path.write_bytes(PNG)
    ways = [
        Image.from_pil(RED),
        Image.from_bytes(PNG),
        Image.from_bytes(PNG, format="png"),
        Image.from_bytes(bytearray(PNG)),
        Image.from_base64(TEXT),
        Image.from_uri(URI),
        Image.from_url(URI),
        Image.from_file(path),
        Image.from_file(str(path)),
    ]
    assert {pixels(image) for image in ways} == {pixels(Image(RED))}


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "LA", "CMYK", "I;16"])
def test_an_image_is_rgb(mode: str) -> None:
    """Whatever it was."""
    assert Image(PILImage.new(mode, (2, 2))).image.mode == "RGB"


def test_an_image_is_written_as_png() -> None:
    """Nothing is lost on the way, whatever format it came in."""
    image = Image.from_bytes(encoded("JPEG"))
    text = image.to_base64()
    assert base64.b64decode(text).startswith(b"\x89PNG")
    assert pixels(Image.from_base64(text)) == pixels(image)
    assert image.data_uri == f"data:image/png;base64,{text}"
    assert image._repr_html_() == f'<img src="{image.data_uri}"/>'
    assert repr(image) == "<Image 4x3>"
    assert image.to_openai_format("low") == {
        "type": "image_url",
        "image_url": {"url": image.data_uri, "detail": "low"},
    }
    assert image.to_openai_format()["image_url"]["detail"] == "auto"


@pytest.mark.parametrize("name", ["jpg", "JPEG", "gif", "webp", "bmp", "tiff"])
def test_a_format_is_named_by_its_extension(name: str) -> None:
    """Or by Pillow's own name, in any case."""
    data = encoded({"jpg": "JPEG"}.get(name, name.upper()))
    assert Image.from_bytes(data, name).image.size == (4, 3)
    with pytest.raises(InvalidImage, match=f"no {name} can be read from"):
        Image.from_bytes(PNG, name)


def test_an_unknown_format_is_refused() -> None:
    """The error lists those that are known."""
    with pytest.raises(ValueError, match=r"format 'nope' must be one of .*PNG"):
        Image.from_bytes(PNG, "nope")


@pytest.mark.parametrize("data", ["text", None, 3])
def test_the_content_must_be_bytes(data: Any) -> None:
    """The error says what to call instead."""
    with pytest.raises(TypeError, match=r"must be bytes, not \w+; .*from_base64"):
        Image.from_bytes(data)


@pytest.mark.parametrize("data", [b"", b"no image", PNG[:8], PNG[:45], PNG[30:]])
def test_what_is_no_whole_image_is_refused(data: bytes) -> None:
    """The error is one of ours, and both of those of autogen_core."""
    with pytest.raises(InvalidImage, match=r"no image can be read") as seen:
        Image.from_bytes(data)
    assert isinstance(seen.value, ValueError)
    assert isinstance(seen.value, OSError)


@settings(deadline=None, database=None)
@given(
    position=st.integers(0, 10_000),
    replaced=st.binary(min_size=1, max_size=8),
    format=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]),
)
@pytest.mark.filterwarnings("ignore")  # Pillow's, about metadata
def test_damaged_data_gives_an_image_or_the_error(
    position: int, replaced: bytes, format: str
) -> None:
    """No error of a decoder gets through, whatever was damaged."""
    data = bytearray(encoded(format))
    position %= len(data)
    data[position : position + len(replaced)] = replaced
    with contextlib.suppress(InvalidImage):
        assert Image.from_bytes(data, max_pixels=10_000).image.mode == "RGB"


def test_eps_is_not_run_unless_asked_for() -> None:
    """It is a program, and Pillow would start an interpreter for it."""
    eps = encoded("EPS")
    with pytest.raises(InvalidImage, match="pass format='eps'"):
        Image.from_bytes(eps)
    with pytest.raises(InvalidImage, match="no png can be read"):
        Image.from_bytes(eps, "png")


@pytest.mark.parametrize(
    "read",
    [
        lambda limit: Image.from_bytes(PNG, max_pixels=limit),
        lambda limit: Image.from_base64(TEXT, max_pixels=limit),
        lambda limit: Image.from_uri(URI, max_pixels=limit),
        lambda limit: Image.from_url(URI, max_pixels=limit),
    ],
    ids=["bytes", "base64", "uri", "url"],
)
def test_large_data_is_refused_unread(read: Callable[[int], Image]) -> None:
    """Four bytes for each allowed pixel are enough for any image."""
    limit = math.ceil(len(PNG) / 4)
    assert read(limit).image.size == (4, 3)
    with pytest.raises(InvalidImage, match=r"too large: .* bytes, .* raise max_pixels"):
        read(limit - 3)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "red.png"
    path.write_bytes(PNG)
    with pytest.raises(
        InvalidImage, match=f"too large: {len(PNG)} bytes, of 40 "
    ) as caught:
        Image.from_file(path, max_pixels=10)
    assert caught.value.__notes__ == [f"The file is {path}."]


def test_a_missing_file_is_the_error_of_the_system(tmp_path: Path) -> None:
    """As for any file."""
    with pytest.raises(FileNotFoundError):
        Image.from_file(tmp_path / "nope.png")


def bomb(side: int) -> bytes:
    """A small file that unfolds to many pixels."""
    return encoded("PNG", PILImage.new("1", (side, side)))


def test_many_pixels_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file itself may be small; the limit can be raised."""
    data = bomb(1000)
    assert Image.from_bytes(data, max_pixels=1_000_000).image.size == (1000, 1000)
    decoded: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr(PILImage.Image, "convert", decoded.append)
        with pytest.raises(InvalidImage, match="1000 x 1000 pixels, of 999,999 all"):
            Image.from_bytes(data, max_pixels=999_999)
    assert decoded == []


def test_nobody_is_sent_a_bomb() -> None:
    """A field of a message has the limit that stands in the reference."""
    text = base64.b64encode(bomb(8193)).decode()
    with pytest.raises(ValidationError, match="8193 x 8193 pixels, of 67,108,864"):
        Picture.model_validate({"image": {"data": text}})


@pytest.mark.parametrize("limit", [600_000, 400_000], ids=["warning", "error"])
def test_the_limit_of_pillow_holds_as_well(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Whoever raises ours may have to raise both."""
    monkeypatch.setattr(PILImage, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InvalidImage, match=r"PIL\.Image\.MAX_IMAGE_PIXELS"):
        Image.from_bytes(bomb(1000))


def test_text_must_be_base64() -> None:
    """The error shows how the text begins."""
    for text in ["abc", "ä" * 100]:
        with pytest.raises(InvalidImage, match=f"not base64: '{text[:5]}"):
            Image.from_base64(text)


@pytest.mark.parametrize(
    "uri", ["", TEXT, "data:text/plain;base64,eA==", "data:image/png,x", f" {URI}"]
)
def test_a_uri_says_that_it_is_an_image(uri: str) -> None:
    """And that it is in base64."""
    with pytest.raises(ValueError, match="Invalid URI format"):
        Image.from_uri(uri)


@pytest.mark.parametrize("kind", ["jpeg", "gif", "webp", "svg+xml"])
def test_a_uri_may_name_any_format(kind: str) -> None:
    """The data decides, as everywhere."""
    assert Image.from_uri(f"data:image/{kind};base64,{TEXT}").image.size == (4, 3)


def test_a_url_is_fetched_by_the_callers_function() -> None:
    """Nothing else opens a connection."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return PNG

    async def afetch(url: str) -> bytes:
        return fetch(url)

    async def main() -> list[Image]:
        return [
            await Image.afrom_url("http://example.org/b.png", afetch),
            await Image.afrom_url(URI, afetch),
        ]

    images = [Image.from_url("HTTPS://example.org/a.png", fetch), *run(main)]
    assert {pixels(image) for image in images} == {pixels(Image(RED))}
    assert asked == ["HTTPS://example.org/a.png", "http://example.org/b.png"]
    with pytest.raises(TypeError, match=r"not coroutine; .* afrom_url"):
        Image.from_url("http://example.org", afetch)  # type: ignore[arg-type] # what is tested
    with pytest.raises(ValueError, match=r"'http://example\.org'.* opens no connect"):
        Image.from_url("http://example.org")


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "red.png", "ftp://x/y"])
def test_other_urls_are_refused(url: str) -> None:
    """Not even a fetcher is asked for them."""
    with pytest.raises(ValueError, match=r"Invalid URL: .*Image\.from_file"):
        Image.from_url(url, lambda url: 1 / 0)  # type: ignore[arg-type,return-value] # is not called


def test_a_field_of_a_message_holds_an_image() -> None:
    """As it is or as ``{"data": base64}``, and it is dumped as the latter."""
    picture = Picture(image=Image(RED))
    dumped = picture.model_dump()
    assert dumped == {"image": {"data": Image(RED).to_base64()}}
    for read in (
        Picture.model_validate(dumped),
        Picture.model_validate_json(picture.model_dump_json()),
    ):
        assert pixels(read.image) == pixels(picture.image)
    image = Image(RED)
    assert Picture(image=image).image is image


@pytest.mark.parametrize("value", [3, "x", None, {}, {"data": None}, {"data": b"x"}])
def test_a_field_takes_nothing_else(value: object) -> None:
    """The error is a validation error like any other."""
    with pytest.raises(ValidationError, match=r"must be an Image or {'data': base64}"):
        Picture.model_validate({"image": value})
    with pytest.raises(ValidationError, match="no image"):
        Picture.model_validate({"image": {"data": "eA=="}})
