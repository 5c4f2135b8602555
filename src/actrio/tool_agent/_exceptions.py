"""Why a call of a tool has no result; the text is for the model as well."""

from ..exceptions import ActrioError

__all__ = [
    "InvalidToolArgumentsException",
    "ToolException",
    "ToolExecutionException",
    "ToolNotFoundException",
]


class ToolException(ActrioError):
    """A call of a tool failed.

    Args:
        call_id: Which call.
        content: What a model is told.
        name: The tool, as the call named it.
    """

    call_id: str
    """Which call."""

    content: str
    """What a model is told."""

    name: str
    """The tool, as the call named it."""

    def __init__(self, call_id: str, content: str, name: str) -> None:
        super().__init__(call_id, content, name)
        self.call_id = call_id
        self.content = content
        self.name = name

    def __str__(self) -> str:
        return self.content


class ToolNotFoundException(ToolException):
    """There is no tool of this name."""


class InvalidToolArgumentsException(ToolException):
    """The arguments are no JSON object, or do not fit the tool."""


class ToolExecutionException(ToolException):
    """The tool raised an error, which is the ``__cause__``."""
