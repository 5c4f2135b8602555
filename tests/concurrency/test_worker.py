"""Blocking calls in a thread: one at a time, and none left alone."""

from __future__ import annotations

import asyncio
import threading
from typing import ClassVar

import anyio
import anyio.lowlevel
import pytest

from actrio._concurrency import Worker, current_host

from .gate import Gate, let_others_run

hosted = [pytest.mark.anyio, pytest.mark.every_host]
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)


class TestRun:
    pytestmark: ClassVar = hosted

    async def test_the_value_comes_back_from_another_thread(self) -> None:
        """The event loop's own thread is not held up."""
        worker = current_host().open_worker()
        assert await worker.run(threading.get_ident) != threading.get_ident()
        await worker.finish(lambda: None)

    async def test_an_error_comes_back(self) -> None:
        """The same object."""
        worker = current_host().open_worker()
        error = ValueError("mine")

        def fail() -> None:
            raise error

        with pytest.raises(ValueError, match="mine") as caught:
            await worker.run(fail)
        assert caught.value is error
        await worker.finish(lambda: None)

    async def test_calls_take_turns_in_the_order_they_came(self) -> None:
        """Two never run at once."""
        worker = current_host().open_worker()
        log: list[str] = []
        gate = Gate()

        async def call(number: int) -> None:
            def function() -> None:
                log.append(f"{number} begins")
                log.append(f"{number} ends")

            await worker.run(function)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run, gate)
            await gate.begun.wait()
            for number in range(4):
                tasks.start_soon(call, number)
                await let_others_run()
            assert log == []
            gate.open()
        assert log == [f"{n} {what}" for n in range(4) for what in ("begins", "ends")]
        await worker.finish(lambda: None)

    async def test_a_call_that_has_not_begun_is_withdrawn(self) -> None:
        """Its caller leaves at once, and it is never made."""
        worker, gate, calls = current_host().open_worker(), Gate(), list[int]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run, gate)
            await gate.begun.wait()
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as waiting:
                    waiting.start_soon(worker.run, lambda: calls.append(1))
                    await let_others_run()
                    scope.cancel()
            assert scope.cancelled_caught
            assert not gate.ended
            gate.open()
        await worker.finish(lambda: None)
        assert calls == []

    async def test_a_call_that_has_begun_is_waited_for(self) -> None:
        """Its value is returned, and the cancellation comes at the next checkpoint."""
        worker, gate, log = current_host().open_worker(), Gate(), list[object]()

        async def call() -> None:
            log.append(await worker.run(gate))
            await anyio.lowlevel.checkpoint()
            log.append("not cancelled")

        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                with anyio.CancelScope(shield=True):
                    await gate.begun.wait()
                    scope.cancel()
                    await let_others_run()
                    assert not gate.ended
                gate.open()
        assert log == ["value"]
        await worker.finish(lambda: None)

    async def test_under_a_cancelled_scope_nothing_begins(self) -> None:
        """Every time, although a thread may be free."""
        worker, calls = current_host().open_worker(), list[int]()
        for _ in range(20):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await worker.run(lambda: calls.append(1))
        await worker.finish(lambda: None)
        assert calls == []


class TestFinish:
    pytestmark: ClassVar = hosted

    async def test_the_last_call_is_made_whatever_happens(self) -> None:
        """Under a cancelled scope too, and no thread of the worker is left busy."""
        worker, calls = current_host().open_worker(), list[str]()
        await worker.run(lambda: calls.append("first"))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await worker.finish(lambda: calls.append("last"))
        assert calls == ["first", "last"]
        names = [thread.name for thread in threading.enumerate()]
        assert not [name for name in names if name.startswith("actrio")]

    async def test_calls_that_were_made_before_come_first(self) -> None:
        """The last call is the last."""
        worker, gate, calls = current_host().open_worker(), Gate(), list[str]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run, gate)
            await gate.begun.wait()
            tasks.start_soon(worker.run, lambda: calls.append("waited"))
            await let_others_run()
            tasks.start_soon(worker.finish, lambda: calls.append("last"))
            await let_others_run()
            gate.open()
        assert calls == ["waited", "last"]


@pytest.mark.anyio
@on_asyncio
class TestNativeCancel:
    """asyncio's own ``Task.cancel()``, which is delivered once."""

    async def cancelled_in_the_thread(self, worker: Worker, gate: Gate) -> str:
        """Cancel a caller whose call has begun; say how it ends."""
        task = asyncio.get_running_loop().create_task(worker.run(gate))
        await gate.begun.wait()
        for _ in range(3):
            task.cancel()
            await let_others_run()
        assert not task.done()
        gate.open()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        except ValueError as exc:
            return str(exc)
        return "returned"

    async def test_it_is_raised_when_the_call_has_ended(self) -> None:
        """Nobody would cancel again, so the value has to give way."""
        worker, gate = current_host().open_worker(), Gate()
        assert await self.cancelled_in_the_thread(worker, gate) == "cancelled"
        assert gate.ended
        await worker.finish(lambda: None)

    async def test_an_error_of_the_call_comes_first(self) -> None:
        """As it does for requests."""

        def fail() -> None:
            raise ValueError("mine")

        worker, gate = current_host().open_worker(), Gate(fail)
        assert await self.cancelled_in_the_thread(worker, gate) == "mine"
        await worker.finish(lambda: None)

    async def test_a_call_that_has_not_begun_is_withdrawn(self) -> None:
        """The thread finds nothing to do."""
        worker, gate, calls = current_host().open_worker(), Gate(), list[int]()
        loop = asyncio.get_running_loop()
        running = loop.create_task(worker.run(gate))
        await gate.begun.wait()
        waiting = loop.create_task(worker.run(lambda: calls.append(1)))
        await let_others_run()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.open()
        await running
        await worker.finish(lambda: None)
        assert calls == []

    async def test_the_last_call_is_made_all_the_same(self) -> None:
        """And the cancellation raised afterwards."""
        worker, gate = current_host().open_worker(), Gate()
        task = asyncio.get_running_loop().create_task(worker.finish(gate))
        await gate.begun.wait()
        task.cancel()
        await let_others_run()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gate.ended

    async def test_the_last_call_is_not_withdrawn_either(self) -> None:
        """Although it has not begun when its caller is cancelled."""
        worker, gate, calls = current_host().open_worker(), Gate(), list[int]()
        loop = asyncio.get_running_loop()
        running = loop.create_task(worker.run(gate))
        await gate.begun.wait()
        last = loop.create_task(worker.finish(lambda: calls.append(1)))
        await let_others_run()
        last.cancel()
        await let_others_run()
        assert not last.done()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await last
        await running
        assert calls == [1]
