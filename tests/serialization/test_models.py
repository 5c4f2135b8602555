"""pydantic models inside dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import pydantic

from .kit import problem_of_reading, problem_of_writing, round_trip

T = TypeVar("T")


class Inner(pydantic.BaseModel):
    size: int = pydantic.Field(alias="theSize")


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Box(pydantic.BaseModel, Generic[T]):
    item: T


class Special(Inner):
    pass


@dataclass
class Outer:
    inner: Inner
    numbers: Numbers | None = None
    box: Box[int] | None = None
    choice: Inner | Box[int] | None = None


def test_models_come_back() -> None:
    """A model is written by the names of its fields, as JSON."""
    value = Outer(Inner(theSize=1), Numbers([1]), Box[int](item=2), Box[int](item=3))
    json = round_trip(Outer, value)
    assert json["inner"] == {"size": 1}
    assert json["numbers"] == {"$type": f"{__name__}.Numbers", "$value": [1]}
    assert json["box"] == {"item": 2}
    assert json["choice"] == {"$type": f"{__name__}.Box[int]", "$value": {"item": 3}}


def test_wrong_models_are_found_at_their_place() -> None:
    """The path goes on inside the model."""
    text = problem_of_reading(Outer, {"inner": {"size": "x"}})
    assert text.startswith("Outer.inner.size: Input should be a valid integer")
    text = problem_of_writing(Outer, Outer(1))  # type: ignore[arg-type]  # the mistake
    assert text == "Outer.inner: expected a Inner, got 1"
    text = problem_of_writing(Outer, Outer(Special(theSize=1)))
    assert text.startswith("Outer.inner: expected a Inner, got Special")
