"""What is remembered comes back from JSON as it was."""

import json

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image as PillowImage
from pydantic import ValidationError

from actrio import Image
from actrio.memory import MemoryContent, MemoryMimeType

things = st.one_of(
    st.text(),
    st.binary(),
    st.dictionaries(st.text(), st.none() | st.text() | st.integers()),
)
mime_types = st.sampled_from(MemoryMimeType) | st.just("text/html")


@settings(max_examples=60, deadline=None, database=None)
@given(things, mime_types)
def test_everything_comes_back_from_json(
    content: str | bytes | dict[str, object], mime_type: MemoryMimeType | str
) -> None:
    """With the type that it had."""
    if isinstance(content, dict) and list(content) in (["data"], ["$bytes"]):
        return  # the forms of images and bytes
    before = MemoryContent(content=content, mime_type=mime_type, metadata={"n": 1})
    after = MemoryContent.model_validate_json(before.model_dump_json())
    assert after == before
    assert type(after.content) is type(content)


@pytest.mark.parametrize("mime_type", [MemoryMimeType.IMAGE, "image/png"])
def test_an_image_comes_back_from_json(mime_type: str) -> None:
    """Its MIME type tells it from a dictionary."""
    image = Image(PillowImage.new("RGB", (3, 2), "red"))
    before = MemoryContent(content=image, mime_type=mime_type)
    after = MemoryContent.model_validate_json(before.model_dump_json())
    assert isinstance(after.content, Image)
    assert after.content.to_base64() == image.to_base64()
    plain = json.loads(before.model_dump_json()) | {"mime_type": "application/json"}
    assert MemoryContent.model_validate(plain).content == {"data": image.to_base64()}


@pytest.mark.parametrize(
    ("content", "mime_type", "text"),
    [
        ({"$bytes": "no base64!"}, "text/plain", "base64"),
        ({"data": "x"}, "image/png", "base64"),
        ({"data": "AAAA"}, MemoryMimeType.IMAGE, "no image can be read"),
    ],
)
def test_damaged_bytes_and_images_are_refused(
    content: dict[str, object], mime_type: str, text: str
) -> None:
    """As a validation error, where they come in."""
    with pytest.raises(ValidationError, match=text):
        MemoryContent(content=content, mime_type=mime_type)
