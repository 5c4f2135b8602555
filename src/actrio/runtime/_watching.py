"""Watching: how traces, metrics and event records see a message on its way.

A message that nobody watches takes the short way and pays nothing. One that is watched
has a `Watch` from its sender to its handlers; its envelopes are of another class, whose
`deliver` brackets the handler. So an actor does not know whether it is watched.

What a watcher raises is logged, here and nowhere else: it must not stop a message.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Final, Self

from .._concurrency import uninterruptible
from ..abc import Passage, Report, Watcher, Watchers
from ..identity import AgentId, TopicId
from ..logging import EVENT_LOGGER_NAME, ROOT_LOGGER_NAME
from ..messages import Delivery, Envelope, MessageContext, MessageTaker, Request

_logger: Final = logging.getLogger(ROOT_LOGGER_NAME)

_events_wanted: Final = partial(
    logging.getLogger(EVENT_LOGGER_NAME).isEnabledFor, logging.INFO
)

_Step = AbstractContextManager[Report]


class Observers:
    """Those who watch the messages of one runtime."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.watchers = Watchers()
        self.is_watching: Callable[[], bool] = _nobody_watches
        """Says whether anybody watches the messages that are sent now."""

    def use(self, watchers: Watchers) -> None:
        """Let these watch from now on, instead of others."""
        self.watchers = watchers
        if watchers.always:
            self.is_watching = _somebody_watches
        else:
            self.is_watching = _events_wanted if watchers.events else _nobody_watches

    def watch(
        self,
        message: object,
        context: MessageContext,
        target: AgentId | TopicId,
        carried: Mapping[str, str] | None = None,
    ) -> Watch | None:
        """Return the watch of a message; None if nobody watches.

        Args:
            message: The message.
            context: Where it comes from.
            target: Where it goes.
            carried: What `Watch.carried` returned where it was sent, if elsewhere.
        """
        watchers = self._now()
        if not watchers:
            return None
        passage = Passage(message, context, target, self._clock, carried or {})
        return Watch(watchers, passage)

    def tell(self, what: Callable[[Watcher], None]) -> None:
        """Tell something to everybody who watches."""
        _tell(self._now(), what)

    def _now(self) -> Sequence[Watcher]:
        events = self.watchers.events
        if events is not None and _events_wanted():
            return (*self.watchers.always, events)
        return self.watchers.always


def _nobody_watches() -> bool:
    return False


def _somebody_watches() -> bool:
    return True


class Watch:
    """One message on its way, and those who watch it."""

    __slots__ = ("_watchers", "passage")

    def __init__(self, watchers: Sequence[Watcher], passage: Passage) -> None:
        self._watchers = watchers
        self.passage = passage

    def sending(self) -> Bracket:
        """Bracket the whole call of the sender."""
        return self._bracket(lambda watcher: watcher.sending(self.passage))

    def intercepting(self, handler: str) -> Bracket:
        """Bracket one intervention handler."""
        return self._bracket(
            lambda watcher: watcher.intercepting(self.passage, handler)
        )

    def handling(self, recipient: AgentId, agent: object) -> Bracket:
        """Bracket the handler of one recipient."""
        return self._bracket(
            lambda watcher: watcher.handling(self.passage, recipient, agent)
        )

    def carried(self) -> dict[str, str]:
        """Return what is to be known in the process to which the message goes."""
        found: dict[str, str] = {}
        for watcher in self._watchers:
            try:
                found.update(watcher.carry(self.passage))
            except Exception:  # noqa: BLE001 - it is logged
                _raised(watcher)
        return found

    def dropped(self, *, is_response: bool) -> None:
        """Tell that an intervention handler dropped the message, or its response."""
        _tell(
            self._watchers,
            lambda watcher: watcher.dropped(self.passage, is_response=is_response),
        )

    def _bracket(self, step: Callable[[Watcher], _Step]) -> Bracket:
        return Bracket(self._watchers, step)


class Bracket:
    """A step of a message, bracketed by everybody who watches it."""

    __slots__ = ("_entered", "_step", "_watchers")

    def __init__(
        self, watchers: Sequence[Watcher], step: Callable[[Watcher], _Step]
    ) -> None:
        self._watchers = watchers
        self._step = step
        self._entered: list[tuple[_Step, Report]] = []

    def __enter__(self) -> Self:
        for watcher in self._watchers:
            try:
                step = self._step(watcher)
                self._entered.append((step, step.__enter__()))
            except Exception:  # noqa: BLE001 - it is logged
                _raised(watcher)
        return self

    def report(self, result: object) -> None:
        """Tell the result of the step."""
        for step, report in self._entered:
            if report is not None:
                try:
                    report(result)
                except Exception:  # noqa: BLE001 - it is logged
                    _raised(step)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._entered:
            step, _ = self._entered.pop()
            try:
                step.__exit__(exc_type, exc_value, traceback)
            except Exception as failure:  # noqa: BLE001 - it is logged
                if failure is not exc_value:
                    _raised(step)


class WatchedRequest(Request):
    """A request that is watched."""

    def __init__(
        self,
        message: object,
        recipient: AgentId,
        context: MessageContext,
        watch: Watch,
    ) -> None:
        super().__init__(message, recipient, context)
        self.watch = watch

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Hand the message to the agent, and watch."""
        return deliver_watched(self, self.watch, agent)


class WatchedDelivery(Delivery):
    """One recipient's copy of a published message that is watched."""

    def __init__(
        self,
        message: object,
        recipient: AgentId,
        context: MessageContext,
        watch: Watch,
    ) -> None:
        super().__init__(message, recipient, context)
        self.watch = watch

    def deliver(self, agent: MessageTaker) -> Awaitable[object]:
        """Hand the copy to the agent, and watch."""
        return deliver_watched(self, self.watch, agent)


@uninterruptible
async def deliver_watched(
    envelope: Envelope, watch: Watch, agent: MessageTaker
) -> object:
    """Hand a message to the agent, and watch."""
    with watch.handling(envelope.recipient, agent) as bracket:
        response = await agent.on_message(envelope.message, ctx=envelope.context)
        if isinstance(envelope, Request):
            bracket.report(response)
        return response


def _tell(watchers: Sequence[Watcher], what: Callable[[Watcher], None]) -> None:
    for watcher in watchers:
        try:
            what(watcher)
        except Exception:  # noqa: BLE001 - it is logged
            _raised(watcher)


def _raised(who: object) -> None:
    """Log the exception being handled: it must not stop a message."""
    _logger.exception("%r raised while it watched a message; the message goes on", who)
