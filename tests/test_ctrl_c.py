"""Ctrl-C: a real signal to a real process, on both hosts.

Whatever the signal interrupts, the process ends, every handler's ``finally`` has run,
and nothing hangs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import os, signal, sys, threading, time
import anyio
from actrio.agents import BaseAgent
from actrio.identity import AgentId, TopicId
from actrio.runtime import SingleThreadedAgentRuntime
from actrio.subscriptions import TypeSubscription

HOST, FORM, PLACE = sys.argv[1:]

def interrupt_soon():
    def later():
        # asyncio only notes the first Ctrl-C; the second one interrupts running code
        for _ in range(2 if HOST != "trio" and "busy" in PLACE else 1):
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=later, daemon=True).start()

class Agent(BaseAgent):
    def __init__(self):
        super().__init__("agent")
    async def on_message_impl(self, message, ctx):
        try:
            print("handler begins", flush=True)
            interrupt_soon()  # not before: a signal inside print() garbles its line
            if message == "busy":
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline:
                    pass
                print("the signal came too late", flush=True)
            else:
                await anyio.sleep(20)
        finally:
            print("handler ends", flush=True)
    async def close(self):
        print("closed", flush=True)

async def use(runtime):
    await Agent.register(runtime, "a", Agent)
    await runtime.add_subscription(TypeSubscription("t", "a"))
    if PLACE == "published busy handler":
        await runtime.publish_message("busy", TopicId("t", "k"))
        await anyio.sleep(20)
    elif PLACE == "requested busy handler":
        await runtime.send_message("busy", AgentId("a", "k"))
    elif PLACE == "sleeping main":
        await runtime.publish_message("sleep", TopicId("t", "k"))
        await anyio.sleep(20)
    elif PLACE == "waiting caller":
        await runtime.send_message("sleep", AgentId("a", "k"))
    elif PLACE == "stop_when_idle":
        await runtime.publish_message("sleep", TopicId("t", "k"))

async def main():
    runtime = SingleThreadedAgentRuntime(grace=0.2)
    try:
        if FORM == "block":
            async with runtime:
                await use(runtime)
        elif FORM == "close":
            runtime.start()
            try:
                await use(runtime)
                await runtime.stop_when_idle()
            finally:
                await runtime.close()
        else:
            runtime.start()
            await use(runtime)
            await runtime.stop_when_idle()
    finally:
        print("main ends", flush=True)

try:
    if HOST == "trio":
        import trio
        trio.run(main)
    elif HOST == "asyncio":
        import asyncio
        asyncio.run(main())
    else:
        import uvloop
        uvloop.run(main())
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)
"""


@pytest.mark.parametrize(
    "place",
    [
        "published busy handler",
        "requested busy handler",
        "sleeping main",
        "waiting caller",
        "stop_when_idle",
    ],
)
@pytest.mark.parametrize("form", ["block", "start", "close"])
@pytest.mark.parametrize("host", ["trio", "asyncio", "uvloop"])
@pytest.mark.slow
def test_ctrl_c_ends_the_program(host: str, form: str, place: str) -> None:
    """The program gets its KeyboardInterrupt after everything has unwound."""
    check(host, form, place)


@pytest.mark.parametrize("host", ["trio", "asyncio"])
def test_ctrl_c_in_a_busy_handler_ends_a_block(host: str) -> None:
    """The shortest of the above, for the default suite."""
    check(host, "block", "published busy handler")


def check(host: str, form: str, place: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), host, form, place],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # a background job of a shell may be deaf to Ctrl-C; this one must not be
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        output, errors = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        pytest.fail(f"hangs after {output!r} {errors!r}")
    lines = output.splitlines()
    assert lines[0] == "handler begins", errors
    assert lines.count("handler ends") == 1, (output, errors)
    assert "main ends" in lines, (output, errors)
    assert lines[-1] == "KeyboardInterrupt", (output, errors)
    assert lines.count("closed") == (0 if form == "start" else 1), (output, errors)
    assert errors == ""
    assert process.returncode == 0
