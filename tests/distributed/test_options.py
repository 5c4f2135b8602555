"""What a distributed runtime may be set up with."""

from __future__ import annotations

from typing import Any

import pytest

from actrio.distributed import RedisAgentRuntime
from actrio.exceptions import NamespaceNameInvalid, RuntimeStoppedError
from actrio.identity import AgentId

URL = "redis://localhost"


@pytest.mark.parametrize(
    ("options", "kind", "rule"),
    [
        ({"lease": 0.1}, ValueError, "0.5 or more"),
        ({"lease": float("inf")}, ValueError, "0.5 or more"),
        ({"payload_limit": 0}, ValueError, "1 or more"),
        ({"delivery": "twice"}, ValueError, "at_least_once"),
        ({"namespace": "a{b}"}, NamespaceNameInvalid, "without braces"),
        ({"namespace": ""}, NamespaceNameInvalid, "1 to 100"),
        ({"messages": [object]}, TypeError, "add_message_serializer"),
        ({"grace": -1}, ValueError, "grace"),
    ],
)
def test_what_is_out_of_range(
    options: dict[str, Any], kind: type[Exception], rule: str
) -> None:
    """The error names the value and the rule, before anything is connected."""
    with pytest.raises(kind, match=rule):
        RedisAgentRuntime(URL, **{"namespace": "n", **options})


async def test_a_runtime_that_is_not_open() -> None:
    """Sending, starting and stepping say that there is only the block."""
    runtime = RedisAgentRuntime(URL, namespace="n")
    with pytest.raises(RuntimeStoppedError, match="async with"):
        await runtime.send_message("early", AgentId("a", "k"))
    with pytest.raises(RuntimeError, match="async with"):
        runtime.start()
    with pytest.raises(RuntimeError, match="nothing to step"):
        await runtime.process_next()
    assert runtime.health().worker == ""
    assert "{n}" in repr(runtime)
