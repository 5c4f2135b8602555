"""Which module of actrio stands in for which of autogen_core."""

from typing import Final

__all__ = ["THEIRS", "target_of"]

THEIRS: Final = "autogen_core"
"""The package that actrio takes the place of."""

_OURS: Final = "actrio"

_PUBLIC: Final = frozenset(
    {
        "",
        "code_executor",
        "exceptions",
        "logging",
        "memory",
        "model_context",
        "models",
        "tool_agent",
        "tools",
        "utils",
    }
)
"""The modules whose names users import, which actrio has too."""

_PRIVATE: Final = {
    "_agent": "",
    "_agent_id": "",
    "_agent_instantiation": "",
    "_agent_metadata": "",
    "_agent_proxy": "",
    "_agent_runtime": "",
    "_agent_type": "",
    "_base_agent": "",
    "_cache_store": "",
    "_cancellation_token": "",
    "_closure_agent": "",
    "_component_config": "",
    "_constants": "",
    "_default_subscription": "",
    "_default_topic": "",
    "_image": "",
    "_intervention": "",
    "_message_context": "",
    "_message_handler_context": "",
    "_routed_agent": "",
    "_serialization": "serialization",
    "_single_threaded_agent_runtime": "",
    "_subscription": "",
    "_subscription_context": "",
    "_topic": "",
    "_type_prefix_subscription": "",
    "_type_subscription": "",
    "_types": "",
    "code_executor._base": "code_executor",
    "code_executor._func_with_reqs": "code_executor",
    "memory._base_memory": "memory",
    "memory._list_memory": "memory",
    "model_context._chat_completion_context": "model_context",
    "models._model_client": "models",
    "models._types": "models",
    "tool_agent._caller_loop": "tool_agent",
    "tool_agent._tool_agent": "tool_agent",
    "tools._base": "tools",
    "tools._function_tool": "tools",
    "tools._static_workbench": "tools",
    "tools._workbench": "tools",
    "utils._json_to_pydantic": "utils",
}
"""Private modules that others import public things from, and where those are.

Such an import works in autogen_core by accident, and is common: parts of autogen_ext
have some. What is private *in* these modules is not here.
"""


def target_of(module: str) -> str | None:
    """Return the module that stands in for one of autogen_core; None if none does.

    Args:
        module: Its full name, such as ``"autogen_core.models"``.
    """
    package, _, rest = module.partition(".")
    if package != THEIRS:
        return None
    where = rest if rest in _PUBLIC else _PRIVATE.get(rest)
    if where is None:
        return None
    return f"{_OURS}.{where}" if where else _OURS
