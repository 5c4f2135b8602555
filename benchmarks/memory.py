"""How much memory does one idle actor take, beyond the object that the user wrote?

It is compared with the least that could do its job: a bare task that waits for a memory
channel inside a cancel scope (trio's own on trio; anyio's object stream, scope and task
on asyncio). Each has handled one message and waits for the next; 100,000 of them live.

Two ways to measure, each in a process of its own:

- **resident memory** is what the machine pays, with the allocator's waste and with what
  the interpreter does not count as an object. The ratio is judged by this one.
- **tracemalloc** counts exactly what Python allocated. It slows everything down, so it
  looks at a twentieth as many. It is here to explain the other number, and to be believed
  when the two disagree on a system where resident memory is only known as a peak.

The user's object is measured the same way: as many agents, built by hand and kept in a
list, without a runtime around them. The actor's `AgentId`, with a key of its own, counts
as the actor's; the bare task has none, and is kept in a plain list. Nothing here is
timed, so as many processes run at once as there are cores.

The other libraries' actors are measured in the same way, as many as they can have. What
they are differs: autogen_core has neither a task nor an inbox per agent, only a place in a
dictionary; an actor of Pykka is a thread. Their users' objects count as theirs, since
they cannot be built without them (autogen_core's can, and are taken off).
"""

import argparse
import gc
import importlib
import json
import logging
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import anyio

from .messages import Ping, Pong, WrongResultError
from .peers import PEERS, Library, Peer
from .results import Result, last_words
from .rounds import not_there
from .stages import STAGES
from .workloads import call

__all__ = ["NAME", "TITLES", "measure_memory"]

NAME = "memory"
TITLES = {
    "memory": "one idle actor, resident memory",
    "memory-traced": "one idle actor, counted by tracemalloc",
}
# On uvloop an actor is the same as on asyncio; only the loop differs.
LEFT_OUT = {"actrio on uvloop"}
ROOT = Path(__file__).parents[1]

Meter = Callable[[], int]


def resident() -> int:
    """Bytes of this process in memory; only the peak of it where there is no /proc."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


def traced() -> int:
    """Bytes that Python has allocated since tracing began."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


# ── What is measured: how many bytes `count` of them take ─────────────────────────


async def bare_trio(count: int, meter: Meter) -> None:
    """Tasks with trio's channels."""
    import trio

    answered = 0
    finished = trio.Event()

    async def idle(inbox: trio.MemoryReceiveChannel[Ping]) -> None:
        nonlocal answered
        with trio.CancelScope():
            async for _ in inbox:
                answered += 1
                if answered == count:
                    finished.set()

    async with trio.open_nursery() as nursery:
        before = meter()
        channels = []
        for _ in range(count):
            send, inbox = trio.open_memory_channel[Ping](1)
            nursery.start_soon(idle, inbox)
            channels.append(send)
        for send in channels:
            await send.send(Ping(0))
        await finished.wait()
        after = meter()
        living = trio.lowlevel.current_statistics().tasks_living
        check(answered == count <= living, f"{answered} answered, {living} live")
        answer(after - before)


async def bare_asyncio(count: int, meter: Meter) -> None:
    """Tasks of an anyio task group, with anyio's streams."""
    import asyncio

    answered = 0
    finished = anyio.Event()

    async def idle(inbox: Any) -> None:
        nonlocal answered
        with anyio.CancelScope(), inbox:
            async for _ in inbox:
                answered += 1
                if answered == count:
                    finished.set()

    async with anyio.create_task_group() as group:
        before = meter()
        streams = []
        for _ in range(count):
            send, inbox = anyio.create_memory_object_stream[Ping](1)
            group.start_soon(idle, inbox)
            streams.append(send)
        for send in streams:
            await send.send(Ping(0))
        await finished.wait()
        after = meter()
        living = len(asyncio.all_tasks())
        check(answered == count <= living, f"{answered} answered, {living} live")
        answer(after - before)


async def actors(count: int, meter: Meter, library_name: str) -> None:
    """Agents of a runtime, each started by its first request."""
    if TYPE_CHECKING:
        import actrio as library
    else:
        library = importlib.import_module(library_name)
    built = 0

    class Idle(library.RoutedAgent):
        def __init__(self) -> None:
            nonlocal built
            super().__init__("Waits.")
            built += 1

        @library.message_handler
        async def on_ping(self, message: Ping, ctx: library.MessageContext) -> Pong:
            return Pong(message.number + 1)

    runtime = library.SingleThreadedAgentRuntime()
    await Idle.register(runtime, "idle", Idle)
    runtime.start()

    async def ask(number: int) -> None:
        recipient = library.AgentId("idle", str(number))
        pong = await runtime.send_message(Ping(number), recipient)
        check(pong.number == number + 1, f"Ping({number}) got {pong!r}")

    await ask(count)  # what the first actor of all needs is not the others' cost
    before = meter()
    for number in range(count):
        await ask(number)
    after = meter()
    check(built == count + 1, f"{built} agents were built for {count + 1} ids")
    answer(after - before)


async def agents(count: int, meter: Meter, library_name: str) -> None:
    """The users' objects alone, built as a runtime builds them."""
    if TYPE_CHECKING:
        import actrio as library
    else:
        library = importlib.import_module(library_name)

    class Idle(library.RoutedAgent):
        @library.message_handler
        async def on_ping(self, message: Ping, ctx: library.MessageContext) -> Pong:
            return Pong(message.number + 1)

    runtime = library.SingleThreadedAgentRuntime()
    identity = library.AgentId("idle", "default")
    with library.AgentInstantiationContext.populate_context((runtime, identity)):
        Idle("Waits.")
        before = meter()
        kept = [Idle("Waits.") for _ in range(count)]
        after = meter()
    check(len(kept) == count, "the list is not complete")
    answer(after - before)


async def population(peer: Peer, count: int, meter: Meter) -> None:
    """Actors of any other library, each with its first request."""
    async with peer.open_population(STAGES[peer.host]) as address:
        await call(await address(count), 1)
        kept = []
        before = meter()
        for number in range(count):
            kept.append(await address(number))
            await call(kept[-1], 1)
        after = meter()
        answer(after - before)


def answer(measured: int) -> NoReturn:
    """Say how many bytes, and leave at once: nobody waits for 100,000 tasks to end."""
    print(measured, flush=True)
    os._exit(0)


def check(fact: bool, otherwise: str) -> None:
    if not fact:
        raise WrongResultError(otherwise)


# ── Measuring ─────────────────────────────────────────────────────────────────────


def program(
    peer_name: str, *, only_agents: bool
) -> Callable[[int, Meter], Coroutine[Any, Any, None]]:
    peer = PEERS[peer_name]
    if isinstance(peer, Library):
        build = agents if only_agents else actors
        return lambda count, meter: build(count, meter, peer.module)
    if peer_name in ("bare trio", "bare asyncio"):
        return bare_trio if peer.host == "trio" else bare_asyncio
    return lambda count, meter: population(peer, count, meter)


def measure_memory(
    peers: list[str],
    results: list[Result],
    *,
    count: int,
    progress: Callable[[str], None],
) -> None:
    """Measure an idle actor of each peer, and add that to ``results``."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = []
        for row, title in TITLES.items():
            live = count if row == NAME else max(100, count // 20)
            for name in (one for one in peers if one not in LEFT_OUT):
                result = Result(row, f"{title} ({live:,} live)", name, "bytes")
                results.append(result)
                jobs.append(pool.submit(_measure, result, live))
        try:
            for number, job in enumerate(jobs):
                progress(f"memory: {number} of {len(jobs)} measured")
                job.result()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def _measure(result: Result, live: int) -> None:
    exact = result.row != NAME
    peer = PEERS[result.peer]
    if not peer.is_installed or peer.crosses_processes:
        why = "not measured: its actors are processes of their own"
        result.lacks = why if peer.is_installed else str(not_there(peer))
        return
    if live > peer.most_actors:
        live = peer.most_actors
        result.note = f"{live:,} live"
    try:
        whole = _in_process_of_its_own(result.peer, live, exact, only_agents=False)
        own = 0.0
        if isinstance(peer, Library):
            own = _in_process_of_its_own(result.peer, live, exact, only_agents=True)
    except subprocess.CalledProcessError as exc:
        result.error = last_words(exc.stderr)
    else:
        result.values.append(whole - own)
        result.samples.append({"live": live, "whole": whole, "agent": own})


def _in_process_of_its_own(
    name: str, count: int, exact: bool, *, only_agents: bool
) -> float:
    options = ["--traced"] * exact + ["--only-agents"] * only_agents
    command = [sys.executable, "-m", "benchmarks.memory", name, str(count), *options]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)) / count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("count", type=int)
    parser.add_argument("--traced", action="store_true")
    parser.add_argument("--only-agents", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    measured = program(arguments.peer, only_agents=arguments.only_agents)
    host = PEERS[arguments.peer].host
    if arguments.traced:
        tracemalloc.start()
    meter = traced if arguments.traced else resident
    if host == "threads":
        STAGES[host].run(lambda: measured(arguments.count, meter))
    else:
        backend = "trio" if host == "trio" else "asyncio"
        anyio.run(measured, arguments.count, meter, backend=backend)


if __name__ == "__main__":
    main()
