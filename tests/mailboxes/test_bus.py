"""What every bus does: one contract, whatever the bus is made of."""

from __future__ import annotations

import math
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest
from tests.runtime.kit import start

from actrio.exceptions import (
    MailboxContentInvalid,
    MailboxExists,
    MailboxLost,
    MailboxMessageTooLarge,
    MailboxNameInvalid,
    MailboxUnknown,
)
from actrio.mailboxes import AgentMailbox, AgentMessage

from .buses import Buses, contents, drain, one

pytestmark = pytest.mark.anyio


# -- sending and receiving --------------------------------------------------------


async def test_the_documented_beginning(buses: Buses) -> None:
    """Two mailboxes, a message and its reply."""
    async with buses.open() as bus:
        researcher = await bus.register("researcher")
        writer = await bus.register("writer")
        sent = await researcher.send("writer", "Please draft a summary")
        message = await writer.receive()
        assert message is not None
        assert (message.sender, message.content) == (
            "researcher",
            "Please draft a summary",
        )
        assert message.id == sent.id
        await bus.deliver(message.reply("Here is the draft"))
        answer = await researcher.receive()
        assert answer is not None
        assert answer.sender == "writer"
        assert answer.correlation_id == message.id
        assert await bus.agents() == ("researcher", "writer")
        assert researcher.agent_name == "researcher"


async def test_messages_arrive_as_they_were_sent(buses: Buses) -> None:
    """All fields, and every kind of JSON value."""
    value = {"text": "ä\ud800", "list": [1, -2.5, None, True, {"": []}], "n": 10**40}
    async with buses.pair() as (_, a, b):
        sent = await a.send(
            "b", value, priority="high", metadata={"k": [1]}, correlation_id="c", id="i"
        )
        got = await b.receive()
        assert got == sent
        others: list[Any] = ["", "text", 0, 1.5, None, False, [], {}, "\ud800"]
        for content in others:
            await a.send("b", content)
            got = await b.receive()
            assert got is not None
            assert got.content == content
            assert type(got.content) is type(content)


async def test_first_in_first_out(buses: Buses) -> None:
    """Within one priority, whoever sends."""
    async with buses.pair() as (_, a, b):
        for number in range(100):
            await (a if number % 3 else b).send("b", number)
        assert await b.message_count() == 100
        assert await drain(b) == list(range(100))
        assert await b.message_count() == 0


async def test_the_most_urgent_comes_first(buses: Buses) -> None:
    """And peek shows the order in which they come."""
    async with buses.pair() as (_, a, b):
        for number, priority in enumerate(["low", "normal", "high", "urgent"] * 3):
            await a.send("b", [priority, number], priority=priority)
        seen = contents(await b.peek())
        assert [priority for priority, _ in seen] == [
            *["urgent"] * 3,
            *["high"] * 3,
            *["normal"] * 3,
            *["low"] * 3,
        ]
        assert await drain(b) == seen
        assert await b.peek() == []


async def test_nobody_starves(buses: Buses) -> None:
    """However many urgent messages come, the others have their turn."""
    async with buses.pair() as (_, a, b):
        for priority in ("low", "normal", "high"):
            await a.send("b", priority, priority=priority)
        got: list[Any] = []
        for _ in range(100):
            await a.send("b", "urgent", priority="urgent")
            await a.send("b", "urgent", priority="urgent")
            assert contents(await b.peek())[0] is not None
            shown = (await b.peek())[0].id
            message = await b.receive()
            assert message is not None
            assert message.id == shown
            got.append(message.content)
        for priority in ("low", "normal", "high"):
            assert 32 <= got.index(priority) <= 34


async def test_receive_waits(buses: Buses) -> None:
    """Until there is something, and those who wait are served in turn."""
    async with buses.pair() as (_, a, b), anyio.create_task_group() as tasks:
        calls = []
        for _ in range(3):
            calls.append(start(tasks, b.receive))
            await buses.settled()
        for number in range(3):
            await a.send("b", number)
        await buses.settled()
        assert [call.value.content for call in calls] == [0, 1, 2]  # type: ignore[attr-defined]


async def test_receive_waits_no_longer_than_it_is_told(buses: Buses) -> None:
    """Also for a part of a second; 0 looks and does not wait."""
    async with buses.pair() as (bus, a, b):
        began = anyio.current_time()
        assert await b.receive(timeout=0) is None
        assert await b.receive(0.1) is None
        took = anyio.current_time() - began
        assert took >= 0.1
        assert took < 0.2 or not buses.has_virtual_time
        await a.send("b", "x")
        message = await bus.receive("b", timeout=0)
        assert message is not None
        assert message.content == "x"


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
async def test_a_timeout_is_a_number_of_seconds(buses: Buses, seconds: float) -> None:
    """Anything else is refused."""
    async with buses.pair() as (_, _a, b):
        with pytest.raises(ValueError, match="must be a number of seconds"):
            await b.receive(seconds)


async def test_a_cancelled_receive_leaves_the_message(buses: Buses) -> None:
    """Whether it comes before or after."""
    async with buses.pair() as (_, a, b):
        with anyio.move_on_after(0.1):
            await b.receive()
        await a.send("b", "x")
        got: AgentMessage | None = None
        with anyio.CancelScope() as scope:
            scope.cancel()
            got = await b.receive()
        # asyncio's tasks hear of it when they wait, and this one need not
        assert (got is None) == scope.cancelled_caught
        assert got is not None or await drain(b) == ["x"]


async def test_nobody_else_sees_changes(buses: Buses) -> None:
    """What a sender, a receiver or one who peeks does to a content stays his."""
    async with buses.pair() as (bus, a, b):
        c = await bus.register("c")
        content: dict[str, list[int]] = {"list": [1]}
        metadata: dict[str, list[int]] = {"list": [1]}
        sent = await a.send("b", content, metadata=metadata)
        await a.broadcast(content, metadata=metadata)
        content["list"].append(2)
        metadata["list"].append(2)
        sent.content["list"].append(3)
        (await b.peek())[0].content["list"].append(4)
        for mailbox in (b, b, c):
            message = await mailbox.receive()
            assert message is not None
            assert message.content == message.metadata == {"list": [1]}
            message.content["list"].append(5)


# -- full mailboxes ---------------------------------------------------------------


async def test_a_full_mailbox_makes_senders_wait(buses: Buses) -> None:
    """In turn; and one that gives up is not delivered."""
    async with buses.pair(capacity=2) as (_, a, b), anyio.create_task_group() as tasks:
        for number in range(2):
            await a.send("b", number)
        calls = []
        for number in range(2, 6):
            calls.append(start(tasks, a.send, "b", number))
            await buses.settled()
        assert not any(call.done for call in calls)
        assert await b.message_count() == 2
        calls[1].scope.cancel()
        await buses.settled()
        assert calls[1].cancelled
        got = []
        for _ in range(5):
            message = await b.receive()
            assert message is not None
            got.append(message.content)
        assert got == [0, 1, 2, 4, 5]
        assert await b.message_count() == 0


async def test_a_mailbox_has_its_own_capacity(buses: Buses) -> None:
    """Or none."""
    async with buses.pair(capacity=1) as (bus, a, _):
        await bus.register("c", capacity=3)
        await bus.register("d", capacity=math.inf)
        for number in range(3):
            await a.send("c", number)
        with anyio.move_on_after(0.02) as scope:
            await a.send("c", 4)
        assert scope.cancelled_caught
        for number in range(1100):
            await a.send("d", number)


async def test_what_is_put_back_may_be_one_too_many(buses: Buses) -> None:
    """It comes first, and nobody gets in before there is room again."""
    async with buses.pair(capacity=1) as (_, a, b):
        await a.send("b", 1)
        with pytest.raises(ZeroDivisionError):
            async with b.next():
                await a.send("b", 2)
                raise ZeroDivisionError
        assert await b.message_count() == 2
        with anyio.move_on_after(0.1) as scope:
            await a.send("b", 3)
        assert scope.cancelled_caught
        assert await drain(b) == [1, 2]


# -- broadcasts -------------------------------------------------------------------


async def test_a_broadcast_reaches_all_others(buses: Buses) -> None:
    """And says whom."""
    async with buses.pair() as (bus, a, b):
        c = await bus.register("c")
        assert await a.broadcast("to all", priority="high") == ("b", "c")
        for mailbox in (b, c):
            message = await mailbox.receive()
            assert message is not None
            assert message.recipient == "*"
            assert message.received_by == mailbox.agent_name
            assert message.content == "to all"
        assert await a.message_count() == 0
        await bus.deliver(AgentMessage(sender="b", recipient="*", content="too"))
        assert await drain(a) == ["too"]


async def test_a_broadcast_to_nobody(buses: Buses) -> None:
    """Reaches nobody."""
    async with buses.open() as bus:
        alone = await bus.register("alone")
        assert await alone.broadcast("hello?") == ()


async def test_a_broadcast_waits_for_full_mailboxes_last(buses: Buses) -> None:
    """All that have room get it at once, the others in order."""
    async with buses.open(capacity=1) as bus:
        boxes = {name: await bus.register(name) for name in "abcd"}
        for name in "bd":
            await boxes["a"].send(name, "before")
        async with anyio.create_task_group() as tasks:
            call = start(tasks, boxes["a"].broadcast, "to all")
            await buses.settled()
            assert await drain(boxes["c"]) == ["to all"]
            assert await one(boxes["d"]) == "before"
            await buses.settled()
            assert not call.done
            assert await one(boxes["b"]) == "before"
            await buses.settled()
            assert call.value == ("b", "c", "d")
            for name in "bd":
                assert await drain(boxes[name]) == ["to all"]


async def test_a_broadcast_goes_on_without_one_that_is_gone(buses: Buses) -> None:
    """While it waits for room there."""
    async with buses.open(capacity=1) as bus:
        boxes = {name: await bus.register(name) for name in "abc"}
        for name in "bc":
            await boxes["a"].send(name, "before")
        async with anyio.create_task_group() as tasks:
            call = start(tasks, boxes["a"].broadcast, "to all")
            await buses.settled()
            await bus.unregister("b")
            await buses.settled()
            assert not call.done
            assert await one(boxes["c"]) == "before"
            await buses.settled()
            assert call.value == ("c",)


async def test_a_cancelled_broadcast(buses: Buses) -> None:
    """Those that have got it keep it; the others do not get it."""
    async with buses.open(capacity=1) as bus:
        boxes = {name: await bus.register(name) for name in "abc"}
        await boxes["a"].send("b", "before")
        with anyio.move_on_after(0.1):
            await boxes["a"].broadcast("to all")
        assert await drain(boxes["b"]) == ["before"]
        assert await drain(boxes["c"]) == ["to all"]


# -- replies ----------------------------------------------------------------------


async def test_a_reply_to_a_broadcast_is_from_who_received_it(buses: Buses) -> None:
    """And not from everybody."""
    async with buses.pair() as (bus, a, b):
        await a.broadcast("who is there?")
        message = await b.receive()
        assert message is not None
        await bus.deliver(message.reply("me"))
        answer = await a.receive()
        assert answer is not None
        assert (answer.sender, answer.content) == ("b", "me")


async def test_a_request_is_answered(buses: Buses) -> None:
    """Its answer does not come out of receive, and other messages do."""
    async with buses.pair() as (bus, a, b), anyio.create_task_group() as tasks:
        call = start(
            tasks,
            a.request,
            "b",
            "2 + 2",
        )
        question = await b.receive()
        assert question is not None
        await b.send("a", "by the way")
        await bus.deliver(question.reply("4"))
        await buses.settled()
        assert isinstance(call.value, AgentMessage)
        assert call.value.content == "4"
        assert call.value.correlation_id == question.id
        assert await drain(a) == ["by the way"]
        assert a.late_replies == 0


async def test_an_answer_needs_no_room(buses: Buses) -> None:
    """Else two that ask each other with full mailboxes would wait for ever."""
    async with (
        buses.pair(capacity=1) as (bus, a, b),
        anyio.create_task_group() as tasks,
    ):
        call = start(tasks, a.request, "b", "?")
        question = await b.receive()
        assert question is not None
        await b.send("a", "full now")
        await bus.deliver(question.reply("!"))
        await buses.settled()
        assert isinstance(call.value, AgentMessage)
        assert call.value.content == "!"


async def test_a_late_reply_is_dropped_and_counted(buses: Buses) -> None:
    """Since whoever asked has been cancelled."""
    async with buses.pair() as (bus, a, b):
        with anyio.move_on_after(0.1) as scope:
            await a.request("b", "?")
        assert scope.cancelled_caught
        question = await b.receive()
        assert question is not None
        await bus.deliver(question.reply("too late"))
        await bus.deliver(question.reply("even later"))
        assert await drain(a) == []
        assert a.late_replies == 2


async def test_many_requests_at_once(buses: Buses) -> None:
    """Each gets its own answer, in whatever order they come."""
    async with buses.pair() as (bus, a, b), anyio.create_task_group() as tasks:
        calls = [start(tasks, a.request, "b", number) for number in range(20)]
        await buses.settled()
        questions = [await b.receive() for _ in range(20)]
        for question in reversed(questions):
            assert question is not None
            await bus.deliver(question.reply(question.content * 10))
        await buses.settled()
        assert [call.value.content for call in calls] == [  # type: ignore[attr-defined]
            number * 10 for number in range(20)
        ]


async def test_a_request_makes_its_id(buses: Buses) -> None:
    """It would not know the answer to another one."""
    async with buses.pair() as (_, a, _b):
        with pytest.raises(TypeError, match="makes the id itself"):
            await a.request("b", "?", id="mine")


# -- taking -----------------------------------------------------------------------


async def test_a_message_is_taken_for_a_block(buses: Buses) -> None:
    """At its end it is done with."""
    async with buses.pair() as (_, a, b):
        await a.send("b", 1)
        await a.send("b", 2)
        async with b.next() as message:
            assert message.content == 1
            assert await b.message_count() == 1
            assert contents(await b.peek()) == [2]
        assert await drain(b) == [2]


@pytest.mark.parametrize("how", ["raises", "is cancelled"])
async def test_a_block_that_fails_gives_the_message_back(
    buses: Buses, how: str
) -> None:
    """It comes again, first of its priority, and says so."""
    async with buses.pair() as (_, a, b):
        for number in range(3):
            await a.send("b", number)
        if how == "raises":
            with pytest.raises(ZeroDivisionError):
                async with b.next():
                    raise ZeroDivisionError
        else:
            with anyio.move_on_after(0.1):
                async with b.next():
                    await anyio.sleep_forever()
        again = await b.receive()
        assert again is not None
        assert (again.content, again.redelivered) == (0, True)
        fresh = await b.receive()
        assert fresh is not None
        assert (fresh.content, fresh.redelivered) == (1, False)


async def test_one_that_waits_gets_what_is_given_back(buses: Buses) -> None:
    """At once."""
    async with buses.pair() as (_, a, b), anyio.create_task_group() as tasks:
        await a.send("b", "x")
        with pytest.raises(ZeroDivisionError):
            async with b.next():
                call = start(tasks, b.receive)
                await buses.settled()
                assert not call.done
                raise ZeroDivisionError
        await buses.settled()
        assert isinstance(call.value, AgentMessage)
        assert call.value.redelivered


async def test_a_mailbox_is_taken_over(buses: Buses) -> None:
    """With all that waits, and with what its owner did not finish."""
    async with buses.pair() as (bus, a, b):
        for number in range(4):
            await a.send("b", number)
        await b.receive()
        await b.receive()
        async with anyio.create_task_group() as tasks:
            asking = start(tasks, b.request, "a", "?")
            await buses.settled()
            heir = await bus.register("b", takeover=True)
            await buses.settled()
            assert isinstance(asking.error, MailboxLost)
        got = [await heir.receive() for _ in range(3)]
        assert [(m.content, m.redelivered) for m in got if m is not None] == [
            (1, True),
            (2, False),
            (3, False),
        ]
        for call in (b.receive, b.peek, b.message_count):
            with pytest.raises(MailboxLost, match="'b' was taken over"):
                await call()
        with pytest.raises(MailboxLost):
            b.next()
        with pytest.raises(MailboxLost):
            await b.send("a", "x")


async def test_senders_wait_on_when_a_mailbox_is_taken_over(buses: Buses) -> None:
    """Until there is room, and behind what the last owner did not finish."""
    async with (
        buses.pair(capacity=1) as (bus, a, b),
        anyio.create_task_group() as tasks,
    ):
        await a.send("b", "taken")
        await b.receive()
        await a.send("b", "there")
        waiting = start(tasks, a.send, "b", "waits")
        await buses.settled()
        asking = start(tasks, a.broadcast, "to all")
        await buses.settled()
        heir = await bus.register("b", takeover=True)
        await buses.settled()
        assert not waiting.done
        got = []
        for _ in range(4):
            message = await heir.receive()
            assert message is not None
            got.append((message.content, message.redelivered))
        assert got == [
            ("taken", True),
            ("there", False),
            ("waits", False),
            ("to all", False),
        ]
        await buses.settled()
        assert isinstance(waiting.value, AgentMessage)
        assert asking.value == ("b",)


async def test_a_reader_hears_that_its_mailbox_is_gone(buses: Buses) -> None:
    """Taken over, or unregistered."""
    async with buses.pair() as (bus, a, b), anyio.create_task_group() as tasks:
        first = start(tasks, b.receive)
        await buses.settled()
        heir = await bus.register("b", takeover=True)
        await buses.settled()
        assert isinstance(first.error, MailboxLost)
        second = start(tasks, heir.receive)
        asking = start(tasks, heir.request, "a", "?")
        await buses.settled()
        await bus.unregister("b")
        await buses.settled()
        assert isinstance(second.error, MailboxLost)
        assert isinstance(asking.error, MailboxLost)
        with pytest.raises(MailboxUnknown):
            await a.send("b", "x")
        with pytest.raises(MailboxUnknown):
            await bus.receive("b")
        assert await (await bus.register("b")).message_count() == 0


async def test_a_sender_hears_that_the_mailbox_is_gone(buses: Buses) -> None:
    """While it waits for room."""
    async with buses.pair(capacity=1) as (bus, a, _):
        await a.send("b", 1)
        async with anyio.create_task_group() as tasks:
            call = start(tasks, a.send, "b", 2)
            await buses.settled()
            await bus.unregister("b")
            await buses.settled()
            assert isinstance(call.error, MailboxUnknown)


async def test_being_done_twice_does_no_harm(buses: Buses) -> None:
    """Nor being done with what was never taken."""
    async with buses.pair() as (bus, a, b):
        await a.send("b", 1)
        message = await bus.take("b")
        assert message is not None
        await bus.confirm("b", message)
        await bus.confirm("b", message)
        await bus.give_back("b", message)
        assert await b.message_count() == 0


# -- bad input --------------------------------------------------------------------


async def test_nobody_of_that_name(buses: Buses) -> None:
    """As a recipient, a sender, a reader, or to be unregistered; a KeyError."""
    async with buses.pair() as (bus, a, _):
        text = "^recipient 'nobody' is not registered; await bus.register"
        with pytest.raises(MailboxUnknown, match=text) as caught:
            await a.send("nobody", "x")
        assert isinstance(caught.value, KeyError)
        assert caught.value.agent_name == "nobody"
        stranger = AgentMessage(sender="stranger", recipient="a", content="x")
        for call in (bus.deliver, bus.broadcast, bus.request):
            with pytest.raises(MailboxUnknown, match="sender 'stranger'"):
                await call(stranger)
        for ask in (bus.receive, bus.peek, bus.message_count, bus.unregister):
            with pytest.raises(MailboxUnknown, match="'nobody' is not registered"):
                await ask("nobody")


async def test_a_second_registration(buses: Buses) -> None:
    """Is refused, unless it takes over."""
    async with buses.pair() as (bus, _a, b):
        with pytest.raises(MailboxExists, match="takeover=True") as caught:
            await bus.register("b")
        assert isinstance(caught.value, ValueError)
        assert await b.message_count() == 0


@pytest.mark.parametrize("name", ["", "*", "x" * 256, "ä" * 128, "\ud800", 7, None])
async def test_names(buses: Buses, name: Any) -> None:
    """Are from 1 to 255 bytes long."""
    async with buses.open() as bus:
        with pytest.raises(MailboxNameInvalid, match="1 to 255 bytes of UTF-8"):
            await bus.register(name)
        await bus.register("x" * 255)
        await bus.register("any thing: {of} * kind\n")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ((1, 2), r"content is a tuple"),
        ({"a": [1, {2}]}, r"content\['a'\]\[1\] is a set"),
        ({1: 2}, r"content has the key 1"),
        (math.nan, r"content is nan"),
        (b"bytes", r"content is a bytes"),
        (object, r"content is a type"),
    ],
)
async def test_content_is_json(buses: Buses, content: Any, text: str) -> None:
    """Anything else is refused, with the path to it."""
    async with buses.pair() as (_, a, b):
        for send in (
            a.broadcast,
            lambda c: a.send("b", c),
            lambda c: a.request("b", c),
        ):
            with pytest.raises(MailboxContentInvalid, match=text):
                await send(content)
        with pytest.raises(MailboxContentInvalid, match="metadata"):
            await a.send("b", "x", metadata={"k": content})
        with pytest.raises(MailboxContentInvalid, match=r"metadata is a str.*a dict"):
            await a.send("b", "x", metadata="text")
        assert await b.message_count() == 0


async def test_content_that_contains_itself(buses: Buses) -> None:
    """Is no JSON either."""
    content: list[Any] = []
    content.append(content)
    async with buses.pair() as (_, a, _b):
        with pytest.raises(MailboxContentInvalid, match="contains itself"):
            await a.send("b", content)


async def test_a_message_has_a_limit(buses: Buses) -> None:
    """In bytes of JSON, content and metadata together."""
    async with buses.pair(max_message_bytes=100) as (_, a, b):
        await a.send("b", "x" * 98)
        await a.send("b", "x" * 10, metadata={"k": "x" * 70})
        for content, metadata in (
            ("x" * 99, {}),
            ("ä" * 20, {}),
            ("x", {"k": "x" * 95}),
        ):
            with pytest.raises(
                MailboxMessageTooLarge, match="100 are allowed"
            ) as caught:
                await a.send("b", content, metadata=metadata)
            assert caught.value.size > caught.value.limit == 100
        assert await b.message_count() == 2


async def test_priorities_have_names(buses: Buses) -> None:
    """And there are four."""
    async with buses.pair() as (_, a, _b):
        with pytest.raises(ValueError, match="'urgent', 'high', 'normal', 'low'"):
            await a.send("b", "x", priority="highest")
        with pytest.raises(TypeError, match="colour"):
            await a.send("b", "x", colour="red")


@pytest.mark.parametrize("number", [0, -1, math.nan])
async def test_capacities(buses: Buses, number: float) -> None:
    """Are at least 1."""
    async with buses.open() as bus:
        with pytest.raises(ValueError, match=r"capacity=.* must be at least 1"):
            await bus.register("a", capacity=number)
    for option in ("capacity", "max_message_bytes"):
        with pytest.raises(ValueError, match="must be at least 1"):
            async with buses.open(**{option: number}):
                pass


def test_a_mailbox_is_shown_with_its_name(buses: Buses) -> None:
    """In a debugger."""
    assert repr(AgentMailbox("a", None)) == "<AgentMailbox 'a'>"  # type: ignore[arg-type]  # not used


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5),
        ("correlation_id", 5),
        ("timestamp", "yesterday"),
        ("timestamp", math.nan),
        ("metadata", None),
    ],
)
async def test_fields_have_types(buses: Buses, field: str, value: Any) -> None:
    """Whoever receives a message can rely on them; none is sent that is otherwise."""
    async with buses.pair() as (bus, a, b):
        fields = {field: value}
        with pytest.raises(MailboxContentInvalid, match=field):
            await a.send("b", "x", **fields)
        with pytest.raises(MailboxContentInvalid, match=field):
            await a.broadcast("x", **fields)
        with pytest.raises(MailboxContentInvalid, match=field):
            message = AgentMessage(sender="a", recipient="b", content="x", **fields)
            await bus.request(message)
        assert await drain(b) == []


# -- ids that are not unique ------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1])
async def test_messages_with_one_id(buses: Buses, first: int) -> None:
    """Each is done with by itself, in any order, and none is lost or mixed up."""
    async with buses.pair() as (bus, a, b):
        for text in ("one", "two"):
            await a.send("b", text, id="same")
        taken = [await bus.take("b"), await bus.take("b")]
        done, left = taken[first], taken[1 - first]
        assert done is not None
        assert left is not None
        await bus.confirm("b", done)
        await bus.give_back("b", done)
        assert await b.message_count() == 0
        owner = await bus.register("b", takeover=True)
        again = await owner.receive(timeout=1)
        assert again is not None
        assert (again.content, again.redelivered) == (left.content, True)
        assert await drain(owner) == []


async def test_one_message_twice(buses: Buses) -> None:
    """It is two messages, which are given back and done with one after the other."""
    async with buses.pair() as (bus, _, b):
        message = AgentMessage(sender="a", recipient="b", content="x")
        for _ in range(3):
            await bus.deliver(message)
        taken = [await bus.take("b") for _ in range(3)]
        for one_of_them in taken[:2]:
            assert one_of_them is not None
            await bus.confirm("b", one_of_them)
        assert taken[2] is not None
        await bus.give_back("b", taken[2])
        assert await drain(b) == ["x"]


async def test_a_copy_of_a_message_is_done_with(buses: Buses) -> None:
    """Such as one that was made from JSON: it is equal."""
    async with buses.pair() as (bus, a, _):
        for text in ("one", "two"):
            await a.send("b", text, id="same")
        first = await bus.take("b")
        await bus.take("b")
        assert first is not None
        await bus.confirm("b", attrs.evolve(first))
        assert await drain(await bus.register("b", takeover=True)) == ["two"]


async def test_a_message_that_waits_for_room_beside_itself(buses: Buses) -> None:
    """Cancelled, only the one that waits is withdrawn."""
    async with buses.pair(capacity=1) as (bus, _, b):
        message = AgentMessage(sender="a", recipient="b", content="x")
        await bus.deliver(message)
        async with anyio.create_task_group() as tasks:
            call = start(tasks, bus.deliver, message)
            await buses.settled()
            call.scope.cancel()
        assert call.cancelled
        assert await drain(b) == ["x"]


async def test_a_message_is_sent_on(buses: Buses) -> None:
    """It is a new one for whoever receives it, and answered by that one."""
    async with buses.pair() as (bus, a, b):
        c = await bus.register("c")
        await a.broadcast("x")
        with pytest.raises(ZeroDivisionError):
            async with b.next():
                raise ZeroDivisionError
        message = await b.receive(timeout=1)
        assert message is not None
        assert (message.redelivered, message.received_by) == (True, "b")
        await drain(c)
        await bus.deliver(attrs.evolve(message, recipient="c"))
        again = await c.receive(timeout=1)
        assert again is not None
        assert (again.redelivered, again.received_by) == (False, None)
        assert again.reply("!").sender == "c"


async def test_a_request_that_was_made_by_hand(buses: Buses) -> None:
    """Is answered, also if its id does not look like that of a request."""
    async with (
        buses.pair() as (bus, _, b),
        anyio.create_task_group() as tasks,
    ):
        question = AgentMessage(sender="a", recipient="b", content="?", id="mine")
        call = start(tasks, bus.request, question)
        received = await b.receive(timeout=5)
        assert received is not None
        assert received.id == "request-mine"
        with pytest.raises(ValueError, match="'request-mine' waits already"):
            await bus.request(question)
        await bus.deliver(received.reply("!"))
        await buses.settled()
        assert call.value.content == "!"  # type: ignore[attr-defined]


async def test_a_request_has_no_correlation_id(buses: Buses) -> None:
    """Its answer would have that one, and nobody would know whose it is."""
    async with buses.pair() as (_, a, b):
        with pytest.raises(ValueError, match=r"correlation_id='talk'.*into metadata"):
            await a.request("b", "?", correlation_id="talk")
        assert await drain(b) == []
