"""AutoGen AgentChat on actrio, in one of two ways.

With the real autogen_core beneath it, and only the runtime from here: `AgentChatRuntime`
is given to each team. Or without autogen_core: `install` puts actrio in its place.
"""

import importlib
from typing import TYPE_CHECKING

from .._extras import Needs

with Needs("actrio.autogen"):
    from ._drop_in import install

if TYPE_CHECKING:
    from ._runtime import AgentChatRuntime

__all__ = ["AgentChatRuntime", "install"]

_LATE = {"AgentChatRuntime": "_runtime"}

if not TYPE_CHECKING:  # pragma: no branch

    def __getattr__(name: str) -> object:
        """Import a late name, and keep it."""
        if name not in _LATE:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        with Needs(f"{__name__}.{name}"):
            module = importlib.import_module(f"{__name__}.{_LATE[name]}")
        globals()[name] = value = getattr(module, name)
        return value
