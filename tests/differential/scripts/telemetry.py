# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Spans and event records of messages."""

import asyncio
import contextlib
import importlib
import logging

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ..common import Text


class Events(logging.Handler):
    """Keeps the text of each event."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def emit(self, record):
        self.seen.append((record.levelname, type(record.msg).__name__, str(record.msg)))


@contextlib.contextmanager
def listening(core):
    """Listen to the log of events."""
    logger, events = logging.getLogger(core.EVENT_LOGGER_NAME), Events()
    before = logger.level
    logger.addHandler(events)
    logger.setLevel(logging.INFO)
    try:
        yield events.seen
    finally:
        logger.setLevel(before)
        logger.removeHandler(events)


def make_agent(core):
    """Make the class of an agent that answers, asks another, or fails."""

    @core.default_subscription
    class Answering(core.RoutedAgent):
        def __init__(self):
            super().__init__("answers")

        @core.message_handler
        async def on_text(self, message: Text, ctx: core.MessageContext) -> Text:
            if message.content == "fail":
                raise ZeroDivisionError("failed")
            if message.content == "ask":
                other = core.AgentId("other", "k")
                return await self.send_message(Text("asked"), other)
            return message

    return Answering


async def talk(core, runtime):
    """Send and publish, successfully and not."""
    agent = make_agent(core)
    await agent.register(runtime, "first", agent)
    await agent.register(runtime, "other", agent)
    runtime.start()
    first = core.AgentId("first", "k")
    await runtime.send_message(Text("hello"), first)
    await runtime.send_message(Text("ask"), first)
    with contextlib.suppress(ZeroDivisionError):
        await runtime.send_message(Text("fail"), first)
    await runtime.publish_message(Text("news"), core.TopicId("default", "k"))
    await runtime.stop_when_idle()


async def events_of_messages(core):
    """Which events are logged, in which order, and their text."""
    with listening(core) as seen:
        await talk(core, core.SingleThreadedAgentRuntime())
    return seen


async def events_of_drops(core):
    """What is logged when an intervention handler drops something."""

    class Dropping(core.DefaultInterventionHandler):
        async def on_send(self, message, *, message_context, recipient):
            return core.DropMessage if message.content == "drop" else message

        async def on_publish(self, message, *, message_context):
            return core.DropMessage

        async def on_response(self, message, *, sender, recipient):
            return core.DropMessage if message.content == "drop response" else message

    exceptions = importlib.import_module(f"{core.__name__}.exceptions")
    runtime = core.SingleThreadedAgentRuntime(intervention_handlers=[Dropping()])
    agent = make_agent(core)
    await agent.register(runtime, "first", agent)
    runtime.start()
    with listening(core) as seen:
        for text in ("drop", "drop response"):
            with contextlib.suppress(exceptions.MessageDroppedException):
                await runtime.send_message(Text(text), core.AgentId("first", "k"))
        await runtime.publish_message(Text("x"), core.TopicId("default", "k"))
        await asyncio.sleep(1)
        await runtime.stop()
    return seen


async def event_of_a_factory_that_fails(core):
    """What is logged when an agent cannot be built."""

    def factory():
        raise OSError("no agent")

    runtime = core.SingleThreadedAgentRuntime()
    await runtime.register_factory("first", factory)
    runtime.start()
    with listening(core) as seen:
        with contextlib.suppress(OSError):
            await runtime.send_message(Text("x"), core.AgentId("first", "k"))
        await runtime.stop()
    return [text for _, name, text in seen if name == "AgentConstructionExceptionEvent"]


async def spans_of_messages(core):
    """Names, kinds, attributes and links of the spans; their order is our own."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    await talk(core, core.SingleThreadedAgentRuntime(tracer_provider=provider))
    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans}

    def shown(span):
        attributes = dict(span.attributes)
        attributes.pop("message_context", None)
        return (
            span.name,
            span.kind.name,
            sorted(attributes.items()),
            [names[link.context.span_id] for link in span.links],
            span.status.status_code.name,
            [event.name for event in span.events],
        )

    return sorted(map(str, map(shown, spans)))


async def spans_of_agents_and_tools(core):
    """The spans that model clients and teams make."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with core.trace_create_agent_span(
        "one", tracer=tracer, agent_id="id", agent_description="what for"
    ):
        pass
    with (
        core.trace_invoke_agent_span("one", tracer=tracer) as parent,
        core.trace_tool_span(
            "two",
            tracer=tracer,
            parent=parent,
            tool_description="does",
            tool_call_id="call",
        ),
    ):
        pass
    with (
        contextlib.suppress(ZeroDivisionError),
        core.trace_tool_span("three", tracer=tracer),
    ):
        raise ZeroDivisionError("failed")
    return [
        (
            span.name,
            span.kind.name,
            sorted(span.attributes.items()),
            span.parent is None,
            span.status.status_code.name,
            span.status.description,
            {event.name for event in span.events},  # theirs records it twice
        )
        for span in exporter.get_finished_spans()
    ]
