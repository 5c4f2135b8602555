"""The names that need an extra are imported when they are first asked for."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import actrio

LATE = actrio._LATE


def python(program: str) -> str:
    """Run a program in an interpreter of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_actrio_imports_no_extra() -> None:
    """What a program does not use costs it nothing."""
    extras = {
        "pydantic",
        "pydantic_core",
        "PIL",
        "google",
        "opentelemetry",
        "sqlite3",
        "mcp",
    }
    # what measures the coverage of this test has imported some of them before
    program = (
        "import sys; before = set(sys.modules); import actrio; "
        f"print({extras} & (set(sys.modules) - before))"
    )
    assert python(program) == "set()"


@pytest.mark.parametrize(
    ("package", "names", "extra"),
    [
        ("pydantic", ["Component", "InMemoryStore", "ComponentType"], "pydantic"),
        ("PIL", ["Image"], "images"),
    ],
)
def test_a_missing_package_gives_the_command(
    package: str, names: list[str], extra: str
) -> None:
    """The rest of actrio works without it."""
    program = f"""
import sys
sys.modules[{package!r}] = None
import actrio
for name in {names}:
    try:
        getattr(actrio, name)
    except ImportError as exc:
        print(exc)
try:
    from actrio import {names[0]}
except ImportError as exc:
    print(exc.name)
"""
    assert python(program).splitlines() == [
        *(
            f"actrio.{name} needs {package}: pip install 'actrio[{extra}]'"
            for name in names
        ),
        package,
    ]


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        *[
            (module, package, extra)
            for module in ("memory", "model_context", "models", "tool_agent", "tools")
            for package, extra in (("pydantic", "pydantic"), ("PIL", "images"))
        ],
        ("code_executor", "pydantic", "pydantic"),
        ("utils", "pydantic", "pydantic"),
        ("tools.mcp", "mcp", "mcp"),
        ("tools.mcp", "mcp_types", "mcp"),
        ("tools.mcp", "httpx2", "mcp"),
    ],
)
def test_a_subpackage_gives_the_command(module: str, package: str, extra: str) -> None:
    """Importing it says what to install; importing actrio does not."""
    program = f"""
import sys
sys.modules[{package!r}] = None
import actrio
try:
    import actrio.{module}
except ImportError as exc:
    print(exc)
    print(exc.name)
"""
    message, name = python(program).splitlines()
    assert re.fullmatch(
        rf"actrio\.[\w.]+ needs {package}: pip install 'actrio\[{extra}\]'", message
    )
    assert name == package


def test_an_image_needs_no_pydantic() -> None:
    """Only a field of a pydantic model does."""
    program = "import sys; sys.modules['pydantic'] = None; from actrio import Image"
    assert python(f"{program}; print(Image.__name__)") == "Image"


def test_another_missing_package_is_not_taken_for_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command would not help."""
    monkeypatch.setitem(actrio._LATE, "Planted", "planted")
    with pytest.raises(ModuleNotFoundError, match=r"actrio\.planted"):
        _ = actrio.Planted  # type: ignore[attr-defined] # planted


def test_other_names_do_not_exist() -> None:
    """The error is the usual one."""
    with pytest.raises(AttributeError, match="'actrio' has no attribute 'Nope'"):
        _ = actrio.Nope  # type: ignore[attr-defined] # what is tested


def test_a_late_name_is_looked_up_once() -> None:
    """Afterwards it is a name like any other."""
    assert actrio.FunctionCall is not None
    assert actrio.Component is vars(actrio)["Component"]


def test_late_names_are_listed() -> None:
    """For whoever completes names, in an interpreter or in an editor."""
    assert set(actrio.__all__) <= set(dir(actrio))
    assert set(LATE) <= set(actrio.__all__)


def test_type_checkers_see_what_is_imported() -> None:
    """The imports for type checkers and the table say the same."""
    tree = ast.parse(Path(actrio.__file__).read_text())
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == LATE


@pytest.mark.parametrize(
    "name", ["actrio.mailboxes.RedisMessageBus", "actrio.state.RedisStateStore"]
)
def test_what_needs_redis_gives_the_command(name: str) -> None:
    """The packages that it is in work without."""
    module, _, short = name.rpartition(".")
    program = f"""
import sys
sys.modules["hiredis"] = None
import {module}
try:
    {name}
except ImportError as exc:
    print(exc)
"""
    command = "pip install 'actrio[redis]'"
    assert python(program) == f"{module}.{short} needs hiredis: {command}"


FIRST_MESSAGE = """
import sys, trio, actrio
assert "cattrs" not in sys.modules

class Echo(actrio.RoutedAgent):
    @actrio.message_handler
    async def on_text(self, message: str, ctx: actrio.MessageContext) -> str:
        return message

async def main():
    async with actrio.SingleThreadedAgentRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        print(await runtime.send_message("hello", actrio.AgentId("echo", "k")))
    assert "cattrs" not in sys.modules

trio.run(main)
[serializer] = actrio.try_get_known_serializers_for_type(str)
print(serializer.serialize("hello").decode())
assert "cattrs" in sys.modules
"""


def test_serialization_is_loaded_with_the_first_message_that_becomes_bytes() -> None:
    """A program whose messages stay in its process does not wait for it."""
    assert python(FIRST_MESSAGE).split() == ["hello", '"hello"']
