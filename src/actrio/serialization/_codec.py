"""JSON for the values of one type: the fast way, and the way that explains errors.

The fast way knows nothing but that something went wrong. Then the same is done once more
by forms that know where they are, on the text as the standard library reads it. They
have the last word: what only the fast way refused is written or read after all.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any, Final, NoReturn

from ..exceptions import SerializationError
from ._compiler import Compiler
from ._form import Form, Misfit, at
from ._json import STANDARD, Json, fastest
from ._names import described


class Codec:
    """Writes and reads the values of one type; its forms are made when first needed.

    Args:
        annotation: The type.
        forbids_unknown: Refuse fields that a class does not have.
        json: What to try first; None for the fastest that is installed.
    """

    def __init__(
        self,
        annotation: Any,
        *,
        forbids_unknown: bool = False,
        json: Json | None = None,
    ) -> None:
        self._annotation: Final = annotation
        self._forbids_unknown: Final = forbids_unknown
        self._given_json: Final = json

    @cached_property
    def _json(self) -> Json:
        return self._given_json or fastest()

    @cached_property
    def _fast(self) -> Form:
        return self._form(explains=False)

    @cached_property
    def _explaining(self) -> Form:
        return self._form(explains=True)

    def _form(self, *, explains: bool) -> Form:
        compiler = Compiler(forbids_unknown=self._forbids_unknown, explains=explains)
        return compiler.form_of(self._annotation)

    def dumps(self, value: object) -> bytes:
        """Return a value as JSON text.

        Raises:
            SerializationError: If the value, or the type itself, has no form in JSON.
        """
        with suppress(Exception):
            return self._json.dumps(self._fast.write(value))
        try:
            return STANDARD.dumps(self._explaining.write(value))
        except Exception as exc:
            fail(self._annotation, exc)

    def loads(self, payload: bytes) -> Any:
        """Return the value that a JSON text describes.

        Raises:
            SerializationError: If it describes none.
        """
        with suppress(Exception):
            return self._fast.read(self._json.loads(payload))
        try:
            return self._explaining.read(_loads(payload))
        except Exception as exc:
            fail(self._annotation, exc)


def fail(annotation: Any, exc: Exception) -> NoReturn:
    """Raise what users see of an error with a type; its cause is what user code raised.

    Raises:
        SerializationError: Always.
    """
    misfit = at(exc, described(annotation))
    path = misfit.path
    raise SerializationError(f"{path}: {misfit.reason}", path=path) from misfit.origin


def _loads(payload: bytes) -> object:
    try:
        return STANDARD.loads(payload)
    except ValueError as exc:
        message = f"the payload is no JSON: {exc}"
        raise Misfit(message, exc) from None
