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

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

import attrs
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.util.types import AttributeValue

from ..abc import Facts, Passage, Report
from ..identity import AgentId, TopicId
from ..messages import MessageContext
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

_NAMES_REMEMBERED: Final = 1024
"""Most messages go to few agents and topics; making a name takes as long as a handler."""

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
        attributes = _base("create", passage.target)
        attributes["messaging.message.type"] = type(passage.message).__name__
        created = self._start("create", passage.target, SpanKind.PRODUCER, attributes)
        link = Link(created.get_span_context())
        # Not made current: none of the user's code runs in it but interventions.
        notes = _Trace(set_span_in_context(created), link)
        passage.notes[self] = notes
        try:
            if isinstance(passage.target, AgentId):
                yield lambda response: self._acknowledge(passage, notes, response)
            else:
                publishing = self._start(
                    "publish",
                    passage.target,
                    SpanKind.PRODUCER,
                    _base("publish", passage.target),
                    notes,
                )
                try:
                    yield None
                finally:
                    publishing.end()
        except Exception as exc:
            _failed(created, exc)
            raise
        finally:
            created.end()

    @contextmanager
    def intercepting(self, passage: Passage, handler: str) -> Generator[Report]:
        """Make ``intercept``."""
        notes = self._notes(passage)
        span = self._start(
            "intercept", handler, SpanKind.CONSUMER, _base("intercept", handler), notes
        )
        with use_span(span, end_on_exit=True):
            yield None

    @contextmanager
    def handling(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> Generator[Report]:
        """Make ``process``, in the sender's context, and ``send`` beside it."""
        notes = self._notes(passage)
        sent: Span | None = None
        if isinstance(passage.target, AgentId):
            attributes = _base("send", recipient)
            sent = self._start("send", recipient, SpanKind.PRODUCER, attributes, notes)
            notes.sent = sent.get_span_context()
        attributes = self._processing(passage, recipient, agent)
        span = self._start("process", recipient, SpanKind.CONSUMER, attributes, notes)
        before = otel_context.attach(set_span_in_context(span, notes.context))
        try:
            yield None
        except Exception as exc:
            _failed(span, exc)
            raise
        finally:
            otel_context.detach(before)
            span.end()
            if sent is not None:
                sent.end()

    def carry(self, passage: Passage) -> Mapping[str, str]:
        """Return the sender's context, as the propagators that are set write it."""
        carrier: dict[str, str] = {}
        inject(carrier, self._notes(passage).context)
        return carrier

    def dropped(self, passage: Passage, *, is_response: bool) -> None:
        """Do nothing: the sender's exception ends ``create``."""

    def not_built(self, agent: AgentId, exc: BaseException) -> None:
        """Do nothing: the sender's exception ends ``create``."""

    def dead(self, reason: str, recipient: AgentId | None) -> None:
        """Do nothing: dead letters are counted, not traced."""

    def _start(
        self,
        operation: str,
        target: AgentId | TopicId | str,
        kind: SpanKind,
        attributes: _Attributes,
        notes: _Trace | None = None,
    ) -> Span:
        """Start a span; with notes, in the context of ``create`` and with a link."""
        return self._tracer.start_span(
            _name(operation, target),
            None if notes is None else notes.context,
            kind,
            attributes,
            () if notes is None else (notes.created,),
        )

    def _notes(self, passage: Passage) -> _Trace:
        notes: _Trace | None = passage.notes.get(self)
        if notes is None:  # it comes from another process
            context = extract(passage.carried)
            sender = get_current_span(context).get_span_context()
            notes = passage.notes[self] = _Trace(context, Link(sender))
        return notes

    def _acknowledge(self, passage: Passage, notes: _Trace, response: object) -> None:
        receiver = passage.context.sender
        target = "" if receiver is None else receiver
        attributes = _base("ack", target)
        attributes |= self._agent("sender", passage.target)
        attributes |= self._agent("recipient", receiver)
        attributes["message"] = as_json(response)
        self._tracer.start_span(
            _name("ack", target),
            notes.context,
            SpanKind.CONSUMER,
            attributes,
            () if notes.sent is None else (Link(notes.sent),),
        ).end()

    def _processing(
        self, passage: Passage, recipient: AgentId, agent: object
    ) -> _Attributes:
        context = passage.context
        attributes = _base("process", recipient)
        attributes |= self._agent("sender", context.sender)
        attributes["recipient_agent_type"] = recipient.type
        attributes["recipient_agent_class"] = type(agent).__name__
        attributes["message_context"] = _context_as_json(context)
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


def _context_as_json(context: MessageContext) -> str:
    # written by hand, since json.dumps() takes as long as a span
    sender, topic = quoted(str(context.sender)), quoted(str(context.topic_id))
    is_rpc = "true" if context.is_rpc else "false"
    return (
        f'{{"sender": {sender}, "topic_id": {topic}, "is_rpc": {is_rpc}, '
        f'"message_id": {quoted(context.message_id)}}}'
    )


def _failed(span: Span, exc: Exception) -> None:
    span.record_exception(exc)
    span.set_status(Status(StatusCode.ERROR, f"{type(exc).__name__}: {exc}"))


@lru_cache(_NAMES_REMEMBERED)
def _name(operation: str, target: AgentId | TopicId | str) -> str:
    return f"autogen {operation} {_destination(target)}".rstrip()


def _base(operation: str, target: AgentId | TopicId | str) -> _Attributes:
    return {
        "messaging.operation": _OPERATIONS[operation],
        "messaging.destination": _destination(target),
    }


@lru_cache(_NAMES_REMEMBERED)
def _destination(target: AgentId | TopicId | str) -> str:
    if isinstance(target, AgentId):
        return f"{target.type}.({target.key})-A"
    if isinstance(target, TopicId):
        return f"{target.type}.({target.source})-T"
    return target
