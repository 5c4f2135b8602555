"""Several requests at once, none of which ends the others."""

from collections.abc import Awaitable, Callable, Sequence

from .._concurrency import Host, Nursery, current_host

__all__ = ["Request", "all_outcomes"]

Request = Callable[[], Awaitable[object]]


async def all_outcomes(requests: Sequence[Request]) -> list[object]:
    """Make the requests, and return the value or the error of each, in their order.

    They start in their order too, each in a task of its own.

    Cancellation: Cancels the requests that have no outcome yet.
    """
    if not requests:
        return []
    host = current_host()
    if len(requests) == 1:
        return [await _outcome(requests[0], host)]
    outcomes: list[object] = [None] * len(requests)

    async def make(index: int, nursery: Nursery) -> None:
        if index + 1 < len(requests):
            # it runs when this task waits for the first time: trio shuffles those
            # that are started together
            nursery.start_soon(make, index + 1, nursery)
        outcomes[index] = await _outcome(requests[index], host)

    async with host.open_nursery() as nursery:
        nursery.start_soon(make, 0, nursery)
    return outcomes


async def _outcome(request: Request, host: Host) -> object:
    try:
        return await request()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:
        cancellation, _ = host.split_cancellation(exc)
        if cancellation is not None:
            raise
        return exc
