"""One connection: replies in order, whatever the server does, and clear errors."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest
from anyio.abc import SocketAttribute

from actrio._redis import Address, Script
from actrio._redis._link import ungrouped
from actrio.exceptions import (
    RedisLinkLost,
    RedisRefused,
    RedisReplyError,
    RedisTooOld,
    RedisUnreachable,
)

from .fakes import HELLO, Caller, Fake, connected, echo, forever

pytestmark = pytest.mark.anyio
every_host = pytest.mark.every_host


async def error_of(serve: Callable[[Caller], Awaitable[object]]) -> Exception:
    """Return what connecting to a server raises, which shows no password."""
    fake = Fake(serve)
    with pytest.raises(Exception) as caught:
        async with fake.link(seconds=1):
            pytest.fail("it is connected")
    error: BaseException | None = caught.value
    while error is not None:
        assert "S3cret" not in "".join(traceback.format_exception(error))
        error = error.__context__
    assert not isinstance(caught.value, RedisRefused | RedisUnreachable) or (
        f"redis://127.0.0.1:{fake.address.port}/0" in str(caught.value)
    )
    return caught.value


def saying(text: bytes) -> Callable[[Caller], Awaitable[object]]:
    """Make a server that answers the login so, and stays."""

    async def serve(caller: Caller) -> None:
        await caller.hear()
        await caller.say(text)
        await forever(caller)

    return serve


# -- connecting -------------------------------------------------------------------


@every_host
async def test_commands_and_replies() -> None:
    """The login is the first command; each command gets its own reply."""
    fake = Fake(echo)
    async with fake.link() as link:
        assert await link.call("ECHO", "a") == b"a"
        replies = [link.send(("ECHO", n)) for n in range(100)]
        for n, reply in enumerate(replies):
            assert await link.outcome(reply) == str(n).encode()
            assert await link.outcome(reply) == str(n).encode()
        assert await link.call("ECHO", 1.5) == b"1.5"
    assert fake.commands[0] == ("HELLO", "3", "AUTH", "default", "S3cret")


async def test_nobody_is_there() -> None:
    """It says so, with the address."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = Address(host="127.0.0.1", port=one.getsockname()[1])
        with pytest.raises(RedisUnreachable) as caught:
            async with connected(address):
                pytest.fail("it is connected")
    assert str(caught.value) == f"no Redis server at {address}: Connection refused"


async def test_no_such_machine() -> None:
    """It says so, with the address."""
    with pytest.raises(
        RedisUnreachable, match=r"no Redis server at redis://nowhere\.invalid:6379/0: "
    ):
        async with connected(Address(host="nowhere.invalid")):
            pytest.fail("it is connected")


@every_host
async def test_it_hangs_up_at_once() -> None:
    """That is no server."""

    async def serve(caller: Caller) -> None:
        await caller.close()

    error = await error_of(serve)
    assert isinstance(error, RedisUnreachable)
    assert "no Redis server at" in str(error)


async def test_it_hangs_up_in_the_middle_of_the_login() -> None:
    """That is no server either."""

    async def serve(caller: Caller) -> None:
        await caller.hear()
        await caller.say(HELLO[:20])

    error = await error_of(serve)
    assert isinstance(error, RedisUnreachable)
    assert str(error).endswith("it hung up")


@pytest.mark.slow
async def test_it_never_answers() -> None:
    """The time that was given is in the message."""
    error = await error_of(forever)
    assert isinstance(error, RedisUnreachable)
    assert "no answer from redis://" in str(error)
    assert "within 1 s" in str(error)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "does not speak as Redis does: Protocol err"),
        (b"\x00\xff\r\n", "it does not speak as Redis does"),
        (b"+OK\r\n", "it answers, but not as Redis does"),
        (b"*1\r\n:1\r\n", "it answers, but not as Redis does"),
        (b"%1\r\n$7\r\nversion\r\n$1\r\nx\r\n", "it answers, but not as Redis does"),
        (b"-LOADING Redis is loading\r\n", "lets nobody in yet: LOADING Redis is load"),
        (
            b"-BUSY it runs a script\r\n",
            "lets nobody in yet: BUSY it runs a script; try",
        ),
        (
            b"-ERR max number of clients reached\r\n",
            "lets nobody in yet: ERR max number",
        ),
    ],
)
async def test_no_server_that_could_be_used(reply: bytes, text: str) -> None:
    """What else may be at an address, and servers that let nobody in now."""
    error = await error_of(saying(reply))
    assert isinstance(error, RedisUnreachable)
    assert text in str(error)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"-WRONGPASS invalid pair", "WRONGPASS invalid pair; check user and password"),
        (b"-NOAUTH HELLO must be", "NOAUTH HELLO must be; check user and password"),
        (b"-NOPERM no 'hello'", "NOPERM no 'hello'; check the address and the rights"),
        (b"-DENIED protected mode", "refuses the login: DENIED protected mode; check"),
        (b"-ERR what is S3cret", "refuses the login: ERR what is …; check the address"),
    ],
)
async def test_it_refuses_the_login(reply: bytes, text: str) -> None:
    """It says what the server says and what to check, never the password."""
    error = await error_of(saying(reply + b"\r\n"))
    assert isinstance(error, RedisRefused)
    assert text in str(error)


async def test_it_speaks_first() -> None:
    """A server may refuse before it was asked anything."""

    async def serve(caller: Caller) -> None:
        await caller.say(b"-DENIED Redis is running in protected mode\r\n")

    error = await error_of(serve)
    assert isinstance(error, RedisRefused | RedisUnreachable)
    assert "DENIED Redis is running in protected mode" in str(error)


@pytest.mark.parametrize(
    ("reply", "version"),
    [
        (
            (
                b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, "
                b"`default`, `S3cret`, \r\n"
            ),
            "5 or older",
        ),
        (HELLO.replace(b"6.2.9", b"6.0.9"), "6.0"),
    ],
)
async def test_it_is_too_old(reply: bytes, version: str) -> None:
    """It says how old it is and what is needed; and not what was sent to it."""
    error = await error_of(saying(reply))
    assert isinstance(error, RedisTooOld)
    assert f"is Redis {version}; actrio needs 6.2 or newer" in str(error)


async def test_it_has_no_such_database() -> None:
    """That is refused as well."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        assert await caller.hear() == ("SELECT", "99")
        await caller.say(b"-ERR DB index is out of range\r\n")
        await forever(caller)

    fake = Fake(serve)
    async with fake.open():
        address = attrs.evolve(fake.address, database=99)
        with pytest.raises(RedisRefused, match="/99 refuses the login: ERR DB index"):
            async with connected(address):
                pytest.fail("it is connected")


async def test_machines_that_are_gone_are_noticed() -> None:
    """The system is told to find out within half a minute, idle or not."""
    async with Fake(echo).link() as link:
        raw: socket.socket = link._stream.extra(SocketAttribute.raw_socket)
        assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        for name, most in {
            "TCP_KEEPIDLE": 15,
            "TCP_KEEPINTVL": 5,
            "TCP_KEEPCNT": 3,
            "TCP_USER_TIMEOUT": 30_000,
        }.items():
            if hasattr(socket, name):
                option = getattr(socket, name)
                assert raw.getsockopt(socket.IPPROTO_TCP, option) == most


# -- replies ----------------------------------------------------------------------


async def test_replies_in_single_bytes() -> None:
    """However a reply is cut, it is read as a whole."""

    async def serve(caller: Caller) -> None:
        await caller.hear()
        for data in (HELLO, b"*2\r\n$3\r\na\r\n\r\n:7\r\n", b"+last\r\n"):
            for byte in data:
                await caller.say(bytes([byte]))
                await anyio.lowlevel.checkpoint()
            await caller.hear()

    async with Fake(serve).link() as link:
        assert await link.call("A") == [b"a\r\n", 7]
        assert await link.call("B") == b"last"


async def test_pushes_between_replies() -> None:
    """What the server says by itself goes to its callback and is no reply."""
    push = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n%d\r\n"

    async def serve(caller: Caller) -> None:
        await caller.greet()
        for n in range(1, 4):
            word = (await caller.hear())[0]
            await caller.say(push % (2 * n) + f"+{word}\r\n".encode() + push % 1)

    pushed: list[Sequence[Any]] = []
    all_are_there = anyio.Event()

    def push_to(found: Sequence[Any]) -> None:
        pushed.append(found)
        if len(pushed) == 6:
            all_are_there.set()

    async with Fake(serve).link(push=push_to) as link:
        replies = [link.send((word,)) for word in "ABC"]
        assert [await link.outcome(reply) for reply in replies] == [b"A", b"B", b"C"]
        await all_are_there.wait()
    assert [found[2] for found in pushed] == [b"2", b"1", b"4", b"1", b"6", b"1"]


async def test_a_subscription_is_answered_by_a_push() -> None:
    """It is the reply to its own command; one that nobody waits for is nothing."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.hear()
        await caller.say(b">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n+first\r\n")
        await caller.say(b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
        await caller.say(b">3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n")
        await echo_on(caller)

    async def echo_on(caller: Caller) -> None:
        while True:
            await caller.say(f"+{(await caller.hear())[-1]}\r\n".encode())

    pushed: list[Sequence[Any]] = []
    async with Fake(serve).link(push=pushed.append) as link:
        first = link.send(("FIRST",))
        await link.subscribe("c")
        assert await link.outcome(first) == b"first"
        assert await link.call("ECHO", "x") == b"x"
    assert pushed == []


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (b"-ERR wrong\r\n", RedisReplyError, "ERR wrong"),
        (b"-WRONGTYPE no list\r\n", RedisReplyError, "WRONGTYPE no list"),
        (
            b"-NOPERM not you\r\n",
            RedisRefused,
            "/0 does not permit that: NOPERM not you",
        ),
        (
            (
                b"-ERR Error running script (call to f_0): The user executing the script "
                b"can't run this command or subcommand\r\n"
            ),
            RedisRefused,
            "does not permit that: ERR Error running script",
        ),
        (
            (
                b"-ERR The user executing the script can't run this command or "
                b"subcommand script: 9ce8, on @user_script:1.\r\n"
            ),
            RedisRefused,
            "does not permit that: ERR The user executing the script",
        ),
        (b"-ERR I said: NOPERM\r\n", RedisReplyError, "ERR I said: NOPERM"),
    ],
)
async def test_errors_of_commands(
    reply: bytes, kind: type[Exception], text: str
) -> None:
    """Each is raised where the command was called, and the connection goes on."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(reply)
        await caller.hear()
        await caller.say(b"+fine\r\n")

    async with Fake(serve).link() as link:
        with pytest.raises(kind) as caught:
            await link.call("BAD")
        assert text in str(caught.value)
        assert await link.call("GOOD") == b"fine"


async def test_errors_inside_of_replies_are_values() -> None:
    """A script may return one among other things."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(b"*2\r\n+a\r\n-ERR b\r\n")

    async with Fake(serve).link() as link:
        first, second = await link.call("X")
        assert (first, str(second)) == (b"a", "ERR b")


async def test_arguments_of_a_wrong_type() -> None:
    """They are refused where they are given, and nothing is sent."""
    fake = Fake(echo)
    async with fake.link() as link:
        with pytest.raises(TypeError):
            link.send(("ECHO", None))  # type: ignore[arg-type]
        assert await link.call("ECHO", b"\x00\r\n"[:0]) == b""
    assert len(fake.commands) == 2


# -- being lost -------------------------------------------------------------------


async def lost(
    serve: Callable[[Caller], Awaitable[object]], *, unsent: bool = True
) -> list[RedisLinkLost]:
    """Return what commands raise that were sent when a connection is lost, and later."""
    found: list[RedisLinkLost] = []
    taken: list[object] = []
    async with Fake(serve).link() as link:
        link.send(("TAKEN",), taker=lambda value, error: taken.append(error))
        waiting = link.send(("WAITING",))
        with pytest.raises(RedisLinkLost) as caught:
            await link.outcome(waiting)
        found.append(caught.value)
        await link.wait_lost()
        assert link.is_lost
        with pytest.raises(RedisLinkLost) as caught:
            await link.call("LATE")
        found.append(caught.value)
    assert [type(error) for error in taken] == [RedisLinkLost]
    return found


@every_host
async def test_it_hangs_up_in_the_middle_of_a_reply() -> None:
    """All that waits is told so; what comes later is not sent."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(b"$10\r\nhalf")

    waiting, late = await lost(serve)
    assert waiting.was_sent
    assert waiting.why == "it hung up"
    assert "was lost before the reply; the command may or may not" in str(waiting)
    assert not late.was_sent
    assert "was lost before the command was sent (it hung up)" in str(late)


async def test_it_sends_garbage() -> None:
    """Nothing after that could be understood."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(b"garbage\r\n")
        await forever(caller)

    waiting, _ = await lost(serve)
    assert waiting.why.startswith("it does not speak as Redis does: Protocol error")


async def test_its_scripts_were_removed() -> None:
    """Connecting again loads them, so the connection is given up."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.hear()
        await caller.say(b"-NOSCRIPT No matching script. Please use EVAL.\r\n")
        await forever(caller)

    waiting, _ = await lost(serve)
    assert waiting.why == "its scripts were removed"


async def test_it_answers_what_was_not_asked() -> None:
    """No later reply could be told from it."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await caller.say(b"+so\r\n")
        await forever(caller)

    async with Fake(serve).link() as link:
        await link.wait_lost()
        assert link.why == "it said, without having been asked: b'so'"


async def test_giving_up() -> None:
    """It is lost once, for the reason that was given first."""
    async with Fake(echo).link() as link:
        link.give_up("enough")
        link.give_up("more")
        assert link.why == "enough"
        with anyio.fail_after(1):
            await link.wait_lost()
    assert link.why == "enough"


async def test_the_block_ends_first() -> None:
    """What is on its way then is lost."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await forever(caller)

    async with Fake(serve).link() as link:
        reply = link.send(("X",))
    with pytest.raises(RedisLinkLost, match="its block has ended"):
        await link.outcome(reply)


@pytest.mark.slow
async def test_a_cancelled_command_that_was_not_written() -> None:
    """It is withdrawn; and nothing is kept of those that a silent server does not read."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        await reads.wait()
        while True:
            await caller.hear()
            await caller.say(b"+x\r\n")

    reads = anyio.Event()
    fake = Fake(serve)
    async with fake.link() as link:
        big = link.send(("SET", "x" * 2**24))  # more than fits in any buffer
        await anyio.sleep(0.02)
        for n in range(20):
            with anyio.move_on_after(0.0001):
                await link.call("NEVER", n)
        assert not link._unwritten
        reads.set()
        assert await link.outcome(big) == b"x"
        assert await link.call("AFTER") == b"x"
    assert [command[0] for command in fake.commands] == ["HELLO", "SET", "AFTER"]


# -- scripts ----------------------------------------------------------------------


async def test_scripts() -> None:
    """They are loaded in one go, and run by their name."""
    fake = Fake(echo)
    one, two = Script("return 1"), Script("return 2")
    async with fake.link() as link:
        await link.load([one, two])
        assert await link.run(one, "key", "x") == b"x"
    name = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    assert one.sha.decode() == name
    assert fake.commands[1:] == [
        ("SCRIPT", "LOAD", "return 1"),
        ("SCRIPT", "LOAD", "return 2"),
        ("EVALSHA", name, "1", "key", "x"),
    ]


# -- errors in groups -------------------------------------------------------------


async def test_one_error_of_a_group() -> None:
    """It is raised as itself, with the context that it had."""
    inner = ExceptionGroup("of the caller", [ValueError()])
    context = KeyError()
    inner.__context__ = context
    with pytest.raises(ExceptionGroup) as caught:
        with ungrouped():
            raise ExceptionGroup("of ours", [inner])
    assert caught.value is inner
    assert inner.__context__ is context
    with pytest.raises(ExceptionGroup, match="both"):
        with ungrouped():
            raise ExceptionGroup("both", [ValueError(), KeyError()])
