# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""The messages of models, what is known about models, and the interface of clients."""

import json

from pydantic import TypeAdapter, ValidationError

from ..common import refusal, warned


def conversation(core):
    """One message of each kind."""
    models = core.models
    return [
        models.SystemMessage(content="Be brief."),
        models.UserMessage(content="What is 2 + 2?", source="user"),
        models.AssistantMessage(
            content=[core.FunctionCall("1", '{"a": 2, "b": 2}', "add")],
            thought="I had better add.",
            source="assistant",
        ),
        models.FunctionExecutionResultMessage(
            content=[
                models.FunctionExecutionResult(content="4", name="add", call_id="1"),
                models.FunctionExecutionResult(
                    content="no", name="x", call_id="2", is_error=True
                ),
            ]
        ),
        models.AssistantMessage(content="4", source="assistant"),
    ]


async def messages_as_json(core):
    """What a conversation looks like in JSON, and as Python values."""
    return [(one.model_dump_json(), one.model_dump()) for one in conversation(core)]


async def messages_from_json(core):
    """The kind of a message is read from its type."""
    adapter = TypeAdapter(list[core.models.LLMMessage])
    text = adapter.dump_json(conversation(core))
    read = adapter.validate_json(text)
    return text, read == conversation(core), [type(one).__name__ for one in read]


async def messages_of_unknown_kinds(core):
    """Something else is no message."""
    adapter = TypeAdapter(core.models.LLMMessage)
    wrong = [
        {"type": "DeveloperMessage", "content": "x"},
        {"type": "user", "content": "x", "source": "y"},
        {"content": "x", "source": "y"},
        {"type": "UserMessage", "content": "x"},
        {"type": "SystemMessage", "content": ["x"]},
        {"type": "AssistantMessage", "content": [{"id": "1"}], "source": "y"},
        {"type": "FunctionExecutionResultMessage", "content": "x"},
        "Hello",
    ]
    return [
        refusal(ValidationError, lambda one=one: adapter.validate_python(one))
        for one in wrong
    ]


async def messages_that_lack_something(core):
    """Who says something belongs to what is said."""
    models = core.models
    return [
        refusal(ValidationError, lambda: models.UserMessage(content="x")),
        refusal(ValidationError, lambda: models.AssistantMessage(content="x")),
        refusal(ValidationError, lambda: models.SystemMessage(content=None)),
        refusal(ValidationError, lambda: models.UserMessage(content=5, source="a")),
        refusal(
            ValidationError,
            lambda: models.SystemMessage(content="x", type="UserMessage"),
        ),
        refusal(
            ValidationError,
            lambda: models.FunctionExecutionResult(content="x", call_id="1"),
        ),
    ]


async def messages_are_no_positional_records(core):
    """Messages are pydantic models, results' numbers are dataclasses."""
    usage = core.models.RequestUsage(3, 4)
    return (
        refusal(TypeError, lambda: core.models.SystemMessage("x")),
        repr(usage),
        usage == core.models.RequestUsage(prompt_tokens=3, completion_tokens=4),
        refusal(TypeError, lambda: core.models.RequestUsage(3)),
        core.models.TopLogprob(-0.5).bytes,
    )


async def messages_ignore_more_fields(core):
    """A field that is not known is dropped."""
    message = core.models.SystemMessage.model_validate({"content": "x", "name": "y"})
    return message.model_dump()


async def messages_with_calls_of_mappings(core):
    """The arguments of a call in a message may be given as a mapping."""
    call = {"id": "1", "name": "f", "arguments": {"a": 1}}
    return refusal(
        ValidationError,
        lambda: core.models.AssistantMessage(content=[call], source="x").model_dump(),
    )


async def results_as_json(core):
    """A result goes to JSON and back."""
    models = core.models
    result = models.CreateResult(
        finish_reason="function_calls",
        content=[core.FunctionCall("1", "{}", "now")],
        usage=models.RequestUsage(10, 2),
        cached=False,
        logprobs=[
            models.ChatCompletionTokenLogprob(
                token="a", logprob=-0.1, top_logprobs=[models.TopLogprob(-0.2, [97])]
            )
        ],
        thought="What time is it?",
    )
    text = result.model_dump_json()
    return json.loads(text), models.CreateResult.model_validate_json(text) == result


async def results_that_do_not_fit(core):
    """A reason that is not known, no usage, no word on the cache: no result."""
    usage = core.models.RequestUsage(0, 0)
    whole = {"finish_reason": "stop", "content": "x", "usage": usage, "cached": False}
    wrong = [
        whole | {"finish_reason": "tool_calls"},
        whole | {"content": None},
        whole | {"usage": None},
        {key: value for key, value in whole.items() if key != "cached"},
    ]
    return [
        refusal(ValidationError, lambda one=one: core.models.CreateResult(**one))
        for one in wrong
    ]


async def families(core):
    """Which family is whose."""
    family = core.models.ModelFamily
    names = sorted(name for name in dir(family) if name.isupper() and name != "ANY")
    values = [getattr(family, name) for name in names]
    kinds = [
        family.is_openai,
        family.is_claude,
        family.is_gemini,
        family.is_llama,
        family.is_mistral,
    ]
    return [
        (name, value, [kind(value) for kind in kinds])
        for name, value in zip([*names, "?"], [*values, "gpt-6"], strict=True)
    ]


async def families_have_no_objects(core):
    """The namespace cannot be called."""
    return refusal(TypeError, core.models.ModelFamily)


INFO = {
    "vision": False,
    "function_calling": True,
    "json_output": True,
    "family": "mine",
    "structured_output": False,
}


async def model_info_is_checked(core):
    """Four fields must be there, the fifth had better be."""
    seen = []
    for missing in [None, *INFO]:
        info = {key: value for key, value in INFO.items() if key != missing}
        with warned() as categories:
            refused = refusal(
                ValueError, lambda info=info: core.models.validate_model_info(info)
            )
        seen.append((missing, refused, categories))
    return seen


async def error_of_a_missing_field(core):
    """The message names the field."""
    try:
        core.models.validate_model_info({})
    except ValueError as error:
        return "Missing required field 'vision' in ModelInfo" in str(error)


def client(core):
    """A client that says as little as it may."""

    class Client(core.models.ChatCompletionClient):
        async def create(self, messages, **kwargs):
            return messages

        async def create_stream(self, messages, **kwargs):
            yield messages

        async def close(self):
            pass

        def actual_usage(self):
            return core.models.RequestUsage(0, 0)

        total_usage = actual_usage

        def count_tokens(self, messages, **kwargs):
            return 0

        remaining_tokens = count_tokens

        @property
        def capabilities(self):
            return {"vision": True, "function_calling": False, "json_output": False}

        @property
        def model_info(self):
            return super().model_info

    return Client()


async def interface_is_abstract(core):
    """Nobody talks to a model in general."""
    return refusal(TypeError, core.models.ChatCompletionClient)


async def info_of_a_client_with_capabilities(core):
    """It is taken from them, with a warning; the family is not known."""
    with warned() as categories:
        info = client(core).model_info
    return info["vision"], info["json_output"], info["family"], categories


async def info_from_capabilities_is_whole(core):
    """It can be validated without another warning."""
    with warned():
        info = client(core).model_info
    with warned() as categories:
        core.models.validate_model_info(info)
    return categories


async def component_type_of_clients(core):
    """The interface leaves it to its clients."""
    return getattr(core.models.ChatCompletionClient, "component_type", "none")
