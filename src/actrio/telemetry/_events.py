"""Event records: one for each step of a message, on the log of events."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from ..abc import Passage, Report
from ..identity import AgentId, TopicId
from ..logging import (
    EVENT_LOGGER_NAME,
    AgentConstructionExceptionEvent,
    DeliveryStage,
    MessageDroppedEvent,
    MessageEvent,
    MessageHandlerExceptionEvent,
    MessageKind,
)
from ._payload import as_json


class EventWatcher:
    """Logs what happens to messages; see `Watcher`."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(EVENT_LOGGER_NAME)

    @contextmanager
    def sending(self, passage: Passage) -> Generator[Report]:
        """Log the message, and its response when that has arrived."""
        kind = _kind(passage)
        self._log(passage, DeliveryStage.SEND)
        if kind is MessageKind.PUBLISH:
            yield None
        else:
            yield lambda response: self._log_response(
                passage, response, DeliveryStage.DELIVER
            )

    @contextmanager
    def intercepting(self, passage: Passage, handler: str) -> Generator[Report]:
        """Log nothing."""
        del passage, handler
        yield None

    @contextmanager
    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> Generator[Report]:
        """Log that the message is delivered, and its response or exception."""
        del agent
        self._log(passage, DeliveryStage.DELIVER)
        try:
            yield lambda response: self._log_response(
                passage, response, DeliveryStage.SEND
            )
        except Exception as exc:
            self._logger.info(
                MessageHandlerExceptionEvent(
                    payload=as_json(passage.message),
                    handling_agent=recipient,
                    exception=exc,
                )
            )
            raise

    def carry(self, passage: Passage) -> Mapping[str, str]:
        """Return nothing."""
        del passage
        return {}

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Log that a message or a response was dropped."""
        sender: AgentId | None = passage.context.sender
        receiver: AgentId | TopicId | None = passage.target
        kind = _kind(passage)
        if is_response:
            assert isinstance(receiver, AgentId), "only a request has a response"
            sender, receiver, kind = receiver, sender, MessageKind.RESPOND
        self._logger.info(
            MessageDroppedEvent(
                payload=as_json(passage.message),
                sender=sender,
                receiver=receiver,
                kind=kind,
            )
        )

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Log that an agent could not be built."""
        self._logger.info(
            AgentConstructionExceptionEvent(agent_id=agent, exception=exc)
        )

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Log nothing: dead letters have a log and a hook of their own."""

    def _log(self, passage: Passage, stage: DeliveryStage) -> None:
        kind, receiver = _kind(passage), passage.target
        is_copy = kind is MessageKind.PUBLISH and stage is DeliveryStage.DELIVER
        self._logger.info(
            MessageEvent(
                payload=as_json(passage.message),
                sender=passage.context.sender,
                receiver=None if is_copy else receiver,
                kind=kind,
                delivery_stage=stage,
            )
        )

    def _log_response(
        self, passage: Passage, response: object, stage: DeliveryStage
    ) -> None:
        assert isinstance(passage.target, AgentId), "only a request has a response"
        self._logger.info(
            MessageEvent(
                payload=as_json(response),
                sender=passage.target,
                receiver=passage.context.sender,
                kind=MessageKind.RESPOND,
                delivery_stage=stage,
            )
        )


def _kind(passage: Passage) -> MessageKind:
    is_direct = isinstance(passage.target, AgentId)
    return MessageKind.DIRECT if is_direct else MessageKind.PUBLISH
