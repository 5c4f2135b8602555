"""A program without an event loop, with threads: the runtime lives behind a portal.

    python examples/embedding/synchronous.py

Output:

    one question: Yes, Ada.
    from threads: Yes, Barbara. Yes, Frances. Yes, Grace.
    too slow: send_message() took longer than fail_after=0.1
    wrong: ValueError('nobody is called ?')
    heard: the office closes
"""

from concurrent.futures import ThreadPoolExecutor

import anyio

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    TopicId,
    message_handler,
    type_subscription,
)
from actrio.portal import open_portal

CLERK = AgentId("clerk", "one")


@type_subscription("news")
class Clerk(RoutedAgent):
    @message_handler
    async def on_name(self, message: str, ctx: MessageContext) -> str | None:
        if ctx.topic_id is not None:
            print("heard:", message)
            return None
        if not message.isalpha():
            raise ValueError(f"nobody is called {message}")
        if message == "Ida":
            await anyio.sleep(60)
        return f"Yes, {message}."


def main() -> None:
    with open_portal() as portal:
        portal.register(Clerk, "clerk", lambda: Clerk("answers"))
        print("one question:", portal.send_message("Ada", CLERK))

        def ask(name: str) -> str:
            return portal.send_message(name, CLERK)

        with ThreadPoolExecutor() as threads:
            print("from threads:", *threads.map(ask, ["Barbara", "Frances", "Grace"]))

        try:
            portal.send_message("Ida", CLERK, fail_after=0.1)
        except TimeoutError as exc:
            print("too slow:", exc)
        try:
            portal.send_message("?", CLERK)
        except ValueError as exc:
            print("wrong:", repr(exc))

        portal.publish_message("the office closes", TopicId("news", "one"))


if __name__ == "__main__":
    main()
