"""A process of its own on a bus: ``python peer.py HOST URL PREFIX ROLE``."""

from __future__ import annotations

import sys

import anyio

from actrio.mailboxes import RedisMessageBus


async def main(url: str, prefix: str, role: str) -> None:
    """Play one role, and say on standard output how far it is."""
    async with RedisMessageBus(url, prefix=prefix) as bus:
        mailbox = await bus.register(role, takeover=True)
        say("ready")
        if role == "echo":  # answers whatever it is asked
            while (message := await mailbox.receive()) is not None:
                if message.content == "enough":
                    await bus.unregister(role)
                    return
                await bus.deliver(message.reply(message.content))
        elif role == "victim":  # takes messages and is killed before it is done
            await mailbox.receive()
            async with mailbox.next():
                say("taken")
                await anyio.sleep_forever()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    host, url, prefix, role = sys.argv[1:]
    anyio.run(main, url, prefix, role, backend=host)
