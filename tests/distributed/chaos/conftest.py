"""Tests of failures run in real time, with servers of their own or a common one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.conftest import host_of

from actrio.testing import RedisServer

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A server for all tests that do it no harm."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test has."""
    return f"chaos{next(_numbers)}"


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of a test, in real time."""
    return host_of(request.param, virtual_time=False)
