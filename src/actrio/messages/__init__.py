"""What travels: envelopes, their context, and the tokens that withdraw them."""

from ._context import MessageContext
from ._envelope import (
    DONE,
    QUEUED,
    RUNNING,
    WITHDRAWN,
    Delivery,
    Envelope,
    Errand,
    MessageTaker,
    Publication,
    Request,
    State,
)
from ._token import CancellationToken, CancelledFlag

__all__ = [
    "DONE",
    "QUEUED",
    "RUNNING",
    "WITHDRAWN",
    "CancellationToken",
    "CancelledFlag",
    "Delivery",
    "Envelope",
    "Errand",
    "MessageContext",
    "MessageTaker",
    "Publication",
    "Request",
    "State",
]
