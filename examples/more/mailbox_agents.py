"""Agents of a runtime and mailboxes: an agent owns one, and a handler writes to another.

Run it:

    python examples/more/mailbox_agents.py

Output:

    the desk answers: ticket 1 for 'no light'
    the technician has: no light (ticket 1)
    the desk has heard: the lamp is mended
"""

from dataclasses import dataclass

import trio

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc
from actrio.mailboxes import AgentMailbox, InMemoryMessageBus


@dataclass
class Complaint:
    text: str


@dataclass
class News:
    pass


class Desk(RoutedAgent):
    """Takes complaints as an agent, and owns a mailbox under the same name."""

    def __init__(self, bus: InMemoryMessageBus) -> None:
        super().__init__("takes complaints")
        self.bus = bus
        self.tickets = 0
        self.mailbox: AgentMailbox

    async def on_start(self) -> None:
        self.mailbox = await self.bus.register(str(self.id))

    async def on_stop(self) -> None:
        await self.bus.unregister(str(self.id))

    @rpc
    async def complain(self, message: Complaint, ctx: MessageContext) -> str:
        self.tickets += 1
        work = {"text": message.text, "ticket": self.tickets}
        await self.mailbox.send("technician", work, priority="high")
        return f"ticket {self.tickets} for {message.text!r}"

    @rpc
    async def news(self, message: News, ctx: MessageContext) -> str:
        # an agent may also be asked what was written to it: it reads when it likes
        letter = await self.mailbox.receive()
        assert letter is not None
        return str(letter.content)


async def technician(mailbox: AgentMailbox) -> None:
    """A plain task, which no runtime knows."""
    async with mailbox.next() as work:
        print(f"the technician has: {work.content['text']} (ticket {work.content['ticket']})")
        await mailbox.send(work.sender, "the lamp is mended")


async def main() -> None:
    bus = InMemoryMessageBus()
    mailbox = await bus.register("technician")
    desk = AgentId("desk", "ground-floor")
    async with SingleThreadedAgentRuntime() as runtime:
        await Desk.register(runtime, "desk", lambda: Desk(bus))
        print("the desk answers:", await runtime.send_message(Complaint("no light"), desk))
        await technician(mailbox)
        print("the desk has heard:", await runtime.send_message(News(), desk))


if __name__ == "__main__":
    trio.run(main)
