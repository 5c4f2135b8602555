"""Functions that say what they need."""

import pytest

from actrio.code_executor import (
    FunctionWithRequirements,
    FunctionWithRequirementsStr,
    with_requirements,
)

from .functions import described, plain


def test_a_decorated_function_works_as_before() -> None:
    """It is called, named and documented as before."""
    assert described(2, b="y") == "yy"
    assert getattr(described, "__name__", None) == "described"
    assert described.__doc__ is not None
    assert described.python_packages == ["pandas"]
    assert len(described.global_imports) == 3


def test_a_function_without_requirements_needs_nothing() -> None:
    """The decorator may say nothing."""
    made = with_requirements()(plain)
    assert (list(made.python_packages), list(made.global_imports)) == ([], [])
    assert FunctionWithRequirements.from_callable(plain, ["x"]).python_packages == ["x"]


def test_a_text_is_compiled_for_its_signature() -> None:
    """What it imports and defines besides is no second function."""
    made = FunctionWithRequirements.from_str(
        "from os.path import join\nlimit = 3\ndef f(a: int) -> int:\n    return a\n",
        global_imports=["os"],
    )
    assert made.compiled_func.__name__ == "f"
    assert made.compiled_func(3) == 3
    assert list(made.global_imports) == ["os"]
    with pytest.raises(NotImplementedError, match="f is a text for another"):
        made(3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "exactly one function, it has none"),
        ("def a(): ...\ndef b(): ...", "exactly one function, it has a, b"),
        ("def (", "Could not compile function: invalid syntax"),
        ("raise KeyError('k')", "Could not compile function: 'k'"),
    ],
)
def test_a_text_with_another_number_of_functions_is_refused(
    text: str, message: str
) -> None:
    """The error says what the text has instead."""
    with pytest.raises(ValueError, match=message):
        FunctionWithRequirementsStr(text)
