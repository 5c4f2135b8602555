"""Calls that end when a token is cancelled, as they do when their scope is."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Final, TypeVar

from ..exceptions import RequestCancelled
from ..messages import CancellationToken

__all__ = ["call_under", "heeded", "stream_under"]

T = TypeVar("T")

heeded: Final = ContextVar[CancellationToken | None](
    "actrio_heeded_token", default=None
)
"""The token that cancels the current task anyhow.

A scope costs more than most tools, and a workbench, the tool in it and the handler
around it would each open one for the same token.
"""

_MESSAGE: Final = "the cancellation token of a tool call was cancelled"


async def call_under(token: CancellationToken, call: Callable[[], Awaitable[T]]) -> T:
    """Make a call that the token cancels.

    Raises:
        RequestCancelled: If it did, and the call did not finish all the same.

    Cancellation: That of the call.
    """
    if heeded.get() is token:
        return await call()
    with token.scope():
        before = heeded.set(token)
        try:
            return await call()
        finally:
            heeded.reset(before)
    raise RequestCancelled(_MESSAGE)


async def stream_under(
    token: CancellationToken, stream: AsyncGenerator[T, None]
) -> AsyncGenerator[T, None]:
    """Yield the items of a stream that the token cancels, and close it at the end.

    Each step runs in a scope of its own, so that whoever reads is never inside one.

    Raises:
        RequestCancelled: If the token cancelled a step.

    Cancellation: That of the stream.
    """
    try:
        while True:
            try:
                item = await call_under(token, stream.__anext__)
            except StopAsyncIteration:
                return
            yield item
    finally:
        await stream.aclose()
