"""actrio does what autogen_core 0.7.5 does, except where it says that it differs.

Every script of ``scripts/`` runs on both packages, on asyncio in virtual time, and the
results are compared. A script that has not ended after 1,000 seconds hangs.
"""

import asyncio
import inspect
import logging
import warnings
from collections.abc import Callable, Coroutine
from types import ModuleType
from typing import Any

import autogen_core.code_executor
import autogen_core.memory
import autogen_core.model_context
import autogen_core.models
import autogen_core.tool_agent
import autogen_core.tools
import autogen_core.utils
import pytest

import actrio.code_executor
import actrio.memory
import actrio.model_context
import actrio.models
import actrio.tool_agent
import actrio.tools
import actrio.utils
from actrio.testing import VirtualTimeLoop

from .differs import DIFFERS as OTHERS
from .differs_tools import TOOLS
from .scripts import (
    agents,
    cache,
    closures,
    code_executors,
    components,
    contexts,
    handlers,
    identity,
    images,
    interventions,
    life,
    memory,
    messages,
    models,
    schemas,
    subscriptions,
    telemetry,
    tokens,
    tool_agents,
    tools,
)

Script = Callable[[ModuleType], Coroutine[Any, Any, object]]

MODULES = [
    agents,
    cache,
    closures,
    code_executors,
    components,
    contexts,
    handlers,
    identity,
    images,
    interventions,
    life,
    memory,
    messages,
    models,
    schemas,
    subscriptions,
    telemetry,
    tokens,
    tool_agents,
    tools,
]
DIFFERS = {**OTHERS, **TOOLS}
HANGS = "hangs"
SCRIPTS: dict[str, Script] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": function
    for module in MODULES
    for name, function in vars(module).items()
    if inspect.iscoroutinefunction(function)
    and function.__module__ == module.__name__
    and list(inspect.signature(function).parameters) == ["core"]
    and not name.startswith("_")
}


def play(script: Script, core: ModuleType) -> object:
    """Run one script on one package; its result, or ``"hangs"``."""

    async def watched() -> object:
        try:
            async with asyncio.timeout(1000):
                return await script(core)
        except TimeoutError:
            return HANGS

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(watched())


def play_on_autogen_core(script: Script) -> object:
    """The same on autogen_core, whose warnings and last words are not ours."""
    logging.getLogger("asyncio").disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return play(script, autogen_core)
    finally:
        logging.getLogger("asyncio").disabled = False


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in DIFFERS])
def test_both_do_the_same(name: str) -> None:
    """The script's result is the same on both packages."""
    theirs = play_on_autogen_core(SCRIPTS[name])
    assert play(SCRIPTS[name], actrio) == theirs
    assert theirs != HANGS


@pytest.mark.parametrize("name", list(DIFFERS))
def test_the_difference_is_the_documented_one(name: str) -> None:
    """Where actrio differs both results are pinned, with the reason."""
    difference = DIFFERS[name]
    assert difference.reason
    assert play_on_autogen_core(SCRIPTS[name]) == difference.autogen_core
    assert play(SCRIPTS[name], actrio) == difference.actrio
    assert difference.autogen_core != difference.actrio
