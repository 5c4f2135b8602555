"""What is sent before ``start()``: held in order, then let through or stepped.

While the runtime has not been started, a message waits here instead of in its
recipient's inbox: its sender is parked as usual, and may withdraw. ``start()`` lets
everything through in order. ``process_next()`` lets one thing through at a time, and
then a response is a thing of its own, as in autogen_core.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from .._concurrency import Waiter
from ..logging import ROOT_LOGGER_NAME
from ..messages import DONE, WITHDRAWN, Envelope

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)


@attrs.frozen
class Held:
    """One message or response that waits for the runtime to start."""

    let_through: Callable[[], object]
    """Does what sending would have done, synchronously."""
    refuse: Callable[[], object]
    """Ends it instead, because the runtime will not start any more."""
    envelope: Envelope | None
    """The direct message or response; None for a publish, which has no recipient yet."""

    @property
    def is_void(self) -> bool:
        """Whether its sender has left: it withdrew the message, or gave up waiting."""
        envelope = self.envelope
        if envelope is None:
            return False
        left_response = envelope.state is DONE and envelope.parked is None
        return envelope.state is WITHDRAWN or left_response


class Gate(Waiter):
    """Holds messages in the order in which they were sent; a step may park on it."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: deque[Held] = deque()
        self._hinted = False

    def __len__(self) -> int:
        self._drop_withdrawn()
        return len(self._held)

    def hold(self, held: Held) -> None:
        """Hold one message at the end of the line.

        Raises:
            RuntimeError: If the gate is full; nobody could make room for a sender
                that waits here and is the one to call ``start()``.
        """
        if len(self) >= self._capacity:
            message = (
                f"{self._capacity} messages wait for the runtime to start; call "
                "start() before sending more, or give a larger inbox_capacity"
            )
            raise RuntimeError(message)
        if held.envelope is not None and self.parked is None and not self._hinted:
            self._hinted = True
            _logger.warning(
                "A request to %s waits, because the runtime has not been started; write "
                "'async with runtime:', or call runtime.start() before sending",
                held.envelope.recipient,
            )
        self._held.append(held)

    def take(self) -> Held | None:
        """Remove and return what waits longest; None if nothing does."""
        self._drop_withdrawn()
        return self._held.popleft() if self._held else None

    def _drop_withdrawn(self) -> None:
        held = [item for item in self._held if not item.is_void]
        if len(held) != len(self._held):
            self._held = deque(held)
