"""How the tests run.

- A plain async test runs on trio under pytest-trio; ask for ``autojump_clock`` to sleep
  in virtual time.
- A semantic test runs on every host. Write it with anyio's primitives and mark the
  module::

      pytestmark = pytest.mark.anyio

  It then runs as ``[trio]`` and ``[asyncio]``, both in virtual time: sleeping costs
  nothing. With ``@pytest.mark.every_host`` it also runs as ``[uvloop]``, in real time,
  so keep its sleeps short. To restrict a test to some hosts, name them::

      @pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)

  The fixture ``anyio_backend_name`` tells ``"trio"`` from ``"asyncio"``.
- Every async test fails when a task is left at its end: on asyncio any task, on trio
  any system task (other tasks cannot be left there). The test's fixtures have ended by
  then, so a runtime that a fixture forgot to stop is found as well.
- Synchronous tests (Hypothesis among them) run programs with ``actrio.testing.run``.
- Tests marked ``slow`` are left out without ``--run-slow``, those marked ``chaos``, which
  kill processes under load for a minute, without ``--run-chaos``.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actrio.logging import EVENT_LOGGER_NAME, ROOT_LOGGER_NAME, TRACE_LOGGER_NAME
from actrio.testing import VirtualTimeLoop, leftover_tasks

TIMED_HOSTS = ["trio", "asyncio"]
PLANTING = pytest.StashKey[tuple[subprocess.Popen[bytes], Path]]()
"""What plants faults, and where it writes what was found."""
LOGGERS = (ROOT_LOGGER_NAME, EVENT_LOGGER_NAME, TRACE_LOGGER_NAME)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--run-slow", action="store_true", help="also run the tests marked slow"
    )
    parser.addoption(
        "--run-chaos", action="store_true", help="also run the tests marked chaos"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "every_host: an anyio test that also runs on uvloop, in real time"
    )
    # a shell that starts a program in the background has it ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to plant faults beside all other tests, if their outcome is asked for.

    They take two minutes, most of it while other tests wait for something, and have what
    those leave of the processors.
    """
    wanted = any(item.path.name == "test_planted.py" for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    program = Path(__file__).with_name("planted.py")
    output = Path(tempfile.mkdtemp(prefix="actrio-planted-")) / "output"
    with output.open("wb") as file:
        words = [sys.executable, str(program), "--json"]
        process = subprocess.Popen(words, stdout=file, stderr=file)
    session.config.stash[PLANTING] = process, output


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing of it behind."""
    process, output = config.stash.get(PLANTING, (None, None))
    if process is not None and output is not None:
        process.kill()
        process.wait()
        shutil.rmtree(output.parent, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each anyio test once per host, unless it names its hosts itself."""
    named = any(
        "anyio_backend" in re.findall(r"\w+", str(mark.args[0]))
        for mark in metafunc.definition.iter_markers("parametrize")
    )
    if "anyio_backend" in metafunc.fixturenames and not named:
        every_host = metafunc.definition.get_closest_marker("every_host")
        hosts = [*TIMED_HOSTS, "uvloop"] if every_host else TIMED_HOSTS
        metafunc.parametrize("anyio_backend", hosts, indirect=True)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Give async tests their host and their leak check; leave slow tests out."""
    for item in items:
        if isinstance(item, pytest.Function) and is_async(item):
            if item.get_closest_marker("anyio") is None:
                if item.get_closest_marker("trio") is None:
                    item.add_marker(pytest.mark.trio(run=run_without_leftovers))
            else:
                # First, so that it ends last: after the fixtures of the test.
                item.fixturenames.insert(0, "no_leftovers")
    for kind in ("slow", "chaos"):
        if not config.getoption(f"--run-{kind}"):
            left = [item for item in items if item.get_closest_marker(kind)]
            config.hook.pytest_deselected(items=left)
            items[:] = [item for item in items if item not in left]


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """Put the library's loggers back: programs under test set up their own logging."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(one, one.level, list(one.handlers), one.disabled) for one in loggers]
    yield
    for logger, level, handlers, disabled in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
        logger.disabled = disabled


def is_async(item: pytest.Function) -> bool:
    """Tell whether a test is a coroutine function, under ``@given`` as well."""
    function = getattr(item.obj, "hypothesis", None)
    return inspect.iscoroutinefunction(
        item.obj if function is None else function.inner_test
    )


def run_without_leftovers(
    async_fn: Callable[..., Awaitable[object]], *args: object, **options: Any
) -> object:
    """Do what ``trio.run`` does, then fail if a system task is left."""

    async def checked() -> object:
        result = await async_fn(*args)
        assert leftover_tasks() == []
        return result

    return trio.run(checked, **options)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of an anyio test, as anyio's plugin wants it."""
    return host_of(request.param, virtual_time=True)


def host_of(name: str, *, virtual_time: bool) -> tuple[str, dict[str, Any]]:
    """Return a host as anyio's plugin wants it."""
    match name:
        case "trio":
            clock = {"clock": MockClock(autojump_threshold=0)}
            return "trio", clock if virtual_time else {}
        case "asyncio":
            return "asyncio", {"loop_factory": VirtualTimeLoop} if virtual_time else {}
        case "uvloop":
            uvloop = pytest.importorskip("uvloop")
            return "asyncio", {"loop_factory": uvloop.new_event_loop}
        case other:
            msg = f"unknown host {other!r}: use 'trio', 'asyncio' or 'uvloop'"
            raise ValueError(msg)


@pytest.fixture
async def no_leftovers(anyio_backend: object) -> AsyncIterator[None]:
    """Fail the test if a task is left when it and its fixtures have ended."""
    # anyio's plugin keeps tasks of its own around a test, on asyncio.
    known = [] if trio.lowlevel.in_trio_run() else list(asyncio.all_tasks())
    yield
    plugins_own = "TestRunner._call_in_runner_task"
    assert [task for task in leftover_tasks(known) if plugins_own not in task] == []
