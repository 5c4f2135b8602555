"""Who is still here."""

import asyncio

import anyio
import anyio.lowlevel
import pytest
import trio

from actrio.testing import describe_tasks, leftover_tasks, run


async def ask_from_below() -> None:
    assert leftover_tasks() == []


@pytest.mark.anyio
async def test_a_clean_test_leaves_nothing() -> None:
    """The caller, tasks in open nurseries on trio and the host's own do not count."""
    if trio.lowlevel.in_trio_run():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.testing.wait_all_tasks_blocked()
            assert leftover_tasks() == []
            nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_from_below)
    await anyio.lowlevel.checkpoint()
    names = [line for line in leftover_tasks() if "TestRunner" not in line]
    assert names == []


def test_a_system_task_and_its_children_are_found_on_trio() -> None:
    """The tree below a forgotten system task is listed, with places."""

    async def child() -> None:
        await trio.sleep_forever()

    async def root() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, name="a child")
            await trio.sleep_forever()

    async def program() -> list[str]:
        trio.lowlevel.spawn_system_task(root, name="a runtime")
        await trio.testing.wait_all_tasks_blocked()
        return leftover_tasks()

    first, second = run(program, host="trio")
    assert first.startswith("a child waits in ")
    assert "child (" in first
    assert second.startswith("a runtime waits in ")


def test_a_forgotten_task_is_found_on_asyncio_unless_it_is_known() -> None:
    """Any other task counts, minus those that the caller vouches for."""

    async def program() -> tuple[list[str], list[str]]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(asyncio.sleep(1), name="forgotten")
        await asyncio.sleep(0)
        return leftover_tasks(), leftover_tasks([task])

    found, rest = run(program, host="asyncio")
    assert found == ["forgotten waits in sleep"]
    assert rest == []


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_every_task_is_described_with_the_innermost_frame_of_the_program(
    host: str,
) -> None:
    """A report names the function that waits, not the host's own frames."""

    async def inner() -> None:
        await anyio.sleep_forever()

    async def outer() -> None:
        await inner()

    async def program() -> list[str]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outer)
            await anyio.wait_all_tasks_blocked()
            lines = describe_tasks()
            tasks.cancel_scope.cancel()
        return lines

    lines = run(program, host="trio" if host == "trio" else "asyncio")
    assert len(lines) == 2
    assert any("inner (" in line for line in lines)


def test_outside_a_host_there_is_nothing_to_describe() -> None:
    """Asking without a running host is an error."""
    with pytest.raises(RuntimeError):
        leftover_tasks()
    with pytest.raises(RuntimeError):
        describe_tasks()
