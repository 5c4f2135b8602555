"""The pytest plugin of actrio: the fixtures ``runtime`` and ``probe``.

It stands beside the package and not in it, because pytest loads it at every start, and
importing any module of a package imports the package. What it needs of actrio it asks
for when a test asks for a fixture.

The fixtures are plain asynchronous ones, so whoever runs the test runs them: pytest-trio
for tests marked ``trio`` (or in its trio mode), anyio's plugin for tests marked ``anyio``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from actrio import SingleThreadedAgentRuntime
    from actrio.testing import Probe

_GRACE = 5.0

__all__ = ["probe", "runtime", "runtime_settings"]


@pytest.fixture
def runtime_settings() -> dict[str, Any]:
    """The settings of ``runtime``; override it in a module, a class or a conftest."""
    return {}


@pytest.fixture
async def runtime(
    runtime_settings: dict[str, Any],
) -> AsyncIterator[SingleThreadedAgentRuntime]:
    """A started runtime. When the test has ended it comes to rest, and is closed.

    What the handler of a published message raises fails the test, unless
    ``runtime_settings`` sets ``ignore_unhandled_exceptions`` to True. Messages that are
    not handled within five seconds of the loop's clock are given up.
    """
    import anyio

    from actrio import SingleThreadedAgentRuntime

    settings: dict[str, Any] = {"ignore_unhandled_exceptions": False}
    started = SingleThreadedAgentRuntime(**(settings | runtime_settings))
    started.start()
    try:
        yield started
        if started._supervisor.is_started:  # noqa: SLF001 - the test may have stopped it
            with anyio.move_on_after(_GRACE):
                await started.stop_when_idle()
    finally:
        await started.close()


@pytest.fixture
async def probe(runtime: SingleThreadedAgentRuntime) -> Probe:
    """An agent ``probe/default`` of ``runtime`` that records what it receives."""
    from actrio.testing import Probe

    return await Probe.install(runtime)
