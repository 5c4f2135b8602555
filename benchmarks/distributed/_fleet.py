"""The processes of one side, which stay for the length of a block."""

from __future__ import annotations

import multiprocessing
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread

from ._sides import Side
from ._works import WORKS, Caller, Found

__all__ = ["Fleet"]

BEGINS_WITHIN = 60.0
"""How long a process may take to begin, in seconds, on a busy machine."""


class Fleet:
    """What a side meets at, its workers and its client, each a process of its own."""

    def __init__(self, side: Side, *, workers: int = 1) -> None:
        self._side, self._workers = side, workers
        self._context = multiprocessing.get_context("spawn")
        self._stack = ExitStack()
        self._pipe: Any = None

    def __enter__(self) -> Self:
        with self._stack:
            address = self._stack.enter_context(self._side.serve())
            for _ in range(self._workers):
                self._start(_work, address)
            self._pipe = self._start(_ask, address)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def take(self, work: str, arguments: tuple[int, ...], seconds: float) -> Found:
        """Let the client do some work.

        Raises:
            RuntimeError: If it fails, with what it said.
            TimeoutError: If it is not done after so many seconds.
        """
        self._pipe.send((work, arguments))
        good, found = self._received(seconds, f"not done after {seconds:g} s")
        if not good:
            raise RuntimeError(found)
        answer: Found = found
        return answer

    def _start(self, part: Any, address: str) -> Any:
        self._pipe, theirs = self._context.Pipe()
        process = self._context.Process(
            target=part, args=(self._side, address, theirs), daemon=True
        )
        process.start()
        theirs.close()
        self._stack.callback(process.join)
        self._stack.callback(process.kill)
        self._received(BEGINS_WITHIN, f"{self._side.name} does not begin")
        return self._pipe

    def _received(self, seconds: float, otherwise: str) -> Any:
        if not self._pipe.poll(seconds):
            raise TimeoutError(otherwise)
        try:
            return self._pipe.recv()
        except EOFError as exc:
            message = f"a process of {self._side.name} has ended"
            raise RuntimeError(message) from exc


def _work(side: Side, address: str, pipe: Any) -> None:
    """Be a worker, until killed."""

    async def whole() -> None:
        async with side.open(address) as runtime:
            await side.host_agents(runtime)
            pipe.send("ready")
            await anyio.sleep_forever()

    anyio.run(whole, backend=side.host)


def _ask(side: Side, address: str, pipe: Any) -> None:
    """Be the client, and do what comes through the pipe, until killed."""

    async def whole() -> None:
        async with side.open(address) as runtime:
            caller = Caller(runtime, side.package)
            pipe.send("ready")
            while True:
                work, arguments = await anyio.to_thread.run_sync(pipe.recv)
                pipe.send(await _outcome(partial(WORKS[work], caller, *arguments)))

    anyio.run(whole, backend=side.host)


async def _outcome(work: Any) -> tuple[bool, Any]:
    try:
        return True, await work()
    except Exception as exc:  # noqa: BLE001 - it is what there is to report
        first: BaseException = exc
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        return False, str(first) or repr(first)
