"""Tests of the distributed runtime run in real time: a server is something outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import host_of

from actrio.testing import RedisServer

from .kit import Namespace, next_namespace


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A server for all tests that do it no harm."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def namespace(server: RedisServer) -> Namespace:
    """A namespace that no other test has."""
    return Namespace(server.url, next_namespace())


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of an anyio test, in real time."""
    return host_of(request.param, virtual_time=False)
