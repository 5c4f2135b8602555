"""One tree of errors, which are also what autogen_core's programs expect."""

import asyncio
import pickle

import pytest

from actrio import AgentId, exceptions
from actrio.exceptions import (
    ActrioError,
    AgentNotBound,
    CantHandleException,
    DeadlockError,
    HandlerSignatureError,
    MessageDroppedException,
    NotAccessibleError,
    RecipientNotFound,
    RedisClosed,
    RedisError,
    RedisLinkLost,
    RedisRefused,
    RedisReplyError,
    RedisTooOld,
    RedisUnreachable,
    RequestCancelled,
    RuntimeStoppedError,
    StateConflict,
    StateKeyInvalid,
    StateNotStorable,
    StateStoreCorrupt,
    SubscriptionNotFound,
    UndeliverableException,
)

ID = AgentId("worker", "1")


def test_all_errors_have_one_root() -> None:
    """``except ActrioError`` catches what actrio raises on its own account."""
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), ActrioError)


@pytest.mark.parametrize(
    "cls",
    [
        CantHandleException,
        UndeliverableException,
        MessageDroppedException,
        NotAccessibleError,
    ],
)
def test_the_mirrored_errors_take_any_arguments(cls: type[Exception]) -> None:
    """They can be raised like a plain Exception, with nothing or with anything."""
    assert cls().args == ()
    assert cls("why", 1).args == ("why", 1)


def test_what_they_also_are() -> None:
    """Each error is caught by the builtin that is raised or documented elsewhere."""
    assert issubclass(RecipientNotFound, UndeliverableException | LookupError)
    assert issubclass(RecipientNotFound, LookupError)
    assert issubclass(RuntimeStoppedError, UndeliverableException)
    assert issubclass(SubscriptionNotFound, LookupError)
    assert issubclass(SubscriptionNotFound, ValueError)
    assert issubclass(AgentNotBound, RuntimeError)
    assert issubclass(AgentNotBound, AttributeError)
    assert issubclass(HandlerSignatureError, TypeError)
    assert issubclass(HandlerSignatureError, AssertionError)


def test_a_cancelled_request_is_an_ordinary_exception() -> None:
    """It is an ``asyncio.CancelledError`` by name and an Exception by nature."""
    with pytest.raises(asyncio.CancelledError):
        raise RequestCancelled("withdrawn")
    assert isinstance(RequestCancelled("withdrawn"), Exception)
    assert str(RequestCancelled("withdrawn")) == "withdrawn"


def test_the_data_is_in_attributes() -> None:
    """Programs need not read the text."""
    cycle = (ID, AgentId("worker", "2"))
    assert MessageDroppedException("gone", reason="rude").reason == "rude"
    assert MessageDroppedException("gone").reason is None
    assert RecipientNotFound("nobody", recipient=ID).recipient == ID
    assert RecipientNotFound("nobody").recipient is None
    assert SubscriptionNotFound("none", subscription_id="s").subscription_id == "s"
    assert SubscriptionNotFound("none").subscription_id is None
    assert DeadlockError("stuck", cycle).cycle == cycle
    assert DeadlockError("stuck").cycle == ()
    assert str(DeadlockError("stuck", cycle)) == "stuck"
    conflict = StateConflict("conflict", "k", 1, 2)
    assert (conflict.key, conflict.expected_version, conflict.version) == ("k", 1, 2)
    assert StateKeyInvalid("empty", "").key == ""
    unstorable = StateNotStorable("a set", "k", "state['x']")
    assert (unstorable.key, unstorable.path) == ("k", "state['x']")
    assert StateStoreCorrupt("damaged", "k").key == "k"
    assert StateStoreCorrupt("damaged").key is None


def test_what_happened_to_a_command_of_redis() -> None:
    """A lost connection says how it was lost, and whether the command left."""
    error = RedisLinkLost("lost", why="it hung up", was_sent=False)
    assert (error.why, error.was_sent) == ("it hung up", False)
    assert (RedisLinkLost("lost").why, RedisLinkLost("lost").was_sent) == ("", True)
    error = pickle.loads(pickle.dumps(error))
    assert (str(error), error.why, error.was_sent) == ("lost", "it hung up", False)


def test_what_errors_of_redis_also_are() -> None:
    """Programs that know nothing of Redis can handle them."""
    assert issubclass(RedisUnreachable, ConnectionError)
    assert issubclass(RedisLinkLost, ConnectionError)
    assert issubclass(RedisRefused, PermissionError)
    for other in (RedisClosed, RedisReplyError, RedisTooOld):
        assert not issubclass(other, OSError)
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    of_redis = [kind for kind in kinds if kind.__name__.startswith("Redis")]
    assert len(of_redis) == 7
    assert all(issubclass(kind, RedisError) for kind in of_redis)


def test_errors_survive_pickling() -> None:
    """The attributes travel along, to another process for example."""
    error = pickle.loads(pickle.dumps(DeadlockError("stuck", (ID,))))
    assert (str(error), error.cycle) == ("stuck", (ID,))
    error = pickle.loads(pickle.dumps(RecipientNotFound("nobody", recipient=ID)))
    assert (str(error), error.recipient) == ("nobody", ID)
    error = pickle.loads(pickle.dumps(StateConflict("conflict", "k", 1, 2)))
    assert (str(error), error.key, error.version) == ("conflict", "k", 2)
