"""Is actrio as fast as the project promises?

Ratios only: absolute numbers say more about the machine than about the library. They are
shown and never judged by an exit code, since times are at the mercy of the machine; what
must not get worse is counted in bytecodes, by `check`.
"""

from dataclasses import dataclass

from .imports import DEPENDENCIES
from .results import Result, find, ratio

__all__ = ["TARGETS", "Target", "verdicts"]

TRIO, ASYNCIO = "actrio on trio", "actrio on asyncio"


@dataclass(frozen=True)
class Target:
    """What one ratio has to be."""

    row: str
    peer: str
    base: str
    bound: float
    at_least: bool

    def verdict(self, results: list[Result]) -> tuple[float, bool] | None:
        """The ratio, and whether it is good enough; None if it was not measured."""
        result = find(results, self.row, self.peer)
        base = find(results, self.row, self.base)
        if result is None or base is None:
            return None
        reached = ratio(result, base)
        good = reached >= self.bound if self.at_least else reached <= self.bound
        return reached, good

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{self.row}, {self.peer} {sign} {self.bound:g} x {self.base}"


def _faster(row: str, on_trio: float, on_asyncio: float) -> list[Target]:
    return [
        Target(row, TRIO, "autogen_core", on_trio, at_least=True),
        Target(row, ASYNCIO, "autogen_core", on_asyncio, at_least=True),
    ]


TARGETS = [
    *_faster("request-1", 12, 20),
    Target("request-1", TRIO, "bare trio", 1, at_least=True),
    *_faster("request-100", 16, 16),
    *_faster("publish-1", 10, 10),
    *_faster("publish-10", 10, 10),
    Target("memory", TRIO, "bare trio", 1.3, at_least=False),
    Target("memory", ASYNCIO, "bare asyncio", 1.3, at_least=False),
    Target("import", "actrio", DEPENDENCIES, 1.5, at_least=False),
]


def verdicts(results: list[Result]) -> list[tuple[Target, float, bool]]:
    """Every target that these results can judge."""
    judged = []
    for target in TARGETS:
        verdict = target.verdict(results)
        if verdict is not None:
            judged.append((target, *verdict))
    return judged
