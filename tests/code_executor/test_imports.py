"""Import statements as values."""

import pytest

from actrio.code_executor import Alias, Import, ImportFromModule, import_to_str


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("os", "import os"),
        (Alias("numpy", "np"), "import numpy as np"),
        (ImportFromModule("os", ["path"]), "from os import path"),
        (
            ImportFromModule("os", ("path", Alias("getcwd", "cwd"))),
            "from os import path, getcwd as cwd",
        ),
    ],
)
def test_an_import_becomes_code(statement: Import, code: str) -> None:
    """Each kind in its own words."""
    assert import_to_str(statement) == code


def test_imports_are_values() -> None:
    """Equal ones are equal and have equal hashes, whether made of a list or a tuple."""
    one, other = ImportFromModule("os", ["path"]), ImportFromModule("os", ("path",))
    assert one == other
    assert len({one, other, Alias("a", "b"), Alias("a", "b")}) == 2
