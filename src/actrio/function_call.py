"""A call that a model asks for."""

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["FunctionCall"]


@dataclass
class FunctionCall:
    """A call of a function that a model asks for.

    Nothing is checked here: models write what they like. `parsed_arguments` checks.
    """

    id: str
    """What the result refers to."""

    arguments: str | Mapping[str, Any]
    """The arguments by name, in the JSON text of an object or in a mapping."""

    name: str
    """The name of the function."""

    @property
    def parsed_arguments(self) -> dict[str, Any]:
        """The arguments by name, whichever way they were given; a new dictionary.

        Raises:
            ValueError: If they are a text that is not the JSON of an object.
            TypeError: If they are neither a text nor a mapping.
        """
        return self._checked(self.arguments)

    def _checked(self, given: object) -> dict[str, Any]:
        if isinstance(given, str):
            return self._parsed(given)
        if isinstance(given, Mapping):
            return dict(cast("Mapping[str, Any]", given))
        raise TypeError(self._rule(f"be text or a mapping, not {given!r}"))

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            found: object = json.loads(text)
        except (ValueError, RecursionError) as exc:
            message = self._rule(f"be JSON, not {reprlib.repr(text)} ({exc})")
            raise ValueError(message) from exc
        if not isinstance(found, dict):
            message = self._rule(f"be a JSON object, not {reprlib.repr(text)}")
            raise ValueError(message)
        return cast("dict[str, Any]", found)

    def _rule(self, rule: str) -> str:
        return f"the arguments of call {self.id!r} of {self.name!r} must {rule}"
