"""``actrio demo``: an evening at an inn, told by its agents.

The evening runs in virtual time and from a seed, so it is the same every time; on a
terminal the telling waits as long as the agents do.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, cast

import anyio
import click

from ..agents import RoutedAgent, message_handler
from ..identity import AgentId, TopicId
from ..messages import MessageContext
from ..runtime import SingleThreadedAgentRuntime
from ..subscriptions import type_subscription
from ..testing import run

_GUESTS: Final = ("Ada", "Edsger", "Grace", "Barbara", "Alan", "Frances")
_DISHES: Final = {"soup": 1.0, "pie": 2.0, "roast": 3.5}
_COLOURS: Final = {"cook": "red", "waiter": "cyan", "cat": "magenta", "guest": "green"}
_WAITER: Final = AgentId("waiter", "Joe")
_COOK: Final = AgentId("cook", "Kim")


@dataclass
class Order:
    """A guest orders a dish."""

    guest: str
    dish: str


@dataclass
class Cook:
    """The waiter asks for a dish."""

    dish: str
    burns: bool


@dataclass
class Bell:
    """A dish is ready."""

    dish: str


class Inn:
    """What all agents of one evening share: chance, the tally, and the telling."""

    def __init__(self, seed: int, *, fast: bool) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        self.tally: Counter[str] = Counter()
        self._fast = fast
        self._told_at = 0.0

    def tell(self, id: AgentId, text: str) -> None:
        """Print a line, as late after the last one as it happened."""
        now = anyio.current_time()
        if not self._fast:
            time.sleep(max(0.0, now - self._told_at))  # virtual time stands still
        self._told_at = now
        who = click.style(f"{id!s:<14}", fg=_COLOURS.get(id.type))
        click.echo(f"{now:5.1f}  {who} {text}")


class CookAgent(RoutedAgent):
    """Cooks one dish after another; forgets one now and then."""

    def __init__(self, inn: Inn) -> None:
        super().__init__("cooks")
        self._inn = inn

    @message_handler
    async def on_cook(self, message: Cook, ctx: MessageContext) -> str:
        """Cook; whoever stops waiting stops the cooking."""
        self._inn.tell(self.id, f"begins a {message.dish}")
        try:
            await anyio.sleep(_DISHES[message.dish])
        except anyio.get_cancelled_exc_class():
            self._inn.tell(self.id, f"stops: nobody waits for the {message.dish}")
            raise
        if message.burns:
            burnt = f"the {message.dish} is burnt"
            raise ValueError(burnt)
        await self.publish_message(Bell(message.dish), TopicId("bell", "Tom"))
        return f"a fine {message.dish}"


class Waiter(RoutedAgent):
    """Carries orders; serves all guests at once."""

    def __init__(self, inn: Inn) -> None:
        super().__init__("waits")
        self._inn = inn

    @message_handler
    async def on_order(self, message: Order, ctx: MessageContext) -> str:
        """Ask the cook, and once more if the first dish is burnt."""
        self._inn.tell(self.id, f"takes down: {message.dish} for {message.guest}")
        burns = self._inn.chance.random() < 0.3
        try:
            return await self._ask(Cook(message.dish, burns))
        except ValueError as exc:
            self._inn.tell(self.id, f"is sorry, {exc}; one more")
            self._inn.tally["burnt"] += 1
            return await self._ask(Cook(message.dish, burns=False))

    async def _ask(self, message: Cook) -> str:
        return cast("str", await self.send_message(message, _COOK))


@type_subscription("bell")
class Cat(RoutedAgent):
    """Hears the bell; nobody waits for it."""

    def __init__(self, inn: Inn) -> None:
        super().__init__("listens")
        self._inn = inn

    @message_handler
    async def on_bell(self, message: Bell, ctx: MessageContext) -> None:
        """Look up."""
        self._inn.tell(self.id, f"smells {message.dish}")


async def dine(
    inn: Inn, runtime: SingleThreadedAgentRuntime, order: Order, *, patience: float
) -> None:
    """Be a guest: order, wait as long as patience lasts, and leave."""
    me = AgentId("guest", order.guest)
    inn.tell(me, f"orders {order.dish}, and will wait {patience:.0f} minutes")
    with anyio.move_on_after(patience) as scope:
        dish = await runtime.send_message(order, _WAITER, sender=me)
        inn.tell(me, f"eats {dish}")
        inn.tally["served"] += 1
    if scope.cancelled_caught:
        inn.tell(me, "leaves hungry")
        inn.tally["left hungry"] += 1


async def evening(inn: Inn) -> None:
    """Open the inn, let the guests come, and close it."""
    async with SingleThreadedAgentRuntime() as runtime:
        await CookAgent.register(runtime, "cook", lambda: CookAgent(inn))
        await Waiter.register(runtime, "waiter", lambda: Waiter(inn), max_concurrency=8)
        await Cat.register(runtime, "cat", lambda: Cat(inn))
        async with anyio.create_task_group() as guests:
            for guest in _GUESTS:
                order = Order(guest, inn.chance.choice(list(_DISHES)))
                patience = inn.chance.uniform(3, 9)
                guests.start_soon(partial(dine, inn, runtime, order, patience=patience))
                await anyio.sleep(inn.chance.uniform(0.3, 2))
    told = ", ".join(f"{count} {what}" for what, count in sorted(inn.tally.items()))
    click.echo(f"The inn closes: {told}.")


def demo(host: str, *, seed: int, fast: bool) -> None:
    """Tell one evening.

    Args:
        host: ``"trio"`` or ``"asyncio"``.
        seed: Which evening.
        fast: Do not wait between the lines; nobody does where there is no terminal.
    """
    inn = Inn(seed, fast=fast or not sys.stdout.isatty())
    loop = cast('Literal["trio", "asyncio"]', host)
    run(evening, inn, host=loop, seed=seed)
