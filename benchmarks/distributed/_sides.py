"""What is compared: how each library opens a worker and a client."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from importlib import import_module
from typing import Any

from actrio.testing import RedisServer

from ._agents import MESSAGES, make

__all__ = ["PEER", "SIDES", "Side", "missing"]

PEER = "autogen-ext[grpc]"


class Side(ABC):
    """One library, and what its processes do. It crosses to processes: keep it plain."""

    name: str
    host: str
    package: str
    """The module with ``RoutedAgent`` and its kin."""
    most_workers: int | None = None
    """How many workers can share an agent type, if that is limited."""

    @abstractmethod
    def serve(self) -> AbstractContextManager[str]:
        """Run what the processes meet at, and say where it is."""

    @abstractmethod
    def open(self, address: str) -> AbstractAsyncContextManager[Any]:
        """Open a runtime that knows the messages."""

    async def host_agents(self, runtime: Any) -> None:
        """Make a runtime a worker."""
        package: Any = import_module(self.package)
        for kind, cls in make(package).items():
            await cls.register(runtime, kind, lambda cls=cls: cls("one of a benchmark"))
        await runtime.add_subscription(package.TypeSubscription("ticks", "sink"))


class Actrio(Side):
    package = "actrio"

    def __init__(self, host: str, *, aof: bool = False) -> None:
        self.name, self.host, self._aof = f"actrio on {host}", host, aof

    @contextmanager
    def serve(self) -> Generator[str]:
        on = ("--appendonly", "yes", "--appendfsync", "everysec")
        with RedisServer(*(on if self._aof else ())) as server:
            yield server.url

    @asynccontextmanager
    async def open(self, address: str) -> AsyncGenerator[Any]:
        from actrio.distributed import RedisAgentRuntime

        async with RedisAgentRuntime(
            address, namespace="bench", lease=10.0, messages=MESSAGES
        ) as runtime:
            yield runtime


class AutoGen(Side):
    name, host, package = PEER, "asyncio", "autogen_core"
    most_workers = 1

    @contextmanager
    def serve(self) -> Generator[str]:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{one.getsockname()[1]}"
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        process = context.Process(
            target=_serve_autogen, args=(address, ready), daemon=True
        )
        process.start()
        try:
            if not ready.wait(60):
                message = f"the host of {PEER} does not begin"
                raise RuntimeError(message)
            yield address
        finally:
            process.kill()
            process.join()

    @asynccontextmanager
    async def open(self, address: str) -> AsyncGenerator[Any]:
        import autogen_core

        grpc: Any = import_module("autogen_ext.runtimes.grpc")
        _silence()
        runtime = grpc.GrpcWorkerAgentRuntime(host_address=address)
        for cls in MESSAGES:
            runtime.add_message_serializer(
                autogen_core.try_get_known_serializers_for_type(cls)
            )
        await runtime.start()
        yield runtime
        await runtime.stop()


def _silence() -> None:
    """Hide what it logs, such as a traceback for each answer to a cancelled caller."""
    for name in ("autogen_core", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _serve_autogen(address: str, ready: Any) -> None:
    grpc: Any = import_module("autogen_ext.runtimes.grpc")
    _silence()

    async def whole() -> None:
        grpc.GrpcWorkerAgentRuntimeHost(address).start()
        await asyncio.sleep(0.2)  # its start() tells nobody when it listens
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(whole())


SIDES: dict[str, Callable[[bool], Side]] = {
    "actrio on trio": lambda aof: Actrio("trio", aof=aof),
    "actrio on asyncio": lambda aof: Actrio("asyncio", aof=aof),
    PEER: lambda aof: AutoGen(),
}


def missing(side: Side) -> str | None:
    """Say how to install what a side needs, if it is not there."""
    if side.name != PEER:
        return None
    try:
        import_module("autogen_ext.runtimes.grpc")
    except ImportError:
        sys.modules.pop("autogen_ext.runtimes.grpc", None)
        return "not installed: pip install 'autogen-ext[grpc]==0.7.5'"
    return None
