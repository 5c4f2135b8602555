"""The bases of components, and the decorator."""

import inspect
import pickle
from abc import ABC, abstractmethod
from typing import Any, Self

import pytest
from pydantic import BaseModel

from actrio import (
    Component,
    ComponentBase,
    ComponentLoader,
    ComponentModel,
    is_component_class,
)

from .classes import Counter, Words, WordsConfig


def test_a_component_needs_its_interface() -> None:
    """A class with half of the bases is warned about, where it is made."""
    with pytest.warns(UserWarning, match=r"Half is no component: .*ComponentB") as seen:

        class Half(Component[WordsConfig]):
            __qualname__ = "Half"
            component_type = "half"
            component_config_schema = WordsConfig

    assert len(seen) == 1
    assert not is_component_class(Half)


def test_a_component_is_made_as_any_object() -> None:
    """Its constructor has its own parameters, and other bases theirs."""
    assert list(inspect.signature(Words).parameters) == ["words", "times"]
    with pytest.raises(TypeError, match="words"):
        Words()  # type: ignore[call-arg] # this is what is tested

    class Counted(int, ComponentBase[BaseModel], Component[BaseModel]):
        component_type = "counted"
        component_config_schema = BaseModel

    assert Counted("7") == 7

    class Bare(ComponentBase[BaseModel], Component[BaseModel]):
        component_type = "bare"
        component_config_schema = BaseModel

    assert isinstance(Bare(), Bare)
    with pytest.raises(TypeError):
        Bare(1)


def test_the_arguments_reach_a_constructor_behind_it() -> None:
    """A class that makes its objects itself may come after `Component`."""

    class Cached:
        def __new__(cls, name: str) -> Self:
            made = super().__new__(cls)
            made.name = name  # type: ignore[attr-defined] # the same
            return made

    class Last(ComponentBase[BaseModel], Component[BaseModel], Cached):
        component_type = "last"
        component_config_schema = BaseModel

    assert Last("x").name == "x"  # type: ignore[attr-defined] # the same


def test_an_abstract_component_is_not_made() -> None:
    """Abstract base classes keep working."""

    class Speaker(ABC, ComponentBase[BaseModel]):
        component_type = "speaker"

        @abstractmethod
        def speak(self) -> str: ...

    class Silent(Speaker, Component[WordsConfig]):
        component_config_schema = WordsConfig

    with pytest.raises(TypeError, match="abstract"):
        Silent()  # type: ignore[abstract] # the same


def test_a_decorated_class_stays_what_it_was() -> None:
    """Its name, its constructor, its methods, and what pickles refer to."""
    counter = Counter({"value": 3})
    assert (Counter.__name__, Counter.__qualname__) == ("Counter", "Counter")
    assert Counter.__doc__ == "Counts."
    assert counter.to_config().config == {"value": 3}
    assert type(pickle.loads(pickle.dumps(counter))) is Counter
    assert list(inspect.signature(Counter).parameters) == ["config"]


def test_a_decorated_class_is_dumped_and_loaded() -> None:
    """What it says in ``to_config`` goes before what is taken from the class."""
    model = Counter({"value": 3}).dump_component()  # type: ignore[attr-defined] # a checker does not see what a decorator adds
    assert model == ComponentModel(
        provider=f"{Words.__module__}.Counter",
        component_type="Counter",
        version=1,
        component_version=1,
        description="Counts.",
        label="Counter",
        config={"value": 3},
    )
    loaded = ComponentLoader.load_component(model, Counter)
    assert loaded.value == 3

    @Component
    class Named:
        component_provider_override = "elsewhere.Named"

        def to_config(self) -> ComponentModel:
            return ComponentModel(component_type="named", label="x", config={"a": None})

    model = Named().dump_component()  # type: ignore[attr-defined] # the same
    assert (model.component_type, model.label, model.version) == ("named", "x", 1)
    assert model.config == {"a": None}


def test_a_decorated_class_may_have_a_schema() -> None:
    """Its config is then checked, and given to ``from_config`` as the schema's model."""

    @Component
    class Schooled:
        component_provider_override = "elsewhere.Schooled"
        component_type = "schooled"
        component_config_schema = WordsConfig

        def __init__(self, words: str) -> None:
            self.words = words

        def to_config(self) -> WordsConfig:
            return WordsConfig(words=self.words)

        @classmethod
        def from_config(cls, config: WordsConfig) -> Self:
            return cls(config.words)

    cls: Any = Schooled
    model = cls("hello").dump_component()
    assert (model.component_type, model.config) == ("schooled", {"words": "hello"})
    assert cls.load_component(model).words == "hello"
    with pytest.raises(ValueError, match="words"):
        cls.load_component({"component_type": "schooled", "config": {}})


def test_a_decorated_class_may_give_a_mapping() -> None:
    """The shortest form of ``to_config``."""

    @Component
    class Short:
        component_provider_override = "elsewhere.Short"

        def __init__(self, config: dict[str, int]) -> None:
            self.config = config

        def to_config(self) -> dict[str, int]:
            return self.config

    cls: Any = Short
    model = cls({"a": 1}).dump_component()
    assert cls.load_component(model).config == {"a": 1}


@pytest.mark.parametrize("decorated", [3, int, lambda: None])
def test_other_things_cannot_be_decorated(decorated: Any) -> None:
    """It must be a class with ``to_config``."""
    with pytest.raises(TypeError, match=r"must be a class with a method to_config\(\)"):
        Component(decorated)
