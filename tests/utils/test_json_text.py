"""JSON inside the text that a model writes."""

import json

import pytest

from actrio.utils import extract_json_from_str

FENCE = "`" * 3


def test_the_whole_text_is_json() -> None:
    """Without a fence nothing may stand around it."""
    assert extract_json_from_str(' {"a": 1}\n') == [{"a": 1}]


def test_every_fenced_block_is_found() -> None:
    """In their order, with or without the word json; the text around is dropped."""
    text = f'Look:\n{FENCE}json\n{{"a": 1}}\n{FENCE}\nor\n{FENCE}\n[2]\n{FENCE}\nBye.'
    assert extract_json_from_str(text) == [{"a": 1}, [2]]


def test_another_language_is_refused() -> None:
    """The error names it."""
    with pytest.raises(ValueError, match="found language: python"):
        extract_json_from_str(f"{FENCE}python\n{{}}\n{FENCE}")


@pytest.mark.parametrize("text", ["", "no json", f"{FENCE}json\n{{\n{FENCE}"])
def test_what_is_no_json_is_refused(text: str) -> None:
    """With the error of the json module."""
    with pytest.raises(json.JSONDecodeError):
        extract_json_from_str(text)
