"""Functions whose source the tests look at."""

import functools
from collections.abc import Callable
from typing import Any

from actrio.code_executor import Alias, ImportFromModule, with_requirements


@with_requirements(
    python_packages=["pandas"],
    global_imports=[
        "os",
        Alias("json", "j"),
        ImportFromModule("typing", ["Any", Alias("cast", "c")]),
    ],
)
def described(a: int, b: str = "x") -> str:
    """Say something.

    At length.
    """
    return b * a


@with_requirements(global_imports=["os", "sys"])
def other() -> str:
    return "other"


def plain(a: int) -> int:
    return a


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: object) -> object:
        return function(*args)

    return call


@decorated
@decorated
async def twice(a: int) -> int:
    return a


class Holder:
    @staticmethod
    def static(a: int) -> int:
        return a

    def method(self, a: int) -> int:
        return a

    def __call__(self, a: int) -> int:
        return a


unnamed = lambda a: a  # noqa: E731 - a lambda is what it is for
half = functools.partial(plain, 1)
