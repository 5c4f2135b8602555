"""Two agents write to each other: a message, its reply, and a word to everybody.

Run it:

    python examples/more/mailboxes.py

Output:

    researcher
    Please draft a summary of quantum computing
    Here's the draft: ...
    System maintenance in 5 minutes
"""

import trio

from actrio.mailboxes import InMemoryMessageBus


async def main() -> None:
    bus = InMemoryMessageBus()

    # Register agents
    mailbox_a = await bus.register("researcher")
    mailbox_b = await bus.register("writer")

    # Send a message
    await mailbox_a.send("writer", "Please draft a summary of quantum computing")

    # Receive the message
    msg = await mailbox_b.receive()
    print(msg.sender)
    print(msg.content)

    # Reply
    reply = msg.reply("Here's the draft: ...")
    await bus.deliver(reply)
    answer = await mailbox_a.receive()
    print(answer.content)

    await mailbox_a.broadcast("System maintenance in 5 minutes")
    print((await mailbox_b.receive()).content)


if __name__ == "__main__":
    trio.run(main)
