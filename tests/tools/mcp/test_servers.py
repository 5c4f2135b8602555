"""Workbenches over real server processes, in real time."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from actrio.exceptions import ToolServerError
from actrio.testing import leftover_tasks
from actrio.tools.mcp import (
    McpWorkbench,
    StdioServerParams,
    StreamableHttpServerParams,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("host", ["trio", "asyncio"]),
]

SERVER = Path(__file__).with_name("server.py")


def run(main: Callable[[], Awaitable[None]], host: str) -> None:
    """Run it, and see that nothing is left."""

    async def checked() -> None:
        with anyio.fail_after(40):
            await main()
        assert leftover_tasks() == []

    anyio.run(checked, backend=host)


def workbench(tmp_path: Path, *more: str) -> McpWorkbench:
    args = [*more] if more else [str(SERVER), str(tmp_path / "log")]
    params = StdioServerParams(command=sys.executable, args=args)
    return McpWorkbench(params, errlog=(tmp_path / "errors").open("w"))


def test_a_server_process_is_used_over_its_stdin(host: str, tmp_path: Path) -> None:
    """It is there as long as the block; when it dies, calls say so until a reset."""

    async def main() -> None:
        bench = workbench(tmp_path)
        async with bench:
            assert len(await bench.list_tools()) == 6
            assert (await bench.call_tool("add", {"a": 1})).to_text() == "3"
            assert (await bench.call_tool("fail")).is_error
            picture = await bench.call_tool("picture")
            assert picture.result[0].type == "ImageResultContent"

            with anyio.move_on_after(0.3) as scope:
                await bench.call_tool("slow")
            assert scope.cancelled_caught
            log = tmp_path / "log"
            while "is cancelled" not in log.read_text():  # noqa: ASYNC110 - another process
                await anyio.sleep(0.01)

            died = await bench.call_tool("die")
            assert (died.is_error, died.to_text()) == (True, "Connection closed")
            assert (await bench.call_tool("add", {"a": 1})).is_error
            with pytest.raises(ToolServerError, match="does not list its tools: Conn"):
                await bench.list_tools()
            await bench.reset()
            assert (await bench.call_tool("add", {"a": 2})).to_text() == "4"
        bench._errlog.close()  # type: ignore[union-attr] # it has one

    run(main, host)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("pass", "cannot be started: Connection closed"),
        ("print('{}')", "cannot be started: Connection closed"),
    ],
)
def test_a_program_that_is_no_server_is_an_error(
    host: str, tmp_path: Path, code: str, message: str
) -> None:
    """It ends, or it says something else."""

    async def main() -> None:
        bench = workbench(tmp_path, "-c", code)
        with pytest.raises(ToolServerError, match=message):
            await bench.start()
        bench._errlog.close()  # type: ignore[union-attr] # it has one

    run(main, host)


def test_a_missing_program_is_an_error(host: str) -> None:
    """The error names it."""

    async def main() -> None:
        bench = McpWorkbench(StdioServerParams(command="/no/such/program"))
        with pytest.raises(
            ToolServerError, match="'/no/such/program' cannot be started"
        ):
            await bench.start()

    run(main, host)


def test_a_program_that_does_not_answer_is_killed(host: str, tmp_path: Path) -> None:
    """When nobody wants to wait for it any more."""

    async def main() -> None:
        bench = workbench(tmp_path, "-c", "import time; time.sleep(1000)")
        with anyio.move_on_after(0.2) as scope:
            await bench.start()
        assert scope.cancelled_caught
        bench._errlog.close()  # type: ignore[union-attr] # it has one

    run(main, host)


@pytest.fixture
def url() -> Iterator[str]:
    """Where a server of its own listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        f"import sys; sys.path.insert(0, {str(SERVER.parent)!r}); import server; "
        f"server.make().run('streamable-http', port={port}, host='127.0.0.1')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()


def test_a_server_behind_a_url_is_used(host: str, url: str) -> None:
    """Headers go along; one that is not there is an error."""

    async def main() -> None:
        params = StreamableHttpServerParams(url=url, headers={"x-who": "tests"})
        async with McpWorkbench(params) as bench:
            assert len(await bench.list_tools()) == 6
            assert (await bench.call_tool("add", {"a": 1})).to_text() == "3"
        nobody = McpWorkbench(StreamableHttpServerParams(url="http://127.0.0.1:9/mcp"))
        with pytest.raises(ToolServerError, match=r"'http://127.*cannot be started"):
            await nobody.start()

    run(main, host)
