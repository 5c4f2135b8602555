"""JSON inside the text that a model writes."""

import json
import re
from typing import Any, Final

__all__ = ["extract_json_from_str"]

_FENCED: Final = re.compile(r"```(?:\s*([\w\+\-]+))?\n([\s\S]*?)```")


def extract_json_from_str(content: str) -> list[dict[str, Any]]:
    """Return the JSON between the fences of a text, or the text as JSON without any.

    Args:
        content: The text. A fence is three backticks at the beginning and at the end,
            with ``json`` or nothing behind the first ones.

    Returns:
        What each fenced block says, in their order; one value if nothing is fenced.

    Raises:
        ValueError: If a fence names another language, or what should be JSON is none;
            then it is a ``json.JSONDecodeError``.
    """
    blocks: list[tuple[str, str]] = _FENCED.findall(content)
    if not blocks:
        return [json.loads(content)]
    found: list[dict[str, Any]] = []
    for language, text in blocks:
        if language.lower() not in {"", "json"}:
            message = (
                f"Expected JSON object, but found language: {language}; the fences must "
                "say json or nothing"
            )
            raise ValueError(message)
        found.append(json.loads(text))
    return found
