# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Memories."""

import json

from PIL import Image as PillowImage
from pydantic import ValidationError

from ..common import refusal


def thing(core, content="a", mime_type=None, **kwargs):
    """Something to remember."""
    return core.memory.MemoryContent(
        content=content,
        mime_type=core.memory.MemoryMimeType.TEXT if mime_type is None else mime_type,
        **kwargs,
    )


def image(core):
    """A picture to remember."""
    return core.Image(PillowImage.new("RGB", (2, 2), "red"))


async def mime_types(core):
    """They have these names and values."""
    kinds = core.memory.MemoryMimeType
    return [
        (one.name, one.value, str(one), repr(one), f"{one}") for one in kinds
    ], kinds("text/plain") is kinds.TEXT


async def mime_type_equals_its_string(core):
    """What comes back from JSON equals what went there."""
    kinds = core.memory.MemoryMimeType
    read = core.memory.MemoryContent.model_validate(thing(core).model_dump())
    return kinds.TEXT == "text/plain", read == thing(core)


async def contents(core):
    """What may be remembered, and how it is dumped."""
    seen = []
    for content in ("a", b"\xff", {"a": [1]}, {}):
        for mime_type in (None, "text/html"):
            one = thing(core, content, mime_type, metadata={"n": 1})
            seen.append((one.content, one.mime_type == "text/html", one.model_dump()))
    return seen


async def contents_that_are_none(core):
    """What it is and of which kind must be said."""
    make = core.memory.MemoryContent
    return [
        refusal(ValidationError, lambda: make(mime_type="text/plain")),
        refusal(ValidationError, lambda: make(content="x")),
        refusal(ValidationError, lambda: make(content="x", mime_type=5)),
        refusal(ValidationError, lambda: thing(core, metadata="x")),
        refusal(ValidationError, lambda: make.model_validate("x")),
    ]


async def content_of_another_type(core):
    """A number is no content."""
    return [refusal(ValidationError, lambda: thing(core, 5))]


async def content_as_json(core):
    """Texts and dictionaries become JSON."""
    return [thing(core, one).model_dump_json() for one in ("a", {"a": None})]


async def text_from_json(core):
    """A text comes back."""
    model = core.memory.MemoryContent
    text = thing(core).model_dump_json()
    return refusal(TypeError, lambda: model.model_validate_json(text).content)


async def bytes_through_json(core):
    """Bytes come back as bytes."""
    model = core.memory.MemoryContent

    def there_and_back():
        text = thing(core, b"\xff\x00", "application/pdf").model_dump_json()
        return model.model_validate_json(text).content

    return refusal(ValueError, there_and_back)


async def image_through_json(core):
    """An image comes back as an image."""
    kinds = core.memory.MemoryMimeType
    text = thing(core, image(core), kinds.IMAGE).model_dump_json()
    read = core.memory.MemoryContent.model_validate_json(text)
    return type(read.content).__name__


async def dictionary_like_an_image_through_json(core):
    """What is no image by its MIME type stays a dictionary."""
    content = {"data": image(core).to_base64()}
    text = thing(core, content, "application/json").model_dump_json()
    return core.memory.MemoryContent.model_validate_json(text).content == content


async def list_of_memories(core):
    """Everything is kept, in order, and everything fits every query."""
    memory = core.memory.ListMemory()
    seen = [memory.name, core.memory.ListMemory("").name, list(memory.content)]
    await memory.add(thing(core, "a"))
    await memory.add(thing(core, "b"))
    for query in ("", "z", thing(core, "b")):
        found = await memory.query(query)
        seen.append([one.content for one in found.results])
    seen.append([one.content for one in (await memory.query(limit=1)).results])
    memory.content = [thing(core, "c")]
    seen.append([one.content for one in (await memory.query()).results])
    memory.content.append(thing(core, "d"))
    seen.append(len((await memory.query()).results))
    found = await memory.query()
    found.results.clear()
    seen.append(len(memory.content))
    await memory.clear()
    seen.append(memory.content)
    await memory.close()
    await memory.close()
    return seen


async def reminding_a_conversation(core):
    """A system message with everything, numbered; nothing if there is nothing."""
    memory = core.memory.ListMemory("facts")
    context = core.model_context.UnboundedChatCompletionContext()
    before = await memory.update_context(context)
    seen = [before.model_dump(), len(await context.get_messages())]
    await memory.add(thing(core, "likes tea"))
    await memory.add(thing(core, {"city": "Oslo"}, "application/json"))
    after = await memory.update_context(context)
    return (
        *seen,
        after.model_dump(),
        [one.model_dump() for one in await context.get_messages()],
    )


async def reminding_of_bytes(core):
    """A model reads text that is given as bytes."""
    memory = core.memory.ListMemory(memory_contents=[thing(core, b"tea")])
    context = core.model_context.UnboundedChatCompletionContext()
    await memory.update_context(context)
    return (await context.get_messages())[0].content


async def initial_memories_belong_to_the_caller(core):
    """What is added does not come into the list that was given."""
    given = [thing(core, "a")]
    memory = core.memory.ListMemory(memory_contents=given)
    await memory.add(thing(core, "b"))
    return len(given), len(memory.content)


async def memory_as_a_component(core):
    """It is written down with everything that it remembers."""
    memory = core.memory.ListMemory("facts", [thing(core, "a", metadata={"n": 1})])
    model = memory.dump_component()
    loaded = core.memory.Memory.load_component(json.loads(model.model_dump_json()))
    return (
        model.component_type,
        model.label,
        model.config,
        type(loaded) is core.memory.ListMemory,
        loaded.name,
        [one.model_dump() for one in loaded.content],
    )


async def image_in_a_component(core):
    """An image is an image again when its memory is made again."""
    kinds = core.memory.MemoryMimeType
    memory = core.memory.ListMemory("p", [thing(core, image(core), kinds.IMAGE)])
    loaded = core.memory.Memory.load_component(memory.dump_component())
    return type(loaded.content[0].content).__name__


async def bytes_in_a_component(core):
    """Bytes go through JSON."""
    memory = core.memory.ListMemory("p", [thing(core, b"\xff")])
    return refusal(
        ValueError,
        lambda: (
            core.memory.Memory.load_component(
                json.loads(memory.dump_component().model_dump_json())
            )
            .content[0]
            .content
        ),
    )


async def name_of_the_other_package(core):
    """The name under which autogen_core writes a memory down works in both."""
    loaded = core.memory.Memory.load_component(
        {"provider": "autogen_core.memory.ListMemory", "config": {"name": "n"}}
    )
    return type(loaded) is core.memory.ListMemory, loaded.name


async def interface_is_abstract(core):
    """A memory says how it remembers."""
    return refusal(TypeError, core.memory.Memory)
