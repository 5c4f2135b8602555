"""The signatures of actrio begin with those of autogen_core 0.7.5."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any, NotRequired, Required, get_origin

import autogen_core
import pydantic
import pytest
from autogen_core import exceptions as autogen_exceptions
from typing_extensions import get_type_hints, is_typeddict

import actrio
from actrio import exceptions

# The sub-packages; their names are found under `autogen_core` and `actrio` afterwards.
SUBPACKAGES = [
    "code_executor",
    "memory",
    "model_context",
    "models",
    "tool_agent",
    "tools",
    "utils",
]
for subpackage in SUBPACKAGES:
    importlib.import_module(f"autogen_core.{subpackage}")
    importlib.import_module(f"actrio.{subpackage}")

# What is required there and may be left out here, as AutoGen's documents do.
OPTIONAL = {
    "AgentProxy.send_message": {"sender"},
    "AgentType": {"type"},
    "BaseAgent": {"description"},
    "ComponentModel": {"provider"},
    "RoutedAgent": {"description"},
    "trace_create_agent_span": {"agent_name"},
    "trace_invoke_agent_span": {"agent_name"},
}
# What is added and may be given by position, as AutoGen's documents do.
ADDED_BY_POSITION = {
    "BaseAgent": {"runtime"},
    "DropMessage": {"reason"},
    "RoutedAgent": {"runtime"},
}
PROPERTIES = {"CancellationToken.is_cancelled"}  # a call and an attribute
KEYWORD = inspect.Parameter.KEYWORD_ONLY
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def signature(thing: Any) -> list[inspect.Parameter]:
    """The parameters of a callable, the class or instance left out."""
    parameters = list(inspect.signature(thing).parameters.values())
    return [one for one in parameters if one.name not in ("self", "cls")]


def members(name: str) -> Iterator[str]:
    """A public callable and its public methods, as dotted names."""
    theirs = find(autogen_core, name)
    if not callable(theirs) or is_typeddict(theirs):
        return
    yield name
    if inspect.isclass(theirs):
        for member in sorted(dir(theirs)):
            own = not (member.startswith("_") or hasattr(BaseException, member))
            dotted = f"{name}.{member}"
            if own and callable(getattr(theirs, member)) and dotted not in PROPERTIES:
                yield dotted


def find(package: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        package = getattr(package, part)
    return package


NAMES = sorted(autogen_core.__all__)
NAMES += [
    f"{subpackage}.{name}"
    for subpackage in SUBPACKAGES
    for name in sorted(getattr(autogen_core, subpackage).__all__)
]
TYPED_DICTS = [name for name in NAMES if is_typeddict(find(autogen_core, name))]
MODELS = [
    name
    for name in NAMES
    if inspect.isclass(find(autogen_core, name))
    and issubclass(find(autogen_core, name), pydantic.BaseModel)
]


def test_every_name_of_the_core_exists() -> None:
    """None of autogen_core's top-level names is missing."""
    assert set(autogen_core.__all__) <= set(actrio.__all__)


@pytest.mark.parametrize("subpackage", SUBPACKAGES)
def test_every_name_of_a_subpackage_exists(subpackage: str) -> None:
    """None of the names of a sub-package is missing."""
    theirs, ours = getattr(autogen_core, subpackage), getattr(actrio, subpackage)
    assert set(theirs.__all__) <= set(ours.__all__)


@pytest.mark.parametrize("name", [each for name in NAMES for each in members(name)])
def test_signature_begins_with_theirs(name: str) -> None:
    """Names, order, kinds and defaults are theirs; what is added is keyword-only."""
    theirs, ours = find(autogen_core, name), find(actrio, name)
    expected = signature(theirs)
    if [one.kind for one in expected] == list(VARIADIC):
        return  # a protocol's constructor says nothing
    found = {one.name: one for one in signature(ours)}
    added = [one for key, one in found.items() if key not in {p.name for p in expected}]
    anywhere = {one.name for one in added if one.kind not in (KEYWORD, *VARIADIC)}
    assert anywhere == ADDED_BY_POSITION.get(name, set())
    common = [one for one in found.values() if one not in added]
    optional = OPTIONAL.get(name, set())
    assert [describe(one, optional) for one in common] == [
        describe(one, optional) for one in expected
    ]
    assert {one.name for one in common if one.default is not one.empty} >= optional
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


def describe(parameter: inspect.Parameter, optional: set[str]) -> tuple[object, ...]:
    """What must be equal in two parameters; the default of an optional one need not."""
    default = ... if parameter.name in optional else parameter.default
    if inspect.isclass(default) and default is not parameter.empty:
        default = default.__name__  # each package has its own
    return parameter.name, parameter.kind.name, default


@pytest.mark.parametrize("name", NAMES)
def test_public_attributes_exist(name: str) -> None:
    """Every public attribute of a class of theirs exists on ours."""
    theirs, ours = find(autogen_core, name), find(actrio, name)
    if inspect.isclass(theirs):
        missing = {one for one in dir(theirs) if one[0] != "_"} - set(dir(ours))
        missing -= {one for one in missing if one.startswith("internal_")}
        assert not missing


def test_exceptions_exist() -> None:
    """The four exceptions of autogen_core exist and are exceptions."""
    names = [
        name
        for name, value in vars(autogen_exceptions).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert len(names) == 4
    assert all(issubclass(getattr(exceptions, name), Exception) for name in names)


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if isinstance(find(autogen_core, name), str)],
)
def test_constants_are_theirs(name: str) -> None:
    """The constants have autogen_core's values."""
    assert find(actrio, name) == find(autogen_core, name)


@pytest.mark.parametrize("name", MODELS)
def test_pydantic_models_have_their_schema(name: str) -> None:
    """Fields, types and defaults are theirs, apart from what is wider on purpose."""
    theirs, ours = find(autogen_core, name), find(actrio, name)
    assert shape(ours.model_json_schema()) == shape(theirs.model_json_schema())


@pytest.mark.parametrize("name", TYPED_DICTS)
def test_typed_dicts_have_their_keys(name: str) -> None:
    """A dictionary that fits there fits here."""
    theirs, ours = find(autogen_core, name), find(actrio, name)
    assert keys(ours) == keys(theirs)


def test_literals_are_theirs() -> None:
    """The strings that a type checker allows are theirs."""
    theirs, ours = find(autogen_core, "models"), find(actrio, "models")
    assert ours.FinishReasons == theirs.FinishReasons
    assert ours.ModelFamily.ANY == theirs.ModelFamily.ANY


def keys(typed_dict: Any) -> dict[str, bool]:
    """The keys of a TypedDict, and whether each is required.

    Not all of autogen_core's know it themselves, since their annotations are strings.
    """
    hints = get_type_hints(typed_dict, include_extras=True)
    marks: dict[str, Any] = {key: get_origin(hint) for key, hint in hints.items()}
    return {
        key: mark is Required or (mark is not NotRequired and typed_dict.__total__)
        for key, mark in marks.items()
    }


def shape(schema: Any) -> Any:
    """A JSON schema without its descriptions, and without what is wider here."""
    match schema:
        case {"title": "Arguments"}:  # of a FunctionCall: a mapping is taken as well
            return "JSON text"
        case {"title": "Provider"}:  # of a ComponentModel, which need not have one
            return "a provider"
        case dict():
            kept = {key: shape(value) for key, value in schema.items()}
            if isinstance(kept.get("description"), str):
                del kept["description"]
            if kept.get("title") == "ComponentModel":
                kept["required"] = {*kept["required"], "provider"}
            return kept
        case list():
            return [shape(value) for value in schema]
        case _:
            return schema
