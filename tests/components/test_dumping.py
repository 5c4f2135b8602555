"""From a component to data."""

import pytest
from pydantic import BaseModel

from actrio import Component, ComponentBase, ComponentModel

from .classes import Outer, Words, WordsConfig


def test_a_component_is_dumped_with_its_class_and_config() -> None:
    """All that is needed to make it again is in the model; what is None is left out."""
    assert Words("hello").dump_component() == ComponentModel(
        provider=f"{Words.__module__}.Words",
        component_type="words",
        version=1,
        component_version=1,
        description="Says some words.",
        label="Words",
        config={"words": "hello"},
    )


def test_a_class_says_what_else_is_dumped() -> None:
    """Label, description and provider are those of the class, if it has any."""
    model = Outer.Inner("x").dump_component()
    assert model.provider == f"{Words.__module__}.Outer.Inner"
    assert (model.label, model.description) == ("within", "stands inside a class")


def test_a_class_without_a_docstring_has_no_description() -> None:
    """Nothing is made up."""

    class Silent(Words):
        component_provider_override = "elsewhere.Silent"

    assert Silent.__doc__ is None
    model = Silent("x").dump_component()
    assert (model.provider, model.description) == ("elsewhere.Silent", None)


def test_a_local_class_cannot_be_dumped() -> None:
    """Nothing would find it."""

    class Local(Words):
        pass

    with pytest.raises(TypeError, match=r"<locals>\.Local .* top of a module"):
        Local("x").dump_component()


def test_a_private_module_is_warned_about() -> None:
    """The name of the module may change with the next release."""

    class Private(Words):
        __module__ = "package._module"
        __qualname__ = "Private"

    with pytest.warns(UserWarning, match=r"'package\._module\.Private'") as caught:
        model = Private("x").dump_component()
    assert caught[0].filename == __file__
    assert model.provider == "package._module.Private"

    class Renamed(Private):
        component_provider_override = "package._module.Renamed"

    assert Renamed("x").dump_component().provider == "package._module.Renamed"


def test_a_component_without_a_type_cannot_be_dumped() -> None:
    """The class attribute is named."""
    with pytest.warns(UserWarning, match=r"Untyped .* must define component_type"):

        class Untyped(ComponentBase[WordsConfig], Component[WordsConfig]):
            __qualname__ = "Untyped"
            component_config_schema = WordsConfig

    with pytest.raises(AttributeError, match="set its class attribute component_type"):
        Untyped().dump_component()


def test_a_component_without_to_config_cannot_be_dumped() -> None:
    """The method is named."""

    class Mute(ComponentBase[BaseModel], Component[BaseModel]):
        __qualname__ = "Mute"
        component_type = "mute"
        component_config_schema = BaseModel

    with pytest.raises(NotImplementedError, match=r"Mute .* no _to_config"):
        Mute().dump_component()
