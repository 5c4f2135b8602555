"""Exceptions arrive in another process as what they are, or say what they were."""

from __future__ import annotations

import builtins
import errno
import json
import sys
import traceback
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, Self

import attrs
import msgpack
import pytest
from hypothesis import given, settings, strategies as st

from actrio import AgentId, exceptions
from actrio.distributed._failures import Failures, with_origin
from actrio.exceptions import (
    ActrioError,
    AgentStopped,
    DeadlockError,
    InvalidImage,
    MessageDroppedException,
    RemoteError,
    RequestCancelled,
    StateConflict,
)
from actrio.tool_agent import (
    InvalidToolArgumentsException,
    ToolException,
    ToolExecutionException,
    ToolNotFoundException,
)


class Refused(Exception):
    """Takes one argument, and gives its base another."""

    def __init__(self, order: int, *, why: str) -> None:
        super().__init__(f"order {order} was refused")
        self.order = order
        self.why = why


class Picky(OSError):
    """Its base is given what it wants, and its parameters are others."""

    def __new__(cls, *, place: str) -> Self:
        del place
        return super().__new__(cls)

    def __init__(self, *, place: str) -> None:
        super().__init__(errno.ENOENT, "nothing there", place)


class Slotted(ValueError):
    __slots__ = ("empty", "place")

    def __init__(self, place: object) -> None:
        self.place = place


@attrs.define
class Declared(Exception):
    code: int
    text: str = "x"


class Unlisted(ValueError):
    pass


class Thing:
    def __repr__(self) -> str:
        return "<a thing>"


class Color(Enum):
    RED = 1


FAILURES = Failures([Refused, Picky, Slotted, Declared, json.JSONDecodeError])


def travel(exc: BaseException, failures: Failures = FAILURES) -> Any:
    """Send an exception through MessagePack, as between two processes."""
    data = msgpack.packb(failures.encode(exc))
    return failures.decode(msgpack.unpackb(data))


def raised(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except Exception as exc:  # noqa: BLE001 - whatever it raises is what is wanted
        return exc
    raise AssertionError


def malformed(data: object) -> str:
    """What is wrong with data of a peer."""
    exc = FAILURES.decode(data)
    assert type(exc) is RemoteError
    traceback.format_exception(exc)
    return str(exc)


BUILTIN = [
    ValueError(),
    ValueError("why", 1, 2.5, None, True, b"x", ["l"], ("t", ("u",)), {1: {"a": ()}}),
    KeyError("k"),
    StopIteration(7),
    StopAsyncIteration(),
    OSError("odd"),
    FileNotFoundError(errno.ENOENT, "No such file", "a", None, "b"),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    BlockingIOError(errno.EAGAIN, "again", 3),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    UnicodeEncodeError("ascii", "\udc80", 0, 1, "surrogate"),
    UnicodeTranslateError("\xff", 0, 1, "no"),
    ImportError("none", name="m", path="/p"),
    ModuleNotFoundError("none", name="m"),
    NameError("none", name="n"),
    AttributeError("none", name="n", obj=Thing()),
    SyntaxError("bad", ("f", 1, 3, "a b", 1, 4)),
    RecursionError("deep"),
    UserWarning("w"),
    ValueError(2**63, -(2**63), 2**63 - 1, -(2**63) - 1, 10**500),
    ValueError("\ud800", "\x00", "\U0001f600"),
]
OWN = [
    AgentStopped("stopped", agent=AgentId("a", "k")),
    DeadlockError("stuck", (AgentId("a", "k"), AgentId("b", "l"))),
    MessageDroppedException("gone", reason={"rude": 1}),
    StateConflict("conflict", "k", 1, 2),
    RequestCancelled("withdrawn"),
    InvalidImage("broken"),
    exceptions.MailboxUnknown("no such", "m"),
    exceptions.StaleFence("old", "k", 3),
    exceptions.WorkerLostError("lost", worker="w", agent=AgentId("a", "k")),
]
USERS = [
    Refused(3, why="late"),
    Picky(place="here"),
    Slotted(("a", 1)),
    Declared(3),
    json.JSONDecodeError("bad", "{", 1),
]


def parts(exc: BaseException) -> dict[str, object]:
    """All that may be equal about two exceptions."""
    names = [name for name in dir(exc) if not name.startswith("__") and name != "obj"]
    values = {name: getattr(exc, name, None) for name in names}
    return {name: value for name, value in values.items() if not callable(value)}


@pytest.mark.parametrize("exc", [*BUILTIN, *OWN, *USERS], ids=repr)
def test_known_exceptions_come_as_what_they_are(exc: BaseException) -> None:
    """Class, arguments, attributes and text are equal, and `__init__` is not run."""
    came = travel(exc)
    assert type(came) is type(exc)
    assert came.args == exc.args
    assert parts(came) == parts(exc)
    assert str(came) == str(exc)


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_error_of_actrio_can_travel(name: str) -> None:
    """None of them needs more than a message."""
    exc = getattr(exceptions, name)("text")
    assert type(travel(exc)) is type(exc)
    assert parts(travel(exc)) == parts(exc)


def test_what_a_handler_really_raises() -> None:
    """Attributes that Python fills in come along, and paths as text."""
    exc = travel(raised(lambda: Path("/no/such").stat()))
    assert (type(exc), exc.errno) == (FileNotFoundError, errno.ENOENT)
    assert exc.filename == "/no/such"
    exc = travel(raised(lambda: Thing().color))  # type: ignore[attr-defined]
    assert (type(exc), exc.name, exc.obj) == (AttributeError, "color", None)
    exc = travel(raised(lambda: compile("a b", "f.py", "exec")))
    assert (type(exc), exc.lineno, exc.text) == (SyntaxError, 1, "a b\n")


@pytest.mark.parametrize(
    "name",
    ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException"],
)
def test_a_remote_does_not_end_this_program(name: str) -> None:
    """What is no `Exception` is a `RemoteError` that names it."""
    exc = travel(getattr(builtins, name)(3))
    assert type(exc) is RemoteError
    assert exc.type_name == f"builtins.{name}"
    assert str(exc) == f"{name}: 3"
    forged = FAILURES.encode(ValueError(3)) | {"type": f"builtins.{name}"}
    assert type(FAILURES.decode(forged)) is RemoteError


def test_a_cancellation_elsewhere_is_none_here() -> None:
    """Only `RequestCancelled`, which is an error, is rebuilt."""
    cancelled = RequestCancelled.__bases__[0]
    exc = travel(cancelled("gone"))
    assert type(exc) is RemoteError
    assert exc.type_name == "asyncio.exceptions.CancelledError"


def test_other_classes_are_remote_errors() -> None:
    """A subclass of a known class is not known, and has its traceback as text."""

    def fail() -> None:
        raise Unlisted("too late")

    exc = travel(raised(fail))
    assert type(exc) is RemoteError
    assert exc.type_name == f"{__name__}.Unlisted"
    assert exc.message == "too late"
    assert "in fail\n" in exc.traceback
    assert str(exc) == f"{__name__}.Unlisted: too late"


def test_a_class_must_be_listed_on_both_sides() -> None:
    """The other worker says what it was, and nothing is imported for it."""
    exc = Failures().decode(FAILURES.encode(Refused(3, why="late")))
    assert type(exc) is RemoteError
    assert exc.message == "order 3 was refused"
    exc = FAILURES.decode(Failures().encode(Refused(3, why="late")))
    assert type(exc) is RemoteError


def test_nothing_is_imported_for_a_peer() -> None:
    """A name is looked up in the list, and nowhere else."""
    sys.modules.pop("this", None)
    assert malformed({"type": "this.x", "message": "m", "traceback": "", "args": []})
    assert "this" not in sys.modules


def test_a_local_class_may_be_listed() -> None:
    """It is found in the list by its name."""

    class Local(Exception):
        pass

    exc = travel(Local("x"), Failures([Local, Local]))
    assert (type(exc), exc.args) == (Local, ("x",))


def test_two_classes_of_one_name_cannot_be_told_apart() -> None:
    """The error says so; a class that says it is a builtin is one of two as well."""

    def local() -> type[Exception]:
        class Local(Exception):
            pass

        return Local

    with pytest.raises(ValueError, match="two classes are called"):
        Failures([local(), local()])
    fake = type("ValueError", (Exception,), {"__module__": "builtins"})
    with pytest.raises(
        ValueError, match=r"two classes are called 'builtins.ValueError'"
    ):
        Failures([fake])


@pytest.mark.parametrize("wrong", [ValueError, [3], ["ValueError"], [Thing], 3])
def test_the_list_is_one_of_exception_classes(wrong: Any) -> None:
    """What is none is shown."""
    with pytest.raises(TypeError, match=r"must be an? (exception class|list of)"):
        Failures(wrong)


def test_the_name_of_a_class_is_not_too_long() -> None:
    """It travels with every exception, so it cannot be cut."""
    long = type("L" * 200, (Exception,), {})
    with pytest.raises(ValueError, match="must take 200 bytes at most"):
        Failures([long])


def test_what_ends_programs_cannot_be_listed() -> None:
    """Not even when asked for; but a group of such things can."""
    with pytest.raises(ValueError, match="must not end this program"):
        Failures([SystemExit])
    Failures([BaseExceptionGroup, ValueError])


@pytest.mark.parametrize(("limit", "kind"), [(1023, ValueError), (True, TypeError)])
def test_the_limit_is_checked(limit: int, kind: type[Exception]) -> None:
    """It is a number of bytes, enough for any exception at all."""
    with pytest.raises(kind, match="limit"):
        Failures(limit=limit)
    Failures(limit=1024)


def test_values_that_are_not_plain_become_text() -> None:
    """The class is kept where arguments mean nothing by their type."""
    exc = travel(ValueError(Thing(), [Color.RED], bytearray(b"x"), {1, 2}))
    assert type(exc) is ValueError
    assert exc.args == ("<a thing>", ["<Color.RED: 1>"], "bytearray(b'x')", "{1, 2}")
    assert travel(ValueError(Path("/a/b"))).args == (str(Path("/a/b")),)
    exc = travel(MessageDroppedException("gone", reason=Thing()))
    assert (type(exc), exc.reason) == (MessageDroppedException, "<a thing>")
    exc = travel(Slotted(Thing()))
    assert (type(exc), exc.place) == (Slotted, "<a thing>")


@pytest.mark.parametrize("exc", [StopIteration(Thing()), OSError(2, Thing())], ids=str)
def test_a_text_does_not_stand_for_a_value_that_means_something(
    exc: BaseException,
) -> None:
    """Such an exception is a `RemoteError`."""
    came = travel(exc)
    assert type(came) is RemoteError
    assert came.type_name == f"builtins.{type(exc).__name__}"


def test_notes_are_kept_and_one_is_added() -> None:
    """The added one has the traceback, and does not repeat the notes."""

    def fail() -> None:
        exc = ValueError("x")
        exc.add_note("first")
        exc.add_note("\udc80")
        raise exc

    exc = travel(raised(fail))
    first, second, added = exc.__notes__
    assert (first, second) == ("first", "\udc80")
    assert added.startswith("Remote traceback:\nTraceback (most recent call last):\n")
    assert "in fail\n" in added
    assert added.endswith("ValueError: x")
    assert exc.__traceback__ is None


def test_each_process_on_the_way_adds_its_traceback() -> None:
    """Those of before are not repeated in it, and none is lost."""
    exc: BaseException = ValueError("x")
    for hop in range(3):
        exc = with_origin(travel(exc), f"agent a/{hop} on worker w")
    assert exc.__notes__ == [
        f"Traceback in agent a/{hop} on worker w:\nValueError: x" for hop in range(3)
    ]
    for _ in range(30):
        exc = travel(exc)
    assert len(exc.__notes__) == 33


def test_many_and_odd_notes_are_shortened() -> None:
    """They never make a `RemoteError` of an exception."""
    exc = ValueError("x")
    exc.__notes__ = ["n" * 10_000, Thing(), *["\U0001f600" * 20_000] * 1_000]  # type: ignore[list-item]
    came = travel(exc)
    assert type(came) is ValueError
    assert came.__notes__[1] == "<a thing>"
    assert "characters and more left out" in came.__notes__[2]
    assert len(came.__notes__) < 100
    exc.__notes__ = 3  # type: ignore[assignment]
    assert len(travel(exc).__notes__) == 1


def test_causes_and_contexts_are_in_the_traceback() -> None:
    """They are text, and no objects."""

    def fail() -> None:
        try:
            try:
                _ = dict[str, int]()["k"]
            except KeyError as exc:
                raise TypeError("second") from exc
        except TypeError:
            raise ValueError("third")  # noqa: B904

    exc = travel(raised(fail))
    assert (exc.__cause__, exc.__context__) == (None, None)
    text = exc.__notes__[-1]
    assert "KeyError: 'k'" in text
    assert "direct cause" in text
    assert "TypeError: second" in text


def test_a_long_traceback_is_cut_in_its_middle() -> None:
    """Where it began and where it ended is left, and that it was cut is said."""

    def even(n: int) -> None:
        odd(n - 1)

    def odd(n: int) -> None:
        if n < 0:
            raise Unlisted("end")
        even(n - 1)

    text = travel(raised(lambda: even(400))).traceback
    assert len(text) <= 16 * 1024
    assert text.startswith("Traceback (most recent call last):")
    assert "characters and more left out" in text
    assert text.endswith("Unlisted: end\n")


def test_groups_are_rebuilt() -> None:
    """With all that is in them, each with its class and its traceback."""
    group = ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [KeyError("k")])])
    group.add_note("note")
    exc = travel(group)
    assert type(exc) is ExceptionGroup
    assert (exc.message, exc.__notes__[0]) == ("g", "note")
    value, inner = exc.exceptions
    assert repr(value) == "ValueError(1)"
    assert value.__notes__ == ["Remote traceback:\nValueError: 1"]
    assert repr(inner) == "ExceptionGroup('h', [KeyError('k')])"
    assert "ValueError" not in exc.__notes__[-1]
    with_origin(exc, "agent a/b")
    assert value.__notes__ == ["Traceback in agent a/b:\nValueError: 1"]


def test_a_group_with_what_ends_programs_is_an_ordinary_group() -> None:
    """All in it are ordinary errors by then."""
    exc = travel(BaseExceptionGroup("g", [SystemExit(3), Unlisted("x")]))
    assert type(exc) is ExceptionGroup
    assert [type(one) for one in exc.exceptions] == [RemoteError, RemoteError]


def test_large_groups_are_cut() -> None:
    """Those that have no room are counted, and the group stays one."""
    exc = travel(ExceptionGroup("g", [ValueError(n) for n in range(5_000)]))
    assert type(exc) is ExceptionGroup
    *first, last = exc.exceptions
    assert [one.args for one in first] == [(n,) for n in range(len(first))]
    assert len(first) > 20
    rest = 5_000 - len(first)
    assert str(last) == f"{rest} more exceptions of this group were left out"


def test_deep_groups_are_cut() -> None:
    """What lies too deep is a `RemoteError`, and so is a group without any room."""
    exc: Exception = ValueError("bottom")
    for _ in range(100):
        exc = ExceptionGroup("g", [exc])
    for failures in (FAILURES, Failures(limit=10_000_000)):
        came, level = travel(exc, failures), 0
        while isinstance(came, ExceptionGroup):
            [came], level = came.exceptions, level + 1
        assert type(came) is RemoteError
        assert 3 <= level <= 16
    assert type(travel(exc, Failures(limit=1024))) is RemoteError


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("x" * 100_000),
        ValueError("\U0001f600" * 20_000),  # in bytes, not in characters
        ValueError("\udc80" * 100_000),
        ValueError(b"x" * 100_000),
        ValueError(list(range(100_000))),
        ValueError({n: n for n in range(100_000)}),
        ValueError(1 << 800_000),
        Refused(1, why="x" * 100_000),
        ExceptionGroup("g" * 100_000, [ValueError()]),
    ],
    ids=["ascii", "wide", "lone", "bytes", "list", "dict", "int", "attribute", "group"],
)
def test_what_is_too_large_is_a_remote_error(exc: BaseException) -> None:
    """Its text is shortened, and the limit holds."""
    data = FAILURES.encode(exc)
    assert len(msgpack.packb(data)) <= 64 * 1024
    came = FAILURES.decode(data)
    assert isinstance(came, RemoteError)
    assert came.type_name == f"{type(exc).__module__}.{type(exc).__qualname__}"
    assert len(str(came)) < 20_000
    assert (
        type(travel(ValueError("x" * 100_000), Failures(limit=200_000))) is ValueError
    )


def test_containers_that_hold_themselves() -> None:
    """They are followed to a depth, and shown from there; doubling ones are too large."""
    loop: list[object] = []
    loop.append(loop)
    table: dict[object, object] = {}
    table["k"] = (table, 1)
    exc = travel(ValueError(loop, table))
    assert type(exc) is ValueError
    assert repr(exc).startswith("ValueError([[[[")
    wide: object = "x"
    for _ in range(5):
        wide = [wide] * 10
    assert type(travel(ValueError(wide))) is RemoteError


class Stop(BaseException):
    pass


def hostile(name: str, error: BaseException) -> Any:
    def fail(*_: object) -> Any:
        raise error

    return type("Hostile", (ValueError,), {name: fail})


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(), Stop()], ids=repr)
@pytest.mark.parametrize("name", ["__str__", "__repr__", "__reduce__", "__getattr__"])
def test_classes_that_cannot_be_shown(name: str, error: BaseException) -> None:
    """Whatever they raise is not raised by `encode`, nor by what arrives."""
    cls = hostile(name, error)
    for failures in (FAILURES, Failures([cls])):
        exc = travel(cls(cls("inner")), failures)
        assert type(exc) in {RemoteError, cls}
        assert len(exc.__notes__) == 1


def test_a_container_that_cannot_be_read() -> None:
    """The exception is a `RemoteError` with its text."""

    class Broken(list[int]):
        def __iter__(self) -> Any:
            raise Stop

    exc = travel(ValueError(Broken()))
    assert type(exc) is RemoteError
    assert str(exc) == "ValueError: []"


def test_ctrl_c_gets_through() -> None:
    """While a text is made, a traceback, or an argument's `repr()`."""
    for name in ("__str__", "__repr__"):
        cls = hostile(name, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            Failures([cls]).encode(cls(cls()))
    with pytest.raises(KeyboardInterrupt):
        FAILURES.encode(ValueError(hostile("__repr__", KeyboardInterrupt())()))


def test_a_traceback_that_cannot_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property of the class may break it; then it says so, but for Ctrl-C."""

    class Odd(ValueError):
        error: BaseException = SystemExit()

        @property
        def __cause__(self) -> Any:  # type: ignore[override]
            raise self.error

    exc = travel(Odd("x"))
    assert (exc.message, exc.traceback) == ("x", "(the traceback cannot be shown)")
    monkeypatch.setattr(Odd, "error", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        FAILURES.encode(Odd("x"))


def test_a_class_whose_name_cannot_be_read() -> None:
    """Then nothing is known but that something failed."""

    class Nameless(type):
        def __getattribute__(cls, name: str) -> Any:
            raise SystemExit

    exc = travel(Nameless("X", (ValueError,), {})())
    assert str(exc) == "it failed with an exception that cannot be described"


def test_a_constructor_of_another_version_is_no_error() -> None:
    """What cannot be made here is a `RemoteError` that says why."""
    data = FAILURES.encode(UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"))
    exc = FAILURES.decode(data | {"args": ["utf-8"]})
    assert type(exc) is RemoteError
    assert exc.type_name == "builtins.UnicodeDecodeError"
    assert "odd (not rebuilt: function takes exactly 5 arguments" in exc.message
    data = FAILURES.encode(AgentStopped("stopped")) | {"attributes": {}}
    assert FAILURES.decode(data).agent is None  # type: ignore[attr-defined]


GOOD = {"type": "builtins.ValueError", "message": "m", "traceback": "t", "args": []}
DECODING = "builtins.UnicodeDecodeError"
SYNTAX = "builtins.SyntaxError"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (None, "None must be a map"),
        ([], r"\[\] must be a map"),
        ({}, "type None must be a text"),
        (GOOD | {"type": 3}, "type 3 must be a text"),
        (GOOD | {"message": None}, "message None must be a text"),
        (GOOD | {"traceback": b"x"}, "traceback b'x' must be a text"),
        (GOOD | {"args": 3}, "m .*args 3 must be a list"),
        (GOOD | {"args": [msgpack.ExtType(1, b"")]}, "is no value of an exception"),
        (GOOD | {"args": [{"tuple": 3}]}, "3 must be a list"),
        (GOOD | {"args": [{"dict": [3]}]}, r"\[3\] must be pairs of a dict"),
        (GOOD | {"args": [{"dict": [[[], 1]]}]}, "must be pairs of a dict: unhashable"),
        (GOOD | {"args": [{"int": "x"}]}, "invalid literal"),
        (GOOD | {"args": [{"text": b"\xff"}]}, "can't decode"),
        (GOOD | {"args": [{"agent": ["a"]}]}, "not enough values"),
        (GOOD | {"args": [{"agent": ["a b", "k"]}]}, "Invalid agent type"),
        (GOOD | {"args": [{"agent": [1, "k"]}]}, "1 must be a str"),
        (GOOD | {"args": [{"repr": 1}]}, "1 must be a str"),
        (GOOD | {"args": [{"other": 1}]}, "is no value of an exception"),
        (GOOD | {"args": [{1: 1}]}, "is no value of an exception"),
        (GOOD | {"args": [{}]}, "is no value of an exception"),
        (GOOD | {"attributes": 3}, "3 must be a map"),
        (GOOD | {"attributes": {3: 3}}, "3 cannot be an attribute"),
        (GOOD | {"attributes": {"__class__": 3}}, "'__class__' cannot be an attribute"),
        (GOOD | {"notes": 3}, "notes 3 must be a list"),
        (GOOD | {"notes": [3]}, "a note 3 must be a text"),
        (GOOD | {"type": "builtins.ExceptionGroup"}, "not rebuilt"),
        (GOOD | {"type": "actrio.exceptions.MailboxUnknown"}, "missing 1 required"),
        (GOOD | {"type": DECODING, "args": ["u", b"x", -9, 1, "r"]}, "-9 to 1 is no"),
        (GOOD | {"type": DECODING, "args": ["u", b"x", 0, -1, "r"]}, "0 to -1 is no"),
        (
            GOOD | {"type": DECODING, "args": ["u", b"x", 2**62, 2**63, "r"]},
            "too large",
        ),
        (
            GOOD | {"type": SYNTAX, "attributes": {"text": 3}},
            "is no place in a program",
        ),
        (
            GOOD | {"type": SYNTAX, "attributes": {"offset": "x"}},
            "no place in a program",
        ),
    ],
)
def test_what_a_peer_may_send(data: object, fault: str) -> None:
    """Each fault is a `RemoteError` that says what is wrong."""
    with pytest.raises(RemoteError, match=fault):
        raise FAILURES.decode(data)


def test_deep_and_wide_data_of_a_peer() -> None:
    """Neither recursion nor the number of exceptions is without bounds."""
    nested: object = "x"
    for _ in range(5_000):
        nested = [nested]
    assert "is no value" in malformed(GOOD | {"args": [nested]})
    group: dict[str, object] = dict(GOOD)
    for _ in range(5_000):
        group = (
            GOOD
            | {"type": "builtins.ExceptionGroup", "args": ["g"]}
            | {"exceptions": [group]}
        )
    exc, level = FAILURES.decode(group), 0
    while isinstance(exc, ExceptionGroup):
        [exc], level = exc.exceptions, level + 1
    assert type(exc) is RemoteError
    assert level == 16
    wide = GOOD | {"type": "builtins.ExceptionGroup", "args": ["g"]}
    assert "with 1024 exceptions" in malformed(wide | {"exceptions": [GOOD] * 5_000})
    long = FAILURES.decode(GOOD | {"traceback": "x" * 1_000_000})
    assert len(long.__notes__[0]) < 17_000


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs", "L"]))
    | st.binary()
    | st.builds(AgentId, st.just("a"), st.text()),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.text()), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=20)
@given(args=st.lists(plain, max_size=4), attribute=plain)
def test_plain_values_come_back_equal(args: list[object], attribute: object) -> None:
    """Whatever they are made of, in arguments as in attributes."""
    exc = ValueError(*args)
    exc.__dict__["detail"] = attribute
    came = travel(exc)
    assert type(came) is ValueError
    assert repr(came.args) == repr(exc.args)
    assert came.args == exc.args
    assert came.__dict__["detail"] == attribute


@settings(max_examples=20)
@given(
    args=st.lists(plain, max_size=4),
    kind=st.sampled_from(sorted(Failures()._classes)),
    names=st.dictionaries(
        st.text() | st.sampled_from(["start", "text", "errno"]), plain
    ),
)
def test_no_data_of_a_peer_raises(
    args: list[object], kind: str, names: dict[str, object]
) -> None:
    """Neither when it is read nor when what came of it is shown."""
    written = Failures().encode(ValueError(*args))
    data = written | {"type": kind, "attributes": names, "exceptions": [written]}
    exc = Failures().decode(data)
    assert isinstance(exc, Exception)
    assert isinstance(str(exc), str)
    traceback.format_exception(exc)


@settings(max_examples=20)
@given(
    data=st.recursive(
        plain, lambda x: st.dictionaries(st.sampled_from(sorted(GOOD)), x)
    )
)
def test_no_other_data_raises_either(data: object) -> None:
    """Not even what looks like nothing that was ever sent."""
    assert isinstance(FAILURES.decode(data), RemoteError)


@settings(max_examples=20)
@given(
    text=st.text(st.characters()) | st.text(st.characters(categories=["Cs"])),
    times=st.integers(1, 3_000),
    limit=st.integers(1024, 5_000),
    count=st.integers(0, 10),
)
def test_the_limit_holds(text: str, times: int, limit: int, count: int) -> None:
    """Whatever an exception holds, its bytes in MessagePack are counted."""
    exc: Exception = ValueError(text * times, {text: times}, text)
    exc.add_note(text * times)
    if count:
        exc = ExceptionGroup(text, [exc] * count)
        exc.add_note(text)
    assert len(msgpack.packb(Failures(limit=limit).encode(exc))) <= limit


def test_not_a_number_comes_back() -> None:
    """A NaN is one afterwards, and so is an infinity."""
    exc = travel(ValueError(float("nan"), float("inf")))
    assert repr(exc.args) == "(nan, inf)"


def test_the_readers_lists_may_be_tuples() -> None:
    """Whether MessagePack was read with ``use_list`` does not matter."""
    data = msgpack.packb(FAILURES.encode(ValueError([1], (2,), {3: [4]})))
    exc = FAILURES.decode(msgpack.unpackb(data, use_list=False))
    assert exc.args == ([1], (2,), {3: [4]})


@pytest.mark.parametrize(
    "kind",
    [ToolNotFoundException, InvalidToolArgumentsException, ToolExecutionException],
)
def test_exceptions_of_actrio_are_rebuilt_wherever_they_are_defined(
    kind: type[ToolException],
) -> None:
    """A loop that calls tools tells them apart by their class."""
    error = Failures().decode(Failures().encode(kind("1", "Error: no", "tool")))
    assert type(error) is kind
    assert isinstance(error, ToolException)
    assert (error.call_id, error.content, error.name) == ("1", "Error: no", "tool")


def test_a_name_that_only_looks_like_one_of_actrio_is_rebuilt_nowhere() -> None:
    """A user's class of a package with a similar name is as any other of the user's."""
    kind = type("Odd", (ActrioError,), {"__module__": "actrio_extras.errors"})
    assert type(Failures().decode(Failures().encode(kind("x")))) is RemoteError
