"""How a state becomes text and comes back, and what may be a key."""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any, Final, cast

from .. import _json
from ..exceptions import StateKeyInvalid, StateNotStorable

_KEY_BYTES: Final = 1024
_ROOT: Final = "state"


def check_key(key: str) -> str:
    """Return a key that may be used.

    Raises:
        StateKeyInvalid: If it may not.
    """
    return _check_text(key, "key", at_least=1)


def check_prefix(prefix: str) -> str:
    """Return a prefix of keys, which may be empty.

    Raises:
        StateKeyInvalid: If no key can begin with it.
    """
    return _check_text(prefix, "prefix", at_least=0)


def _check_text(text: object, name: str, *, at_least: int) -> str:
    if not isinstance(text, str):
        message = f"{name} {short_repr(text)} must be a str; write str(agent_id)"
        raise StateKeyInvalid(message, text)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = -1
    if not at_least <= size <= _KEY_BYTES:
        message = (
            f"{name} {short_repr(text)} must be {at_least} to {_KEY_BYTES} bytes of "
            "UTF-8; use a shorter name or a hash of it"
        )
        raise StateKeyInvalid(message, text)
    return text


def encode(key: str, state: object) -> str:
    """Return a state as text. It came out of user code, so it may be anything.

    Raises:
        StateNotStorable: If `decode` would not give back an equal state.
    """
    try:
        if not isinstance(state, Mapping):
            raise _json.NotJson(_ROOT, _json.is_a(state))
        return _json.encode(dict(cast("Mapping[object, object]", state)), _ROOT)
    except _json.NotJson as exc:
        message = (
            f"the state of {key!r} cannot be stored: {exc}; a state is made of "
            f"{_json.RULE}; convert the rest in save_state()"
        )
        raise StateNotStorable(message, key, exc.path) from None


def encode_all(
    states: Mapping[str, Mapping[str, Any] | None],
) -> dict[str, str | None]:
    """Return states as text by key, None for those that are to be deleted.

    They are copies, made before the first wait: the caller may go on changing the states.

    Raises:
        StateKeyInvalid: If a key may not be used.
        StateNotStorable: If `decode` would not give back an equal state.
    """
    return {
        check_key(key): None if state is None else encode(key, state)
        for key, state in states.items()
    }


def check_keys(versions: Mapping[str, int]) -> dict[str, int]:
    """Return versions by key, if all keys may be used.

    Raises:
        StateKeyInvalid: If one may not.
    """
    return {check_key(key): version for key, version in versions.items()}


def decode(text: str) -> dict[str, Any]:
    """Return the state that `encode` was given."""
    state: dict[str, Any] = _json.decode(text)
    return state
