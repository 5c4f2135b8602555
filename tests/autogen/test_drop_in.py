"""``import autogen_core`` gives actrio, and programs cannot tell."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import autogen_core as real
import pytest
from autogen_core import (
    code_executor,
    exceptions,
    memory,
    model_context,
    models,
    tool_agent,
    tools,
    utils,
)

import actrio
import actrio.autogen
import actrio.models
from actrio.autogen import install
from actrio.autogen._drop_in import _Finder
from actrio.components._providers import CUSTOMS
from actrio.exceptions import UntrustedProvider

# the names of the real package, as long as it is there
REAL_NAMES = {
    module.__name__: list(module.__all__)
    for module in (
        real,
        code_executor,
        memory,
        model_context,
        models,
        tool_agent,
        tools,
        utils,
    )
}
REAL_NAMES[exceptions.__name__] = [
    "CantHandleException",
    "MessageDroppedException",
    "NotAccessibleError",
    "UndeliverableException",
]


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if autogen_core had never been imported; afterwards all is as it was."""
    families = ("autogen_core", "autogen_agentchat")
    before = {n: m for n, m in sys.modules.items() if n.split(".")[0] in families}
    for name in before:
        del sys.modules[name]
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(CUSTOMS, "written_as", CUSTOMS.written_as)
    monkeypatch.setattr(CUSTOMS, "namespaces", CUSTOMS.namespaces)
    yield
    for name in [n for n in sys.modules if n.split(".")[0] in families]:
        del sys.modules[name]
    sys.modules.update(before)


def load(name: str) -> Any:
    return importlib.import_module(name)


@pytest.mark.usefixtures("absent")
def test_autogen_core_is_actrio() -> None:
    """Its classes are the same objects."""
    install()
    assert load("autogen_core").AgentId is actrio.AgentId
    assert load("autogen_core.models").UserMessage is actrio.models.UserMessage
    assert load("autogen_core").__version__ == "0.7.5"
    assert load("autogen_core").models is load("autogen_core.models")


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("module", sorted(REAL_NAMES))
def test_every_public_name_is_there(module: str) -> None:
    """What the real package exports can be imported."""
    install()
    stand_in = load(module)
    assert not [name for name in REAL_NAMES[module] if not hasattr(stand_in, name)]
    assert set(REAL_NAMES[module]) <= set(dir(stand_in))


@pytest.mark.usefixtures("absent")
def test_a_star_import_takes_the_public_names() -> None:
    """As from any package."""
    install()
    names: dict[str, Any] = {}
    exec("from autogen_core.tools import *", names)
    assert names["FunctionTool"] is load("actrio.tools").FunctionTool


@pytest.mark.usefixtures("absent")
def test_its_runtime_interleaves() -> None:
    """It is one of ours, and handles all messages of an agent at once."""
    install()
    runtime = load("autogen_core").SingleThreadedAgentRuntime
    assert issubclass(runtime, actrio.SingleThreadedAgentRuntime)
    assert runtime is not actrio.SingleThreadedAgentRuntime


@pytest.mark.usefixtures("absent")
def test_public_names_are_found_in_private_modules() -> None:
    """As parts of autogen_ext import them."""
    install()
    assert load("autogen_core._agent_id").AgentId is actrio.AgentId
    assert load("autogen_core.models._types").UserMessage is actrio.models.UserMessage
    assert load("autogen_core._serialization").SerializationRegistry


@pytest.mark.usefixtures("absent")
def test_what_is_not_there_is_said_with_the_way_out() -> None:
    """A module and a name that actrio does not have."""
    install()
    with pytest.raises(ModuleNotFoundError, match=r"use the adapter, actrio\.autogen"):
        load("autogen_core._runtime_impl_helpers")
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from autogen_core import Nothing")
    with pytest.raises(AttributeError, match="actrio has no such name"):
        load("autogen_core").Nothing  # noqa: B018 - looking is enough
    with pytest.raises(AttributeError, match="__wrapped__"):
        load("autogen_core").__wrapped__  # noqa: B018 - the same


@pytest.mark.usefixtures("absent")
def test_installing_twice_changes_nothing() -> None:
    """There is one finder."""
    install()
    install()
    assert sum(isinstance(finder, _Finder) for finder in sys.meta_path) == 1


def test_it_refuses_when_the_real_package_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error says where that is from, and nothing is changed."""
    monkeypatch.setattr(sys, "meta_path", before := [*sys.meta_path])
    with pytest.raises(RuntimeError, match=r"imported already, from .*autogen_core"):
        install()
    assert sys.meta_path == before
    assert CUSTOMS.written_as == "actrio"


def test_the_package_has_two_names() -> None:
    """Another one is an error, as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        actrio.autogen.Nothing  # type: ignore[attr-defined] # noqa: B018 - on purpose


def test_trusted_namespaces_are_a_collection() -> None:
    """One string would be taken for its letters."""
    with pytest.raises(TypeError, match=r"write \['my_app'\]"):
        install(trusted_namespaces="my_app")


@pytest.mark.usefixtures("absent")
def test_components_are_written_under_names_of_autogen_core() -> None:
    """AutoGen can read them, and they are read here."""
    install()
    memory_class = load("autogen_core.memory").ListMemory
    written = memory_class().dump_component()
    assert written.provider == "autogen_core.memory.ListMemory"
    assert isinstance(memory_class.load_component(written), memory_class)
    store = load("autogen_core").InMemoryStore().dump_component()
    assert store.provider == "autogen_core.InMemoryStore"


@pytest.mark.usefixtures("absent")
def test_namespaces_are_trusted_everywhere() -> None:
    """Components of trusted packages are imported, of others not."""
    model = {"provider": "planted_app.Thing", "config": {}}
    install()
    base = load("autogen_core").ComponentLoader
    with pytest.raises(UntrustedProvider):
        base.load_component(model)
    install(trusted_namespaces=["planted_app"])
    with pytest.raises(ModuleNotFoundError, match="cannot be found"):
        base.load_component(model)


PROGRAM = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "autogen_core":
            raise ModuleNotFoundError(f"{name} is absent", name=name)

sys.meta_path.insert(0, Absent())
import actrio.autogen
actrio.autogen.install()

import asyncio
from tests.autogen.kit import Speaker, said
from autogen_agentchat.teams import RoundRobinGroupChat

async def main():
    team = RoundRobinGroupChat([Speaker("one"), Speaker("other")], max_turns=2)
    print(said((await team.run(task="Go.")).messages))
    assert len(asyncio.all_tasks()) == 1

asyncio.run(main())
assert not [n for n, m in sys.modules.items() if n.startswith("autogen_core")
    and getattr(m, "__file__", None)]
"""


@pytest.mark.slow
def test_agentchat_runs_without_autogen_core() -> None:
    """A team with a runtime of its own, in a process where the real one is absent."""
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stderr == ""
    assert found.stdout == "['user: Go.', 'one: I am one.', 'other: I am other.']\n"


@pytest.mark.slow
def test_importing_actrio_imports_neither() -> None:
    """The adapter and the drop-in cost nothing who does not use them."""
    program = (
        "import sys, actrio; print([n for n in sys.modules if 'autogen' in n])\n"
        "import actrio.autogen; print('autogen_core' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\nFalse\n"


BOTH = """
import actrio.autogen
actrio.autogen.install()
try:
    actrio.autogen.AgentChatRuntime()
except RuntimeError as exc:
    print(exc)
"""


@pytest.mark.slow
def test_the_adapter_has_nothing_to_adapt_then() -> None:
    """Whoever uses both is told which runtime to use."""
    found = subprocess.run(
        [sys.executable, "-c", BOTH], capture_output=True, text=True, check=True
    )
    assert "autogen_core is actrio in this program" in found.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "extra", "name"),
    [
        ("pydantic", "pydantic", "actrio.autogen"),
        ("autogen_core", "autogen", "actrio.autogen.AgentChatRuntime"),
    ],
)
def test_a_missing_package_gives_the_command(
    package: str, extra: str, name: str
) -> None:
    """The adapter needs autogen_core, and both ways need pydantic."""
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "try:\n    from actrio.autogen import AgentChatRuntime\n"
        "except ImportError as exc:\n    print(exc)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"{name} needs {package}: pip install 'actrio[{extra}]'\n"
