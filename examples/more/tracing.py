"""What an agent and its tool do, as spans of OpenTelemetry and as records of `logging`.

Run it (pip install 'actrio[otel]' opentelemetry-sdk):

    python examples/more/tracing.py

Output:

    ToolCall weather({'city': 'Oslo'}) -> rain
    rain in Oslo
    create_agent forecaster
    execute_tool weather
    invoke_agent forecaster
    autogen process forecaster.(oslo)-A
    autogen send forecaster.(oslo)-A
    autogen ack
    autogen create forecaster.(oslo)-A
"""

import logging

import trio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actrio import (
    EVENT_LOGGER_NAME,
    ROOT_LOGGER_NAME,
    TRACE_LOGGER_NAME,
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    message_handler,
    trace_create_agent_span,
    trace_invoke_agent_span,
    trace_tool_span,
)
from actrio.logging import ToolCallEvent

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("forecast")
events = logging.getLogger(EVENT_LOGGER_NAME)


class Forecaster(RoutedAgent):
    def __init__(self) -> None:
        with trace_create_agent_span("forecaster", tracer=tracer):
            super().__init__("knows the weather")

    @message_handler
    async def on_city(self, message: str, ctx: MessageContext) -> str:
        with trace_invoke_agent_span("forecaster", tracer=tracer):
            return f"{self.weather(message)} in {message}"

    def weather(self, city: str) -> str:
        with trace_tool_span("weather", tracer=tracer):
            weather = "rain"
        arguments = {"city": city}
        events.info(ToolCallEvent(tool_name="weather", arguments=arguments, result=weather))
        return weather


class Tools(logging.Handler):
    """Shows the calls of tools, and no other records."""

    def emit(self, record: logging.LogRecord) -> None:
        event = record.msg
        if isinstance(event, ToolCallEvent):
            call = event.kwargs
            print(f"ToolCall {call['tool_name']}({call['arguments']}) -> {call['result']}")


async def main() -> None:
    exporter.clear()
    handler = Tools()
    events.addHandler(handler)
    events.setLevel(logging.INFO)
    # events and traces are children of the root logger: one level serves for both
    assert EVENT_LOGGER_NAME.startswith(ROOT_LOGGER_NAME)
    assert TRACE_LOGGER_NAME.startswith(ROOT_LOGGER_NAME)
    try:
        async with SingleThreadedAgentRuntime(tracer_provider=provider) as runtime:
            await Forecaster.register(runtime, "forecaster", Forecaster)
            print(await runtime.send_message("Oslo", AgentId("forecaster", "oslo")))
    finally:
        events.removeHandler(handler)
    for span in exporter.get_finished_spans():
        print(span.name)


if __name__ == "__main__":
    trio.run(main)
