"""The same runtime over many processes, which meet in a Redis server.

A message on its way, from the outside in::

    _runtime.py      the front door: RedisAgentRuntime
    _transport.py    the way out, in place of the one to the inboxes of this process
    _sender.py       what is sent, until it is known what became of it
    _withdrawing.py  what was published with a token, which may withdraw it
    _scripts.py      what the server does, in one step each; the keys
    _worker.py       the way in: what this process hosts, while its lease lasts
    _arrivals.py     what came, as envelopes of the runtime here
    _outcomes.py     what became of it, as a reply

Beside that::

    _member.py _lease.py         joining, renewing, and stopping in time
    _membership.py               why a server may refuse that
    _hosting.py                  what is hosted here, as the server is told
    _options.py _assembly.py     what a runtime is set up with and made of
    _nesting.py _callers.py      requests in a cycle, within what is known here
    _probing.py _graph.py        the same over several processes
    _topics.py                   the subscriptions of the namespace
    _store.py                    states that only the present owner can save
    _dead_letters.py             messages that no handler took, to be looked at
    _codec.py _wire.py           messages as bytes
    _failures.py _plain.py       exceptions as bytes
    _batches.py _line.py _deadlines.py _counters.py _health.py
"""

from typing import TYPE_CHECKING

from .._extras import late

if TYPE_CHECKING:
    from ._dead_letters import DeadLetterQueue, QueuedDeadLetter, Replayed
    from ._health import Health
    from ._options import Delivery
    from ._runtime import RedisAgentRuntime
    from ._store import FencedStateStore

__all__ = [
    "DeadLetterQueue",
    "Delivery",
    "FencedStateStore",
    "Health",
    "QueuedDeadLetter",
    "RedisAgentRuntime",
    "Replayed",
]

_LATE = {
    "DeadLetterQueue": "_dead_letters",
    "Delivery": "_options",
    "FencedStateStore": "_store",
    "Health": "_health",
    "QueuedDeadLetter": "_dead_letters",
    "RedisAgentRuntime": "_runtime",
    "Replayed": "_dead_letters",
}

# Type checkers must not see this, or every name would be one of this package's for them.
if not TYPE_CHECKING:  # pragma: no branch
    __getattr__ = late(__name__, _LATE)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
