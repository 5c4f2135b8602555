"""The command line: ``python -m benchmarks.distributed``."""

import argparse
import sys

from ..machine import machine, machine_line
from ._sides import SIDES
from ._table import ROWS, lines, measure


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.distributed",
        description="actrio on Redis next to AutoGen's gRPC runtime.",
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--scale", type=float, default=1.0, help="times the operations of a turn"
    )
    options.add_argument(
        "--only", action="append", default=[], help="part of a row's title, or a side"
    )
    options.add_argument(
        "--aof", action="store_true", help="Redis writes all to disk, each second"
    )
    arguments = options.parse_args()
    wanted = arguments.only
    sides = [name for name in SIDES if name in wanted] or [*SIDES]
    parts = [part for part in wanted if part not in SIDES]
    rows = [
        row for row in ROWS if not parts or any(part in row.title for part in parts)
    ]
    found = measure(
        [SIDES[name](arguments.aof) for name in sides],
        rows,
        rounds=arguments.rounds,
        scale=arguments.scale,
        progress=lambda title: print(title, file=sys.stderr, flush=True),
    )
    for line in lines(found, rows):
        print(line)
    where = machine()
    print(f"{machine_line(where)}; load {where['load']}")


if __name__ == "__main__":
    main()
