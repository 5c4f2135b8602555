"""Import statements as values."""

from dataclasses import dataclass
from typing import Union

__all__ = ["Alias", "Import", "ImportFromModule", "import_to_str"]


@dataclass(frozen=True)
class Alias:
    """Something that is imported under another name: ``import name as alias``."""

    name: str
    """What is imported."""

    alias: str
    """What it is called here."""


@dataclass(frozen=True)
class ImportFromModule:
    """Some names of a module: ``from module import one, other as alias``."""

    module: str
    """The module."""

    imports: tuple[str | Alias, ...] | list[str | Alias]
    """The names; a list becomes a tuple."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "imports", tuple(self.imports))


# not ``X | Y``: autogen_core's is a typing.Union as well, which pydantic names the same
Import = Union[str, ImportFromModule, Alias]  # noqa: UP007
"""One import statement; a text is the name of a module."""


def import_to_str(im: Import) -> str:
    """Return the statement as Python code."""
    if isinstance(im, ImportFromModule):
        return f"from {im.module} import {', '.join(map(_name, im.imports))}"
    return f"import {_name(im)}"


def _name(imported: str | Alias) -> str:
    if isinstance(imported, Alias):
        return f"{imported.name} as {imported.alias}"
    return imported
