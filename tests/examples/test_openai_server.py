"""The client of ``examples/more/openai_server.py``, against a server that speaks HTTP.

The server is ours: h11 over a socket of this machine. Each request gets the next of the
functions that a test gives it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import h11
import pytest
from PIL import Image as PillowImage
from pydantic import BaseModel

from actrio import CancellationToken, FunctionCall, Image
from actrio.exceptions import RequestCancelled
from actrio.logging import EVENT_LOGGER_NAME
from actrio.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelInfo,
    RequestUsage,
    SystemMessage,
    UserMessage,
)
from actrio.testing import Host, run
from actrio.tools import ToolSchema

PROGRAM = Path(__file__).parents[2] / "examples" / "more" / "openai_server.py"
HI: list[LLMMessage] = [UserMessage(content="Hi", source="user")]
ADD: ToolSchema = {"name": "add", "description": "Adds."}
EVERYTHING = ModelInfo(
    vision=True,
    function_calling=True,
    json_output=True,
    family="unknown",
    structured_output=True,
)
each_host = pytest.mark.parametrize("host", ["trio", "asyncio"])


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The program as a module; it is imported without being run."""
    module = types.ModuleType("example_openai_server")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for proxy in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(proxy)
    exec(compile(PROGRAM.read_text(), PROGRAM, "exec"), module.__dict__)
    return module


class Exchange:
    """One request to the server, and ways to answer it."""

    def __init__(
        self, stream: anyio.abc.SocketStream, http: h11.Connection, body: bytes
    ) -> None:
        self.stream = stream
        self.http = http
        self.body: dict[str, Any] = json.loads(body)

    async def send(self, event: Any) -> None:
        await self.stream.send(self.http.send(event) or b"")

    async def begin(self, status: int = 200, **headers: str) -> None:
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        await self.send(h11.Response(status_code=status, headers=named, reason="Words"))

    async def write(self, text: str) -> None:
        await self.send(h11.Data(data=text.encode()))

    async def end(self) -> None:
        await self.send(h11.EndOfMessage())

    async def say(self, value: object) -> None:
        """One event of a stream."""
        text = value if isinstance(value, str) else json.dumps(value)
        await self.write(f"data: {text}\n\n")

    async def wait_closed(self) -> None:
        """Wait until the client has closed the connection."""
        try:
            while await self.stream.receive():
                pass
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass


Answer = Callable[[Exchange], Awaitable[None]]


class Server:
    """What a test sees of the server."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.url = ""

    async def serve(self, stream: anyio.abc.SocketStream) -> None:
        """Answer the requests of one connection until it is closed."""
        self.connections += 1
        async with stream:
            http = h11.Connection(h11.SERVER)
            while (request := await self.request(stream, http)) is not None:
                await self.answers.pop(0)(request)
                if http.our_state is not h11.DONE:
                    return
                http.start_next_cycle()

    async def request(
        self, stream: anyio.abc.SocketStream, http: h11.Connection
    ) -> Exchange | None:
        body = b""
        while True:
            match http.next_event():
                case h11.NEED_DATA:
                    try:
                        http.receive_data(await stream.receive())
                    except (anyio.EndOfStream, anyio.BrokenResourceError):
                        return None
                case h11.Request() as request:
                    assert request.method == b"POST"
                    assert request.target == b"/v1/chat/completions"
                    self.headers.append(
                        {key.decode(): value.decode() for key, value in request.headers}
                    )
                case h11.Data() as data:
                    body += bytes(data.data)
                case h11.EndOfMessage():
                    exchange = Exchange(stream, http, body)
                    self.requests.append(exchange.body)
                    return exchange
                case _:
                    return None


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[Server]:
    """Run a server while the block runs."""
    server = Server(answers)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    server.url = f"http://127.0.0.1:{port}/v1"
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server.serve)
        yield server
        group.cancel_scope.cancel()


def on(host: Host, scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a test with sockets, in real time, and not for longer than ten seconds."""

    async def limited() -> None:
        with anyio.fail_after(10):
            await scenario()

    run(limited, host=host, virtual_time=False)


def whole(said: dict[str, Any], reason: str = "stop", status: int = 200) -> Answer:
    """An answer that comes at once."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin(status, content_type="application/json")
        usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
        choice = {"index": 0, "message": said, "finish_reason": reason}
        await exchange.write(json.dumps({"choices": [choice], "usage": usage}))
        await exchange.end()

    return answer


def raw(text: str, status: int = 200, **headers: str) -> Answer:
    """Anything at all."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin(status, **headers)
        await exchange.write(text)
        await exchange.end()

    return answer


def piece(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def pieces(*events: object, end: bool = True) -> Answer:
    """A stream of events."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin(content_type="text/event-stream")
        for event in events:
            await exchange.say(event)
        if end:
            await exchange.end()

    return answer


def events_in(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int | None]]:
    """What was logged for programs, with the tokens of each answer."""
    events = [
        json.loads(record.getMessage())
        for record in caplog.records
        if record.name == EVENT_LOGGER_NAME
    ]
    return [(event["type"], event.get("completion_tokens")) for event in events]


async def streamed(client: ChatCompletionClient) -> list[str | CreateResult]:
    return [one async for one in client.create_stream(HI)]


@each_host
def test_an_answer(example: Any, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """It has the text and the usage, and the request was what the protocol wants."""

    async def scenario() -> None:
        async with serving(
            whole({"content": "Hello!"}), whole({"content": "Again"}, "length")
        ) as server:
            client = example.OpenAIServerClient("m", base_url=server.url, api_key="k")
            result = await client.create(HI, extra_create_args={"seed": 1})
            assert result == CreateResult(
                finish_reason="stop",
                content="Hello!",
                usage=RequestUsage(11, 3),
                cached=False,
            )
            assert (await client.create(HI)).finish_reason == "length"
            assert client.total_usage() == client.actual_usage() == RequestUsage(22, 6)
            assert server.requests[0] == {
                "model": "m",
                "messages": [{"role": "user", "content": "Hi"}],
                "seed": 1,
            }
            assert server.headers[0]["authorization"] == "Bearer k"
            assert server.connections == 1
            await client.close()

    with caplog.at_level(logging.INFO, EVENT_LOGGER_NAME):
        on(host, scenario)
    assert events_in(caplog) == [("LLMCall", 3), ("LLMCall", 3)]


@each_host
def test_calls_of_tools(example: Any, host: Host) -> None:
    """A whole conversation with calls, results, words beside them, and a choice."""
    said = {
        "content": "I had better add.",
        "tool_calls": [
            {"id": "1", "function": {"name": "add", "arguments": '{"a": 1}'}},
            {"id": "2", "function": {"name": "add", "arguments": "{"}},
        ],
    }

    async def scenario() -> None:
        async with serving(
            whole(said, "tool_calls"), whole({"content": "3"})
        ) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            talk: list[LLMMessage] = [SystemMessage(content="Be brief."), *HI]
            result = await client.create(talk, tools=[ADD], tool_choice="required")
            assert result.finish_reason == "function_calls"
            assert result.content == [
                FunctionCall("1", '{"a": 1}', "add"),
                FunctionCall("2", "{", "add"),
            ]
            assert result.thought == "I had better add."
            talk += [
                AssistantMessage(
                    content=[FunctionCall("1", {"a": 1}, "add")],
                    thought=result.thought,
                    source="m",
                ),
                FunctionExecutionResultMessage(
                    content=[
                        FunctionExecutionResult(content="3", name="add", call_id="1")
                    ]
                ),
                AssistantMessage(content="Three.", source="m"),
            ]
            await client.create(talk)
            first, second = server.requests
            assert first["tools"] == [{"type": "function", "function": ADD}]
            assert first["tool_choice"] == "required"
            assert "tools" not in second
            function = {"name": "add", "arguments": '{"a": 1}'}
            assert second["messages"] == [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "content": "I had better add.",
                    "tool_calls": [
                        {"id": "1", "type": "function", "function": function}
                    ],
                },
                {"role": "tool", "tool_call_id": "1", "content": "3"},
                {"role": "assistant", "content": "Three."},
            ]
            await client.close()

    on(host, scenario)


class Colour(BaseModel):
    name: str


@each_host
def test_images_and_json(example: Any, host: Host) -> None:
    """Each as the protocol wants it."""
    image = Image(PillowImage.new("RGB", (1, 1), "red"))
    look = UserMessage(content=["Which colour?", image], source="user")

    async def scenario() -> None:
        answers = [whole({"content": "{}"})] * 3
        async with serving(*answers) as server:
            client = example.OpenAIServerClient(
                "m", base_url=server.url, model_info=EVERYTHING
            )
            for wanted in (Colour, True, False):
                await client.create([look], json_output=wanted)
            one, two, three = server.requests
            text, picture = one["messages"][0]["content"]
            assert text == {"type": "text", "text": "Which colour?"}
            assert picture["image_url"]["url"] == image.data_uri
            schema = one["response_format"]["json_schema"]["schema"]
            assert schema == Colour.model_json_schema()
            assert two["response_format"] == {"type": "json_object"}
            assert three["response_format"] == {"type": "text"}
            await client.close()

    on(host, scenario)


@each_host
def test_a_stream(example: Any, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Pieces, then the whole; comments and the connection's reuse included."""
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}

    async def with_comments(exchange: Exchange) -> None:
        await exchange.begin(content_type="text/event-stream")
        await exchange.write(": wait\n\n")
        await exchange.say(piece(role="assistant"))
        await exchange.say(piece(reasoning_content="Hm."))
        event = f"data: {json.dumps(piece(content='Hél'))}\r\n\r\n"
        await exchange.write(event[:20])  # events are cut anywhere
        await exchange.write(event[20:])
        await exchange.say(piece("stop", content="lo"))
        await exchange.say(usage)
        await exchange.say("[DONE]")
        await exchange.end()

    async def scenario() -> None:
        async with serving(with_comments, with_comments) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            for _ in range(2):
                assert await streamed(client) == [
                    "Hél",
                    "lo",
                    CreateResult(
                        finish_reason="stop",
                        content="Héllo",
                        usage=RequestUsage(9, 2),
                        cached=False,
                        thought="Hm.",
                    ),
                ]
            assert server.requests[0]["stream_options"] == {"include_usage": True}
            assert server.connections == 1
            await client.close()

    with caplog.at_level(logging.INFO, EVENT_LOGGER_NAME):
        on(host, scenario)
    assert events_in(caplog) == [("LLMStreamStart", None), ("LLMStreamEnd", 2)] * 2


@each_host
def test_calls_in_a_stream(example: Any, host: Host) -> None:
    """Their arguments come in pieces, and two calls may be mixed."""

    def call(index: int, **function: str) -> dict[str, Any]:
        return {"index": index, "function": function}

    events = [
        piece(tool_calls=[{"id": "a"} | call(0, name="add", arguments="")]),
        piece(tool_calls=[call(0, arguments='{"a"')]),
        piece(tool_calls=[{"id": "b"} | call(1, name="sub", arguments="{}")]),
        piece(tool_calls=[call(0, arguments=": 1}")]),
        piece("tool_calls"),
        "[DONE]",
    ]

    async def scenario() -> None:
        async with serving(pieces(*events)) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            (result,) = await streamed(client)
            assert isinstance(result, CreateResult)
            assert result.content == [
                FunctionCall("a", '{"a": 1}', "add"),
                FunctionCall("b", "{}", "sub"),
            ]
            assert result.finish_reason == "function_calls"
            await client.close()

    on(host, scenario)


@each_host
def test_calls_without_an_index(example: Any, host: Host) -> None:
    """Not every server counts its calls, and some repeat their names."""

    def call(**function: str) -> dict[str, Any]:
        return {"function": function}

    events = [
        piece(tool_calls=[{"id": "a"} | call(name="add", arguments='{"a"')]),
        piece(tool_calls=[call(arguments=": 1}")]),
        piece("tool_calls", tool_calls=[{"id": "b"} | call(name="add")]),
        "[DONE]",
    ]
    repeated = [{"index": 0, "id": "a"} | call(name="add", arguments="{")] * 2

    async def scenario() -> None:
        async with serving(
            pieces(*events), pieces(piece("stop", tool_calls=repeated))
        ) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            (result,) = await streamed(client)
            assert isinstance(result, CreateResult)
            assert result.content == [
                FunctionCall("a", '{"a": 1}', "add"),
                FunctionCall("b", "", "add"),
            ]
            (result,) = await streamed(client)
            assert isinstance(result, CreateResult)
            assert result.content == [FunctionCall("a", "{{", "add")]
            await client.close()

    on(host, scenario)


@each_host
def test_a_server_that_hangs_up_after_the_answer(example: Any, host: Host) -> None:
    """An answer that is whole is given, whatever becomes of its connection."""
    events = ["", piece("stop", content="He"), "[DONE]"]

    async def scenario() -> None:
        async with serving(
            pieces(*events, end=False), whole({"content": "ok"})
        ) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            first, last = await streamed(client)
            assert first == "He"
            assert isinstance(last, CreateResult)
            assert (await client.create(HI)).content == "ok"
            assert server.connections == 2
            await client.close()

    on(host, scenario)


REFUSALS = [
    (
        raw('{"error": {"message": "slow down"}}', 429, retry_after="2"),
        "the server answered 429 Words: slow down (try again in 2 s)",
    ),
    (
        raw('{"error": "no such model"}', 404),
        "the server answered 404 Words: no such model",
    ),
    (
        raw("<html>Bad gateway</html>", 502),
        "the server answered 502 Words: <html>Bad gateway",
    ),
    (raw("[]", 500, retry_after="soon"), "the server answered 500 Words: []"),
]
DAMAGED = [
    (raw("<html>Welcome</html>"), "what is no answer (Invalid JSON"),
    (raw('{"choices": 5}'), "what is no answer (Input should be a valid"),
    (raw('{"error": {"message": "overloaded"}}'), "the server gave up: overloaded"),
]


@each_host
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(("answer", "text"), REFUSALS)
def test_a_server_that_refuses(
    example: Any, host: Host, streams: bool, answer: Answer, text: str
) -> None:
    """The error has the status and what the server says; the next request works."""

    async def scenario() -> None:
        async with serving(answer, whole({"content": "ok"})) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            with pytest.raises(example.ModelServerError) as caught:
                await (streamed(client) if streams else client.create(HI))
            assert text in str(caught.value)
            if "429" in text:
                assert (caught.value.status, caught.value.retry_after) == (429, 2.0)
            assert (await client.create(HI)).content == "ok"
            assert client.total_usage() == RequestUsage(11, 3)
            await client.close()

    on(host, scenario)


@each_host
@pytest.mark.parametrize(("answer", "text"), [*DAMAGED, (raw("{}"), "without choices")])
def test_a_server_that_answers_nonsense(
    example: Any, host: Host, answer: Answer, text: str
) -> None:
    """The error quotes it."""

    async def scenario() -> None:
        async with serving(answer) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            with pytest.raises(example.ModelServerError) as caught:
                await client.create(HI)
            assert text in str(caught.value)
            await client.close()

    on(host, scenario)


@each_host
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (pieces(piece(content="He")), "ended after 1 pieces, before the answer did"),
        (pieces(piece(content="He"), "[DONE]"), "before the answer did"),
        (pieces(piece(content="He"), end=False), "RemoteProtocolError"),
        (pieces(piece(content="He"), '{"choices'), "what is no answer"),
        (pieces(piece(content="He"), {"error": "overloaded"}), "gave up: overloaded"),
    ],
)
def test_a_stream_that_breaks_off(
    example: Any, host: Host, answer: Answer, text: str
) -> None:
    """What came is given away, then the error; never a result."""

    async def scenario() -> None:
        async with serving(answer, whole({"content": "ok"})) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            given: list[object] = []
            with pytest.raises(example.ModelServerError) as caught:
                async for one in client.create_stream(HI):
                    given.append(one)  # noqa: PERF401 - what came before the error counts
            assert given == ["He"]
            assert text in str(caught.value)
            assert (await client.create(HI)).content == "ok"
            await client.close()

    on(host, scenario)


@each_host
def test_nobody_at_home(example: Any, host: Host) -> None:
    """A server that cannot be reached, and one that hangs up."""

    async def hang_up(exchange: Exchange) -> None:
        await exchange.stream.aclose()

    async def scenario() -> None:
        async with serving(hang_up) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            with pytest.raises(example.ModelServerError, match="RemoteProtocolError"):
                await client.create(HI)
        with pytest.raises(example.ModelServerError, match=f"{server.url}: Connect"):
            await client.create(HI)
        with pytest.raises(example.ModelServerError, match="ConnectError"):
            await streamed(client)
        await client.close()

    on(host, scenario)


@each_host
@pytest.mark.parametrize("by", ["scope", "token", "leaving"])
@pytest.mark.parametrize("streams", [False, True])
def test_cancellation_closes_the_connection(
    example: Any, host: Host, by: str, streams: bool
) -> None:
    """The server sees it at once; it need not finish an answer that nobody wants."""

    async def scenario() -> None:
        begun, closed = anyio.Event(), anyio.Event()

        async def endless(exchange: Exchange) -> None:
            if streams:
                await exchange.begin(content_type="text/event-stream")
                await exchange.say(piece(content="He"))
            begun.set()
            await exchange.wait_closed()
            closed.set()

        async def ask(token: CancellationToken | None) -> None:
            if not streams:
                await client.create(HI, cancellation_token=token)
                return
            async with aclosing(
                client.create_stream(HI, cancellation_token=token)
            ) as stream:
                async for _ in stream:
                    if by == "leaving":
                        return

        async with serving(endless, whole({"content": "ok"})) as server:
            client = example.OpenAIServerClient("m", base_url=server.url)
            token = CancellationToken()
            async with anyio.create_task_group() as group:
                if by == "token":
                    group.start_soon(cancel_when, begun, token.cancel)
                    with pytest.raises(RequestCancelled):
                        await ask(token)
                elif by == "scope" or not streams:
                    with anyio.CancelScope() as scope:
                        group.start_soon(cancel_when, begun, scope.cancel)
                        await ask(None)
                    assert scope.cancelled_caught
                else:
                    await ask(None)
            await closed.wait()
            assert (await client.create(HI)).content == "ok"
            await client.close()

    on(host, scenario)


async def cancel_when(event: anyio.Event, cancel: Callable[[], object]) -> None:
    await event.wait()
    cancel()


@each_host
def test_the_program_talks_to_another_server(
    example: Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    """If it is told where that is, and what the model is called."""
    answers = [
        whole({"content": "Paris."}),
        pieces(piece("stop", content="Paris!"), "[DONE]"),
        whole({"tool_calls": [{"id": "1", "function": {"name": "weather"}}]}),
        whole({"content": "Sunny."}),
        whole({"content": "Again Paris."}),
    ]

    async def scenario() -> None:
        async with serving(*answers) as server:
            await example.main(server.url, "m")
            assert [request["model"] for request in server.requests] == ["m"] * 5

    on(host, scenario)
    assert capsys.readouterr().out.splitlines() == [
        "Paris. [11 + 3 tokens]",
        "Paris! [0 + 0 tokens]",
        "The model calls weather().",
        "Sunny.",
    ]


def test_what_a_model_cannot_do_is_refused(example: Any) -> None:
    """Before anything is sent; the error names the ability."""

    async def scenario() -> None:
        image = Image(PillowImage.new("RGB", (1, 1)))
        look: list[LLMMessage] = [UserMessage(content=[image], source="user")]
        nothing = ModelInfo(
            vision=False,
            function_calling=False,
            json_output=False,
            family="unknown",
            structured_output=False,
        )
        client = example.OpenAIServerClient("m", model_info=nothing)
        cases: list[tuple[str, list[LLMMessage], dict[str, Any]]] = [
            ("vision", look, {}),
            ("function_calling", HI, {"tools": [ADD]}),
            ("json_output", HI, {"json_output": True}),
            ("structured_output", HI, {"json_output": Colour}),
        ]
        for ability, messages, options in cases:
            with pytest.raises(ValueError, match=f"'m' has no {ability}"):
                await client.create(messages, **options)
        with pytest.raises(ValueError, match="Missing required field 'vision'"):
            example.OpenAIServerClient("m", model_info={"family": "x"})
        await client.close()

    run(scenario)


def test_a_client_is_a_component_without_its_key(
    example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key comes from the environment when it is made again."""

    async def scenario() -> None:
        client = example.OpenAIServerClient(
            "m", base_url="http://localhost/v1", api_key="secret", context_window=500
        )
        model = client.dump_component()
        assert "secret" not in model.model_dump_json()
        monkeypatch.setenv("OPENAI_API_KEY", "other")
        loaded = ChatCompletionClient.load_component(
            model, components=[example.OpenAIServerClient]
        )
        assert loaded.dump_component() == model
        assert loaded.model_info == client.model_info
        for one in (client, loaded):
            await one.close()

    run(scenario)


def test_tokens_are_estimated(example: Any) -> None:
    """Four characters each, more for an image, and what is left of the window."""

    async def scenario() -> None:
        client = example.OpenAIServerClient("m", context_window=2000)
        image = Image(PillowImage.new("RGB", (1, 1)))
        messages: list[LLMMessage] = [
            UserMessage(content=["x" * 400, image], source="user"),
            AssistantMessage(content=[FunctionCall("1", "x" * 37, "add")], source="m"),
            FunctionExecutionResultMessage(
                content=[
                    FunctionExecutionResult(content="x" * 8, name="add", call_id="1")
                ]
            ),
        ]
        assert client.count_tokens(messages) == 100 + 1000 + 10 + 2 + 12
        assert client.count_tokens(HI, tools=[ADD]) > client.count_tokens(HI)
        assert client.remaining_tokens(messages) == 2000 - 1124
        await client.close()

    run(scenario)
