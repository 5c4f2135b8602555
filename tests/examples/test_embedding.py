"""The programs in ``examples/embedding``, each in what it embeds actrio in, for real.

Web servers listen on a port of the loopback interface and are asked by a raw client, so
these tests take real time, if little of it.
"""

import asyncio
import json
import re
import socket
import subprocess
import sys
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import hypercorn
import hypercorn.trio
import pytest
import trio
import uvicorn
from anyio.abc import SocketStream

from actrio import AgentId, SingleThreadedAgentRuntime

FOLDER = Path(__file__).parents[2] / "examples" / "embedding"
PLAIN = ["in_a_nursery", "in_a_task_group", "synchronous"]
LOCAL = "127.0.0.1"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Import one program without running it."""
    path = FOLDER / f"{name}.py"
    module = types.ModuleType(f"example_{name}")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    return module


def promised(name: str) -> str:
    """What the docstring of a program says that it prints."""
    doc = (FOLDER / f"{name}.py").read_text().split('"""')[1]
    lines = doc.partition("\nOutput:\n\n")[2].splitlines(keepends=True)
    return "".join(line.removeprefix("    ") for line in lines)


@pytest.mark.parametrize(
    "command", [*PLAIN, "in_a_task_group asyncio"], ids=lambda name: name
)
@pytest.mark.slow
def test_program_prints_what_it_promises(command: str) -> None:
    """In a process of its own and in real time."""
    name, *arguments = command.split()
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{FOLDER / name}.py", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == promised(name)


@pytest.mark.slow
def test_the_fixtures_of_pytest() -> None:
    """The example's own tests pass, in a pytest of their own."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "with_pytest.py",
        ],
        check=False,
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "\n4 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_the_notebook(tmp_path: Path) -> None:
    """A real kernel runs all cells, and they show what they should."""
    program = (
        "import sys, nbformat, nbclient\n"
        "notebook = nbformat.read(sys.argv[1], 4)\n"
        "nbclient.NotebookClient(notebook, timeout=30).execute()\n"
        "nbformat.write(notebook, sys.argv[2])\n"
    )
    executed = tmp_path / "executed.ipynb"
    subprocess.run(
        [sys.executable, "-c", program, str(FOLDER / "notebook.ipynb"), str(executed)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    shown = [
        output["data"]["text/plain"]
        for cell in json.loads(executed.read_text())["cells"]
        for output in cell.get("outputs", [])
    ]
    assert shown == [
        ["40"],
        ["42"],
        ['[AgentId(type="adder", key="one")]'],
        ["<SingleThreadedAgentRuntime stopped, 1 agents>"],
    ]


def test_the_notebook_is_committed_without_outputs() -> None:
    """What it shows is for the test above to check."""
    cells = json.loads((FOLDER / "notebook.ipynb").read_text())["cells"]
    assert not [cell for cell in cells if cell.get("outputs")]


# -- web servers -------------------------------------------------------------------------


async def get(port: int, path: str) -> tuple[int, str]:
    """Make one request, and read the response that says how long it is."""
    async with await begin(port, path) as stream:
        head, _, body = (await read(stream, until="\r\n\r\n")).partition("\r\n\r\n")
        (length,) = re.findall(r"content-length: (\d+)", head)
        while len(body) < int(length):
            body += await read(stream, until="")
    return int(head.split()[1]), body


async def begin(port: int, path: str) -> SocketStream:
    stream = await anyio.connect_tcp(LOCAL, port)
    request = f"GET {path} HTTP/1.1\r\nHost: {LOCAL}\r\nConnection: close\r\n\r\n"
    await stream.send(request.encode())
    return stream


async def read(stream: SocketStream, until: str | None = None) -> str:
    """Read to the end, or until a text has come."""
    data = b""
    with anyio.fail_after(5):
        while not data or until is None or until.encode() not in data:
            try:
                data += await stream.receive()
            except anyio.EndOfStream:
                break
    return data.decode()


async def eventually(happens: Any) -> None:
    """Wait until a condition holds, in real time."""
    with anyio.fail_after(5):
        while not happens():  # noqa: ASYNC110 - the server tells nobody
            await anyio.sleep(0.005)


@asynccontextmanager
async def uvicorn_serves(app: Any) -> AsyncIterator[int]:
    """Run a real uvicorn in a task of this loop."""
    listener = socket.create_server((LOCAL, 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        await eventually(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True


@pytest.fixture
def stories(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = load("fastapi_app", monkeypatch)
    monkeypatch.setitem(module.__dict__, "PAUSE", 0.01)
    return module


async def teller(app: Any, animal: str) -> Any:
    runtime: SingleThreadedAgentRuntime = app.state.runtime
    return await runtime.try_get_underlying_agent_instance(AgentId("teller", animal))


@pytest.mark.slow
def test_a_web_request_becomes_a_request_to_an_actor(stories: types.ModuleType) -> None:
    """FastAPI on uvicorn: an answer, and an agent's exception as a status."""

    async def main() -> None:
        async with uvicorn_serves(stories.app) as port:
            status, body = await get(port, "/stories/fox?sentences=2")
            assert (status, body) == (
                200,
                "The fox makes step 1.\nThe fox makes step 2.\n",
            )
            status, body = await get(port, "/stories/unicorn")
            assert (status, json.loads(body)) == (
                404,
                {"detail": "there are no unicorns"},
            )
        assert "stopped" in repr(stories.app.state.runtime)

    asyncio.run(main())


@pytest.mark.slow
def test_a_reply_is_streamed(stories: types.ModuleType) -> None:
    """The first sentence arrives while the second is not told yet."""

    async def main() -> None:
        async with uvicorn_serves(stories.app) as port:
            async with await begin(port, "/stories/fox/live?sentences=2") as stream:
                first = await read(stream, until="step 1.")
                assert "200 OK" in first
                assert "step 2" not in first
                assert (await teller(stories.app, "fox")).told == 0
                assert "step 2" in await read(stream)

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/stories/fox", "/stories/fox/live"])
def test_a_client_that_goes_away_stops_the_actor(
    stories: types.ModuleType, path: str
) -> None:
    """The disconnect is a cancellation, and it reaches the handler at work."""

    async def main() -> None:
        async with uvicorn_serves(stories.app) as port:
            agent = await teller(stories.app, "fox")
            async with await begin(port, f"{path}?sentences=100000") as stream:
                if path.endswith("live"):
                    await read(stream, until="step 2")
                else:
                    await anyio.sleep(0.05)
            await eventually(lambda: agent.interrupted)
            assert agent.told == 0
            status, _ = await get(port, "/stories/fox?sentences=1")
            assert (status, agent.told) == (200, 1)

    asyncio.run(main())


@pytest.mark.slow
def test_a_quart_application_on_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypercorn on trio: answers, a client that goes away, and an end in order."""
    app: Any = load("quart_trio_app", monkeypatch).app

    async def main() -> None:
        config = hypercorn.Config()
        config.bind = [f"{LOCAL}:0"]
        config.errorlog = None
        end = trio.Event()
        async with trio.open_nursery() as nursery:

            async def serve(task_status: trio.TaskStatus[list[str]]) -> None:
                await hypercorn.trio.serve(
                    app, config, shutdown_trigger=end.wait, task_status=task_status
                )

            (address,) = await nursery.start(serve)
            port = int(re.sub(r".*:", "", address))
            assert await get(port, "/count/apples") == (200, "apples: 1\n")
            assert await get(port, "/count/apples") == (200, "apples: 2\n")
            counter = await app.runtime.try_get_underlying_agent_instance(
                AgentId("counter", "apples")
            )
            async with await begin(port, "/count/apples?seconds=60"):
                await eventually(lambda: app.runtime.snapshot().agents[0].running)
            await eventually(lambda: counter.interrupted)
            assert await get(port, "/count/apples") == (200, "apples: 3\n")
            end.set()
        assert "stopped" in repr(app.runtime)

    trio.run(main)
