"""A client of any server that speaks OpenAI's chat protocol, over httpx.

It works on trio and in asyncio, and talks to services, to gateways and to servers on your
own machine (vLLM, llama.cpp, Ollama, LM Studio). Take the class and change what you like.

Run it (pip install 'actrio[pydantic,images]' httpx). It talks to a server that is part of
this program; to yours, if you say where it is and what its model is called, such as
"http://localhost:11434/v1 llama3.2". The key comes from OPENAI_API_KEY.

    python examples/more/openai_server.py

Output:

    Paris is the capital of France. [14 + 7 tokens]
    Pa|ris| of| course. [14 + 3 tokens]
    The model calls weather({"city": "Paris"}).
    It is sunny in Paris.
    the server answered 429 Too Many Requests: slow down (try again in 2 s)
"""

import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Literal, Self, TypeVar

import anyio
import httpx
import trio
from pydantic import BaseModel, Field, ValidationError

from actrio import CancellationToken, Component, FunctionCall, Image
from actrio.exceptions import RequestCancelled
from actrio.logging import EVENT_LOGGER_NAME, LLMCallEvent, LLMStreamEndEvent, LLMStreamStartEvent
from actrio.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    FinishReasons,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelFamily,
    ModelInfo,
    RequestUsage,
    SystemMessage,
    UserMessage,
    validate_model_info,
)
from actrio.tools import Tool, ToolSchema

T = TypeVar("T")
Choice = Tool | Literal["auto", "required", "none"]
logger = logging.getLogger(EVENT_LOGGER_NAME)

FINISH_REASONS: dict[str | None, FinishReasons] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "function_calls",
    "function_call": "function_calls",
    "content_filter": "content_filter",
}


class ModelServerError(Exception):
    """The server refused, could not be reached, or answered what is no answer."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        """The HTTP status of a refusal."""
        self.retry_after = retry_after
        """After how many seconds the server wants to be asked again, if it said so."""


# What servers answer: the parts of it that are used here. In a stream all of them come in
# pieces, and any of them may be missing.


class CalledFunction(BaseModel):
    name: str | None = None
    arguments: str | None = None


class ToolCall(BaseModel):
    index: int | None = None
    id: str | None = None
    function: CalledFunction = Field(default_factory=CalledFunction)


class Said(BaseModel):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choices(BaseModel):
    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None


class Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Answer(BaseModel):
    choices: list[Choices] = []
    usage: Usage | None = None
    error: Any = None


class Assembly:
    """An answer that is put together from one piece or many."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.thought: list[str] = []
        self.calls: dict[int, FunctionCall] = {}
        self.finish_reason: str | None = None
        self.usage = RequestUsage(0, 0)

    def add(self, answer: Answer) -> str:
        """Take a piece, and return its text."""
        if answer.usage is not None:
            self.usage = RequestUsage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
        if not answer.choices:
            return ""
        choice = answer.choices[0]
        said = choice.message or choice.delta or Said()
        self.finish_reason = choice.finish_reason or self.finish_reason
        text = said.content or said.refusal or ""
        self.text.append(text)
        self.thought.append(said.reasoning_content or "")
        for piece in said.tool_calls or ():
            begins = bool(piece.id or piece.function.name) or not self.calls
            index = len(self.calls) - (not begins) if piece.index is None else piece.index
            call = self.calls.setdefault(index, FunctionCall(id="", arguments="", name=""))
            call.id = call.id or piece.id or ""
            call.name = call.name or piece.function.name or ""
            call.arguments = f"{call.arguments}{piece.function.arguments or ''}"
        return text

    def result(self) -> CreateResult:
        text, thought = "".join(self.text), "".join(self.thought)
        calls = [self.calls[index] for index in sorted(self.calls)]
        return CreateResult(
            finish_reason="function_calls" if calls else FINISH_REASONS.get(self.finish_reason, "unknown"),
            content=calls or text,
            usage=self.usage,
            cached=False,
            thought=(thought or (text if calls else "")) or None,
        )


class ClientConfig(BaseModel):
    """All but the key, which is no part of a config that is written down."""

    model: str
    base_url: str
    model_info: ModelInfo
    context_window: int


class OpenAIServerClient(ChatCompletionClient, Component[ClientConfig]):
    """A client of one model on a server that speaks OpenAI's chat protocol.

    There is no limit of time but 10 seconds for the connection: put a scope around a call.

    Args:
        model: The name of the model.
        base_url: Where the server is, usually up to ``/v1``.
        api_key: The key; None for that of the environment, if there is one.
        model_info: What the model can do; None for a model without images and schemas.
        context_window: For how many tokens the model has room.
        transport: Another way to the server, as httpx has them; None for the network.
    """

    component_type = "model"
    component_config_schema = ClientConfig

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "https://api.openai.com/v1",
        api_key: str | None = None,
        model_info: ModelInfo | None = None,
        context_window: int = 128_000,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        info = model_info or ModelInfo(
            vision=False,
            function_calling=True,
            json_output=True,
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )
        validate_model_info(info)
        self._config = ClientConfig(model=model, base_url=base_url, model_info=info, context_window=context_window)
        key = os.environ.get("OPENAI_API_KEY") if api_key is None else api_key
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(None, connect=10.0),
            transport=transport,
        )
        self._usage = RequestUsage(0, 0)

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Choice = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """Ask the model, and return its whole answer.

        Raises:
            ValueError: If the model cannot do what is asked for.
            ModelServerError: If there is no answer, or none that can be read.
            RequestCancelled: If the token was cancelled.

        Cancellation: Closes the connection.
        """
        body = self._body(messages, tools, tool_choice, json_output, extra_create_args)
        try:
            response = await under(cancellation_token, self._http.post, "/chat/completions", json=body)
        except httpx.RequestError as exc:
            raise self._unreachable(exc) from exc
        if not response.is_success:
            raise refusal_of(response)
        answer = read(response.text)
        if not answer.choices:
            message = f"the server answered without choices: {response.text[:200]}"
            raise ModelServerError(message)
        assembly = Assembly()
        assembly.add(answer)
        result = self._done(assembly)
        log(LLMCallEvent, messages=body["messages"], response=result)
        return result

    async def create_stream(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Choice = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Ask the model, and yield its answer in pieces, then whole.

        Raises:
            ValueError: If the model cannot do what is asked for.
            ModelServerError: If there is no answer, or it breaks off or cannot be read.
            RequestCancelled: If the token was cancelled.

        Cancellation: Closes the connection. So does closing the generator.
        """
        body = self._body(messages, tools, tool_choice, json_output, extra_create_args)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        assembly = Assembly()
        pieces, linger = 0, 0.0
        try:
            async with AsyncExitStack() as stack:
                connection = self._http.stream("POST", "/chat/completions", json=body)
                response = await under(cancellation_token, stack.enter_async_context, connection)
                if not response.is_success:
                    await under(cancellation_token, response.aread)
                    raise refusal_of(response)
                log(LLMStreamStartEvent, messages=body["messages"])
                lines = response.aiter_lines()
                stack.push_async_callback(lambda: read_out(lines, linger))
                while event := await under(cancellation_token, next_event, lines):
                    if event == "[DONE]":
                        linger = 1.0
                        break
                    pieces += 1
                    if text := assembly.add(read(event)):
                        yield text
        except httpx.RequestError as exc:
            raise self._unreachable(exc) from exc
        if assembly.finish_reason is None:
            message = f"the stream ended after {pieces} pieces, before the answer did"
            raise ModelServerError(message)
        result = self._done(assembly)
        log(LLMStreamEndEvent, response=result)
        yield result

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def actual_usage(self) -> RequestUsage:
        """Return the tokens of all requests so far, as the server counts them."""
        return RequestUsage(self._usage.prompt_tokens, self._usage.completion_tokens)

    def total_usage(self) -> RequestUsage:
        """Return the same: nothing is cached here."""
        return self.actual_usage()

    def count_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = []) -> int:
        """Estimate the tokens, at four characters each; an image counts as 1,000."""
        images = 0
        characters = len(json.dumps([tool_form(tool) for tool in tools])) if tools else 0
        for message in messages:
            for part in parts_of(message):
                match part:
                    case str():
                        characters += len(part)
                    case FunctionCall():
                        characters += len(part.name) + len(arguments_of(part))
                    case FunctionExecutionResult():
                        characters += len(part.content)
                    case _:
                        images += 1
        return -(-characters // 4) + 1000 * images + 4 * len(messages)

    def remaining_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = []) -> int:
        """Return how much of the context window is left, by the same estimate."""
        return self._config.context_window - self.count_tokens(messages, tools=tools)

    @property
    def model_info(self) -> ModelInfo:
        """What the model can do."""
        return self._config.model_info

    @property
    def capabilities(self) -> ModelInfo:
        """The same, under its older name."""
        return self._config.model_info

    def _to_config(self) -> ClientConfig:
        return self._config

    @classmethod
    def _from_config(cls, config: ClientConfig) -> Self:
        return cls(
            config.model,
            base_url=config.base_url,
            model_info=config.model_info,
            context_window=config.context_window,
        )

    def _body(
        self,
        messages: Sequence[LLMMessage],
        tools: Sequence[Tool | ToolSchema],
        tool_choice: Choice,
        json_output: bool | type[BaseModel] | None,
        extra: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return what is sent, or raise if the model cannot do it."""
        info = self.model_info
        asked = {
            "vision": any(isinstance(part, Image) for one in messages for part in parts_of(one)),
            "function_calling": bool(tools),
            "json_output": json_output is True,
            "structured_output": isinstance(json_output, type),
        }
        for ability, needed in asked.items():
            if needed and not info.get(ability):
                message = f"model {self._config.model!r} has no {ability}, as its model_info says"
                raise ValueError(message)
        body: dict[str, Any] = {
            "model": self._config.model,
            "messages": [form for one in messages for form in message_form(one)],
        }
        if tools:
            body["tools"] = [tool_form(tool) for tool in tools]
            body["tool_choice"] = choice_form(tool_choice, body["tools"])
        if json_output is not None:
            body["response_format"] = output_form(json_output)
        return body | dict(extra)

    def _done(self, assembly: Assembly) -> CreateResult:
        self._usage.prompt_tokens += assembly.usage.prompt_tokens
        self._usage.completion_tokens += assembly.usage.completion_tokens
        return assembly.result()

    def _unreachable(self, error: httpx.RequestError) -> ModelServerError:
        kind = type(error).__name__
        return ModelServerError(f"no whole answer from {self._config.base_url}: {kind} {error}".rstrip())


def log(
    event: Callable[..., object],
    *,
    response: CreateResult | None = None,
    **fields: Any,
) -> None:
    """Log an event for programs, if any listens; results with their usage."""
    if not logger.isEnabledFor(logging.INFO):
        return
    if response is not None:
        fields |= {"response": response.model_dump(), **vars(response.usage)}
    logger.info(event(**fields))


async def under(token: CancellationToken | None, function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Await a function until the token is cancelled."""
    with (token or CancellationToken()).scope() as scope:
        result = await function(*args, **kwargs)
    if scope.cancelled_caught:
        message = "the request was withdrawn by its cancellation token"
        raise RequestCancelled(message)
    return result


async def next_event(lines: AsyncIterator[str]) -> str | None:
    """Read a server-sent event; comments, which keep a connection alive, are left out."""
    data: list[str] = []
    async for line in lines:
        if line.startswith("data:"):
            data += filter(None, [line.removeprefix("data:").removeprefix(" ")])
        elif not line and data:
            break
    return "\n".join(data) if data else None


async def read_out(lines: AsyncIterator[str], seconds: float) -> None:
    """Read the rest of a stream, but not for longer than this.

    A connection whose stream was read to its end is used again. And the generators that
    httpx is made of must come to an end, if only by cancellation: trio warns of others.
    """
    with anyio.move_on_after(seconds), suppress(httpx.RequestError):
        async for _ in lines:
            pass


def read(text: str) -> Answer:
    """Read an answer or a piece of one."""
    try:
        answer = Answer.model_validate_json(text)
    except ValidationError as exc:
        problem = exc.errors()[0]["msg"]
        message = f"the server sent what is no answer ({problem}): {text[:200]!r}"
        raise ModelServerError(message) from exc
    if answer.error is not None:
        message = f"the server gave up: {error_text(answer.error)}"
        raise ModelServerError(message)
    return answer


def refusal_of(response: httpx.Response) -> ModelServerError:
    """Return the error of a response that is none."""
    try:
        words = error_text(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        words = response.text[:200]
    message = f"the server answered {response.status_code} {response.reason_phrase}: {words}"
    try:
        after = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return ModelServerError(message, status=response.status_code)
    message += f" (try again in {after:g} s)"
    return ModelServerError(message, status=response.status_code, retry_after=after)


def error_text(error: Any) -> str:
    """Return what an error says; servers differ in its form."""
    return str(error["message"] if isinstance(error, dict) and "message" in error else error)


# What the protocol makes of messages, tools and wishes.


def message_form(message: LLMMessage) -> list[dict[str, Any]]:
    """Return a message as the protocol has it; results of calls are a message each."""
    match message:
        case SystemMessage():
            return [{"role": "system", "content": message.content}]
        case UserMessage(content=str(text)):
            return [{"role": "user", "content": text}]
        case UserMessage(content=parts):
            return [{"role": "user", "content": [part_form(part) for part in parts]}]
        case AssistantMessage(content=str(text)):
            return [{"role": "assistant", "content": text}]
        case AssistantMessage():
            calls = [call_form(call) for call in message.content if isinstance(call, FunctionCall)]
            return [{"role": "assistant", "content": message.thought, "tool_calls": calls}]
        case FunctionExecutionResultMessage(content=results):
            return [{"role": "tool", "tool_call_id": one.call_id, "content": one.content} for one in results]


def parts_of(message: LLMMessage) -> Sequence[object]:
    """Return the parts of a message; a text is one part."""
    return [message.content] if isinstance(message.content, str) else message.content


def part_form(part: str | Image) -> dict[str, Any]:
    return {"type": "text", "text": part} if isinstance(part, str) else part.to_openai_format()


def call_form(call: FunctionCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments_of(call)}
    return {"id": call.id, "type": "function", "function": function}


def arguments_of(call: FunctionCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(dict(call.arguments))


def tool_form(tool: Tool | ToolSchema) -> dict[str, Any]:
    schema = tool.schema if isinstance(tool, Tool) else tool
    return {"type": "function", "function": dict(schema)}


def choice_form(choice: Choice, tools: list[dict[str, Any]]) -> Any:
    if isinstance(choice, str):
        return choice
    if not any(tool["function"]["name"] == choice.name for tool in tools):
        message = f"tool_choice {choice.name!r} must be one of the tools"
        raise ValueError(message)
    return {"type": "function", "function": {"name": choice.name}}


def output_form(wanted: bool | type[BaseModel]) -> dict[str, Any]:
    if isinstance(wanted, bool):
        return {"type": "json_object" if wanted else "text"}
    schema = {"name": wanted.__name__, "schema": wanted.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


# The program, and a server that is part of it.

WEATHER: ToolSchema = {
    "name": "weather",
    "description": "Tells the weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def pretend(request: httpx.Request) -> httpx.Response:
    """Answer like a server."""
    body = json.loads(request.content)
    last = body["messages"][-1]
    usage = {"prompt_tokens": 14, "completion_tokens": 7}
    if last["role"] == "tool":
        said: dict[str, Any] = {"content": f"It is {last['content']} in Paris."}
    elif "tools" in body:
        function = {"name": "weather", "arguments": '{"city": "Paris"}'}
        said = {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    elif "stream" in body:
        return httpx.Response(200, content=pretend_stream(["Pa", "ris", " of", " course."]))
    elif "again" in last["content"]:
        return httpx.Response(429, headers={"retry-after": "2"}, json={"error": {"message": "slow down"}})
    else:
        said = {"content": "Paris is the capital of France."}
    return httpx.Response(200, json={"choices": [{"message": said, "finish_reason": "stop"}], "usage": usage})


async def pretend_stream(words: list[str]) -> AsyncIterator[bytes]:
    for word in words:
        yield f"data: {json.dumps({'choices': [{'delta': {'content': word}}]})}\n\n".encode()
    usage = {"prompt_tokens": 14, "completion_tokens": 3}
    yield b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n".encode()


async def main(url: str | None = None, model: str = "pretended") -> None:
    client = OpenAIServerClient(
        model,
        base_url=url or "http://pretended/v1",
        transport=None if url else httpx.MockTransport(pretend),
    )
    question = UserMessage(content="What is the capital of France?", source="user")
    try:
        result = await client.create([question])
        print(result.content, f"[{result.usage.prompt_tokens} + {result.usage.completion_tokens} tokens]")

        pieces = []
        async for piece in client.create_stream([question]):
            if isinstance(piece, str):
                pieces.append(piece)
            else:
                tokens = piece.usage
                print("|".join(pieces), f"[{tokens.prompt_tokens} + {tokens.completion_tokens} tokens]")

        talk: list[LLMMessage] = [UserMessage(content="How is the weather in Paris?", source="user")]
        result = await client.create(talk, tools=[WEATHER])
        for call in result.content:
            assert isinstance(call, FunctionCall)
            print(f"The model calls {call.name}({call.arguments}).")
            talk.append(AssistantMessage(content=[call], source="assistant"))
            done = FunctionExecutionResult(content="sunny", name=call.name, call_id=call.id, is_error=False)
            talk.append(FunctionExecutionResultMessage(content=[done]))
        print((await client.create(talk, tools=[WEATHER])).content)

        try:
            await client.create([UserMessage(content="And again?", source="user")])
        except ModelServerError as exc:
            print(exc)
    finally:
        await client.close()


if __name__ == "__main__":
    trio.run(partial(main, *sys.argv[1:3]))
