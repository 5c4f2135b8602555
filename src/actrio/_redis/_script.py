"""Lua scripts, which run in the server in one step."""

from __future__ import annotations

import hashlib

Argument = bytes | str | int | float


class Script:
    """A Lua script with one key, and the name by which a server knows it."""

    def __init__(self, source: str) -> None:
        self.source: bytes = source.encode()
        self.sha: bytes = (
            hashlib.sha1(self.source, usedforsecurity=False).hexdigest().encode()
        )

    def call(self, key: Argument, *arguments: Argument) -> tuple[Argument, ...]:
        """Return the command that runs it, once a server knows it."""
        return "EVALSHA", self.sha, 1, key, *arguments
