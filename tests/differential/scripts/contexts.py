# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Conversations, and what a model is given of them."""

import json

from pydantic import BaseModel, ValidationError

from ..common import failure, refusal
from .models import INFO


def user(core, text):
    """What somebody says."""
    return core.models.UserMessage(content=text, source="user")


def call(core, id):
    """What a model asks for."""
    return core.models.AssistantMessage(
        content=[core.FunctionCall(id, "{}", "f")], source="assistant"
    )


def result(core, id):
    """What came of it."""
    return core.models.FunctionExecutionResultMessage(
        content=[core.models.FunctionExecutionResult(content=id, name="f", call_id=id)]
    )


def messages_of(core, pattern):
    """A conversation: u is a user, c a call, r its result."""
    make = {"u": user, "c": call, "r": result}
    return [make[kind](core, f"{kind}{number}") for number, kind in enumerate(pattern)]


def read(messages):
    """The conversation in the same letters, with numbers."""
    words = []
    for one in messages:
        match one.content:
            case str(text):
                words.append(text)
            case [item]:
                words.append(getattr(item, "id", None) or item.content)
    return words


PATTERNS = ["", "u", "uu", "ucru", "cru", "ucrucru", "uuuuuu", "ruu", "uc", "ucrucruuu"]


async def unbounded(core):
    """Everything is given."""
    seen = []
    for pattern in PATTERNS:
        context = core.model_context.UnboundedChatCompletionContext()
        for message in messages_of(core, pattern):
            await context.add_message(message)
        seen.append(read(await context.get_messages()))
        await context.clear()
        seen.append(await context.get_messages())
    return seen


async def buffered(core):
    """The last ones are given, not beginning with a result."""
    return [
        read(
            await core.model_context.BufferedChatCompletionContext(
                size, messages_of(core, pattern)
            ).get_messages()
        )
        for pattern in PATTERNS
        for size in (1, 2, 3, 4, 100)
    ]


async def buffered_with_two_results(core):
    """A buffer that begins with two messages of results gives neither."""
    context = core.model_context.BufferedChatCompletionContext(
        3, messages_of(core, "ucrru")
    )
    return read(await context.get_messages())


async def head_and_tail(core):
    """The first and the last ones are given, and how many are not."""
    return [
        read(
            await core.model_context.HeadAndTailChatCompletionContext(
                head, tail, messages_of(core, pattern)
            ).get_messages()
        )
        for pattern in PATTERNS
        for head, tail in ((1, 1), (1, 2), (100, 1))
        if "c" not in pattern or len(pattern) == 2
    ]


async def head_and_tail_with_calls_at_the_edges(core):
    """What is skipped is counted, the calls at the edges included."""
    context = core.model_context.HeadAndTailChatCompletionContext(
        2, 2, messages_of(core, "ucruucru")
    )
    return read(await context.get_messages())


async def speaker_of_the_gap(core):
    """The gap is told by nobody in particular."""
    context = core.model_context.HeadAndTailChatCompletionContext(
        1, 1, messages_of(core, "uuu")
    )
    return (await context.get_messages())[1].model_dump()


async def sizes_must_be_positive(core):
    """No size may be zero."""
    contexts = core.model_context
    client = counting(core)
    return [
        refusal(ValueError, lambda: contexts.BufferedChatCompletionContext(0)),
        refusal(ValueError, lambda: contexts.BufferedChatCompletionContext(-1)),
        refusal(ValueError, lambda: contexts.HeadAndTailChatCompletionContext(0, 1)),
        refusal(ValueError, lambda: contexts.HeadAndTailChatCompletionContext(1, 0)),
        refusal(
            ValueError,
            lambda: contexts.TokenLimitedChatCompletionContext(client, token_limit=0),
        ),
        refusal(TypeError, lambda: contexts.BufferedChatCompletionContext("5")),
        refusal(TypeError, contexts.ChatCompletionContext),
    ]


async def given_messages_belong_to_the_caller(core):
    """Whoever changes what was given does not change the conversation."""
    seen = []
    contexts = core.model_context
    for context in (
        contexts.UnboundedChatCompletionContext(),
        contexts.HeadAndTailChatCompletionContext(5, 5),
    ):
        await context.add_message(user(core, "a"))
        (await context.get_messages()).append(user(core, "b"))
        seen.append(read(await context.get_messages()))
    return seen


async def initial_messages_belong_to_the_caller(core):
    """Whoever changes the list does not change the config."""
    initial = [user(core, "a")]
    context = core.model_context.UnboundedChatCompletionContext(initial)
    initial.append(user(core, "b"))
    config = context.dump_component().config
    return read(await context.get_messages()), len(config["initial_messages"])


async def state_of_a_conversation(core):
    """It goes through JSON, and holds what is not given any more."""
    context = core.model_context.BufferedChatCompletionContext(2)
    for message in messages_of(core, "uucru"):
        await context.add_message(message)
    state = json.loads(json.dumps(await context.save_state()))
    other = core.model_context.UnboundedChatCompletionContext()
    await other.add_message(user(core, "forgotten"))
    await other.load_state(state)
    return state, read(await other.get_messages())


async def state_that_is_none(core):
    """A conversation stays as it was when the state is refused."""
    context = core.model_context.UnboundedChatCompletionContext([user(core, "a")])
    wrong = [
        {"messages": [{"type": "DeveloperMessage", "content": "x"}]},
        {"messages": "x"},
        [],
    ]
    refused = [await failure(ValidationError, context.load_state(one)) for one in wrong]
    before = read(await context.get_messages())
    await context.load_state({})
    return refused, before, await context.get_messages()


async def state_is_a_model(core):
    """It can be written and read without a conversation."""
    state = core.model_context.ChatCompletionContextState
    return state().messages, state(messages=[user(core, "a")]).model_dump()


async def class_of_ones_own(core):
    """A conversation that gives something else."""

    class Loud(core.model_context.UnboundedChatCompletionContext):
        async def get_messages(self):
            return [
                user(core, one.content.upper()) for one in await super().get_messages()
            ]

    context = Loud()
    await context.add_message(user(core, "a"))
    return read(await context.get_messages()), context.component_type


class NoConfig(BaseModel):
    """The config of the client below."""


def counting(core, room=0):
    """A client that counts a token for each letter of a text, and none for calls."""

    class Counting(core.models.ChatCompletionClient, core.Component[NoConfig]):
        component_type = "model"
        component_config_schema = NoConfig
        component_provider_override = "counting.Client"

        def _to_config(self):
            return NoConfig()

        @classmethod
        def _from_config(cls, config):
            return cls()

        def count_tokens(self, messages, *, tools=()):
            texts = [one.content for one in messages if isinstance(one.content, str)]
            return sum(map(len, texts)) + 3 * len(tools)

        def remaining_tokens(self, messages, *, tools=()):
            return room - self.count_tokens(messages, tools=tools)

        async def create(self, messages, **kwargs):
            raise NotImplementedError

        async def create_stream(self, messages, **kwargs):
            yield

        async def close(self):
            pass

        def actual_usage(self):
            return core.models.RequestUsage(0, 0)

        total_usage = actual_usage

        @property
        def capabilities(self):
            return INFO

        model_info = capabilities

    return Counting()


async def token_limited(core):
    """The middle is left out until the rest fits, down to nothing."""
    return [
        read(
            await core.model_context.TokenLimitedChatCompletionContext(
                counting(core),
                token_limit=limit,
                initial_messages=messages_of(core, pattern),
            ).get_messages()
        )
        for pattern in ("", "u", "uu", "uuu", "uuuuuuu")
        for limit in (1, 2, 3, 4, 5, 8, 100)
    ]


async def token_limited_by_the_model(core):
    """Without a limit the model says how much fits."""
    return [
        read(
            await core.model_context.TokenLimitedChatCompletionContext(
                counting(core, room), initial_messages=messages_of(core, "uuuuu")
            ).get_messages()
        )
        for room in (0, 1, 2, 5, 10)
    ]


async def token_limited_with_tools(core):
    """The tools take tokens as well."""
    tools = [{"name": "f", "description": "does"}]
    context = core.model_context.TokenLimitedChatCompletionContext(
        counting(core),
        token_limit=7,
        tool_schema=tools,
        initial_messages=messages_of(core, "uuuuu"),
    )
    return read(await context.get_messages())


async def token_limited_begins_with_no_result(core):
    """The result of a call that is not there is left out."""
    context = core.model_context.TokenLimitedChatCompletionContext(
        counting(core), token_limit=4, initial_messages=messages_of(core, "ruu")
    )
    return read(await context.get_messages())


async def token_limited_with_calls_in_the_middle(core):
    """Calls are left out together with their results."""
    context = core.model_context.TokenLimitedChatCompletionContext(
        counting(core), token_limit=4, initial_messages=messages_of(core, "ucruuu")
    )
    await context.add_message(user(core, "u6"))
    return read(await context.get_messages())


async def conversations_as_components(core):
    """They are written down with what they begin with, and made again."""
    contexts = core.model_context
    seen = []
    for context in (
        contexts.UnboundedChatCompletionContext(),
        contexts.UnboundedChatCompletionContext(messages_of(core, "uu")),
        contexts.BufferedChatCompletionContext(3),
        contexts.HeadAndTailChatCompletionContext(1, 2, messages_of(core, "ucruu")),
    ):
        await context.add_message(user(core, "not part of it"))
        model = context.dump_component()
        loaded = contexts.ChatCompletionContext.load_component(
            json.loads(model.model_dump_json())
        )
        seen.append(
            (
                model.component_type,
                model.label,
                model.component_version,
                model.config,
                type(loaded) is type(context),
                read(await loaded.get_messages()),
            )
        )
    return seen


async def buffered_with_initial_messages_as_a_component(core):
    """They are messages again afterwards."""
    context = core.model_context.BufferedChatCompletionContext(
        3, messages_of(core, "u")
    )
    loaded = core.model_context.ChatCompletionContext.load_component(
        context.dump_component()
    )
    return [type(one).__name__ for one in await loaded.get_messages()]


async def names_of_the_other_package(core):
    """The names under which autogen_core writes conversations down work in both."""
    config = {"buffer_size": 3, "head_size": 3, "tail_size": 3}
    return [
        type(
            core.model_context.ChatCompletionContext.load_component(
                {"provider": f"autogen_core.model_context.{name}", "config": config}
            )
        )
        is getattr(core.model_context, name)
        for name in (
            "UnboundedChatCompletionContext",
            "BufferedChatCompletionContext",
            "HeadAndTailChatCompletionContext",
        )
    ]


async def components_that_do_not_fit(core):
    """A config without its size, and something that is no conversation."""
    base = core.model_context.ChatCompletionContext
    where = "autogen_core.model_context"
    return [
        refusal(
            ValidationError,
            lambda: base.load_component(
                {"provider": f"{where}.BufferedChatCompletionContext", "config": {}}
            ),
        ),
        refusal(
            TypeError,
            lambda: base.load_component(
                {"provider": "autogen_core.memory.ListMemory", "config": {}}
            ),
        ),
        refusal(
            AttributeError,
            lambda: base.load_component({"provider": f"{where}.Nope", "config": {}}),
        ),
        refusal(
            TypeError,
            lambda: base.load_component(
                {"provider": f"{where}.ChatCompletionContextState", "config": {}}
            ),
        ),
    ]


async def config_of_a_token_limited_conversation(core):
    """It holds the component of the client."""
    tools = [{"name": "f", "parameters": {"type": "object", "properties": {}}}]
    context = core.model_context.TokenLimitedChatCompletionContext(
        counting(core),
        token_limit=9,
        tool_schema=tools,
        initial_messages=messages_of(core, "u"),
    )
    return context.dump_component().config
