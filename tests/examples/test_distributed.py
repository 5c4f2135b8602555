"""The program in ``examples/distributed``, with real processes and a real server."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "examples" / "distributed" / "three_workers.py"


@pytest.mark.slow
def test_no_answer_is_missing_when_a_worker_is_killed() -> None:
    """The program kills a worker, and every question is answered."""
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "no answer is missing: True" in done.stdout
