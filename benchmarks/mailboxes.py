"""What does a mailbox cost, next to a bare memory channel with the same payload?

One task sends a message and receives it, again and again. The two take turns, so that a
machine that drifts hits both alike; the ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import trio

from actrio.mailboxes import InMemoryMessageBus

PAYLOADS: dict[str, Any] = {
    "str of 100 characters": "x" * 100,
    "dict of 5 values": {"task": "x", "numbers": [1, 2, 3]},
}
GOAL = 0.8


async def measure(
    payload: Any, messages: int, rounds: int
) -> list[tuple[float, float]]:
    """Return the seconds per message of mailbox and channel, for each round."""
    bus = InMemoryMessageBus()
    sender, receiver = await bus.register("sender"), await bus.register("receiver")
    send, receive = trio.open_memory_channel[Any](1024)
    found: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        for _ in range(messages):
            await sender.send("receiver", payload)
            await receiver.receive()
        between = time.perf_counter()
        for _ in range(messages):
            await send.send(payload)
            await receive.receive()
        ended = time.perf_counter()
        found.append(((between - began) / messages, (ended - between) / messages))
    return found[1:]  # without the one that warms up


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.mailboxes", description=__doc__.splitlines()[0]
    )
    options.add_argument("--messages", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=15)
    arguments = options.parse_args()
    for name, payload in PAYLOADS.items():
        found = trio.run(measure, payload, arguments.messages, arguments.rounds)
        mailbox = statistics.median(one for one, _ in found)
        channel = statistics.median(other for _, other in found)
        ratio = statistics.median(other / one for one, other in found)
        print(
            f"{name}: mailbox {mailbox * 1e6:.1f} µs, channel {channel * 1e6:.1f} µs, "
            f"{ratio:.2f} x as many (goal {GOAL})"
        )


if __name__ == "__main__":
    main()
