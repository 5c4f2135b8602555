"""Spans: what OpenTelemetry sees of a message.

A request is one tree of spans::

    create                 the sender's call, from sending to the response
    ├── intercept          each intervention handler
    ├── send, process      the handler, in the task of its actor
    │   └── create …       what the handler itself sends
    └── ack                the response has arrived

The names, kinds and attributes are autogen_core's, and so are the links back to
``create``. The parents are ours: the sender's context travels with the message, so that
one conversation is one trace.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import attrs
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TracerProvider
from opentelemetry.util.types import AttributeValue

from ..abc import Facts, Passage, Report
from ..identity import AgentId, TopicId
from ._payload import as_json

_TRACER: Final = "autogen SingleThreadedAgentRuntime"

_OPERATIONS: Final = {
    "create": "create",
    "send": "publish",
    "publish": "publish",
    "intercept": "receive",
    "process": "process",
    "ack": "receive",
}
"""What the attribute ``messaging.operation`` says of each span."""

_Attributes = dict[str, AttributeValue]


@attrs.define
class _Trace:
    """What the spans of one message need of each other."""

    context: Context
    """The sender's, with the span ``create`` in it."""
    created: Link
    """The link back to ``create``."""
    sent: SpanContext | None = None
    """The span ``send``, to which ``ack`` links."""


class SpanWatcher:
    """Makes the spans of each message; see `Watcher`."""

    def __init__(self, provider: TracerProvider, facts: Facts) -> None:
        self._tracer = provider.get_tracer(_TRACER)
        self._facts = facts

    @contextmanager
    def sending(self, passage: Passage) -> Generator[Report]:
        """Make ``create``, and for a publish ``publish`` in it."""
        kind = type(passage.message).__name__
        with self._span(
            "create",
            passage.target,
            SpanKind.PRODUCER,
            {"messaging.message.type": kind},
        ) as created:
            link = Link(created.get_span_context())
            notes = _Trace(otel_context.get_current(), link)
            passage.notes[self] = notes
            if isinstance(passage.target, AgentId):
                yield lambda response: self._acknowledge(passage, notes, response)
            else:
                with self._span(
                    "publish", passage.target, SpanKind.PRODUCER, {}, [link]
                ):
                    yield None

    @contextmanager
    def intercepting(self, passage: Passage, handler: str) -> Generator[Report]:
        """Make ``intercept``."""
        links = [self._notes(passage).created]
        with self._span("intercept", handler, SpanKind.CONSUMER, {}, links):
            yield None

    @contextmanager
    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> Generator[Report]:
        """Make ``process``, in the sender's context, and ``send`` around it."""
        notes = self._notes(passage)
        links = [notes.created]
        before = otel_context.attach(notes.context)
        sent: Span | None = None
        try:
            if isinstance(passage.target, AgentId):
                sent = self._tracer.start_span(
                    _name("send", recipient),
                    kind=SpanKind.PRODUCER,
                    attributes=_base("send", recipient),
                    links=links,
                )
                notes.sent = sent.get_span_context()
            attributes = self._processing(passage, recipient, agent)
            with self._span("process", recipient, SpanKind.CONSUMER, attributes, links):
                yield None
        finally:
            if sent is not None:
                sent.end()
            otel_context.detach(before)

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Do nothing: the sender's exception ends ``create``."""

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Do nothing: the sender's exception ends ``create``."""

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Do nothing: dead letters are counted, not traced."""

    def _span(
        self,
        operation: str,
        target: AgentId | TopicId | str,
        kind: SpanKind,
        attributes: _Attributes,
        links: Sequence[Link] = (),
    ) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(
            _name(operation, target),
            kind=kind,
            attributes={**attributes, **_base(operation, target)},
            links=links,
        )

    def _notes(self, passage: Passage) -> _Trace:
        notes: _Trace = passage.notes[self]
        return notes

    def _acknowledge(self, passage: Passage, notes: _Trace, response: object) -> None:
        receiver = passage.context.sender
        target = "" if receiver is None else receiver
        attributes = self._agent("sender", passage.target)
        attributes |= self._agent("recipient", receiver)
        attributes["message"] = as_json(response)
        sent = [] if notes.sent is None else [Link(notes.sent)]
        with self._span("ack", target, SpanKind.CONSUMER, attributes, sent):
            pass

    def _processing(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> _Attributes:
        context = passage.context
        attributes = self._agent("sender", context.sender)
        attributes["recipient_agent_type"] = recipient.type
        attributes["recipient_agent_class"] = type(agent).__name__
        attributes["message_context"] = json.dumps(
            {
                "sender": str(context.sender),
                "topic_id": str(context.topic_id),
                "is_rpc": context.is_rpc,
                "message_id": context.message_id,
            }
        )
        attributes["message"] = as_json(passage.message)
        return attributes

    def _agent(self, role: str, agent: AgentId | TopicId | None) -> _Attributes:
        if not isinstance(agent, AgentId):
            return {}
        attributes: _Attributes = {f"{role}_agent_type": agent.type}
        # asked, not built: an agent is not made because somebody traces
        name = self._facts.agent_class(agent)
        if name is not None:
            attributes[f"{role}_agent_class"] = name
        return attributes


def _name(operation: str, target: AgentId | TopicId | str) -> str:
    return f"autogen {operation} {_destination(target)}".rstrip()


def _base(operation: str, target: AgentId | TopicId | str) -> _Attributes:
    return {
        "messaging.operation": _OPERATIONS[operation],
        "messaging.destination": _destination(target),
    }


def _destination(target: AgentId | TopicId | str) -> str:
    if isinstance(target, AgentId):
        return f"{target.type}.({target.key})-A"
    if isinstance(target, TopicId):
        return f"{target.type}.({target.source})-T"
    return target
