"""The contracts between agents and their runtime."""

from typing import Any

from actrio import (
    Agent,
    AgentId,
    AgentRuntime,
    CancellationToken,
    InterventionHandler,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    Subscription,
    TypeSubscription,
)

CTX = MessageContext(None, None, True, CancellationToken(), "1")
ID = AgentId("worker", "1")


def test_what_actrio_offers_keeps_its_contracts() -> None:
    """The contracts can be asked for at run time."""
    assert isinstance(RoutedAgent(), Agent)
    assert isinstance(SingleThreadedAgentRuntime(), AgentRuntime)
    assert isinstance(TypeSubscription("task", "worker"), Subscription)
    assert not isinstance(object(), Agent | AgentRuntime | Subscription)


async def test_row_13_an_intervention_handler_overrides_what_it_needs() -> None:
    """The methods that it inherits return the message unchanged."""

    class Shouting(InterventionHandler):
        async def on_send(
            self, message: Any, *, message_context: MessageContext, recipient: AgentId
        ) -> Any:
            return message.upper()

    class Silent(InterventionHandler):
        pass

    shouting, silent = Shouting(), Silent()
    assert await shouting.on_send("m", message_context=CTX, recipient=ID) == "M"
    assert await silent.on_send("m", message_context=CTX, recipient=ID) == "m"
    assert await shouting.on_publish("m", message_context=CTX) == "m"
    assert await shouting.on_response("m", sender=ID, recipient=None) == "m"
