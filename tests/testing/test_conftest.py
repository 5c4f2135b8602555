"""How the suite itself runs its tests."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SAMPLE = """
import anyio, asyncio, pytest, trio
from actrio.testing import VirtualTimeLoop

async def test_plain(autojump_clock):
    await trio.sleep(1000)

async def test_plain_leak():
    trio.lowlevel.spawn_system_task(trio.sleep_forever, name="actrio.router")

@pytest.mark.anyio
async def test_hosts(anyio_backend_name):
    await anyio.sleep(1000)

@pytest.mark.anyio
@pytest.mark.every_host
async def test_every_host(anyio_backend_name):
    await anyio.sleep(0)

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_asyncio_leak():
    asyncio.get_running_loop().create_task(anyio.sleep(5))

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
async def test_trio_leak():
    trio.lowlevel.spawn_system_task(trio.sleep_forever, name="actrio.router")

@pytest.fixture
async def tasks(anyio_backend):
    async with anyio.create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()

@pytest.mark.anyio
async def test_fixture(tasks):
    tasks.start_soon(anyio.sleep_forever)

@pytest.mark.slow
def test_slow():
    pass
"""


@pytest.fixture
def sample(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with this suite's conftest and the sample above."""
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(SAMPLE)
    pytester.makeini("[pytest]\nmarkers = slow: takes long")
    return pytester


@pytest.mark.slow
def test_hosts_leaks_and_slow_tests(sample: pytest.Pytester) -> None:
    """Each kind of test runs where it should, and leaks are reported where they are."""
    result = sample.runpytest_subprocess("-rA", "-p", "no:cacheprovider")
    # An anyio test passes before its leak shows, in the tear-down.
    result.assert_outcomes(passed=10, failed=1, errors=2, deselected=1)
    result.stdout.fnmatch_lines_random(
        [
            "PASSED *::test_plain",
            "FAILED *::test_plain_leak *",
            "PASSED *::test_hosts[[]trio]",
            "PASSED *::test_hosts[[]asyncio]",
            "PASSED *::test_every_host[[]uvloop]",
            "ERROR *::test_asyncio_leak[[]asyncio] *",
            "ERROR *::test_trio_leak[[]trio] *",
            "PASSED *::test_fixture[[]asyncio]",
        ]
    )


@pytest.mark.slow
def test_slow_tests_run_when_asked_for(sample: pytest.Pytester) -> None:
    """The option brings them back."""
    result = sample.runpytest_subprocess("--run-slow", "-m", "slow")
    result.assert_outcomes(passed=1, deselected=11)
