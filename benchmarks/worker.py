"""What does one peer do in one measurement? Runs in a process of the peer's own.

A process of its own, so that no peer pays for the modules, the objects or the threads
of another, and so that one that crashes is a failed row and not a failed run. Commands
come as lines of JSON on standard input and are answered on standard output::

    {"row": "request-1", "count": 5000, "latency": false}
    {"operations": 5000, "seconds": 0.21, "cpu_seconds": 0.21, "latencies": []}
"""

import faulthandler
import json
import logging
import os
import signal
import sys
import traceback
from dataclasses import asdict

import anyio

from . import workloads
from .peers import PEERS
from .workloads import ROWS, Peer, Row, Sample

__all__ = ["run"]


def run(peer: Peer, row: Row, count: int, *, latency: bool = False) -> Sample:
    """Measure once, in an event loop made for it."""

    async def measure() -> Sample:
        return await row.measure(peer, count, latency=latency)

    if peer.host == "trio":
        return anyio.run(measure, backend="trio")
    options = {"use_uvloop": peer.host == "uvloop"}
    return anyio.run(measure, backend="asyncio", backend_options=options)


def answer(peer: Peer, line: str) -> dict[str, object]:
    command = json.loads(line)
    row = next(row for row in ROWS if row.name == command["row"])
    # A program that never yields cannot be cancelled from inside: say where it is, die.
    faulthandler.dump_traceback_later(2 * workloads.DEADLINE, exit=True)
    try:
        return asdict(run(peer, row, command["count"], latency=command["latency"]))
    except Exception:  # noqa: BLE001 - reported as this peer's result
        return {"error": traceback.format_exc()}
    finally:
        faulthandler.cancel_dump_traceback_later()


def prepare_for_counting() -> None:
    """Be repeatable, and patient: instructions are counted, and that takes a while."""
    import trio._core._run

    trio._core._run._r.seed(0)  # noqa: SLF001 - trio shuffles its tasks with it
    workloads.DEADLINE *= 100


def main() -> None:
    # Ctrl-C is for the process that started us; it ends us by closing our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    # before the peer imports its library
    os.environ["AUTOGEN_DISABLE_RUNTIME_TRACING"] = "true"
    if "--counting" in sys.argv:
        prepare_for_counting()
    peer = PEERS[sys.argv[1]]
    for line in sys.stdin:
        print(json.dumps(answer(peer, line)), flush=True)


if __name__ == "__main__":
    main()
