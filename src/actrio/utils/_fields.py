"""Names of fields: what a schema or a function may say, and pydantic not take."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from pydantic import BaseModel

__all__ = ["field_name", "shadowing_allowed"]

_PROTECTED: Final = "model_"


def field_name(name: str) -> str:
    """Return the name of a field for a value; if it is another, the field has an alias.

    pydantic takes no name that begins with an underscore, and a field must not hide what
    a model is used by.
    """
    is_hiding = name.startswith(_PROTECTED) and hasattr(BaseModel, name)
    if is_hiding or name.startswith("_"):
        return f"field_{name.strip('_')}_"
    return name


@contextmanager
def shadowing_allowed() -> Generator[None]:
    """Make models in which fields hide old methods of pydantic, such as ``copy``."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
        yield
