"""What errors of a server mean."""

from __future__ import annotations

import pytest

from actrio._redis._verdict import NotDone, is_refused, not_done


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("MOVED 866 127.0.0.1:7001", ("127.0.0.1", 7001)),
        ("MOVED 866 redis-1.example:7001", ("redis-1.example", 7001)),
        ("MOVED 866 ::1:7001", ("::1", 7001)),
        ("MOVED 866 [::1]:7001", ("::1", 7001)),
        ("MOVED 866 :7001", ("", 7001)),
        ("MOVED 866 ?:7001", ("", 7001)),
        ("MOVED 866", None),
        ("MOVED 866 nonsense", None),
        ("ASK 866 127.0.0.1:7001", None),
        ("TRYAGAIN Multiple keys request during rehashing of slot", None),
        ("CLUSTERDOWN The cluster is down", None),
        ("MASTERDOWN Link with MASTER is down", None),
        ("LOADING Redis is loading the dataset in memory", None),
        ("READONLY You can't write against a read only replica.", None),
        (
            (
                "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: "
                "-READONLY You can't write against a read only replica."
            ),
            None,
        ),
        (
            (
                "ERR Error running script (call to f_1): @user_script:1: Lua script "
                "attempted to execute a write command while the cluster is down and readonly"
            ),
            None,
        ),
    ],
)
def test_what_was_not_carried_out(text: str, leads_to: tuple[str, int] | None) -> None:
    """Another connection may do better, and perhaps the server says which."""
    assert not_done(text) == NotDone(leads_to)


@pytest.mark.parametrize(
    "text",
    [
        "ERR unknown command",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MISCONF Redis is configured to save RDB snapshots",
        "BUSY Redis is busy running a script.",
        "NOREPLICAS Not enough good replicas to write.",
        "ERR value is -READONLY nonsense",
        "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed",
        "",
    ],
)
def test_other_errors(text: str) -> None:
    """They are for whoever has sent the command."""
    assert not_done(text) is None
    assert not is_refused(text)
