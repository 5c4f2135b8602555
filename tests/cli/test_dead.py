"""The command `actrio dead`: what a namespace keeps of messages that nobody took."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator

import pytest
import trio
from click.testing import CliRunner, Result
from tests.distributed.kit import Add, Adder, Namespace, next_namespace, settled

from actrio import AgentId
from actrio.cli._commands import actrio
from actrio.distributed._wire import Parcel, Written, write
from actrio.testing import RedisServer

_TYPE_NAME = f"{Add.__module__}.{Add.__qualname__}"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def namespace(server: RedisServer) -> Namespace:
    """A namespace with four dead letters for two agent types."""
    namespace = Namespace(server.url, next_namespace())

    async def fill() -> None:
        async with namespace.runtime():
            for number, kind in enumerate(("adder", "adder", "ghost")):
                await bury(namespace, f"{kind}/k", b'{"number": %d}' % number)
            await bury(namespace, "ghost/k", b"\xff", "image/png", "unreadable")

    trio.run(fill)
    return namespace


async def bury(
    namespace: Namespace,
    agent: str,
    payload: bytes,
    content_type: str = "application/json",
    reason: str = "worker lost",
) -> None:
    """Put a message among the dead letters."""
    data = write(
        Parcel(Written(_TYPE_NAME, content_type, payload), None, ["t", "k"], "m")
    )
    await namespace.execute(
        "XADD",
        f"{{{namespace.name}}}:dead",
        *("*", "reason", reason, "a", agent),
        *("h", "e client 1 6 0", "d", data, "at", 1_790_000_000_123),
    )


def run(namespace: Namespace, command: str, *arguments: str) -> Result:
    where = ("--url", namespace.url, "-n", namespace.name)
    return CliRunner().invoke(actrio, ["dead", command, *where, *arguments])


def ids(namespace: Namespace, *arguments: str) -> list[str]:
    """Return the ids that the command lists."""
    lines = run(namespace, "list", *arguments).stdout.splitlines()
    return [line.split()[0] for line in lines]


def test_list(namespace: Namespace) -> None:
    """A line each: when, why, what, and its way."""
    result = run(namespace, "list")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.partition("  ")[2] for line in lines] == [
        "2026-09-21 14:13:20  worker lost: Add (13 bytes) from t/k to adder/k",
        "2026-09-21 14:13:20  worker lost: Add (13 bytes) from t/k to adder/k",
        "2026-09-21 14:13:20  worker lost: Add (13 bytes) from t/k to ghost/k",
        "2026-09-21 14:13:20  unreadable: Add (1 bytes) from t/k to ghost/k",
    ]
    assert result.stderr == "4 of 4 dead letters\n"


def test_list_some(namespace: Namespace) -> None:
    """By reason, agent, type, and number."""
    every = ids(namespace)
    assert ids(namespace, "--limit", "2") == every[:2]
    assert ids(namespace, "--recipient", "ghost") == every[2:]
    assert ids(namespace, "--recipient", "ghost/k", "--reason", "worker lost") == [
        every[2]
    ]
    assert ids(namespace, "--recipient", "ghost/other") == []


def test_list_as_json(namespace: Namespace) -> None:
    """An object each, with the message; in base64 if it is no text."""
    result = run(namespace, "list", "--json", "--recipient", "ghost")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    every = ids(namespace)
    assert lines[0] == {
        "id": every[2],
        "reason": "worker lost",
        "at": "2026-09-21T14:13:20.123000+00:00",
        "recipient": "ghost/k",
        "is_request": False,
        "attempts": 6,
        "sender": None,
        "topic_id": "t/k",
        "message_id": "m",
        "type_name": _TYPE_NAME,
        "data_content_type": "application/json",
        "payload": {"number": 2},
    }
    assert base64.b64decode(lines[1]["payload_base64"]) == b"\xff"
    assert result.stderr == ""


def test_replay(namespace: Namespace) -> None:
    """What can be sent is; the rest stays, and the exit code says so."""
    every = ids(namespace)

    async def work() -> None:
        async with namespace.runtime() as worker:
            await Adder.register(worker, "adder", Adder)
            result = await trio.to_thread.run_sync(run, namespace, "replay", "--all")
            assert result.exit_code == 1
            assert result.stdout == (
                f"{every[2]}  not sent: no worker hosts its type\n"
                f"{every[3]}  not sent: no worker hosts its type\n"
            )
            assert result.stderr == "2 of 4 sent again\n"
            await settled(worker)
            adder = await worker.try_get_underlying_agent_instance(
                AgentId("adder", "k"), Adder
            )
            assert adder.total == 1

    trio.run(work)
    assert ids(namespace) == every[2:]
    result = run(namespace, "replay", every[0], every[2])
    assert result.exit_code == 1
    assert f"{every[0]}  not sent: gone\n" in result.stdout


def test_all_sent(namespace: Namespace) -> None:
    """The exit code is 0."""
    first, *_ = ids(namespace)

    async def work() -> None:
        async with namespace.runtime() as worker:
            await Adder.register(worker, "adder", Adder)
            result = await trio.to_thread.run_sync(run, namespace, "replay", first)
            assert (result.exit_code, result.stdout) == (0, "")

    trio.run(work)


def test_remove(namespace: Namespace) -> None:
    """By id, or chosen."""
    every = ids(namespace)
    result = run(namespace, "remove", every[0], "1-1")
    assert (result.exit_code, result.stderr) == (0, "1 of 2 removed\n")
    assert run(namespace, "remove", "--reason", "unreadable").exit_code == 0
    assert ids(namespace) == every[1:3]
    assert run(namespace, "remove", "--all").stderr == "2 of 2 removed\n"
    result = run(namespace, "list")
    assert (result.stdout, result.stderr) == ("", "0 of 0 dead letters\n")


@pytest.mark.parametrize("command", ["replay", "remove"])
@pytest.mark.parametrize("arguments", [(), ("1-1", "--all"), ("1-1", "--reason", "x")])
def test_it_is_not_clear_which(command: str, arguments: tuple[str, ...]) -> None:
    """Nothing is done."""
    nowhere = Namespace("redis://127.0.0.1:1", "app")
    result = run(nowhere, command, *arguments)
    assert result.exit_code == 2
    assert "name ids, or choose with --all, --reason or --recipient" in result.stderr


def test_errors(namespace: Namespace) -> None:
    """Each is a line that says what to do, and no traceback."""
    for where, command, words in [
        (Namespace("redis://127.0.0.1:1", "app"), ["list"], "no Redis server at"),
        (Namespace("nowhere", "app"), ["list"], "no address of a Redis server"),
        (Namespace(namespace.url, "{"), ["list"], "without braces"),
        (Namespace(namespace.url, "typo"), ["list"], "there is no namespace 'typo'"),
        (namespace, ["replay", "seven"], "'seven' is no id of a dead letter"),
    ]:
        result = run(where, *command)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert words in result.stderr
        assert "Traceback" not in result.output


def test_without_the_extra(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the command that installs what is missing."""
    for name in [*sys.modules]:
        if name.startswith(("actrio.distributed", "actrio._redis")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hiredis", None)
    result = run(namespace, "list")
    assert result.exit_code == 1
    assert "needs hiredis: pip install 'actrio[redis]'" in result.stderr


def test_where_from_the_environment(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password need not be on the command line."""
    monkeypatch.setenv("ACTRIO_REDIS_URL", namespace.url)
    monkeypatch.setenv("ACTRIO_NAMESPACE", namespace.name)
    result = CliRunner().invoke(actrio, ["dead", "list"])
    assert len(result.stdout.splitlines()) == 4
