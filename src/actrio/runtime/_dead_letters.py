"""Dead letters: messages that no handler took, with the reason.

Nothing vanishes silently. Each dead letter is counted by its reason, given to the
``on_dead_letter`` hook, and logged: at DEBUG where it is normal (nobody subscribed, or
the sender withdrew the message), else at INFO, once per recipient and minute.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Final

import attrs

from ..identity import AgentId, TopicId
from ..logging import ROOT_LOGGER_NAME

_logger = logging.getLogger(ROOT_LOGGER_NAME)
_WINDOW: Final = 60.0
_RECIPIENTS_REMEMBERED: Final = 1024


class DeadLetterReason(Enum):
    """Why no handler took a message."""

    NO_SUBSCRIBER = "no subscriber"
    """It was published to a topic that leads to nobody."""
    UNKNOWN_TYPE = "unknown agent type"
    """A subscription, or the sender, names an agent type that is not registered."""
    NO_HANDLER = "no matching handler"
    """The agent has no handler for it."""
    NOT_ROUTED = "a subscription failed"
    """A subscription raised while its recipients were looked up."""
    DROPPED = "dropped by an intervention"
    """An intervention handler dropped it, or failed on it."""
    WITHDRAWN = "withdrawn"
    """Its sender gave up, or was cancelled, before a handler began."""
    STOPPED = "runtime stopped"
    """It was still queued when the runtime stopped."""
    NOT_BUILT = "agent could not be built"
    """The factory of the recipient failed, or its state could not be loaded."""
    FAILED = "failed its agent again and again"
    """Each agent that handled it raised, as often as its type's policy allows."""
    AGENT_STOPPED = "agent was stopped"
    """The recipient failed, and its type is registered to be stopped then."""
    DEADLOCK = "would wait for room in a cycle"
    """The full inbox that it waited for could only empty after its own publisher."""


_NORMAL: Final = {DeadLetterReason.NO_SUBSCRIBER, DeadLetterReason.WITHDRAWN}


@attrs.frozen
class DeadLetter:
    """One message that no handler took."""

    message: object
    """The message itself."""
    reason: DeadLetterReason
    """Why."""
    sender: AgentId | None
    """Who sent it; None if it came from outside any agent."""
    recipient: AgentId | None
    """Who should have got it; None if nobody subscribed to its topic."""
    topic_id: TopicId | None
    """The topic it was published to; None for a direct message."""
    message_id: str
    """The id of the message."""


class DeadLetters:
    """Counts, reports and logs dead letters of one runtime."""

    __slots__ = ("_clock", "_logged", "_observe", "counts")

    def __init__(
        self,
        observe: Callable[[DeadLetter], object] | None,
        clock: Callable[[], float],
    ) -> None:
        self._observe = observe
        self._clock = clock
        self._logged: dict[tuple[object, DeadLetterReason], float] = {}
        self.counts: Counter[DeadLetterReason] = Counter()

    def add(self, letter: DeadLetter) -> None:
        """Count, report and log one dead letter.

        What the hook raises is logged; it never reaches a sender.
        """
        self.counts[letter.reason] += 1
        self._log(letter)
        if self._observe is not None:
            try:
                self._observe(letter)
            except Exception:
                _logger.exception("on_dead_letter raised for %r", letter)

    def _log(self, letter: DeadLetter) -> None:
        level = logging.DEBUG if letter.reason in _NORMAL else logging.INFO
        if not _logger.isEnabledFor(level):
            return
        if level == logging.INFO and self._logged_lately(letter):
            return
        _logger.log(
            level,
            "Dead letter, %s: %s from %s to %s (message %s)",
            letter.reason.value,
            type(letter.message).__name__,
            letter.sender or "outside",
            letter.recipient or letter.topic_id,
            letter.message_id,
        )

    def _logged_lately(self, letter: DeadLetter) -> bool:
        key = (letter.recipient or letter.topic_id, letter.reason)
        now = self._clock()
        before = self._logged.get(key)
        if before is not None and now - before < _WINDOW:
            return True
        if len(self._logged) >= _RECIPIENTS_REMEMBERED:
            self._logged.clear()
        self._logged[key] = now
        return False
