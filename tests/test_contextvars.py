"""Which agent am I: three namespaces over context variables."""

from dataclasses import dataclass

import pytest

from actrio import (
    AgentId,
    AgentInstantiationContext,
    AgentType,
    MessageHandlerContext,
    SingleThreadedAgentRuntime,
    SubscriptionInstantiationContext,
)
from actrio._contextvars import CURRENT

ID, OTHER = AgentId("worker", "1"), AgentId("worker", "2")


@dataclass
class Run:
    """A run of a handler, as the runtime keeps it."""

    agent_id: AgentId
    live: bool = True
    unhandled: bool = False


@pytest.mark.parametrize(
    "namespace",
    [
        MessageHandlerContext,
        AgentInstantiationContext,
        SubscriptionInstantiationContext,
    ],
)
def test_they_have_no_instances(namespace: type) -> None:
    """They are namespaces, and say so."""
    with pytest.raises(RuntimeError, match="cannot be instantiated; call its class"):
        namespace()


def test_outside_they_say_where_they_work() -> None:
    """Each error names the call and the place where it would do."""
    with pytest.raises(RuntimeError, match=r"agent_id.* inside a message handler"):
        MessageHandlerContext.agent_id()
    with pytest.raises(RuntimeError, match=r"current_runtime.* inside a factory"):
        AgentInstantiationContext.current_runtime()
    with pytest.raises(RuntimeError, match="let the runtime make the agent"):
        AgentInstantiationContext.current_agent_id()
    with pytest.raises(RuntimeError, match=r"agent_type.* inside the subscriptions"):
        SubscriptionInstantiationContext.agent_type()
    assert not AgentInstantiationContext.is_in_factory_call()


def test_the_current_handler_is_known() -> None:
    """The runtime sets one variable; a task that outlives the handler keeps it."""
    run = Run(ID)
    token = CURRENT.set(run)
    try:
        assert MessageHandlerContext.agent_id() == ID
        run.live = False
        assert MessageHandlerContext.agent_id() == ID
    finally:
        CURRENT.reset(token)


def test_what_the_user_populates_wins() -> None:
    """Inside the block the user's id counts, after it the runtime's again."""
    token = CURRENT.set(Run(ID))
    try:
        with MessageHandlerContext.populate_context(OTHER):
            assert MessageHandlerContext.agent_id() == OTHER
        assert MessageHandlerContext.agent_id() == ID
    finally:
        CURRENT.reset(token)


def test_populating_ends_with_the_block_even_on_errors() -> None:
    """Nothing is left behind."""
    runtime = SingleThreadedAgentRuntime()
    with pytest.raises(KeyError):
        with (
            MessageHandlerContext.populate_context(ID),
            AgentInstantiationContext.populate_context((runtime, ID)),
            SubscriptionInstantiationContext.populate_context(AgentType("worker")),
        ):
            assert AgentInstantiationContext.current_runtime() is runtime
            assert AgentInstantiationContext.current_agent_id() == ID
            assert AgentInstantiationContext.is_in_factory_call()
            assert SubscriptionInstantiationContext.agent_type().type == "worker"
            raise KeyError
    for ask in (
        MessageHandlerContext.agent_id,
        AgentInstantiationContext.current_agent_id,
        SubscriptionInstantiationContext.agent_type,
    ):
        with pytest.raises(RuntimeError):
            ask()
