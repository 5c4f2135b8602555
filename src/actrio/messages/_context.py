"""What a handler is told about the message that it handles."""

from __future__ import annotations

from dataclasses import dataclass

from ..identity import AgentId, TopicId
from ._token import CancellationToken


@dataclass
class MessageContext:
    """Where a message comes from and how it travelled."""

    sender: AgentId | None
    """The agent that sent the message; None if it came from outside any agent."""

    topic_id: TopicId | None
    """The topic it was published to; None for a direct message."""

    is_rpc: bool
    """True for a direct message, whose sender waits for the response."""

    cancellation_token: CancellationToken
    """The sender's token, or a fresh one if it gave none."""

    message_id: str
    """Unique among the messages of one runtime, unless the sender chose it."""

    @property
    def fence(self) -> int:
        """The fencing token of the agent's activation; 0 in a runtime of one process.

        It is larger than that of any activation of the agent before. A store that
        refuses what comes with a smaller one than it has seen keeps out an activation
        that does not know yet that it was replaced.
        """
        return 0
