"""Classes that have the bare names of others."""

from dataclasses import dataclass


@dataclass
class Circle:
    """Not the circle of the unions."""

    size: int


@dataclass
class Order:
    """Not the order of the registry."""

    id: str
