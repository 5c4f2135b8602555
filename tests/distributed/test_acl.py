"""A user who may do what a runtime needs, in its own namespace, and nothing else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from tests._redis.test_acl import documented

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    TopicId,
    TypeSubscription,
    message_handler,
)
from actrio._redis import Redis
from actrio.distributed import _scripts, _store
from actrio.exceptions import RedisRefused, StaleFence
from actrio.testing import RedisCluster, RedisServer

from . import test_bad_input, test_probing, test_room
from .kit import ADDER, SECONDS, Add, Adder, Namespace, Sum

pytestmark = pytest.mark.anyio

OF_THE_DOOR = ["hello", "script|load", "evalsha", "subscribe"]
OF_THE_SCRIPTS = sorted({one.split()[0].lower() for one in _scripts.COMMANDS})


def rules(without: str = "") -> list[str]:
    """Return what a user of the namespace ``app`` needs, as words of ``ACL SETUSER``."""
    commands = [f"+{one}" for one in OF_THE_DOOR + OF_THE_SCRIPTS]
    words = ["~{app}*", "resetchannels", "&{app}:c:*", "-@all", *commands]
    assert not without or without in words
    return ["reset", "on", ">S3cret", *(one for one in words if one != without)]


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A server for a user of the namespace ``app``, which is empty before each test."""
    with RedisServer() as server:
        yield server


class Guarded(Namespace):
    """The namespace, for a user who may do only that; tests may look at all."""

    admin = ""

    async def execute(self, *words: str | int | bytes) -> Any:
        async with Redis.open(self.admin) as redis:
            return await redis.execute(*words)


def place(server: RedisServer, *words: str) -> Namespace:
    """Return the namespace, for a user with these rights, and empty."""
    assert server.command("ACL", "SETUSER", "app", *words) == "+OK\r\n"
    assert server.command("FLUSHALL") == "+OK\r\n"
    place = Guarded(f"redis://app:S3cret@127.0.0.1:{server.port}/0", "app")
    object.__setattr__(place, "admin", server.url)  # it is frozen
    return place


def test_these_are_the_commands_of_the_scripts() -> None:
    """All of them are tried before they are needed, and no others."""
    scripts = (*_scripts.ALL, *_store.SCRIPTS)
    source = b"".join(script.source for script in scripts).decode()
    called = re.findall(r"call\(\s*'([A-Z]+)'", source)
    assert {one.lower() for one in called} == set(OF_THE_SCRIPTS)


def test_the_rules_are_documented() -> None:
    """Word by word."""
    assert documented("redis.md", "app") == rules()


TESTS = [
    value
    for module in (test_bad_input, test_probing, test_room)
    for name, value in vars(module).items()
    if name.startswith("test_")
    and [*inspect.signature(value).parameters] == ["namespace"]
]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
async def test_these_rights_suffice(
    guarded: RedisServer, test: Callable[[Namespace], Awaitable[object]]
) -> None:
    """For cycles over processes, for publishers that wait for room, for dead letters."""
    await test(
        place(guarded, *rules(), "+ping")
    )  # with which tests wait until it is done


class Slow(RoutedAgent):
    """Waits until it is cancelled."""

    cancelled = 0

    def __init__(self) -> None:
        super().__init__("waits")

    @message_handler
    async def wait(self, message: Add, ctx: MessageContext) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            Slow.cancelled += 1


async def use(place: Namespace) -> None:
    """Do the rest of what a runtime can do."""
    async with place.runtime(lease=0.5) as client, place.runtime(name="w") as worker:
        await Adder.register(worker, "adder", Adder)
        await Slow.register(worker, "slow", Slow)
        await worker.add_subscription(TypeSubscription("news", "adder"))
        assert await client.send_message(Add(1), ADDER) == Sum(1)
        await client.publish_message(Add(1), TopicId("news", "k"))
        before = Slow.cancelled
        with anyio.move_on_after(0.1):
            await client.send_message(Add(1), AgentId("slow", "k"))
        assert Slow.cancelled == before + 1
        await worker.passivate(ADDER)
        assert await client.send_message(Add(1), ADDER) == Sum(3)
        fence = worker._fences[ADDER]
        store = client.state_store
        await store.save_fenced("paid", {"n": 1}, agent=ADDER, fence=fence)
        with pytest.raises(StaleFence):
            await store.save_fenced("paid", {"n": 2}, agent=ADDER, fence=fence - 1)
        assert await store.keys() == [str(ADDER), "paid"]
        assert (await store.load_all()).keys() == {str(ADDER), "paid"}
        await store.delete("paid")
        async with place.runtime() as other:
            await Adder.register(other, "adder", Adder)
            await worker.leave()
            assert await client.send_message(Add(1), ADDER) == Sum(4)
        await anyio.sleep(0.2)  # a renewal, at least


async def test_these_rights_suffice_for_the_rest(guarded: RedisServer) -> None:
    """States and fencing, cancellation, passivation, leaving and taking over."""
    with anyio.fail_after(SECONDS):
        await use(place(guarded, *rules()))


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
async def test_the_rights_on_a_cluster() -> None:
    """They suffice there as well; with one more, all nodes are known from one."""
    with RedisCluster() as cluster, anyio.fail_after(SECONDS):
        for more in ([], ["+cluster|slots"]):
            for node in cluster.nodes:
                words = (*rules(), *more)
                assert node.command("ACL", "SETUSER", "app", *words) == "+OK\r\n"
            url = cluster.url.replace("redis://", "redis://app:S3cret@")
            async with Namespace(url, "app").pair() as (client, _):
                assert isinstance(await client.send_message(Add(1), ADDER), Sum)
                assert client._member is not None
                assert client._member.redis is not None
                assert bool(client._member.redis._route._learned) == bool(more)


# ``hello`` is asked for after the login only, which is with sentinels
@pytest.mark.parametrize(
    "right", [one for one in rules() if one[0] in "+~&" and one != "+hello"]
)
async def test_a_right_that_is_missing(guarded: RedisServer, right: str) -> None:
    """Each is noticed when the runtime is opened, and the message names it."""
    namespace = place(guarded, *rules(without=right))
    with anyio.fail_after(SECONDS), pytest.raises(RedisRefused) as caught:
        async with namespace.runtime():
            pytest.fail("it is open")
    named = {
        "~{app}*": "the keys",
        "&{app}:c:*": "the channels",
        "+script|load": "'script'",
        **{f"+{one}": f"'{one}'" for one in ("evalsha", "subscribe")},
    }
    assert named.get(right, f"its user lacks {right};") in str(caught.value)
    assert guarded.command("KEYS", "*") == "*0\r\n"


async def test_several_rights_that_are_missing(guarded: RedisServer) -> None:
    """All of them are named, with the remedy."""
    missing = {"+xadd", "+time", "+zrem", "+publish"}
    words = [one for one in rules() if one not in missing]
    with pytest.raises(RedisRefused) as caught:
        async with place(guarded, *words).runtime():
            pytest.fail("it is open")
    assert str(caught.value) == (
        f"redis://app@127.0.0.1:{guarded.port}/0 does not permit what a runtime needs "
        "under {app}: its user lacks +publish +time +xadd +zrem; ACL SETUSER with these "
        "gives them"
    )


async def test_another_namespace_is_refused(guarded: RedisServer) -> None:
    """Nobody who is limited to one sees another."""
    url = place(guarded, *rules()).url
    for name in ("ap", "other"):
        with pytest.raises(RedisRefused, match="does not permit that: NOPERM"):
            async with Namespace(url, name).runtime():
                pytest.fail("it is open")
