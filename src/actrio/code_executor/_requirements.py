"""Functions that say what they need, for code that will run somewhere else."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Generic, NoReturn, ParamSpec, TypeVar

from ._imports import Import

__all__ = [
    "FunctionWithRequirements",
    "FunctionWithRequirementsStr",
    "with_requirements",
]

T = TypeVar("T")
P = ParamSpec("P")

_MODULE: Final = "func_module"


@dataclass
class FunctionWithRequirementsStr:
    """A function as text, with what it needs.

    The text is run when the object is made, to find out what it defines, so never make
    one of a text that comes from elsewhere.

    Args:
        func: The code: one function, and what else the module needs.
        python_packages: What to install, as pip wants it.
        global_imports: What the module imports.

    Raises:
        ValueError: If the code cannot be run, or defines no function or several.
    """

    func: str
    """The code."""

    compiled_func: Callable[..., Any] = field(init=False)
    """The function, for its name and signature."""

    _func_name: str = field(init=False)

    python_packages: Sequence[str] = ()
    """What to install, as pip wants it."""

    global_imports: Sequence[Import] = ()
    """What the module imports."""

    def __init__(
        self,
        func: str,
        python_packages: Sequence[str] = [],
        global_imports: Sequence[Import] = [],
    ) -> None:
        self.func = func
        self.python_packages = python_packages
        self.global_imports = global_imports
        module = ModuleType(_MODULE)
        try:
            code = compile(func, f"<{_MODULE}>", "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - the caller's own code
        except Exception as exc:
            message = f"Could not compile function: {exc}"
            raise ValueError(message) from exc
        functions = [
            (name, value)
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == _MODULE
        ]
        if len(functions) != 1:
            names = ", ".join(name for name, _ in functions) or "none"
            message = f"The string must contain exactly one function, it has {names}"
            raise ValueError(message)
        [(self._func_name, self.compiled_func)] = functions

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: what it needs may not be here.

        Raises:
            NotImplementedError: Always.
        """
        message = (
            f"{self._func_name} is a text for another environment and cannot be called; "
            "make it of a function, with with_requirements()"
        )
        raise NotImplementedError(message)


@dataclass
class FunctionWithRequirements(Generic[T, P]):
    """A function with what it needs; it can be called as ever."""

    func: Callable[P, T]
    """The function."""

    python_packages: Sequence[str] = field(default_factory=list[str])
    """What to install, as pip wants it."""

    global_imports: Sequence[Import] = field(default_factory=list[Import])
    """What the module imports."""

    @classmethod
    def from_callable(
        cls,
        func: Callable[P, T],
        python_packages: Sequence[str] = [],
        global_imports: Sequence[Import] = [],
    ) -> FunctionWithRequirements[T, P]:
        """Say what a function needs."""
        return cls(func, python_packages, global_imports)

    @staticmethod
    def from_str(
        func: str,
        python_packages: Sequence[str] = [],
        global_imports: Sequence[Import] = [],
    ) -> FunctionWithRequirementsStr:
        """Say what a function needs that is given as text.

        Raises:
            ValueError: If the code cannot be run, or defines no function or several.
        """
        return FunctionWithRequirementsStr(func, python_packages, global_imports)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function."""
        return self.func(*args, **kwargs)


def with_requirements(
    python_packages: Sequence[str] = [],
    global_imports: Sequence[Import] = [],
) -> Callable[[Callable[P, T]], FunctionWithRequirements[T, P]]:
    """Decorate a function with what it needs where code executors run it.

    ::

        from actrio.code_executor import with_requirements

        @with_requirements(python_packages=["pandas"], global_imports=["pandas"])
        def count(path: str) -> int:
            return len(pandas.read_csv(path))

    Args:
        python_packages: What to install, as pip wants it.
        global_imports: What its module imports: names of modules, `Alias` and
            `ImportFromModule`.
    """

    def decorate(func: Callable[P, T]) -> FunctionWithRequirements[T, P]:
        decorated = FunctionWithRequirements(func, python_packages, global_imports)
        functools.update_wrapper(decorated, func)
        return decorated

    return decorate
