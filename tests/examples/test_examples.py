"""The programs in ``examples/asyncio`` and ``examples/trio`` print what they promise."""

import asyncio
import subprocess
import sys
import types
from collections import Counter
from pathlib import Path

import pytest

from actrio.testing import Host, VirtualTimeLoop, run

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
NAMES = sorted(path.stem for path in (EXAMPLES / "asyncio").glob("*.py"))
# They sleep for seconds, so they run in virtual time only.
LONG = {"cancellation", "cancellation_in_handler"}
# They use `actrio.testing`, which autogen_core has not, so their record is ours.
OURS = {"tool_loop"}
# What `create_task` and `await task` become on trio, apart from indentation.
TASK_ON_ASYNCIO = [
    "task = asyncio.create_task(",
    "runtime.send_message(",
    ")",
    "await task",
]
TASK_ON_TRIO = [
    "async def send():",
    "await runtime.send_message(",
    "async with trio.open_nursery() as nursery:",
    "nursery.start_soon(send)",
]

each_program = pytest.mark.parametrize("name", NAMES)
each_host = pytest.mark.parametrize("host", ["asyncio", "trio"])


def expected(name: str) -> str:
    return (HERE / "expected" / f"{name}.txt").read_text()


def load(
    monkeypatch: pytest.MonkeyPatch, host: Host, name: str, core: str = "actrio"
) -> types.ModuleType:
    """Import one program without running it, on the given package."""
    path = EXAMPLES / host / f"{name}.py"
    source = path.read_text().replace("from actrio import", f"from {core} import")
    module = types.ModuleType(f"example_{name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def lines(text: str) -> list[str]:
    """The lines of a program without blank ones and without its event loop's import."""
    loops = {"", "import asyncio", "import trio"}
    return [line for line in text.splitlines() if line.strip() not in loops]


def on_trio(text: str) -> str:
    """An asyncio program with the three replacements that trio asks for."""
    return (
        text.replace("examples/asyncio/", "examples/trio/")
        .replace("asyncio.run(main())", "trio.run(main)")
        .replace("asyncio.sleep(", "trio.sleep(")
    )


@each_host
@each_program
def test_program_prints_what_autogen_core_prints(
    host: Host,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each program prints on actrio, on both hosts, what autogen_core prints."""
    main = load(monkeypatch, host, name).main
    for seed in range(3 if name in LONG else 10):  # orders of tasks
        run(main, host=host, seed=seed)
        assert capsys.readouterr().out == expected(name)


@pytest.mark.slow
@each_host
@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_program_runs_from_the_command_line(host: Host, name: str) -> None:
    """Each quick program runs as its docstring says and prints nothing but its output."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / host / f"{name}.py")]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr, done.returncode) == (expected(name), "", 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in OURS])
def test_record_is_what_autogen_core_prints(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded output is that of the real package for the same file."""
    main = load(monkeypatch, "asyncio", name, "autogen_core").main
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    assert capsys.readouterr().out == expected(name)


@each_host
@each_program
def test_docstring_gives_command_and_output(
    host: Host, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each docstring ends with the command and the output of its program."""
    doc = load(monkeypatch, host, name).__doc__ or ""
    head, _, output = doc.partition("\nOutput:\n\n")
    assert head.endswith(f"    python examples/{host}/{name}.py\n")
    assert "".join(
        line.removeprefix("    ") for line in output.splitlines(keepends=True)
    ) == expected(name)


@each_program
def test_trio_program_differs_only_in_its_event_loop(name: str) -> None:
    """The trio program is the asyncio one with run, sleep and tasks replaced."""
    ours = lines((EXAMPLES / "trio" / f"{name}.py").read_text())
    documented = lines(on_trio((EXAMPLES / "asyncio" / f"{name}.py").read_text()))
    if name not in LONG:
        assert ours == documented
    else:
        after = Counter(line.strip() for line in ours)
        before = Counter(line.strip() for line in documented)
        assert before - after == Counter(TASK_ON_ASYNCIO)
        assert after - before == Counter(TASK_ON_TRIO)


def test_every_program_exists_twice() -> None:
    """Every asyncio program has a trio twin and a record, and the other way round."""
    assert sorted(path.stem for path in (EXAMPLES / "trio").glob("*.py")) == NAMES
    assert sorted(path.stem for path in (HERE / "expected").glob("*.txt")) == NAMES
