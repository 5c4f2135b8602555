"""Where a peer's program runs: in an event loop, or in threads that block.

The workloads are written once, as coroutines. On an event loop they are what they look
like. On threads, the home of libraries whose calls block, each caller is a thread that
runs its coroutine in one go: nothing in it ever suspends, since the calls that it awaits
have blocked and returned. The coroutine costs such a peer a tenth of a microsecond.
"""

import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import anyio

__all__ = ["DEADLINE", "STAGES", "Event", "Stage"]

T = TypeVar("T")
Program = Callable[[], Coroutine[Any, Any, T]]

# Far beyond any honest turn: a lost message fails its turn instead of hanging it.
DEADLINE = 60.0


class Event(Protocol):
    """Something that happens once."""

    def set(self) -> object: ...
    def wait(self) -> Awaitable[object]: ...


class Stage(Protocol):
    """Runs programs, alone or several at once."""

    def run(self, program: Program[T]) -> T:
        """Run one program to its end, in a fresh loop."""
        ...

    async def together(self, programs: Sequence[Program[None]]) -> None:
        """Run several at once until all have ended; the first error is raised."""
        ...

    def event(self) -> Event: ...

    async def sleep(self, seconds: float) -> None: ...


class LoopStage:
    """trio, or asyncio with its own loop or uvloop's."""

    def __init__(self, host: str) -> None:
        self._host = host

    def run(self, program: Program[T]) -> T:
        async def bounded() -> T:
            with anyio.fail_after(DEADLINE):
                return await program()

        if self._host == "trio":
            return anyio.run(bounded, backend="trio")
        options = {"use_uvloop": self._host == "uvloop"}
        return anyio.run(bounded, backend="asyncio", backend_options=options)

    async def together(self, programs: Sequence[Program[None]]) -> None:
        async with anyio.create_task_group() as group:
            for program in programs:
                group.start_soon(program)

    def event(self) -> Event:
        return anyio.Event()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class ThreadStage:
    """One thread for each program."""

    def run(self, program: Program[T]) -> T:
        coroutine = program()
        try:
            coroutine.send(None)
        except StopIteration as finished:
            result: T = finished.value
            return result
        finally:
            coroutine.close()
        message = "a program for threads waited for an event loop"
        raise AssertionError(message)

    async def together(self, programs: Sequence[Program[None]]) -> None:
        errors: list[BaseException] = []

        def run(program: Program[None]) -> None:
            try:
                self.run(program)
            except BaseException as exc:  # noqa: BLE001 - raised below, by the owner
                errors.append(exc)

        threads = [threading.Thread(target=run, args=(one,)) for one in programs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in errors:
            raise error

    def event(self) -> Event:
        return _ThreadEvent()

    async def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds)


class _ThreadEvent:
    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        if not self._event.wait(DEADLINE):
            message = f"nothing happened for {DEADLINE:.0f} s"
            raise TimeoutError(message)


STAGES: dict[str, Stage] = {
    "trio": LoopStage("trio"),
    "asyncio": LoopStage("asyncio"),
    "uvloop": LoopStage("uvloop"),
    "threads": ThreadStage(),
}
