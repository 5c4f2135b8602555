"""What autogen_core promises about its runtime, in the words that its users see.

What needs a longer story stands beside the tests of its part of the runtime, and the
differential tests compare whole programs with the package.
"""

import pytest

from actrio import (
    AgentId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    TopicId,
    message_handler,
)

pytestmark = pytest.mark.anyio


class Echo(RoutedAgent):
    """Gives back what it is given."""

    def __init__(self) -> None:
        super().__init__("echoes")
        self.got: list[str] = []

    @message_handler
    async def on_text(self, message: str, ctx: MessageContext) -> str:
        self.got.append(message)
        return message


class Other(Echo):
    """Another class."""


@pytest.mark.parametrize("how", ["stop", "stop_when_idle", "stop_when"])
async def test_stopping_what_was_not_started(how: str) -> None:
    """All three ways say so."""
    runtime = SingleThreadedAgentRuntime()
    condition = [lambda: True] if how == "stop_when" else []
    with pytest.raises(RuntimeError, match="Runtime is not started"):
        await getattr(runtime, how)(*condition)


async def test_starting_twice() -> None:
    """The second `start()` says so; after a stop the runtime starts again."""
    runtime = SingleThreadedAgentRuntime()
    for _ in range(2):
        runtime.start()
        with pytest.raises(RuntimeError, match="Runtime is already started"):
            runtime.start()
        await runtime.stop()


async def test_expected_class_is_checked_when_an_agent_is_built() -> None:
    """Not when it is registered."""
    async with SingleThreadedAgentRuntime() as runtime:
        await runtime.register_factory("echo", Echo, expected_class=Other)  # type: ignore[arg-type]  # the mistake
        text = "^Factory registered using the wrong type: expected Other, got Echo"
        with pytest.raises(ValueError, match=text):
            await runtime.send_message("x", AgentId("echo", "k"))


async def test_instances_have_one_key() -> None:
    """Another key of their type cannot be made, by a message or by hand."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Echo().register_instance(runtime, AgentId("echo", "k"))
        assert await runtime.send_message("x", AgentId("echo", "k")) == "x"
        with pytest.raises(RuntimeError, match="factory"):
            await runtime.send_message("x", AgentId("echo", "other"))


async def test_an_instance_listens_to_its_type_and_to_its_key() -> None:
    """The topics of its own name come to it, and the one that is called as its key."""
    echo = Echo()
    async with SingleThreadedAgentRuntime() as runtime:
        me = AgentId("echo", "k")
        await echo.register_instance(runtime, me)
        await runtime.publish_message("by type", TopicId("echo:news", "k"))
        await runtime.publish_message("by key", TopicId("k", "k"))
        await runtime.publish_message("for nobody", TopicId("elsewhere", "k"))
    assert echo.got == ["by type", "by key"]


async def test_loading_a_state_skips_types_that_are_not_registered() -> None:
    """And makes the agents of those that are."""
    async with SingleThreadedAgentRuntime() as runtime:
        await Echo.register(runtime, "echo", Echo)
        with pytest.warns(UserWarning, match="load_state not implemented by Echo"):
            await runtime.load_state({"nobody/k": {"x": 1}, "echo/k": {}})
        with pytest.warns(UserWarning, match="save_state not implemented by Echo"):
            assert await runtime.save_state() == {"echo/k": {}}
