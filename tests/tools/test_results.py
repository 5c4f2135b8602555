"""What comes out of a call."""

import pytest
from PIL import Image as PILImage

from actrio import CancellationToken, Image
from actrio.exceptions import RequestCancelled
from actrio.tools import ImageResultContent, TextResultContent, ToolResult
from actrio.tools._results import error_result

IMAGE = Image(PILImage.new("RGB", (2, 3)))


def test_parts_become_text() -> None:
    """An image as base64, or as the words for it."""
    result = ToolResult(
        name="n",
        result=[TextResultContent(content="a"), ImageResultContent(content=IMAGE)],
    )
    assert result.to_text() == f"a\n[Image: {IMAGE.to_base64()}]"
    assert result.to_text(replace_image="(picture)") == "a\n(picture)"
    assert ToolResult(name="n", result=[]).to_text() == ""


def test_a_result_comes_back_from_json() -> None:
    """The parts are told by their type."""
    result = ToolResult(
        name="n",
        result=[TextResultContent(content="a"), ImageResultContent(content=IMAGE)],
        is_error=True,
    )
    found = ToolResult.model_validate_json(result.model_dump_json())
    assert [type(part) for part in found.result] == [
        TextResultContent,
        ImageResultContent,
    ]
    assert found.to_text() == result.to_text()
    assert found.is_error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad\n"), "bad"),
        (KeyError(), "KeyError"),
        (ExceptionGroup("g", [ValueError("a"), ExceptionGroup("h", [OSError("b")])]), "a\nb"),
        (RequestCancelled("somebody else's"), "somebody else's"),
    ],
)  # fmt: skip
def test_an_error_becomes_text(error: Exception, text: str) -> None:
    """Each error of a group in a line; one that says nothing says its name."""
    result = error_result("n", error, CancellationToken())
    assert result.to_text() == text
    assert result.is_error


def test_a_cancelled_call_has_no_result() -> None:
    """Nobody waits for it."""
    token = CancellationToken()
    token.cancel()
    with pytest.raises(RequestCancelled):
        error_result("n", RequestCancelled("x"), token)
    assert error_result("n", ValueError("x"), token).is_error
