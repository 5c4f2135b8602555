"""What did one peer reach on one row? The numbers of all rounds, and what sums them up."""

from dataclasses import asdict, dataclass, field
from statistics import median

__all__ = ["Result", "find", "last_words", "ratio", "ratios"]


@dataclass
class Result:
    """One peer on one row."""

    row: str
    title: str
    peer: str
    unit: str
    values: list[float] = field(default_factory=list)
    """One per round, in the order of the rounds."""
    p50: list[float] = field(default_factory=list)
    """Median latency of each round, in seconds."""
    p99: list[float] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)
    """Everything else that was measured in a round."""
    error: str = ""
    """Why there are no values: the peer failed, or is not installed."""

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    def as_json(self) -> dict[str, object]:
        """Every sample, and the summary that the table shows."""
        summary = {"median": self.middle} if self.values else {}
        return asdict(self) | summary


def find(results: list[Result], row: str, peer: str) -> Result | None:
    """The result of a peer on a row, if it has one."""
    for result in results:
        if (result.row, result.peer) == (row, peer) and result.values:
            return result
    return None


def ratios(result: Result, base: Result) -> list[float]:
    """How many times ``base`` each round was.

    Rounds are compared one by one, because the two numbers of a round were measured
    right after one another, while rounds may be half a minute apart.
    """
    return [a / b for a, b in zip(result.values, base.values, strict=False)]


def ratio(result: Result, base: Result) -> float:
    """The median of the `ratios`."""
    return median(ratios(result, base))


def last_words(traceback: str) -> str:
    """The line of a printed traceback that says what went wrong, also inside a group."""
    lines = [line.strip(" |+-") for line in traceback.splitlines()]
    return next((line for line in reversed(lines) if line), "it said nothing")
