"""``kill -9``, in the middle of whatever a store is doing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import killing

SEED, KILLS = 2, 300


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_no_kill_leaves_a_torn_or_mixed_state(tmp_path: Path) -> None:
    """After each kill all that was acknowledged is there, whole and together."""
    result = subprocess.run(
        [sys.executable, killing.__file__, str(tmp_path), str(SEED), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = json.loads(result.stdout)
    assert counts["acknowledged"] >= KILLS
    # some saves were cut off between writing and telling, or the test shows little
    assert counts["in between"] >= KILLS // 10
