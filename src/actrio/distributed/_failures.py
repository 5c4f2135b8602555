"""How exceptions travel between processes.

An exception is written as its class's name, its text, its traceback as text, and, if
the class may be rebuilt, its arguments, attributes and notes. Which classes those are
is known on both sides: Python's own, those of actrio, as far as their modules are imported,
and the ones that the user lists. A name is looked up among them, and nothing is ever
imported because a peer named it. All else is a `RemoteError`.

- What is no `Exception` is never rebuilt: a remote must not end this program
  (`SystemExit`, `KeyboardInterrupt`), nor look like a cancellation of its own.
- A user's class is rebuilt without its ``__new__`` and ``__init__``, whose parameters
  nobody knows: its nearest builtin base is given the arguments, then the attributes are
  put where they were, in ``__dict__`` and in slots. So no code of the user runs.
- An argument or attribute that is no plain value becomes its ``repr()``. Where the
  arguments have a meaning by their type, as those of `OSError`, that would be a lie, and
  the exception is a `RemoteError`. ``AttributeError.obj`` stays behind.
- Causes and contexts are in the traceback's text only.
- Each exception has a share of the bytes allowed, and divides what is left of it among
  those of its group, so a group of any size stays within the limit.
"""

from __future__ import annotations

import builtins
import itertools
import traceback
from collections.abc import Iterable, Iterator
from types import MemberDescriptorType
from typing import Final, cast

from .. import exceptions
from ..exceptions import ActrioError, RemoteError
from ._plain import Malformed, TooLarge, Writer, guarded, read, shorten, shown

LIMIT: Final = 64 * 1024
TRACEBACK_BYTES: Final = 16 * 1024
LEVELS: Final = 16
"""How deep groups nest; a deeper one is a `RemoteError`."""
COUNT: Final = 1024
"""How many exceptions of one group are read."""
_SHARE: Final = 1024  # the bytes that any exception needs
_NAME_BYTES: Final = 200
_FRAME: Final = 150  # the keys, and what MessagePack puts before them
_HEADING: Final = "Remote traceback:"
_UNREADABLE: Final = "another worker sent a failure that cannot be read"

_BUILTIN: Final[dict[type[BaseException], None]] = {
    kind: None
    for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}
_OWN: Final[tuple[type[BaseException], ...]] = tuple(
    getattr(exceptions, name) for name in exceptions.__all__
)
_PACKAGE: Final = "actrio."
_FIXED: Final = (OSError, StopIteration, SyntaxError, UnicodeError)
"""Classes whose arguments have types, so that a ``repr()`` cannot stand for one."""


_WITH_PLACE: Final = (UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError)


class Failures:
    """Which exceptions are rebuilt in another process, and how they get there.

    Both sides must list a class for it to be rebuilt.

    Args:
        allowed: The user's classes, which may be local to a function. Subclasses of one
            are not meant by it.
        limit: How many bytes an exception may take in MessagePack. One that needs more
            arrives as a `RemoteError` with a shortened text.

    Raises:
        TypeError: If one of them is no exception class, or ``limit`` is no int.
        ValueError: If one is no `Exception`, as `SystemExit`, if two have one name, if
            a name takes more than 200 bytes, or if ``limit`` is less than 1024.
    """

    def __init__(
        self, allowed: Iterable[type[BaseException]] = (), *, limit: int = LIMIT
    ) -> None:
        if type(limit) is not int:
            message = f"limit {shown(limit)} must be an int, a number of bytes"
            raise TypeError(message)
        if limit < _SHARE:
            message = f"limit {limit} must be at least {_SHARE} bytes"
            raise ValueError(message)
        self._limit = limit
        known: list[type[BaseException]] = list(_BUILTIN)
        known = [kind for kind in known if _may_be_rebuilt(kind)]
        self._classes = {_name_of(kind): kind for kind in (*known, *_OWN)}
        for kind in _each(allowed):
            if self._classes.setdefault(_name_of(kind), kind) is not kind:
                message = (
                    f"two classes are called {_name_of(kind)!r}, and names tell what is "
                    "to be rebuilt; give one of them another name"
                )
                raise ValueError(message)

    def encode(self, exc: BaseException) -> dict[str, object]:
        """Return an exception as plain values, of ``limit`` bytes at most.

        It never raises, whatever the exception's class does; only Ctrl-C gets through.
        """
        try:
            return self._write(exc, self._limit, 0)[0]
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - the user's code raises what it likes
            message = "it failed with an exception that cannot be described"
            return {"type": "", "message": message, "traceback": ""}

    def decode(self, data: object) -> BaseException:
        """Return the exception that `encode` was given on another worker.

        It carries a note with the traceback there; see `with_origin`. It never raises:
        whatever else a peer may send gives a `RemoteError` that says what is wrong.
        """
        try:
            return self._read(data, 0, itertools.count())
        except Exception as why:  # noqa: BLE001 - a peer may send anything
            return _noted(RemoteError(f"{_UNREADABLE}: {shorten(str(why), 500)}"), "")

    def _write(
        self, exc: BaseException, room: int, level: int
    ) -> tuple[dict[str, object], int]:
        """Return an exception as plain values, and how much of its room is left."""
        writer = Writer(room - _FRAME)
        name = _name_of(type(exc))
        data: dict[str, object] = {
            "type": writer.text(name, _NAME_BYTES),
            "message": writer.text(guarded(str, exc), room // 4),
            "traceback": writer.text(_traceback(exc), min(TRACEBACK_BYTES, room // 4)),
        }
        left = writer.room
        if self._kind(name) is type(exc):
            try:
                data |= self._write_parts(exc, writer, level)
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 - `TooLarge`, or code of the user
                writer.room = left
        notes = list(_write_notes(exc, writer))
        if notes:
            data["notes"] = notes
        return data, writer.room

    def _write_parts(
        self, exc: BaseException, writer: Writer, level: int
    ) -> dict[str, object]:
        """Return what an exception is rebuilt from; nothing if that makes no sense."""
        group = _as_group(exc)
        reduced = cast("tuple[type, tuple[object, ...]]", BaseException.__reduce__(exc))
        args = reduced[1] if group is None else (group.message,)
        parts: dict[str, object] = {
            "args": [writer.write(arg) for arg in args],
            "attributes": {
                writer.text(name, 4 * len(name)): writer.write(value)
                for name, value in _attributes(exc).items()
            },
        }
        if writer.lost and isinstance(exc, _FIXED):
            raise TooLarge
        if group is not None:
            parts["exceptions"] = self._write_group(group.exceptions, writer, level + 1)
        return parts

    def _write_group(
        self, group: tuple[BaseException, ...], writer: Writer, level: int
    ) -> list[object]:
        """Return the exceptions of a group, or as many as there is room for."""
        room = writer.room * 3 // 4  # the rest is for notes
        count = min(len(group), (room - _SHARE // 4) // _SHARE, COUNT // LEVELS)
        if count < 1 or level > LEVELS:
            raise TooLarge
        writer.take(room)
        room -= _SHARE // 4  # for the last line below
        written: list[object] = []
        for number, exc in enumerate(group[:count]):
            share = room // (count - number)
            data, left = self._write(exc, share, level)
            room -= share - left
            written.append(data)
        writer.room += room
        if count < len(group):
            message = (
                f"{len(group) - count} more exceptions of this group were left out"
            )
            written.append({"type": "", "message": message, "traceback": ""})
        return written

    def _read(self, data: object, level: int, counter: Iterator[int]) -> BaseException:
        if level > LEVELS or next(counter) >= COUNT:
            message = f"groups nest at most {LEVELS} deep, with {COUNT} exceptions"
            raise Malformed(message)
        fields = _fields(data)
        name, message, text = (
            _text(fields, key) for key in ("type", "message", "traceback")
        )
        text = shorten(text, TRACEBACK_BYTES)
        notes = [
            _text({"a note": read(note)}, "a note") for note in _list(fields, "notes")
        ]
        exc: BaseException | None = None
        try:
            exc = self._rebuild(name, fields, level, counter)
        except Exception as why:  # noqa: BLE001 - constructors raise what they like
            message = f"{message} (not rebuilt: {shorten(guarded(str, why), 500)})"
        if exc is None:
            exc = RemoteError(message, name, text)
        return _noted(exc, text, notes)

    def _kind(self, name: str) -> type[BaseException] | None:
        """Return the class of this name, if it may be rebuilt."""
        if name not in self._classes and name.startswith(_PACKAGE):
            self._classes |= {_name_of(kind): kind for kind in _own(ActrioError)}
        return self._classes.get(name)

    def _rebuild(
        self,
        name: str,
        fields: dict[object, object],
        level: int,
        counter: Iterator[int],
    ) -> BaseException | None:
        kind = self._kind(name)
        if kind is None or "args" not in fields:
            return None
        args = [read(arg) for arg in _list(fields, "args")]
        if BaseExceptionGroup in kind.__mro__:
            group = _list(fields, "exceptions")
            args.append([self._read(one, level + 1, counter) for one in group])
        exc = _made(kind, args)
        places = _places(kind)
        for attribute, value in _fields(fields.get("attributes", {})).items():
            if not isinstance(attribute, str) or attribute.startswith("__"):
                message = f"{shown(attribute, 100)} cannot be an attribute"
                raise Malformed(message)
            if attribute in places:
                places[attribute].__set__(exc, read(value))
            else:
                exc.__dict__[attribute] = read(value)
        _check(exc)
        return exc


def with_origin(exc: BaseException, origin: str) -> BaseException:
    """Say where an exception was raised that `Failures.decode` returned, and return it.

    Args:
        exc: The exception. Those of a group are told too.
        origin: As in ``"agent clerk/one on worker w1"``.
    """
    notes: list[str] = exc.__dict__["__notes__"]
    notes[-1] = f"Traceback in {origin}:{notes[-1].removeprefix(_HEADING)}"
    group = _as_group(exc)
    for one in () if group is None else group.exceptions:
        with_origin(one, origin)
    return exc


def _as_group(exc: BaseException) -> BaseExceptionGroup[BaseException] | None:
    is_group = issubclass(type(exc), BaseExceptionGroup)
    return cast("BaseExceptionGroup[BaseException]", exc) if is_group else None


def _each(allowed: Iterable[type[BaseException]]) -> Iterator[type[BaseException]]:
    try:
        kinds: list[object] = list(allowed)
    except TypeError:
        message = f"allowed {shown(allowed)} must be a list of exception classes"
        raise TypeError(message) from None
    for each in kinds:
        given = each
        if not (isinstance(given, type) and issubclass(given, BaseException)):
            message = f"allowed {shown(each)} must be an exception class"
            raise TypeError(message)
        kind: type[BaseException] = given
        if not _may_be_rebuilt(kind):
            message = (
                f"allowed {shown(kind)} must be a subclass of Exception: a remote must "
                "not end this program"
            )
            raise ValueError(message)
        if len(_name_of(kind).encode(errors="replace")) > _NAME_BYTES:
            message = (
                f"the name {_name_of(kind)!r} must take {_NAME_BYTES} bytes at most"
            )
            raise ValueError(message)
        yield kind


def _may_be_rebuilt(kind: type[BaseException]) -> bool:
    # The group becomes an ExceptionGroup, since all in it are an Exception by then.
    return issubclass(kind, Exception) or kind is BaseExceptionGroup


def _own(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield the classes of actrio that are imported, below one of them."""
    for one in kind.__subclasses__():
        if one.__module__.startswith(_PACKAGE):
            yield one
        yield from _own(one)


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _traceback(exc: BaseException) -> str:
    """Return a traceback without what is sent beside it: the notes, and the group."""
    width = 15 if _as_group(exc) is None else 0
    try:
        shown_as = traceback.TracebackException(
            type(exc), exc, exc.__traceback__, compact=True, max_group_width=width
        )
        # Otherwise each hop would repeat the tracebacks of those before it.
        shown_as.__notes__ = None
        return "".join(shown_as.format())
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - attributes may be the user's properties
        return "(the traceback cannot be shown)"


def _write_notes(exc: BaseException, writer: Writer) -> Iterator[object]:
    notes = exc.__dict__.get("__notes__")
    if isinstance(notes, list):
        for note in cast("list[object]", notes):
            if writer.room < _SHARE // 4:
                return
            text = note if isinstance(note, str) else shown(note)
            yield writer.write(shorten(text, writer.room // 5))


def _attributes(exc: BaseException) -> dict[str, object]:
    found: dict[str, object] = {
        name: value for name, value in exc.__dict__.items() if not name.startswith("__")
    }
    for name, place in _places(type(exc)).items():
        try:
            value: object = place.__get__(exc, type(exc))
        except AttributeError:
            continue  # a slot that was never filled
        if value is not None:
            found[name] = value
    return found


def _places(kind: type[BaseException]) -> dict[str, MemberDescriptorType]:
    """Return the slots of a class: what does not lie in ``__dict__``."""
    return {
        name: place
        for one in reversed(kind.__mro__)
        if one is not BaseExceptionGroup  # its parts are read-only, and go as arguments
        for name, place in vars(one).items()
        if isinstance(place, MemberDescriptorType)
        if not name.startswith("__") and (one, name) != (AttributeError, "obj")
    }


def _made(kind: type[BaseException], args: list[object]) -> BaseException:
    if kind in _OWN:
        return kind(*args)  # so that attributes which a peer does not know exist
    base = kind
    while base not in _BUILTIN:
        base = cast("type[BaseException]", base.__base__)
    exc: BaseException = base.__new__(kind, *args)
    base.__init__(exc, *args)
    return exc


def _check(exc: BaseException) -> None:
    """Find parts that only Python itself may not find, when it shows the exception.

    Raises:
        Malformed: If there are some.
    """
    if isinstance(exc, _WITH_PLACE) and min(exc.start, exc.end) < 0:
        # Python would read memory in front of the text.
        message = f"{exc.start} to {exc.end} is no place in a text"
        raise Malformed(message)
    if isinstance(exc, SyntaxError):
        texts: list[object] = [exc.filename, exc.text]
        places: list[object] = [exc.lineno, exc.offset, exc.end_lineno, exc.end_offset]
        if not (
            all(text is None or isinstance(text, str) for text in texts)
            and all(place is None or isinstance(place, int) for place in places)
        ):
            message = f"{shown([*texts, *places], 100)} is no place in a program"
            raise Malformed(message)
    if type(exc) in _BUILTIN or type(exc) in _OWN:
        str(exc)


def _fields(data: object) -> dict[object, object]:
    if not isinstance(data, dict):
        message = f"{shown(data, 100)} must be a map"
        raise Malformed(message)
    return cast("dict[object, object]", data)


def _text(fields: dict[object, object] | dict[str, object], key: str) -> str:
    value = cast("dict[object, object]", fields).get(key)
    if not isinstance(value, str):
        message = f"{key} {shown(value, 100)} must be a text"
        raise Malformed(message)
    return value


def _list(fields: dict[object, object], key: str) -> list[object]:
    value = fields.get(key, [])
    if not isinstance(value, list | tuple):
        message = f"{key} {shown(value, 100)} must be a list"
        raise Malformed(message)
    return list(cast("list[object]", value))


def _noted(exc: BaseException, text: str, notes: Iterable[str] = ()) -> BaseException:
    """Give an exception its notes, without any code of its class."""
    exc.__dict__["__notes__"] = [*notes, f"{_HEADING}\n{text.rstrip() or '(none)'}"]
    return exc
