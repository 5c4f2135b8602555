"""What runs code, as a contract."""

import pytest

from actrio import CancellationToken
from actrio.code_executor import CodeBlock, CodeExecutor, CodeResult

pytestmark = pytest.mark.anyio


class Echo(CodeExecutor):
    """Says what it is given, and keeps a log."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def execute_code_blocks(
        self, code_blocks: list[CodeBlock], cancellation_token: CancellationToken
    ) -> CodeResult:
        return CodeResult(0, "".join(block.code for block in code_blocks))

    async def start(self) -> None:
        self.log.append("start")

    async def stop(self) -> None:
        self.log.append("stop")

    async def restart(self) -> None:
        self.log.append("restart")


async def test_a_block_starts_and_stops_the_executor() -> None:
    """Also when it ends with an error, which is raised."""
    executor = Echo()
    async with executor as entered:
        assert entered is executor
        blocks = [CodeBlock("a", "python"), CodeBlock("b", "sh")]
        result = await executor.execute_code_blocks(blocks, CancellationToken())
        assert result == CodeResult(exit_code=0, output="ab")
    with pytest.raises(KeyError):
        async with executor:
            raise KeyError
    assert executor.log == ["start", "stop", "start", "stop"]
    assert Echo.component_type == "code_executor"
