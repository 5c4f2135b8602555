"""The README and the docs are true: their programs run, and their lists are complete.

Every ``python`` block of a page runs, in the order of the page and in one namespace, on
the host that it names by calling ``trio.run`` or ``asyncio.run``, in virtual time. What
a block prints stands in the ``text`` block that follows it. A block that cannot run says
why in a comment on the line before::

    <!-- not run: needs a terminal -->

A block that repeats a file of the repository names it the same way, and must equal it::

    <!-- file: examples/why/hang.py -->

An output that the program above it prints with another package in place of actrio::

    <!-- printed with: autogen_core -->
"""

import ast
import asyncio
import contextlib
import importlib
import inspect
import io
import os
import re
import subprocess
import sys
import textwrap
import types
from collections.abc import Coroutine, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from actrio import SingleThreadedAgentRuntime
from actrio.testing import VirtualTimeLoop

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]

FENCE = re.compile(
    r"^(?:<!-- *(?P<kind>not run|file|printed with): *(?P<note>.+?) *-->\n)?"
    r"```(?P<language>[\w{}:-]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


# What public methods return or a hook is given; nobody imports them to make one.
RETURNED = [
    "actrio.messages.CancelledFlag",
    "actrio.runtime.AgentSnapshot",
    "actrio.runtime.AgentState",
    "actrio.runtime.DeadLetter",
    "actrio.runtime.DeadLetterReason",
    "actrio.runtime.DeadLetters",
    "actrio.runtime.Running",
    "actrio.runtime.RuntimeStatistics",
    "actrio.runtime.Snapshot",
]


@attrs.frozen
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    not_run: str | None = None
    file: str | None = None
    printed_with: str | None = None


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks, in order."""
    return [
        Block(
            found["language"],
            found["text"],
            text[: found.start("text")].count("\n") + 1,
            found["note"] if found["kind"] == "not run" else None,
            found["note"] if found["kind"] == "file" else None,
            found["note"] if found["kind"] == "printed with" else None,
        )
        for found in FENCE.finditer(text)
    ]


@contextlib.contextmanager
def namespace(name: str) -> Iterator[dict[str, Any]]:
    """A module to run blocks in: dataclasses and annotations look themselves up there."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        yield vars(module)
    finally:
        del sys.modules[name]


def printed(block: Block, path: Path, names: dict[str, Any]) -> str:
    """Run one block; tracebacks show the line in the page."""
    source = "\n" * (block.line - 1) + block.text
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, str(path), "exec"), names)
    return output.getvalue()


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(autouse=True)
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the programs sleep in no time, and race no clock of a busy machine."""
    trio_run = trio.run

    def on_trio(async_fn: Any, *args: Any, **options: Any) -> Any:
        clock = MockClock(autojump_threshold=0)
        return trio_run(async_fn, *args, **({"clock": clock} | options))

    def on_asyncio(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(main)

    monkeypatch.setattr(trio, "run", on_trio)
    monkeypatch.setattr(asyncio, "run", on_asyncio)


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_every_python_block_runs(path: Path) -> None:
    """Programs run as printed, and print what the page says they print."""
    blocks = blocks_of(path.read_text())
    with namespace(f"page_{path.stem}") as names:
        for block, following in zip_longest(blocks, blocks[1:]):
            if block.language != "python" or block.not_run or block.file:
                continue
            expected = ""
            if following is not None and following.language == "text":
                expected = following.text
            assert printed(block, path, names) == expected, (
                f"{where(path)}, line {block.line}"
            )


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_outputs_of_other_packages_are_theirs(path: Path) -> None:
    """What a page says that autogen_core prints is what it prints."""
    program = None
    for block in blocks_of(path.read_text()):
        if block.language == "python":
            program = block
        elif block.printed_with is not None:
            assert program is not None
            theirs = program.text.replace("actrio", block.printed_with)
            with namespace("page_with_other_package") as names:
                output = printed(attrs.evolve(program, text=theirs), path, names)
            assert output == block.text


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_blocks_name_their_language(path: Path) -> None:
    """No program hides behind a fence that the tests do not look at."""
    known = {
        "python", "text", "sh", "{toctree}", "{eval-rst}", "{glossary}", "{image}",
        "{include}",
    }  # fmt: skip
    assert {block.language for block in blocks_of(path.read_text())} <= known


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_repeated_files_are_equal(path: Path) -> None:
    """A program shown from `examples/` is the program in `examples/`."""
    for block in blocks_of(path.read_text()):
        if block.file is not None:
            assert block.text == (ROOT / block.file).read_text()


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_paths_that_pages_name_exist(path: Path) -> None:
    """A guarantee leads to its tests, and an instruction to its file."""
    text = path.read_text()
    named = re.findall(r"`((?:tests|examples|benchmarks|docs|src)/[\w./-]*)`", text)
    assert not [name for name in named if not (ROOT / name).exists()]


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    """The check of the outputs can fail."""
    page = tmp_path / "page.md"
    page.write_text("# x\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    code, text = blocks_of(page.read_text())
    with namespace("page_planted") as names:
        assert printed(code, page, names) == "2\n" != text.text
    assert code.line == 4


def test_a_block_that_does_not_run_says_why() -> None:
    """The comment is found, and it has to give a reason."""
    (block,) = blocks_of("<!-- not run: needs a terminal -->\n```python\n1/0\n```\n")
    assert block.not_run == "needs a terminal"


def fragments() -> Iterator[tuple[str, str]]:
    """The examples in the docstrings of public names: indented Python after ``::``."""
    literal = re.compile(r"^( *)(?:\S.*)?::\n\n((?:\1 +.*\n|\n)+)", re.MULTILINE)
    public = {
        f"{module}.{name}": getattr(importlib.import_module(module), name)
        for module in (
            "actrio",
            "actrio.autogen",
            "actrio.code_executor",
            "actrio.distributed",
            "actrio.exceptions",
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
        )
        for name in importlib.import_module(module).__all__
    }
    members = {
        f"{name}.{key}": member
        for name, value in public.items()
        if inspect.isclass(value)
        for key, member in vars(value).items()
        if not key.startswith("_")
    }
    for name, value in (public | members).items():
        for found in literal.finditer(f"{inspect.getdoc(value)}\n"):
            if name not in NOT_RUN:
                yield name, textwrap.dedent(found[2])


NOT_RUN = {
    "actrio.autogen.AgentChatRuntime": "it needs asyncio; docs/agentchat.md has it whole",
    "actrio.autogen.install": "it replaces a package; tests/autogen/test_drop_in.py does",
    "actrio.testing.RedisCluster": "tests/testing/test_redis_cluster.py does it",
    "actrio.testing.RedisSentinels": "tests/testing/test_redis_sentinels.py does it",
    "actrio.testing.sweep": "it leaves out the agents, which are the user's",
    "actrio.mailboxes.RedisMessageBus": "there need not be a server at this address",
    "actrio.distributed.DeadLetterQueue": "there need not be a server at this address",
    "actrio.distributed.FencedStateStore.save_fenced": "it is the inside of a handler",
    "actrio.distributed.RedisAgentRuntime": "there need not be a server at this address",
    "actrio.state.RedisStateStore": "there need not be a server at this address",
}
FRAGMENTS = sorted(fragments())

# What the fragments take for granted: a few names, and agents of these types.
PRELUDE = """
from dataclasses import dataclass

import trio

from actrio import *
from actrio.testing import *

@dataclass
class Task:
    name: str

@dataclass
class Done:
    name: str

class Greeter(RoutedAgent):
    @message_handler
    async def on_name(self, message: str, ctx: MessageContext) -> str:
        return f"Hello, {message}"

async def fetch(url: str) -> str:
    return f"the page at {url}"

class Worker(Greeter):
    pass

async def scenario() -> None:
    pass

async def program(url: str) -> None:
    pass

url = "example.org"
store: dict[str, object] = {}
token = CancellationToken()
"""


@pytest.mark.parametrize(
    "text", [pytest.param(text, id=name) for name, text in FRAGMENTS]
)
def test_every_example_in_a_docstring_runs(text: str) -> None:
    """Examples in docstrings use names that exist, in a way that works."""
    code = compile(text, "docstring", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with namespace("docstring_example") as names:
        exec(PRELUDE, names)
        if not code.co_flags & inspect.CO_COROUTINE:
            exec(code, names)
            return

        async def main() -> None:
            async with SingleThreadedAgentRuntime() as names["runtime"]:
                await names["runtime"].register_factory(
                    "worker",
                    lambda: names["Worker"](),  # noqa: PLW0108 - defined later
                )
                await eval(code, names)

        with contextlib.redirect_stdout(io.StringIO()):
            trio.run(main)


def test_the_reference_has_every_public_name_once() -> None:
    """Nothing public is missing from the reference, and nothing stands there twice."""
    directives = re.findall(
        r"^\.\. auto\w+:: ([\w.]+)", (DOCS / "reference.md").read_text(), re.MULTILINE
    )
    public = [
        f"{module}.{name}"
        for module in (
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
        )
        for name in importlib.import_module(module).__all__
    ]
    # A name exported twice is documented where it is imported from first.
    once = {name.rpartition(".")[2]: name for name in reversed([*public, *RETURNED])}
    assert sorted(directives) == sorted(once.values())


def test_every_page_is_reachable() -> None:
    """The index lists all pages."""
    text = (DOCS / "index.md").read_text()
    listed = set(re.findall(r"^(\w+)$", text, re.MULTILINE))
    assert listed >= {page.stem for page in DOCS.glob("*.md")} - {"index"}


def test_ci_runs_the_command_of_the_readme() -> None:
    """The second command of the README and the first step of `.ci/run` are one line."""
    if not (ROOT / ".ci").exists():  # pragma: no cover
        pytest.skip("a source distribution without .ci")
    commands = [
        line
        for block in blocks_of((ROOT / "README.md").read_text())
        if block.language == "sh"
        for line in block.text.splitlines()
    ]
    test_commands = [line for line in commands if "pytest" in line]
    assert len(test_commands) == 1
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert f"{test_commands[0]} || exit" in script


def test_the_first_command_of_the_readme_shows_something() -> None:
    """The program that the first command runs exists, works, and prints."""
    (command,) = re.findall(
        r"^python3 .*/python (examples/\S+)$",
        (ROOT / "README.md").read_text(),
        re.MULTILINE,
    )
    run = subprocess.run(
        [sys.executable, command],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout
    assert not run.stderr


def test_change_notes_have_a_known_kind() -> None:
    """`<issue>.<kind>.md` or `<issue>.<kind>.<n>.md`, as towncrier wants it."""
    names = {path.name for path in (DOCS / "changes").glob("*")} - {"README.md"}
    pattern = re.compile(r"\d+\.(feature|change|bugfix|doc|misc)(\.\d+)?\.md")
    assert not [name for name in sorted(names) if not pattern.fullmatch(name)]
