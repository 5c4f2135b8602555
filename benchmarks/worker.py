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

from . import stages
from .messages import LacksError
from .peers import PEERS, Peer
from .workloads import CURVES, ROWS, STEPS, Row, Sample

__all__ = ["NAMED", "run"]

NAMED: dict[str, Row] = {row.name: row for row in (*ROWS, *CURVES, *STEPS)}


def run(peer: Peer, row: Row, count: int, *, latency: bool = False) -> Sample:
    """Measure once, in an event loop made for it."""
    stage = stages.STAGES[peer.host]
    return stage.run(lambda: row.measure(peer, stage, count, latency=latency))


def answer(peer: Peer, line: str) -> dict[str, object]:
    command = json.loads(line)
    row = NAMED[command["row"]]
    # A program that never yields cannot be cancelled from inside: say where it is, die.
    faulthandler.dump_traceback_later(2 * stages.DEADLINE, exit=True)
    try:
        return asdict(run(peer, row, command["count"], latency=command["latency"]))
    except LacksError as exc:
        return {"lacks": str(exc)}
    except TimeoutError:  # to print what all its tasks did would take as long again
        return {"error": f"TimeoutError: not done after {stages.DEADLINE:.0f} s"}
    except Exception:  # noqa: BLE001 - reported as this peer's result
        return {"error": traceback.format_exc()}
    finally:
        faulthandler.cancel_dump_traceback_later()


def prepare_for_counting() -> None:
    """Be repeatable, and patient: instructions are counted, and that takes a while."""
    import trio._core._run

    trio._core._run._r.seed(0)  # noqa: SLF001 - trio shuffles its tasks with it
    stages.DEADLINE *= 100


def main() -> None:
    # Ctrl-C is for the process that started us; it ends us by closing our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    # before the peer imports its library
    os.environ["AUTOGEN_DISABLE_RUNTIME_TRACING"] = "true"
    if "--counting" in sys.argv:
        prepare_for_counting()
    peer = PEERS[sys.argv[1]]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        print(json.dumps(answer(peer, line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
