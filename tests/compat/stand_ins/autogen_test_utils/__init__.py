"""Stands in for a package of AutoGen's that is not published: what its tests import.

Written from how the tests use it. Each agent counts what it receives.
"""

from dataclasses import dataclass
from typing import Any, Self

from autogen_core import (
    BaseAgent,
    Component,
    ComponentBase,
    ComponentModel,
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    default_subscription,
    message_handler,
)
from pydantic import BaseModel

__all__ = [
    "CascadingAgent",
    "CascadingMessageType",
    "ContentMessage",
    "LoopbackAgent",
    "LoopbackAgentWithDefaultSubscription",
    "MessageType",
    "MyInnerComponent",
    "MyInnerConfig",
    "MyOuterComponent",
    "MyOuterConfig",
    "NoopAgent",
]


@dataclass
class MessageType: ...


@dataclass
class CascadingMessageType:
    round: int


@dataclass
class ContentMessage:
    content: str


class LoopbackAgent(RoutedAgent):
    """Returns what it is sent, and remembers it."""

    def __init__(self) -> None:
        super().__init__("Returns what it is sent.")
        self.num_calls = 0
        self.received_messages: list[Any] = []

    @message_handler
    async def on_message_type(
        self, message: MessageType | ContentMessage, ctx: MessageContext
    ) -> MessageType | ContentMessage:
        del ctx
        self.num_calls += 1
        self.received_messages.append(message)
        return message


@default_subscription
class LoopbackAgentWithDefaultSubscription(LoopbackAgent):
    """The same, on the default topic."""


@default_subscription
class CascadingAgent(RoutedAgent):
    """Publishes one more message for each that it receives, up to a round."""

    def __init__(self, max_rounds: int) -> None:
        super().__init__("Publishes until the last round.")
        self.num_calls = 0
        self.max_rounds = max_rounds

    @message_handler
    async def on_round(
        self, message: CascadingMessageType, ctx: MessageContext
    ) -> None:
        self.num_calls += 1
        if message.round < self.max_rounds:
            assert ctx.topic_id is not None
            await self.publish_message(
                CascadingMessageType(message.round + 1), DefaultTopicId()
            )


class NoopAgent(BaseAgent):
    """Is there, and can do nothing."""

    def __init__(self) -> None:
        super().__init__("Does nothing.")

    async def on_message_impl(self, message: Any, ctx: MessageContext) -> Any:
        raise NotImplementedError


class MyInnerConfig(BaseModel):
    inner_message: str


class MyInnerComponent(ComponentBase[MyInnerConfig], Component[MyInnerConfig]):
    component_config_schema = MyInnerConfig
    component_type = "custom"

    def __init__(self, inner_message: str) -> None:
        self.inner_message = inner_message

    def _to_config(self) -> MyInnerConfig:
        return MyInnerConfig(inner_message=self.inner_message)

    @classmethod
    def _from_config(cls, config: MyInnerConfig) -> Self:
        return cls(config.inner_message)


class MyOuterConfig(BaseModel):
    outer_message: str
    inner_class: ComponentModel


class MyOuterComponent(ComponentBase[MyOuterConfig], Component[MyOuterConfig]):
    """A component with another one inside."""

    component_config_schema = MyOuterConfig
    component_type = "custom"

    def __init__(self, outer_message: str, inner_class: MyInnerComponent) -> None:
        self.outer_message = outer_message
        self.inner_class = inner_class

    def _to_config(self) -> MyOuterConfig:
        return MyOuterConfig(
            outer_message=self.outer_message,
            inner_class=self.inner_class.dump_component(),
        )

    @classmethod
    def _from_config(cls, config: MyOuterConfig) -> Self:
        return cls(
            config.outer_message, MyInnerComponent.load_component(config.inner_class)
        )
