"""All that uses Redis, on a cluster of real nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync
from tests.distributed import kit
from tests.distributed.kit import Add, Adder, Sum

from actrio._redis import Link, Redis, Script
from actrio.distributed import RedisAgentRuntime
from actrio.exceptions import RedisRefused, RedisUnreachable
from actrio.identity import AgentId, TopicId
from actrio.mailboxes import RedisMessageBus
from actrio.state import RedisStateStore
from actrio.subscriptions import TypeSubscription
from actrio.testing import RedisCluster, RedisServer
from actrio.testing._redis_server import is_following, wait_until

from .fakes import Caller, Fake

pytestmark = pytest.mark.anyio
SECONDS = 30
"""How long anything here may take."""
INCREMENT = Script("return redis.call('INCR', KEYS[1] .. ':n')")
_names = map("cluster-{}".format, count())


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    """A cluster for all tests that leave it in order."""
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture
def names(cluster: RedisCluster) -> list[str]:
    """Three names that no other test uses, each on another node."""
    found: dict[int, str] = {}
    while len(found) < 3:
        name = next(_names)
        found.setdefault(cluster.owner(f"{{{name}}}").port, name)
    # the first node of the URL comes first, so that the others have to be found
    return [found[node.port] for node in cluster.nodes]


@pytest.fixture
def name(names: list[str]) -> str:
    """A name that is on a node which is not the first one of the URL."""
    return names[2]


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what happens elsewhere."""
    while not is_so():  # noqa: ASYNC110 - nothing tells when
        await anyio.sleep(0.01)


# -- the door ---------------------------------------------------------------------


async def test_a_key_is_found_at_the_first_connection(
    cluster: RedisCluster, names: list[str]
) -> None:
    """What is due after connecting goes to the node that has the key."""
    with anyio.fail_after(SECONDS):
        for name, node in zip(names, cluster.nodes, strict=True):
            key, ups = f"{{{name}}}", list[Link]()

            async def on_up(link: Link, key: str = key, ups: list[Link] = ups) -> None:
                assert await link.run(INCREMENT, key) == 1
                ups.append(link)

            options: dict[str, Any] = {"scripts": [INCREMENT], "on_up": on_up}
            async with Redis.open(cluster.url, **options) as redis:
                assert redis.address.port == node.port
                assert await redis.run(INCREMENT, key) == 2
                assert len(ups) == 1


async def test_a_key_is_found_by_a_later_command(
    cluster: RedisCluster, names: list[str]
) -> None:
    """It is sent again, since it was not carried out; and so is one with another key."""
    with anyio.fail_after(SECONDS):
        async with Redis.open(cluster.url, scripts=[INCREMENT]) as redis:
            for turn in (1, 2):
                for name, node in zip(names, cluster.nodes, strict=True):
                    assert await redis.run(INCREMENT, f"{{{name}}}") == turn
                    assert redis.address.port == node.port


async def test_many_tasks_while_a_key_is_looked_for(
    cluster: RedisCluster, name: str
) -> None:
    """Those whose commands follow the first one in the same moment hear it too."""
    found: list[int] = []
    with anyio.fail_after(SECONDS):
        async with Redis.open(cluster.url, scripts=[INCREMENT]) as redis:

            async def increment() -> None:
                found.append(await redis.run(INCREMENT, f"{{{name}}}", twice=True))

            async with anyio.create_task_group() as tasks:
                for _ in range(50):
                    tasks.start_soon(increment)
    assert sorted(found) == [*range(1, 51)]


async def test_any_of_the_hosts_will_do(cluster: RedisCluster, name: str) -> None:
    """Those that are not there are left out, also by a single one at the end."""
    with RedisServer() as gone:
        pass
    last = cluster.nodes[0].port
    url = f"redis://127.0.0.1:{gone.port},localhost:{gone.port},127.0.0.1:{last}"
    with anyio.fail_after(SECONDS):
        async with Redis.open(url, scripts=[INCREMENT]) as redis:
            assert await redis.run(INCREMENT, f"{{{name}}}") == 1
    with pytest.raises(RedisUnreachable) as caught:
        async with Redis.open(f"redis://127.0.0.1:{gone.port},localhost:{gone.port}"):
            pytest.fail("it is connected")
    assert str(caught.value) == (
        f"no Redis server at redis://127.0.0.1:{gone.port},localhost:{gone.port}/0 will "
        f"do: no Redis server at redis://127.0.0.1:{gone.port}/0: Connection refused; no "
        f"Redis server at redis://localhost:{gone.port}/0: Connection refused"
    )


async def test_nodes_that_were_not_named(cluster: RedisCluster, name: str) -> None:
    """All are known from the first one, so that its loss does not matter."""
    url = f"redis://127.0.0.1:{cluster.nodes[0].port}"
    async with Redis.open(url) as redis:
        ports = {node.port for node in cluster.nodes}
        assert {port for _, port in redis._route._learned} == ports
        for _ in range(3):
            await redis.execute("PING", twice=True)
            redis.connect_again(ValueError("once more"))


async def test_a_user_who_may_not_ask_for_the_nodes(cluster: RedisCluster) -> None:
    """Those of the URL are known all the same."""
    rights = ("reset", "on", ">S3cret", "~*", "-@all", "+hello", "+get")
    for node in cluster.nodes:
        assert node.command("ACL", "SETUSER", "few", *rights) == "+OK\r\n"
    url = cluster.url.replace("redis://", "redis://few:S3cret@")
    async with Redis.open(url) as redis:
        for key in "abc":
            assert await redis.execute("GET", key) is None
        assert redis._route._learned == ()
        with pytest.raises(RedisRefused, match="does not permit that: NOPERM"):
            await redis.execute("SET", "a", "x")


async def test_a_database_that_no_cluster_has(cluster: RedisCluster) -> None:
    """It says what the node says."""
    with pytest.raises(RedisRefused, match="SELECT is not allowed in cluster mode"):
        async with Redis.open(f"{cluster.url[:-1]}1"):
            pytest.fail("it is connected")


async def test_connecting_while_a_slot_is_moved(
    cluster: RedisCluster, name: str
) -> None:
    """What is due after connecting is carried out nowhere then; it says why."""
    key = f"{{{name}}}"

    async def on_up(link: Link) -> None:
        await link.run(INCREMENT, key)

    options: dict[str, Any] = {"scripts": [INCREMENT], "on_up": on_up}
    with cluster.moving(key, cluster.other(key)):
        with pytest.raises(RedisUnreachable, match=r"cannot be used now: ASK \d+ 127"):
            async with Redis.open(cluster.url, **options):
                pytest.fail("it is connected")
    async with Redis.open(cluster.url, **options) as redis:
        assert await redis.run(INCREMENT, key) == 2


@pytest.mark.slow
async def test_a_node_that_leads_to_itself() -> None:
    """It is asked once, and then it is an error; later there are pauses."""

    async def serve(caller: Caller) -> None:
        await caller.greet()
        while True:
            await caller.hear()
            await caller.say(f"-MOVED 1 :{fake.address.port}\r\n".encode())

    async def on_up(link: Link) -> None:
        await link.call("GET", "k")

    fake = Fake(serve)
    with pytest.raises(RedisUnreachable, match="cannot be used now: MOVED 1 :"):
        async with fake.redis(on_up=on_up):
            pytest.fail("it is connected")
    assert fake.callers == 1
    async with fake.redis() as redis:
        fake.callers = 1
        with anyio.move_on_after(0.5) as scope:
            await redis.execute("GET", "k")
        assert scope.cancelled_caught
    # at once three times, then after pauses that double
    assert 4 < fake.callers < 12


# -- who uses it ------------------------------------------------------------------


async def test_buses(cluster: RedisCluster, names: list[str]) -> None:
    """Each is on its node, with all that a bus can do."""
    with anyio.fail_after(SECONDS):
        for name, node in zip(names, cluster.nodes, strict=True):
            async with (
                RedisMessageBus(cluster.url, prefix=name) as bus,
                RedisMessageBus(cluster.url, prefix=name) as other,
            ):
                assert bus._connection is not None
                assert bus._connection.address.port == node.port
                a, b = await bus.register("a"), await other.register("b")
                await a.send("b", 1)
                message = await b.receive()
                assert message is not None
                assert message.content == 1
                assert await a.broadcast("all") == ("b",)
                assert [one.content for one in await b.peek()] == ["all"]
                assert await other.agents() == ("a", "b")
                await bus.unregister("b")


async def test_state_stores(cluster: RedisCluster, names: list[str]) -> None:
    """Each is on its node, whatever its first command is."""
    with anyio.fail_after(SECONDS):
        for name in names:
            async with RedisStateStore(cluster.url, prefix=name) as store:
                version = await store.save("a", {"x": 1})
                await store.save_all({"b": {"x": 2}, "a": {"x": 3}})
                stored = await store.load("a")
                assert stored is not None
                assert stored.state == {"x": 3}
                assert stored.version > version
                assert await store.keys() == ["a", "b"]
                await store.delete("a")


class Keeper(Adder):
    """Adds, and keeps what it has paid outside of itself, under its fencing token."""

    async def pay(self, runtime: RedisAgentRuntime, fence: int) -> None:
        await runtime.state_store.save_fenced(
            "paid", {"sum": self.total}, agent=self.id, fence=fence
        )


async def test_runtimes(cluster: RedisCluster, names: list[str]) -> None:
    """Each is on its node; requests, what is published, and states that are fenced."""
    me = AgentId("keeper", "k")
    with anyio.fail_after(SECONDS):
        for name in names:
            place = kit.Namespace(cluster.url, name)
            async with place.runtime() as client, place.runtime() as worker:
                await Keeper.register(worker, "keeper", Keeper)
                await worker.add_subscription(TypeSubscription("news", "keeper"))
                assert await client.send_message(Add(2), me) == Sum(2)
                await client.publish_message(Add(3), TopicId("news", "k"))
                assert await client.send_message(Add(1), me) == Sum(6)
                keeper = await worker.try_get_underlying_agent_instance(me, Keeper)
                await keeper.pay(worker, worker._fences[me])
                await worker.passivate(me)
                stored = await client.state_store.load(str(me))
                assert stored is not None
                assert stored.state == {"total": 6}
                assert await client.send_message(Add(1), me) == Sum(7)


# -- slots that move, and nodes that die ------------------------------------------


async def move_about(cluster: RedisCluster, name: str, times: int) -> None:
    """Move a slot to other nodes, each time with a while in which nobody serves it."""
    key = f"{{{name}}}"

    def move() -> None:
        with cluster.moving(key, cluster.other(key)):
            # not for long enough that the pauses between the tries grow
            anyio.from_thread.run(anyio.sleep, 0.05)

    for _ in range(times):
        await run_sync(move)
        await anyio.sleep(0.2)


@pytest.mark.slow
async def test_a_bus_whose_slot_is_moved(cluster: RedisCluster, name: str) -> None:
    """Under load nothing is lost, nothing doubled, and each sender's order is kept."""
    got: list[tuple[int, int]] = []
    sent = list[tuple[int, int]]()
    is_over, all_are_sent = anyio.Event(), anyio.Event()

    async def send(bus: RedisMessageBus, number: int) -> None:
        mailbox = await bus.register(f"sender-{number}")
        for n in count():
            if is_over.is_set():
                return
            await mailbox.send("reader", [number, n])
            sent.append((number, n))

    with anyio.fail_after(SECONDS):
        async with (
            RedisMessageBus(cluster.url, prefix=name) as bus,
            RedisMessageBus(cluster.url, prefix=name) as other,
        ):
            reader = await other.register("reader", capacity=100)
            async with anyio.create_task_group() as reading:

                async def read() -> None:
                    while not all_are_sent.is_set() or len(got) < len(sent):
                        message = await reader.receive(timeout=0.1)
                        if message is not None:
                            got.append(tuple(message.content))

                reading.start_soon(read)
                async with anyio.create_task_group() as sending:
                    for number in range(8):
                        sending.start_soon(send, bus, number)
                    await move_about(cluster, name, 2)
                    is_over.set()
                all_are_sent.set()
    assert len(got) > 100
    assert sorted(got) == sorted(sent)
    for number in range(8):
        mine = [n for sender, n in got if sender == number]
        assert mine == [*range(len(mine))]


@pytest.mark.slow
async def test_who_only_listens_while_a_slot_is_moved(
    cluster: RedisCluster, name: str
) -> None:
    """It hears of that too, and listens where the slot is now."""
    with anyio.fail_after(SECONDS):
        async with RedisMessageBus(cluster.url, prefix=name) as bus:
            mailbox = await bus.register("a")
            async with anyio.create_task_group() as tasks:

                async def read() -> None:
                    message = await mailbox.receive()
                    assert message is not None
                    assert message.content == "there"

                tasks.start_soon(read)
                target = cluster.other(f"{{{name}}}")
                await run_sync(cluster.move, f"{{{name}}}", target)
                assert bus._connection is not None
                connection = bus._connection
                await until(lambda: connection.address.port == target.port)
                async with RedisMessageBus(cluster.url, prefix=name) as other:
                    sender = await other.register("b")
                    await sender.send("a", "there")


@pytest.mark.slow
async def test_a_store_whose_slot_is_moved(cluster: RedisCluster, name: str) -> None:
    """Each save follows the one before, or it would be a conflict."""
    is_over = anyio.Event()
    with anyio.fail_after(SECONDS):
        async with RedisStateStore(cluster.url, prefix=name) as store:

            async def count_up(key: str) -> None:
                version, number = 0, 0
                while not is_over.is_set():
                    number += 1
                    state = {"n": number}
                    version = await store.save(key, state, expected_version=version)
                stored = await store.load(key)
                assert stored is not None
                assert stored.state == {"n": number}

            async with anyio.create_task_group() as tasks:
                for key in "abcdefgh":
                    tasks.start_soon(count_up, key)
                await move_about(cluster, name, 2)
                is_over.set()


class Load:
    """Requests to adders, which tell whether any was lost or handled twice."""

    def __init__(self, client: RedisAgentRuntime) -> None:
        self.client = client
        self.totals: dict[str, list[int]] = {}
        self._is_over = anyio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Load]:
        """Send for the length of a block."""
        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(self._send, f"k{number}")
            yield self
            self._is_over.set()

    async def _send(self, key: str) -> None:
        totals = self.totals[key] = []
        while not self._is_over.is_set():
            reply = await self.client.send_message(Add(1), AgentId("adder", key))
            assert isinstance(reply, Sum)
            totals.append(reply.total)

    @property
    def answered(self) -> int:
        """How many requests have been answered."""
        return sum(map(len, self.totals.values()))


@pytest.mark.slow
async def test_a_runtime_whose_slot_is_moved(cluster: RedisCluster, name: str) -> None:
    """Under load every request is answered, and none is handled twice."""
    async with kit.Namespace(cluster.url, name).pair() as (client, worker):
        async with Load(client).open() as load:
            await move_about(cluster, name, 2)
        assert load.answered > 100
        for totals in load.totals.values():
            assert totals == [*range(1, len(totals) + 1)]
        assert worker.health().fenced == 0


async def serve_again(load: Load) -> None:
    """Wait until requests of every task are answered again."""
    before = {key: len(totals) for key, totals in load.totals.items()}
    await until(lambda: all(len(load.totals[key]) > n + 3 for key, n in before.items()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("anyio_backend", "how"),
    [("trio", "kill -9"), ("asyncio", "kill -STOP")],
    indirect=["anyio_backend"],
)
async def test_a_primary_that_is_replaced(how: str) -> None:
    """First by hand, then since it died or is silent: calls go on.

    What a primary has not told its replica when it dies is lost. So agents may have
    another life, and totals begin anew; but everybody is answered who asks later.
    """
    with RedisCluster(replicas=1) as cluster, anyio.fail_after(SECONDS):
        key, url = "{mine}", cluster.url
        primary = cluster.owner(key)
        replica = cluster.replicas[cluster.nodes.index(primary)]
        async with (
            kit.Namespace(url, "mine").pair() as (client, _),
            RedisMessageBus(url, prefix="mine") as bus,
            RedisStateStore(url, prefix="mine") as store,
            Load(client).open() as load,
        ):
            mailbox = await bus.register("a")
            await until(lambda: load.answered > 50)

            async def use(port: int) -> None:
                await serve_again(load)
                assert client._member is not None
                assert client._member.redis is not None
                assert client._member.redis.address.port == port
                await store.save("k", {"n": port})
                stored = await store.load("k")
                assert stored is not None
                assert stored.state == {"n": port}
                await mailbox.send("a", port)
                message = await mailbox.receive()
                assert message is not None
                assert message.content == port

            assert replica.command("CLUSTER", "FAILOVER") == "+OK\r\n"
            await run_sync(until_owned_by, cluster, key, replica)
            await use(replica.port)
            await run_sync(wait_until, partial(is_following, primary), "it lags")
            if how == "kill -9":
                replica.kill()
            else:
                replica.freeze()
            await run_sync(until_owned_by, cluster, key, primary)
            await use(primary.port)


def until_owned_by(cluster: RedisCluster, key: str, node: RedisServer) -> None:
    """Wait until a slot has another owner."""
    wait_until(lambda: cluster.owner(key) is node, f"{node} has not got {key}")
