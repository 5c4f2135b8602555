"""Errors of many processes: each has its data in attributes."""

import pickle

from actrio import AgentId
from actrio.exceptions import (
    PayloadTooLarge,
    RemoteError,
    StaleFence,
    StateConflict,
    WorkerIdentityTaken,
    WorkerLostError,
)

ID = AgentId("worker", "1")


def test_errors_are_called_by_their_public_name() -> None:
    """Wherever they are defined, tracebacks say what users import."""
    assert {RemoteError.__module__, StateConflict.__module__} == {"actrio.exceptions"}


def test_a_remote_error_names_its_class_and_its_text() -> None:
    """Its text reads like the last line of a traceback; the parts are attributes."""
    error = RemoteError("too late", "shop.Late", "Traceback ...")
    assert (error.message, error.type_name) == ("too late", "shop.Late")
    assert error.traceback == "Traceback ..."
    assert str(error) == "shop.Late: too late"
    assert str(RemoteError("3", "builtins.SystemExit")) == "SystemExit: 3"
    assert str(RemoteError(type_name="shop.Late")) == "shop.Late"
    assert str(RemoteError("unreadable")) == "unreadable"
    assert str(pickle.loads(pickle.dumps(error))) == "shop.Late: too late"


def test_errors_of_distributed_runtimes_say_what_they_are_about() -> None:
    """Each has its data in attributes, and an outdated fence is a conflict too."""
    lost = WorkerLostError("lost", worker="w1", agent=ID)
    assert (lost.worker, lost.agent) == ("w1", ID)
    assert (WorkerLostError().worker, WorkerLostError().agent) == ("", None)
    stale = StaleFence("outdated", "k", 7)
    assert (str(stale), stale.key, stale.fence) == ("outdated", "k", 7)
    assert isinstance(stale, StateConflict)
    large = PayloadTooLarge("large", "app", 9, 8)
    assert (large.namespace, large.size, large.limit) == ("app", 9, 8)
    taken = WorkerIdentityTaken("taken", "app", "w1")
    assert (taken.namespace, taken.worker) == ("app", "w1")
    assert isinstance(taken, ValueError)
