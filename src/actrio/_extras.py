"""What to install when a part of actrio is imported whose extra is missing."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import TracebackType

__all__ = ["Needs", "late"]

_EXTRAS = {
    "PIL": "images",
    "autogen_core": "autogen",
    "httpx2": "mcp",
    "mcp": "mcp",
    "mcp_types": "mcp",
    "opentelemetry": "otel",
    "hiredis": "redis",
    "msgpack": "redis",
    "pydantic": "pydantic",
}
"""The packages that are not installed with actrio, and the extra that brings each."""


class Needs:
    """Imports under it name the extra that is missing, as ``with Needs("actrio.x"):``.

    Args:
        name: What is imported, as its user wrote it.

    Raises:
        ImportError: With the command, in place of the error about a package that an
            extra brings.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, ModuleNotFoundError) or error.name not in _EXTRAS:
            return
        extra = _EXTRAS[error.name]
        message = f"{self._name} needs {error.name}: pip install 'actrio[{extra}]'"
        raise ImportError(message, name=error.name) from error


def late(module: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module some of whose names need an extra.

    They are imported when they are first asked for, and kept.

    Args:
        module: The module's ``__name__``.
        places: In which module below it each name is.
    """

    def find(name: str) -> object:
        if name not in places:
            message = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        with Needs(f"{module}.{name}"):
            found = import_module(f"{module}.{places[name]}")
        value: object = getattr(found, name)
        setattr(sys.modules[module], name, value)
        return value

    return find
