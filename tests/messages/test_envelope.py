"""Envelopes and contexts: the state alone decides."""

from __future__ import annotations

import pytest

from actrio.identity import AgentId
from actrio.messages import (
    DONE,
    QUEUED,
    RUNNING,
    WITHDRAWN,
    CancellationToken,
    Delivery,
    Envelope,
    Errand,
    MessageContext,
    Publication,
    Request,
    State,
)

A = AgentId("a", "k")


def context() -> MessageContext:
    return MessageContext(None, None, True, CancellationToken(), "m-1")


class Scope:
    """Stands for the scope of a running handler."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Queue:
    """Remembers what it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[Envelope] = []

    def forget(self, envelope: Envelope) -> None:
        self.forgotten.append(envelope)


def test_only_a_queued_envelope_can_be_withdrawn() -> None:
    """In every other state nothing happens, and its queue hears nothing."""
    for state in State:
        envelope, queue = Envelope("x", A, context()), Queue()
        envelope.queue, envelope.state = queue, state
        assert envelope.withdraw() == (state is QUEUED)
        assert envelope.state is (WITHDRAWN if state is QUEUED else state)
        assert queue.forgotten == ([envelope] if state is QUEUED else [])


def test_a_cancelled_sender_leaves_at_once_unless_a_handler_runs() -> None:
    """A running handler is cancelled and the sender stays."""
    request, scope = Request("x", A, context()), Scope()
    request.state, request.scope = RUNNING, scope  # type: ignore[assignment]
    assert not request.leave()
    assert scope.cancelled
    queued = Request("x", A, context())
    assert queued.leave()
    assert queued.state is WITHDRAWN
    done, scope = Request("x", A, context()), Scope()
    done.state, done.scope = DONE, scope  # type: ignore[assignment]
    assert done.leave()  # its response is held, and nobody wakes it
    assert not scope.cancelled


def test_a_publisher_waits_until_its_last_copy_has_room() -> None:
    """Each copy settles once; the last one wakes it."""
    woken: list[object] = []
    publication = Publication(woken.append)
    copies = [Delivery("x", A, context()) for _ in range(3)]
    for copy in copies:
        publication.add(copy)
    for copy in copies:
        assert woken == []
        copy.settle()
        copy.settle()
    assert woken == [publication]


def test_a_publisher_that_leaves_withdraws_what_still_waits() -> None:
    """It is not woken, and copies that found room go on."""
    woken: list[object] = []
    publication = Publication(woken.append)
    copies = [Delivery("x", A, context()) for _ in range(3)]
    for copy in copies:
        publication.add(copy)
    copies[0].settle()
    assert publication.leave()
    assert [copy.state for copy in copies] == [QUEUED, WITHDRAWN, WITHDRAWN]
    for copy in copies:
        copy.settle()
    assert woken == []


def test_the_repr_says_where_it_is() -> None:
    """Kind, id, class of the message, recipient and state."""
    request = Request("x", A, context())
    assert repr(request) == "<Request m-1 str to a/k: queued>"
    request.withdraw()
    assert repr(request).endswith("withdrawn>")


@pytest.mark.anyio
async def test_an_errand_calls_its_operation_instead_of_the_handler() -> None:
    """It is a request without a message."""

    class Agent:
        name = "agent"

        async def on_message(self, message: object, ctx: MessageContext) -> object:
            return message, ctx

    async def operation(agent: Agent) -> str:
        return agent.name

    assert await Errand(operation, A, context()).deliver(Agent()) == "agent"
    own = context()
    assert await Request("x", A, own).deliver(Agent()) == ("x", own)


def test_contexts_are_compared_by_value_and_can_be_changed() -> None:
    """As in autogen_core, it is a plain dataclass of five fields."""
    token = CancellationToken()
    first = MessageContext(A, None, True, token, "m")
    second = MessageContext(
        sender=A, topic_id=None, is_rpc=True, cancellation_token=token, message_id="m"
    )
    assert first == second
    second.message_id = "other"
    assert first != second
