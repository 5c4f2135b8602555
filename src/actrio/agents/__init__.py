"""Who handles messages: agent classes, and the decorators that declare handlers."""

from ._base import BaseAgent
from ._closure import ClosureAgent, ClosureContext
from ._decorators import event, message_handler, rpc
from ._handlers import RpcCall
from ._proxy import AgentProxy
from ._routed import RoutedAgent

__all__ = [
    "AgentProxy",
    "BaseAgent",
    "ClosureAgent",
    "ClosureContext",
    "RoutedAgent",
    "RpcCall",
    "event",
    "message_handler",
    "rpc",
]
