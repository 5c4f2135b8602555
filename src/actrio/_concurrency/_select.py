"""Which host is running here."""

from __future__ import annotations

import signal
import threading

from trio.lowlevel import in_trio_task

from ._asyncio import AsyncioHost
from ._host import Host
from ._trio import TrioHost


def current_host() -> Host:
    """Return the host that the caller runs on.

    Raises:
        RuntimeError: If neither trio nor asyncio is running in this thread.
    """
    if in_trio_task():
        return TrioHost()
    try:
        return AsyncioHost()
    except RuntimeError:
        message = (
            "no event loop is running in this thread; call this from an async "
            "function under trio.run() or asyncio.run()"
        )
        raise RuntimeError(message) from None


def interrupt_main_thread() -> None:
    """Deliver Ctrl-C again, to whatever the main thread's host does with it.

    Used when a handler received the KeyboardInterrupt that was meant for the whole
    program. Does nothing outside the main thread, where signals never arrive.
    """
    if threading.current_thread() is threading.main_thread():
        signal.raise_signal(signal.SIGINT)
