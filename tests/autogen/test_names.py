"""Which module stands in for which."""

import importlib
import importlib.util

import pytest

from actrio.autogen import _names
from actrio.autogen._names import target_of


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("autogen_core", "actrio"),
        ("autogen_core.models", "actrio.models"),
        ("autogen_core._agent_id", "actrio"),
        ("autogen_core.tools._base", "actrio.tools"),
        ("autogen_core._runtime_impl_helpers", None),
        ("autogen_core.nothing", None),
        ("autogen_core.models.nothing", None),
        ("autogen_corex", None),
        ("autogen_agentchat", None),
        ("actrio.models", None),
    ],
)
def test_modules_that_actrio_has_are_stood_in_for(
    module: str, target: str | None
) -> None:
    """All others are nobody's."""
    assert target_of(module) == target


def test_every_module_in_the_tables_exists_on_both_sides() -> None:
    """A name in the tables is one of autogen_core's, and what stands in is there."""
    for name in (*_names._PUBLIC, *_names._PRIVATE):
        module = f"autogen_core.{name}" if name else "autogen_core"
        target = target_of(module)
        assert target is not None
        importlib.import_module(target)
        assert importlib.util.find_spec(module) is not None
