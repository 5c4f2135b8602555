"""Worker processes that a test starts, kills, stops and lets go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import anyio
import anyio.to_thread

ROOT = Path(__file__).parents[3]
PROGRAM = "tests.distributed.chaos.worker"
LEASE = 2.0
"""The lease of all runtimes here, in seconds."""
_SECONDS = 20


class Process:
    """One worker."""

    def __init__(self, program: str, *words: str) -> None:
        paths = [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    @property
    def process_id(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def wait_ready(self) -> None:
        """Wait until it hosts its types."""
        assert await self._line() == "ready\n"

    async def leave(self) -> list[str]:
        """Have it come to the normal end of its block, wait, and return what it says."""
        self._process.send_signal(signal.SIGTERM)
        said: list[str] = []
        while (line := await self._line()) != "left\n":
            assert line, "it has ended without a word"
            said.append(line)
        with anyio.fail_after(_SECONDS):
            await anyio.to_thread.run_sync(self._process.wait, _SECONDS)
        assert self._process.returncode == 0
        self._close()
        return said

    def stop(self) -> None:
        """Let it do nothing until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as ``kill -9`` does; nothing if it has ended."""
        self._process.kill()
        self._process.wait()
        self._close()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        with anyio.fail_after(_SECONDS):
            return await anyio.to_thread.run_sync(
                self._process.stdout.readline, abandon_on_cancel=True
            )

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()


class Workers:
    """The workers of one namespace: on trio and on asyncio in turn."""

    def __init__(self, url: str, namespace: str, *types: str) -> None:
        self._words = (url, namespace, str(LEASE), *types)
        self._hosts = cycle(["trio", "asyncio"])
        self.all: list[Process] = []
        """Those that live, the oldest one first."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, namespace: str, *types: str, number: int = 3
    ) -> AsyncGenerator[Workers]:
        """Have some workers for the length of a block.

        Args:
            url: Where the server is; of a cluster, too.
            namespace: Where they work.
            *types: What each of them hosts.
            number: How many there are at first.
        """
        workers = cls(url, namespace, *types)
        try:
            await workers.start(number)
            yield workers
        finally:
            while workers.all:
                workers.all.pop().kill()

    async def start(self, number: int = 1) -> None:
        """Start some more, and wait until they are ready."""
        new = [Process(PROGRAM, next(self._hosts), *self._words) for _ in range(number)]
        self.all += new
        for process in new:
            await process.wait_ready()

    async def replace(self) -> None:
        """Kill the oldest one, and start another."""
        self.all.pop(0).kill()
        await self.start()
