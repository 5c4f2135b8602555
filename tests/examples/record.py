"""Record what autogen_core prints for the programs in ``examples/asyncio``.

    python tests/examples/record.py [NAME ...]

The files in ``expected/`` come from here: each program runs with its import line put back
to ``from autogen_core import``. Two of them take some seconds.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / "examples" / "asyncio"


def record(name: str) -> None:
    """Run one program on autogen_core and write down what it printed."""
    source = (PROGRAMS / f"{name}.py").read_text()
    source = source.replace("from actrio import", "from autogen_core import")
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    (HERE / "expected" / f"{name}.txt").write_bytes(done.stdout)


if __name__ == "__main__":
    ours = {"tool_loop"}  # it uses actrio.testing
    for name in sys.argv[1:] or sorted(path.stem for path in PROGRAMS.glob("*.py")):
        if name not in ours:
            record(name)
