"""Every planted fault turns a test red."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.conftest import PLANTING

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="planted.py forks"),
]
PLANTED = Path(__file__).with_name("planted.py")


def load() -> ModuleType:
    """Import `planted.py`, which is a program, as a module."""
    spec = importlib.util.spec_from_file_location("planted", PLANTED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted"] = module
    spec.loader.exec_module(module)
    return module


planted = load()


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """What all tests say about all faults; asked for since the tests began."""
    process, output = request.config.stash[PLANTING]
    process.wait()
    text = output.read_text(errors="replace")
    found = [json.loads(line) for line in text.splitlines() if line[:1] == "{"]
    assert found, text
    return {outcome["name"]: outcome for outcome in found}


@pytest.mark.timeout(300)
def test_without_a_fault_all_these_tests_pass(
    outcomes: dict[str, dict[str, Any]],
) -> None:
    """On a plain copy of the source no test is red, so that red means something."""
    outcome = outcomes[planted.CONTROL]
    assert outcome["expected"], outcome["text"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", planted.FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_turns_a_test_red(
    fault: Any, outcomes: dict[str, dict[str, Any]]
) -> None:
    """The tests named beside a fault notice it."""
    outcome = outcomes[fault.name]
    assert outcome["expected"], outcome["text"]
