"""An id that is used as if it were the agent."""

from typing import Any

from actrio import (
    AgentId,
    AgentProxy,
    CancellationToken,
    MessageHandlerContext,
    RpcCall,
)

ID, OTHER = AgentId("worker", "1"), AgentId("worker", "2")


async def test_what_a_proxy_passes_on(runtime: Any) -> None:
    """Everything goes to the runtime, with the agent's id."""
    proxy = AgentProxy(ID, runtime)
    assert proxy.id == ID
    metadata: object = await proxy.metadata
    assert metadata == "metadata of worker/1"
    assert await proxy.save_state() == {"state": "worker/1"}
    await proxy.load_state({"state": "new"})
    assert runtime.calls.pop() == (ID, {"state": "new"})
    token = CancellationToken()
    await proxy.send_message(
        "m", sender=OTHER, cancellation_token=token, message_id="7"
    )
    assert runtime.calls.pop() == ("m", ID, OTHER, token, "7")


def test_a_proxy_shows_what_it_stands_for(runtime: Any) -> None:
    """Its representation names the agent and the runtime."""
    assert repr(AgentProxy(ID, runtime)).startswith(f"AgentProxy({ID!r}, FakeRuntime")


async def test_row_04_send_and_its_sender(runtime: Any) -> None:
    """``send`` is ``send_message``, and the sender is whoever handles a message now."""
    proxy = AgentProxy(ID, runtime)
    runtime.response = "done"
    assert await proxy.send("Hello") == "done"
    assert runtime.calls.pop() == ("Hello", ID, None, None, None)
    with MessageHandlerContext.populate_context(OTHER):
        await proxy.send("Hello")
    assert runtime.calls.pop() == ("Hello", ID, OTHER, None, None)


async def test_row_07_calls_by_name(runtime: Any) -> None:
    """A call is a request whose message is an `RpcCall`."""
    proxy = AgentProxy(ID, runtime)
    runtime.response = "ready"
    assert await proxy.call("get_status", 1, method="a") == "ready"
    call = RpcCall("get_status", (1,), {"method": "a"})
    assert runtime.calls.pop() == (call, ID, None, None, None)
