"""From functions to the text of a module that defines them."""

import ast
import inspect
from collections.abc import Callable, Sequence
from textwrap import dedent, indent
from typing import Any

from ._imports import import_to_str
from ._requirements import FunctionWithRequirements, FunctionWithRequirementsStr

__all__ = ["build_python_functions_file", "to_code", "to_stub"]

AnyFunction = (
    FunctionWithRequirements[Any, ...]
    | FunctionWithRequirementsStr
    | Callable[..., Any]
)


def build_python_functions_file(funcs: Sequence[AnyFunction]) -> str:
    """Return a module with these functions, for code that will run somewhere else.

    Their imports stand above them, each once, in the order in which they first appear.

    Raises:
        TypeError: If a function has no source that stands for itself; see `to_code`.
    """
    imports = dict.fromkeys(
        import_to_str(each)
        for func in funcs
        if isinstance(func, FunctionWithRequirements | FunctionWithRequirementsStr)
        for each in func.global_imports
    )
    return "\n\n".join(["\n".join(imports), *map(to_code, funcs), ""])


def to_code(func: AnyFunction) -> str:
    """Return the source of a function, without its decorators and its indentation.

    Raises:
        TypeError: If it has none that stands for itself: a lambda, a partial, a
            builtin, an object that can be called, a method, or a function that was
            made at a prompt.
    """
    if isinstance(func, FunctionWithRequirementsStr):
        return func.func
    if isinstance(func, FunctionWithRequirements):
        func = func.func
    try:
        if inspect.ismethod(func):
            message = "it is bound to an object"
            raise TypeError(message)
        source = dedent(inspect.getsource(func))
        [node] = ast.parse(source).body
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            message = "it is part of a larger statement"
            raise TypeError(message)
    except (OSError, TypeError, SyntaxError) as exc:
        message = (
            f"{func!r} cannot be written down as source ({exc}): use a function defined "
            "with def, in a file"
        )
        raise TypeError(message) from exc
    return "".join(source.splitlines(keepends=True)[node.lineno - 1 :])


def to_stub(func: AnyFunction) -> str:
    """Return the first line of a function and its docstring, with ``...`` for a body."""
    if isinstance(func, FunctionWithRequirementsStr):
        func = func.compiled_func
    elif isinstance(func, FunctionWithRequirements):
        func = func.func
    word = "async def" if inspect.iscoroutinefunction(func) else "def"
    lines = [f"{word} {func.__name__}{inspect.signature(func)}:"]
    if func.__doc__:
        lines.append(indent(f'"""{dedent(func.__doc__)}"""', "    "))
    return "\n".join([*lines, "    ..."])
