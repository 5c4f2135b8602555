"""Every test of the contract runs on each kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import host_of

from actrio.testing import RedisServer

from .places import KINDS, Kind, Place


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A server for all tests, each of which uses a prefix of its own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """A kind of store."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def place(request: pytest.FixtureRequest, kind: Kind, tmp_path: Path) -> Place:
    """Where states lie; stores made for it find what others left there."""
    server = request.getfixturevalue("server") if kind == "redis" else None
    return Place(kind, tmp_path, server)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The host of an anyio test, in real time if a server has to be waited for."""
    params = request.node.callspec.params
    return host_of(request.param, virtual_time=params.get("kind") != "redis")
