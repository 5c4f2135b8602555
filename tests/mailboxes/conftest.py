"""Every test of the contract runs on each kind of bus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import host_of

from actrio.testing import RedisServer

from .buses import KINDS, Buses


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A server for all tests, each of which uses a prefix of its own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of bus."""
    return str(request.param)


@pytest.fixture
def buses(request: pytest.FixtureRequest, kind: str) -> Buses:
    """What makes buses of one kind."""
    return Buses(kind, request.getfixturevalue("server") if kind == "redis" else None)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of an anyio test, in real time if a server has to be waited for."""
    params = request.node.callspec.params
    return host_of(request.param, virtual_time=params.get("kind") != "redis")
