"""What agents remember beside a conversation, and how a model is reminded of it.

The names are those of ``autogen_core.memory``.
"""

from .._extras import Needs

with Needs("actrio.memory"):
    from ._content import MemoryContent, MemoryMimeType
    from ._list import ListMemory
    from ._memory import Memory, MemoryQueryResult, UpdateContextResult

__all__ = [
    "ListMemory",
    "Memory",
    "MemoryContent",
    "MemoryMimeType",
    "MemoryQueryResult",
    "UpdateContextResult",
]
