"""From functions to the text of a module."""

from collections.abc import Callable
from typing import Any

import pytest

from actrio.code_executor import (
    FunctionWithRequirementsStr,
    build_python_functions_file,
    to_code,
    to_stub,
)

from . import functions

IMPORTS = (
    "import os\nimport json as j\nfrom typing import Any, cast as c\nimport sys\n\n"
)
DESCRIBED = '''def described(a: int, b: str = "x") -> str:
    """Say something.

    At length.
    """
    return b * a
'''
OTHER = 'def other() -> str:\n    return "other"\n'


def test_a_module_has_the_imports_and_the_functions() -> None:
    """Each import once, in the order of their first mention; no decorators."""
    text = build_python_functions_file([functions.described, functions.other])
    assert text == f"{IMPORTS}{DESCRIBED}\n\n{OTHER}\n\n"
    module: dict[str, Any] = {}
    exec(text, module)
    assert module["described"](2) == "xx"


def test_every_decorator_is_left_out() -> None:
    """They may need what is not there."""
    assert to_code(functions.twice) == "async def twice(a: int) -> int:\n    return a\n"


def test_a_static_method_stands_for_itself() -> None:
    """It is not indented any more."""
    assert to_code(functions.Holder.static) == (
        "def static(a: int) -> int:\n    return a\n"
    )


def test_a_text_is_its_own_source() -> None:
    """Nothing is changed in it."""
    text = "def f() -> int:\n    return 1"
    assert to_code(FunctionWithRequirementsStr(text)) == text


@pytest.mark.parametrize(
    "function",
    [
        functions.unnamed,
        functions.half,
        functions.Holder().method,
        functions.Holder(),
        len,
        eval("lambda: 1"),
    ],
    ids=["lambda", "partial", "method", "object", "builtin", "without a file"],
)
def test_what_has_no_source_of_its_own_is_refused(function: Callable[..., Any]) -> None:
    """The error names it, and says what would do."""
    with pytest.raises(
        TypeError, match=r"cannot be written down as source.*use a func"
    ):
        to_code(function)


def test_a_stub_has_the_signature_and_the_docstring() -> None:
    """For a prompt that tells a model what it may call."""
    assert to_stub(functions.described) == (
        "def described(a: int, b: str = 'x') -> str:\n"
        '    """Say something.\n\n        At length.\n    """\n'
        "    ..."
    )
    assert to_stub(functions.plain) == "def plain(a: int) -> int:\n    ..."
    text = FunctionWithRequirementsStr("async def f(a: int): ...")
    assert to_stub(text) == "async def f(a: int):\n    ..."
