"""How keys begin."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 100


def hash_tag(prefix: object) -> str:
    """Return a prefix in braces, which puts all keys behind it into one slot.

    Raises:
        ValueError: If it cannot be one.
    """
    if (
        not isinstance(prefix, str)
        or not 1 <= len(prefix) <= _LONGEST
        or not prefix.isprintable()
        or "{" in prefix
        or "}" in prefix
    ):
        message = (
            f"prefix={prefix!r} must be a str of 1 to {_LONGEST} printable characters "
            "without braces"
        )
        raise ValueError(message)
    return f"{{{prefix}}}"
