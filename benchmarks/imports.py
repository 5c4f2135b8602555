"""How long does ``import actrio`` take, next to what it is made of?

Each import happens in a fresh interpreter, which times it itself: the interpreter's own
start, the same for all, would only make the ratio look better. The interpreters take
turns. A first turn, not counted, writes the byte code and warms the disk's cache.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

from .peers import PEERS
from .results import Result, last_words

__all__ = ["DEPENDENCIES", "NAME", "STATEMENTS", "measure_imports"]

NAME = "import"
DEPENDENCIES = "its dependencies"
STATEMENTS = {
    DEPENDENCIES: "import trio, anyio, attrs, cattrs",
    "actrio": "import actrio",
    "autogen_core": "import autogen_core",
    "Pykka": "import pykka",
    "xoscar": "import xoscar",
    "Thespian": "import thespian.actors",
    "Ray": "import ray",
}
PROGRAM = """
import time
began = time.perf_counter()
{statement}
print(time.perf_counter() - began)
"""


def measure_imports(
    peers: list[str],
    results: list[Result],
    *,
    rounds: int,
    progress: Callable[[str], None],
) -> None:
    """Import everything in turn, ``rounds`` times and once more; adds to ``results``."""
    progress(f"import: {rounds} rounds")
    own = [
        Result(NAME, f"`{statement}`", name, "ms")
        for name, statement in STATEMENTS.items()
        if name in peers or name not in PEERS
    ]
    results += own
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG"}
    }
    for number in range(rounds + 1):
        for result in own:
            if result.error or result.lacks or _is_missing(result):
                continue
            program = PROGRAM.format(statement=STATEMENTS[result.peer])
            done = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                check=False,
                env=environment,
            )
            if done.returncode:
                result.error = last_words(done.stderr)
            elif number:
                result.values.append(float(done.stdout) * 1000)


def _is_missing(result: Result) -> bool:
    peer = PEERS.get(result.peer)
    if peer is None or all(find_spec(module) for module in peer.needs):
        return False
    result.lacks = f"not installed: {peer.install}"
    return True
