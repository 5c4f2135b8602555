"""Why a call of a tool has no result."""

import copy
import pickle

import pytest

from actrio.exceptions import ActrioError
from actrio.tool_agent import (
    InvalidToolArgumentsException,
    ToolException,
    ToolExecutionException,
    ToolNotFoundException,
)

KINDS = [
    InvalidToolArgumentsException,
    ToolExecutionException,
    ToolNotFoundException,
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_the_model_is_told(kind: type[ToolException]) -> None:
    """It is an ordinary error, and survives a copy."""
    error = kind(call_id="1", content="Error: no", name="tool")
    assert isinstance(error, ToolException | ActrioError)
    assert str(error) == "Error: no"
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(other) is kind
        assert (other.call_id, other.content, other.name) == ("1", "Error: no", "tool")
