"""A pytest plugin: autogen_core is actrio, and is not installed at all.

Some tests import a private name where they mean a public thing. Those names are made of
the public things here, so that the tests say what they have to say.
"""

import datetime
import importlib.util
import inspect
import ipaddress
import sys
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any, get_type_hints

assert importlib.util.find_spec("autogen_core") is None, "autogen_core is installed"

import actrio.autogen  # noqa: E402
from actrio.agents._annotations import message_types  # noqa: E402
from actrio.components._providers import provider_of  # noqa: E402
from actrio.exceptions import (  # noqa: E402
    FormatNotSupportedError,
    HandlerSignatureError,
    ReferenceNotFoundError,
    UnsupportedKeywordError,
)
from actrio.serialization import SerializationRegistry  # noqa: E402
from actrio.serialization._known import (  # noqa: E402
    JsonMessageSerializer,
    PydanticMessageSerializer,
)
from actrio.utils import schema_to_pydantic_model  # noqa: E402

actrio.autogen.install(
    trusted_namespaces=[
        "autogen_test_utils",
        "test_component_config",
        "test_declarative_components",
        "test_group_chat_graph",
        "test_workbench",
    ]
)

import autogen_core  # noqa: E402


class _Registry(SerializationRegistry):
    """`actrio.serialization.SerializationRegistry`, with names of autogen_core."""

    add_serializer = SerializationRegistry.add

    def type_name(self, message: object) -> str:
        if isinstance(message, type):
            return self._name_of(message)
        return super().type_name(message)


class _JSONSchemaToPydantic:
    """`actrio.utils.schema_to_pydantic_model`, as a method."""

    def json_schema_to_pydantic(self, schema: dict[str, Any], model_name: str) -> Any:
        return schema_to_pydantic_model(schema, model_name)


def _typed_signature(call: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(call)
    hints = get_type_hints(call, include_extras=True)
    return signature.replace(
        parameters=[
            parameter.replace(annotation=hints.get(name, parameter.annotation))
            for name, parameter in signature.parameters.items()
        ],
        return_annotation=hints.get("return", signature.return_annotation),
    )


def _types(annotation: object) -> tuple[type, ...] | None:
    if annotation is None:
        annotation = type(None)
    try:
        return message_types(annotation, "a test")
    except HandlerSignatureError:
        return None


def _has_nested_base_model(cls: type[Any]) -> bool:
    message = f"actrio writes {cls} whatever is nested in it, and need not ask"
    raise NotImplementedError(message)


_STAND_INS: dict[str, dict[str, object]] = {
    "_component_config": {"_type_to_provider_str": provider_of},
    "_function_utils": {"get_typed_signature": _typed_signature},
    "_serialization": {
        "DataclassJsonMessageSerializer": JsonMessageSerializer,
        "PydanticJsonMessageSerializer": PydanticMessageSerializer,
        "SerializationRegistry": _Registry,
        "has_nested_base_model": _has_nested_base_model,
    },
    "_type_helpers": {"AnyType": object, "get_types": _types},
    "utils._json_to_pydantic": {
        "FORMAT_MAPPING": {
            "date": datetime.date,
            "date-time": datetime.datetime,
            "ipv4": ipaddress.IPv4Address,
            "ipv6": ipaddress.IPv6Address,
            "time": datetime.time,
            "uuid": uuid.UUID,
        },
        "TYPE_MAPPING": {
            "array": list,
            "boolean": bool,
            "integer": int,
            "null": type(None),
            "number": float,
            "object": dict,
            "string": str,
        },
        "FormatNotSupportedError": FormatNotSupportedError,
        "ReferenceNotFoundError": ReferenceNotFoundError,
        "UnsupportedKeywordError": UnsupportedKeywordError,
        "_JSONSchemaToPydantic": _JSONSchemaToPydantic,
    },
}

setattr(  # noqa: B010 - type checkers see the real class, which has the method
    autogen_core.SingleThreadedAgentRuntime,
    "_process_next",
    autogen_core.SingleThreadedAgentRuntime.process_next,
)

for _name, _names in _STAND_INS.items():
    try:
        _module = importlib.import_module(f"autogen_core.{_name}")
    except ModuleNotFoundError:
        _module = sys.modules[f"autogen_core.{_name}"] = ModuleType(_name)
    vars(_module).update(_names)
