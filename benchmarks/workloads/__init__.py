"""What is measured: the rows of the table.

Every peer runs the same loops on the same message classes. What a peer supplies is one
awaitable call: ``ask(ping)``, which returns a pong, or ``publish(tick)``. Every pong is
verified by its caller, every tick by its receiver, and a wrong one fails the row: what
is not correct is never counted as fast.
"""

from ._cancelling import CancelRow
from ._creating import CreateRow
from ._curves import CURVES, Curve
from ._requests import ChainRow, RequestRow
from ._row import Row, Sample, Stopwatch, call
from ._steps import STEPS
from ._tells import FanInRow, PublishRow

__all__ = ["CURVES", "ROWS", "STEPS", "Curve", "Row", "Sample", "Stopwatch", "call"]

ROWS: list[Row] = [
    RequestRow(1),
    RequestRow(16),
    RequestRow(100),
    RequestRow(256),
    RequestRow(1, payload=10_000),
    ChainRow(5),
    PublishRow(1),
    PublishRow(10),
    PublishRow(1_000),
    FanInRow(100),
    CreateRow(10_000, quickly=1_000),
    CancelRow(16),
]
