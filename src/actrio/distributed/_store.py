"""The states of agents, in the namespace: only who lives there now may write.

An activation that was replaced may not know it yet, since it was frozen, or cut off. What
it would save is refused by its fencing token, which the save is compared with in the same
step.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from .._redis import Link, Redis, Servers
from ..exceptions import StaleFence, StateConflict
from ..identity import AgentId
from ..state._redis import SCRIPTS, RedisStateStore
from ..state._table import expecting

__all__ = ["SCRIPTS", "FencedStateStore"]


class FencedStateStore(RedisStateStore):
    """Keeps the states of the agents of a namespace; open as long as its runtime is.

    The key of an agent's state is ``str(agent_id)``. It is saved only by the worker on which
    the agent lives. Other keys are for whoever wants to protect what an agent does outside of
    itself: see `save_fenced`.
    """

    def __init__(
        self, servers: Servers, namespace: str, fence_of: Callable[[str], int | None]
    ) -> None:
        super().__init__(servers, prefix=namespace)
        self._fence_of = fence_of

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Raise: it is open as long as its runtime.

        Raises:
            RuntimeError: Always.
        """
        message = (
            "this store is open as long as its runtime; use it in that one's block"
        )
        if message:
            raise RuntimeError(message)
        yield self  # an asynchronous generator has to have one

    async def begin(self, link: Link) -> None:
        """See whether the states are of a format that is known, after connecting."""
        await self._check(link)

    def use(self, redis: Redis | None) -> None:
        """Work over this connection; None when it is over."""
        self._redis = redis

    async def end(self, redis: Redis) -> None:
        """Leave nothing behind but the states."""
        await self._last_call(redis)

    async def save_fenced(
        self,
        key: str,
        state: Mapping[str, Any],
        *,
        agent: AgentId,
        fence: int,
        expected_version: int | None = None,
    ) -> int:
        """Store one state, if an agent's activation is still the present one.

        ::

            await store.save_fenced("paid/42", {...}, agent=self.id, fence=ctx.fence)

        Args:
            key: Whose state it is.
            state: What to keep.
            agent: The agent that does it.
            fence: ``ctx.fence`` of the message that it handles.
            expected_version: As in ``save``.

        Returns:
            The version of what was saved.

        Raises:
            StaleFence: If the agent has a later activation, or none.
            StateConflict: If another version is stored.
            StateStoreError: As the other methods.

        Cancellation: As for the other methods.
        """
        guards = ((f"a:{agent}", "f", fence),)
        return await self._write({key: state}, expecting(key, expected_version), guards)

    async def save(
        self, key: str, state: Mapping[str, Any], *, expected_version: int | None = None
    ) -> int:
        """Store one state; that of an agent only for the worker on which it lives."""
        fence = self._fence_of(key)
        guards = () if fence is None else ((f"a:{key}", "f", fence),)
        return await self._write({key: state}, expecting(key, expected_version), guards)

    def _refused(self, guard: str) -> StateConflict:
        agent = guard.partition(":")[2]
        message = (
            f"agent {agent} lives elsewhere by now, or has a later activation: what this "
            "one knows is outdated and was not saved"
        )
        return StaleFence(message, agent)
