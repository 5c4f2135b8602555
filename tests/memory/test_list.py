"""A memory that is a list."""

import json

import pytest

from actrio.memory import ListMemory, Memory, MemoryContent, MemoryMimeType
from actrio.model_context import UnboundedChatCompletionContext

pytestmark = pytest.mark.anyio


async def test_a_memory_reminds_a_conversation() -> None:
    """Of text as it is, of bytes if they are text, of other bytes by their number."""
    memory = ListMemory()
    for content in ("likes tea", b"and cake", b"\xff\xfe"):
        await memory.add(
            MemoryContent(content=content, mime_type=MemoryMimeType.BINARY)
        )
    context = UnboundedChatCompletionContext()
    updated = await memory.update_context(context)
    assert [one.content for one in updated.memories.results] == [
        "likes tea",
        b"and cake",
        b"\xff\xfe",
    ]
    (message,) = await context.get_messages()
    assert message.content == (
        "\nRelevant memory content (in chronological order):\n"
        "1. likes tea\n2. and cake\n3. <2 bytes>\n"
    )


async def test_a_memory_goes_through_json_as_a_component() -> None:
    """With bytes in it, and under its name here."""
    memory = ListMemory(
        "m", [MemoryContent(content=b"\xff", mime_type="application/pdf")]
    )
    model = memory.dump_component()
    assert model.provider == "actrio.memory.ListMemory"
    loaded = Memory.load_component(json.loads(model.model_dump_json()))
    assert isinstance(loaded, ListMemory)
    assert (loaded.name, loaded.content) == ("m", memory.content)
