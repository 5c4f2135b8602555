"""The fixtures `runtime` and `probe`, under pytest-trio, under anyio's, and alone."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actrio import AgentId, SingleThreadedAgentRuntime, TopicId
from actrio.testing import Probe

PROGRAM = """
import pytest
from actrio import AgentId, RoutedAgent, TopicId, message_handler

class Failing(RoutedAgent):
    @message_handler
    async def on_text(self, message: str, ctx) -> None:
        raise KeyError(message)

MARK
async def test_it(runtime, probe):
    assert await runtime.send_message("x", AgentId("probe", "default")) is None
    assert await probe.expect(str) == "x"

MARK
async def test_a_handler_raises(runtime):
    await Failing.register(runtime, "failing", Failing)
    await runtime.publish_message("published", TopicId("failing:", "x"))
"""


async def test_under_pytest_trio(
    runtime: SingleThreadedAgentRuntime, probe: Probe, autojump_clock: MockClock
) -> None:
    """A trio test has them, in the virtual time that it asks for."""
    await probe.listen("t")
    await runtime.publish_message("x", TopicId("t", "x"))
    assert await probe.expect(str) == "x"
    await probe.expect_nothing(within=3600)
    assert trio.current_time() >= 3600


@pytest.mark.anyio
async def test_under_anyio(runtime: SingleThreadedAgentRuntime, probe: Probe) -> None:
    """An anyio test has them, on both hosts."""
    assert await runtime.send_message("x", AgentId("probe", "default")) is None
    assert await probe.expect(str) == "x"


class TestSettings:
    """A class with settings of its own."""

    @pytest.fixture
    def runtime_settings(self) -> dict[str, object]:
        return {"strict_delivery": True, "max_live_agents": 7}

    async def test_are_those_of_the_class(
        self, runtime: SingleThreadedAgentRuntime, probe: Probe
    ) -> None:
        """The fixture that is nearest wins."""
        assert runtime._router.settings.max_live_agents == 7


def run_pytest(folder: Path, mark: str, *options: str) -> str:
    (folder / "test_one.py").write_text(PROGRAM.replace("MARK", mark))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("@pytest.mark.trio", ["-p", "no:anyio"]),
        ("@pytest.mark.anyio", ["-p", "no:trio"]),
    ],
)
def test_one_plugin_is_enough(tmp_path: Path, mark: str, options: list[str]) -> None:
    """A handler that raised fails its test at the end, whoever runs it."""
    output = run_pytest(tmp_path, mark, *options)
    count = 1 if "trio" in mark else 2  # anyio's plugin runs on both hosts
    assert f"{count} error" in output or f"{count} failed" in output, output
    assert "KeyError: 'published'" in output


@pytest.mark.slow
def test_without_any_plugin(tmp_path: Path) -> None:
    """pytest says that nobody runs the fixture; nothing is imported in vain."""
    output = run_pytest(tmp_path, "", "-p", "no:trio", "-p", "no:anyio", "-W", "ignore")
    assert "requested an async fixture 'runtime'" in output.replace("\n", " "), output


def test_the_start_of_pytest_imports_nothing_of_ours() -> None:
    """The entry point names a module of its own, which waits until it is asked."""
    (entry,) = [
        one
        for one in importlib.metadata.entry_points(group="pytest11")
        if one.name == "actrio"
    ]
    program = f"import sys, pytest, {entry.value}; print('actrio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "False\n"


async def test_a_handler_that_never_ends_is_given_up(
    runtime: SingleThreadedAgentRuntime, probe: Probe, autojump_clock: MockClock
) -> None:
    """The end of the test waits for it no longer than the grace."""

    async def never(message: str) -> None:
        await trio.sleep_forever()

    probe.answer(str, never)
    await probe.listen("t")
    await runtime.publish_message("x", TopicId("t", "x"))
    assert await probe.expect(str) == "x"


async def test_a_test_may_stop_the_runtime_itself(
    runtime: SingleThreadedAgentRuntime,
) -> None:
    """The end of the test has nothing to stop then."""
    await runtime.stop()
