"""How long does a message take to become JSON and a message again?

An order with ten lines goes through ``try_get_known_serializers_for_type`` as a dataclass,
with orjson and with the standard library, and as a pydantic model. The candidates take
turns; the ratios are medians over the rounds. ``python -m benchmarks.serialization``
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from pydantic import BaseModel

from actrio.serialization._codec import Codec
from actrio.serialization._json import STANDARD, fastest

__all__ = ["CANDIDATES", "measure"]


@dataclass
class Address:
    street: str
    city: str
    code: str


@dataclass
class Line:
    article: str
    pieces: int
    price: float
    is_gift: bool


@dataclass
class Order:
    number: str
    customer: str
    address: Address
    lines: list[Line]
    tags: list[str]
    note: str | None


class AddressModel(BaseModel):
    street: str
    city: str
    code: str


class LineModel(BaseModel):
    article: str
    pieces: int
    price: float
    is_gift: bool


class OrderModel(BaseModel):
    number: str
    customer: str
    address: AddressModel
    lines: list[LineModel]
    tags: list[str]
    note: str | None


ORDER = Order(
    "o-1",
    "Ada",
    Address("1 Main Street", "London", "N1"),
    [Line(f"a-{n}", n, n * 1.25, n % 2 == 0) for n in range(10)],
    ["new", "export", "paid"],
    None,
)


def _dataclass(codec: Codec) -> Callable[[], object]:
    return lambda: codec.loads(codec.dumps(ORDER))


def _model() -> Callable[[], object]:
    model = OrderModel.model_validate_json(Codec(Order).dumps(ORDER))
    return lambda: OrderModel.model_validate_json(model.model_dump_json())


CANDIDATES: dict[str, Callable[[], object]] = {
    "pydantic": _model(),
    "dataclass, orjson": _dataclass(Codec(Order, json=fastest())),
    "dataclass, standard library": _dataclass(Codec(Order, json=STANDARD)),
}


def measure(*, rounds: int, count: int) -> dict[str, list[float]]:
    """Return the seconds of processor time per round trip, by candidate and round."""
    found: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    for number in range(rounds + 1):
        for name, go in CANDIDATES.items():
            began = time.process_time()
            for _ in range(count):
                go()
            if number:  # the first round warms up
                found[name].append((time.process_time() - began) / count)
    return found


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.serialization", description=__doc__.splitlines()[0]
    )
    options.add_argument("--rounds", type=int, default=15, help="turns per candidate")
    options.add_argument("--count", type=int, default=2_000, help="messages per turn")
    arguments = options.parse_args()
    if fastest() is STANDARD:
        options.error("orjson is missing: pip install 'actrio[fast]'")
    found = measure(rounds=arguments.rounds, count=arguments.count)
    base = found["pydantic"]
    for name, times in found.items():
        ratios = [theirs / ours for theirs, ours in zip(base, times, strict=True)]
        print(
            f"{name:28} {median(times) * 1e6:6.1f} µs {median(ratios):5.2f} times pydantic"
        )


if __name__ == "__main__":
    main()
