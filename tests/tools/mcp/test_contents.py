"""From what the SDK says to what we say."""

import mcp_types as types
import pytest

from actrio.tools import ImageResultContent, TextResultContent
from actrio.tools.mcp._contents import result_of, schema_of

from .server import CONTENTS


def test_parts_that_no_model_can_be_told_are_described() -> None:
    """Text and images are what they are; a broken image says so."""
    result = types.CallToolResult(content=CONTENTS)
    found = result_of("n", result).result
    assert [part.content for part in found if isinstance(part, TextResultContent)] == [
        "text",
        pytest.approx(found[2].content),
        "[audio/wav, 3 bytes]",
        "inside",
        "[data, 3 bytes] a:c",
        "[page] https://example.com/",
    ]
    image, broken = found[1], found[2]
    assert isinstance(image, ImageResultContent)
    assert image.content.image.size == (2, 3)
    assert isinstance(broken, TextResultContent)
    assert broken.content.startswith("[image/png, broken: ")


def test_a_result_without_parts_is_its_structure() -> None:
    """As JSON; with neither it is empty."""
    result = types.CallToolResult(content=[], structured_content={"a": 1})
    assert result_of("n", result).to_text() == '{"a": 1}'
    assert result_of("n", types.CallToolResult(content=[])).result == []


def test_an_error_stays_one() -> None:
    """Its text is the server's."""
    parts: list[types.ContentBlock] = [types.TextContent(text="no")]
    result = result_of("n", types.CallToolResult(content=parts, is_error=True))
    assert (result.is_error, result.to_text()) == (True, "no")


def test_references_in_a_schema_are_put_in_their_place() -> None:
    """Not every model understands them."""
    schema = {
        "$schema": "x",
        "title": "t",
        "type": "object",
        "properties": {"p": {"$ref": "#/$defs/P"}},
        "$defs": {"P": {"type": "integer"}},
    }
    assert schema_of(types.Tool(name="n", input_schema=schema)) == {
        "name": "n",
        "description": "",
        "parameters": {"type": "object", "properties": {"p": {"type": "integer"}}},
    }
