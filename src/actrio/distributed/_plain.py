"""Values of exceptions, as what MessagePack can carry, and back.

MessagePack knows None, bool, int of 64 bits, float, str in UTF-8, bytes, list and map.
What it would change or refuse is wrapped in a map with one key that says what it is:

====================  ===============================================================
``{"tuple": [...]}``  a tuple
``{"dict": [...]}``   a dict with keys of any plain kind, as pairs
``{"int": "..."}``    an int of more than 64 bits, in hexadecimal
``{"text": b"..."}``  a str with lone surrogates
``{"agent": [...]}``  an `AgentId`, as type and key
``{"repr": "..."}``   anything else: only what ``repr()`` showed of it
====================  ===============================================================

So every map is one of these, and a dict of the user cannot be taken for one.
Subclasses come back as what they extend (a named tuple as a tuple), which is equal, and
paths as text. Nothing is imported, and no code of the user runs on the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final, TypeVar, cast

from ..identity import AgentId

DEPTH: Final = 16
"""How deep values nest; what lies deeper is shown by its ``repr()``."""
REPR_CHARACTERS: Final = 1000
"""How much of a ``repr()`` is kept."""
T = TypeVar("T")
_INT: Final = 2**63
_HEAD: Final = 9  # the most that MessagePack puts before a value


class TooLarge(Exception):
    """A value takes more bytes than are left."""


class Malformed(Exception):
    """What came from a peer is nothing that this module wrote."""


class Writer:
    """Turns values into plain ones, and counts the bytes that they may take.

    Args:
        room: How many bytes all values together may take in MessagePack.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.lost = 0
        """How many values became their ``repr()``."""

    def take(self, size: int) -> None:
        """Count bytes.

        Raises:
            TooLarge: If there is no room for them.
        """
        if size > self.room:
            raise TooLarge
        self.room -= size

    def write(self, value: object, level: int = 0) -> object:
        """Return a value as a plain one.

        Raises:
            TooLarge: If there is no room for it.
        """
        self.take(_HEAD)
        if value is None or isinstance(value, bool):
            return value
        if level < DEPTH:
            match value:
                case int():
                    return self._int(int.__index__(value))
                case float():
                    return float.__float__(value)
                case str():
                    return self._text(str.__str__(value))
                case bytes():
                    self.take(bytes.__len__(value))
                    return bytes.__getitem__(value, slice(None))
                case PurePath():
                    return self._text(str(value))
                case AgentId():
                    return self._wrap("agent", [value.type, value.key], level)
                case list():
                    return self._all(cast("list[object]", value), level)
                case tuple():
                    items = cast("tuple[object, ...]", value)
                    return self._wrap("tuple", items, level)
                case dict():
                    return self._dict(cast("dict[object, object]", value), level)
                case _:
                    pass
        self.lost += 1
        return {"repr": self.text(shown(value), 4 * REPR_CHARACTERS)}

    def text(self, text: str, size: int) -> str:
        """Return a text that is for people, with lone surrogates spelt out.

        Args:
            text: It is shortened in its middle,
            size: if it takes more bytes than this.

        Raises:
            TooLarge: If there is no room for it.
        """
        text = shorten(text, size).encode(errors="backslashreplace").decode()
        if len(text.encode()) > size:
            text = shorten(text, size // 4)  # a character takes four bytes at most
        self.take(2 * _HEAD + len(text.encode()))
        return text

    def _int(self, value: int) -> object:
        if -_INT <= value < _INT:
            return value
        self.take(2 * _HEAD + value.bit_length() // 4 + 4)
        return {"int": hex(value)}

    def _text(self, text: str) -> object:
        self.take(len(text))
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = text.encode(errors="surrogatepass")
            self.take(2 * _HEAD + len(data) - len(text))
            return {"text": data}
        self.take(len(data) - len(text))
        return text

    def _dict(self, value: dict[object, object], level: int) -> object:
        self.take(2 * _HEAD)
        pairs: list[object] = []
        for key, item in value.items():
            self.take(_HEAD)
            pairs.append([self.write(key, level + 1), self.write(item, level + 1)])
        return {"dict": pairs}

    def _wrap(self, kind: str, items: Iterable[object], level: int) -> object:
        self.take(2 * _HEAD)
        return {kind: self._all(items, level)}

    def _all(self, items: Iterable[object], level: int) -> list[object]:
        return [self.write(item, level + 1) for item in items]


def read(value: object, level: int = 0) -> object:
    """Return the value that `Writer.write` was given.

    Raises:
        Malformed: If it wrote no such thing.
    """
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if level <= 3 * DEPTH:  # a dict takes three levels
        # Not subclasses: what MessagePack knows beyond these may come as one.
        if type(value) in {list, tuple}:
            items = cast("list[object]", value)
            return [read(item, level + 1) for item in items]
        kind, inner = _unwrapped(value)
        reader = _READERS.get(kind)
        if reader is not None:
            return reader(inner, level + 1)
    message = f"{shown(value, 100)} is no value of an exception"
    raise Malformed(message)


def _unwrapped(value: object) -> tuple[str, object]:
    """Return what a map with one key holds, and ``""`` for anything else."""
    if type(value) is dict:
        pairs = list(cast("dict[object, object]", value).items())
        if len(pairs) == 1 and isinstance(pairs[0][0], str):
            return pairs[0][0], pairs[0][1]
    return "", None


def _expect(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        message = f"{shown(value, 100)} must be a {kind.__name__}"
        raise Malformed(message)
    return value


def _read_tuple(inner: object, level: int) -> object:
    return tuple(cast("list[object]", _expect(list, read(inner, level))))


def _read_dict(inner: object, level: int) -> object:
    pairs = cast("list[object]", _expect(list, read(inner, level)))
    try:
        return dict(cast("list[tuple[object, object]]", pairs))
    except (TypeError, ValueError) as exc:
        message = f"{shown(pairs, 100)} must be pairs of a dict: {exc}"
        raise Malformed(message) from None


def _read_int(inner: object, _: int) -> object:
    try:
        return int(_expect(str, inner), 16)
    except ValueError as exc:
        raise Malformed(str(exc)) from None


def _read_text(inner: object, _: int) -> object:
    try:
        return _expect(bytes, inner).decode(errors="surrogatepass")
    except UnicodeDecodeError as exc:
        raise Malformed(str(exc)) from None


def _read_agent(inner: object, level: int) -> object:
    parts = cast("list[object]", _expect(list, read(inner, level)))
    try:
        name, key = parts
        return AgentId(_expect(str, name), _expect(str, key))
    except ValueError as exc:
        raise Malformed(str(exc)) from None


def _read_repr(inner: object, _: int) -> object:
    return _expect(str, inner)


_READERS: Final[dict[str, Callable[[object, int], object]]] = {
    "tuple": _read_tuple,
    "dict": _read_dict,
    "int": _read_int,
    "text": _read_text,
    "agent": _read_agent,
    "repr": _read_repr,
}


def shown(value: object, characters: int = REPR_CHARACTERS) -> str:
    """Return what ``repr()`` shows of any value, shortened, and never raise.

    Only Ctrl-C gets through.
    """
    return shorten(guarded(repr, value), characters)


def guarded(show: Callable[[object], str], value: object) -> str:
    """Call ``str`` or ``repr``, which may run any code of the user, and never raise.

    Only Ctrl-C gets through: a ``__repr__`` that raises `KeyboardInterrupt` by itself
    cannot be told from it.
    """
    try:
        return str.__str__(show(value))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the user's code raises what it likes
        return f"<{show.__name__}() failed>"


def shorten(text: str, size: int) -> str:
    """Return a text of at most ``size`` characters, with its middle left out."""
    if len(text) <= size:
        return text
    gap = f" ... {len(text) - size} characters and more left out ... "
    rest = max(size - len(gap), 0)
    return f"{text[: rest - rest // 2]}{gap}{text[len(text) - rest // 2 :]}"[:size]
