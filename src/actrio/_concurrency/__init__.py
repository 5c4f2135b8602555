"""The only door to an event loop.

A *host* is what runs our tasks: trio, or asyncio through anyio. `current_host`
finds out once, when a runtime opens; everything above this package holds the
`Host` that it was given and imports neither trio nor anyio nor asyncio.

The one primitive that is ours is `Host.park`: a task waits on a `Waiter` until
somebody wakes it, and when it is cancelled meanwhile the waiter decides whether it
may leave at once or has to stay until what it waits for has unwound. Requests,
back-pressure, idle waiting and stopping are all built on it.
"""

from asyncio import CancelledError

from anyio import AsyncContextManagerMixin
from trio.lowlevel import (
    disable_ki_protection as interruptible,
    enable_ki_protection as uninterruptible,
)

from ._host import CancelScope, Host, Nursery, RaiseCancelled, Timer, Waiter, Worker
from ._select import current_host, interrupt_main_thread

__all__ = [
    "AsyncContextManagerMixin",
    "CancelScope",
    "CancelledError",
    "Host",
    "Nursery",
    "RaiseCancelled",
    "Timer",
    "Waiter",
    "Worker",
    "current_host",
    "interrupt_main_thread",
    "interruptible",
    "uninterruptible",
]
