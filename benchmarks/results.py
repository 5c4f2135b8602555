"""What did one peer reach on one row? The numbers of all rounds, and what sums them up."""

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .workloads import Sample

__all__ = ["Result", "find", "from_json", "last_words", "ratio", "ratios"]


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
    count: int | None = None
    """How many there were of what a growth curve is about."""
    lacks: str = ""
    """Why there are no values though nothing is wrong: no such feature, not installed."""
    error: str = ""
    """Why there are no values: the peer crashed, or answered wrongly."""
    note: str = ""
    """What has to be known to read the values."""

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def less_is_better(self) -> bool:
        """Whether the number is a cost; otherwise it is a rate."""
        return not self.unit.endswith("/s")

    @property
    def why_not(self) -> str:
        """Why there are no values."""
        return self.lacks or (f"failed: {self.error}" if self.error else "not measured")

    def note_sample(self, sample: "Sample") -> None:
        """Keep what else was measured; the latencies are summed up elsewhere."""
        rest = asdict(sample)
        del rest["latencies"]
        self.samples.append(rest)

    def as_json(self) -> dict[str, Any]:
        """Every sample, and the summary that the table shows."""
        summary = {"median": self.middle} if self.values else {}
        return asdict(self) | summary


def from_json(documents: list[dict[str, Any]]) -> list[Result]:
    """The results that `Result.as_json` wrote."""
    known = Result.__dataclass_fields__
    return [Result(**{k: v for k, v in one.items() if k in known}) for one in documents]


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
