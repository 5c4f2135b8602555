"""The form of pydantic models, which know themselves how they look as JSON.

pydantic is not imported here: who has a model has imported it already.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ._form import EVERYTHING, OBJECT, Form, Misfit, expected
from ._names import described


def is_model(cls: object) -> bool:
    """Say whether a class is a pydantic model."""
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return base is not None and isinstance(cls, type) and issubclass(cls, base)


def write_model(model: Any) -> bytes:
    """Return a model as JSON text, by the names of its fields."""
    text: str = model.model_dump_json(round_trip=True)
    return text.encode()


def read_model(cls: Any, payload: bytes) -> Any:
    """Return the model that a JSON text describes.

    Raises:
        Misfit: If the model does not validate; for the first thing it complains about.
    """
    try:
        # Fields are written by name, so aliases must not be needed to read them.
        return cls.model_validate_json(payload, by_alias=True, by_name=True)
    except sys.modules["pydantic"].ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        misfit = Misfit(first["msg"], exc)
        misfit.steps += [
            f"[{one}]" if isinstance(one, int) else f".{one}"
            for one in reversed(first["loc"])
        ]
        raise misfit from None


def model_form(cls: Any) -> Form:
    """Return the form of a model inside another message."""
    what = f"a {described(cls)}"
    is_root = sys.modules["pydantic"].RootModel in cls.__mro__

    def write(value: Any) -> Any:
        if value.__class__ is not cls:
            raise expected(what, value)
        return json.loads(write_model(value))

    def read(value: Any, _: object = None) -> Any:
        return read_model(cls, json.dumps(value).encode())

    return Form(write, read, EVERYTHING if is_root else OBJECT, (cls,))
