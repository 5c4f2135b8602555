"""From data to a component."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from actrio import (
    Component,
    ComponentBase,
    ComponentFromConfig,
    ComponentLoader,
    ComponentModel,
    InMemoryStore,
    is_component_class,
    is_component_instance,
)
from actrio.exceptions import UntrustedProvider

from .classes import MADE, Misled, MoreWords, Newer, Outer, Pair, Words, WordsConfig

HERE = Words.__module__
PACKAGE = HERE.partition(".")[0]


def words(**changes: Any) -> dict[str, Any]:
    return {"provider": f"{HERE}.Words", "config": {"words": "hello"}, **changes}


def test_a_component_is_loaded_from_its_model() -> None:
    """Also after the model has been JSON, and with a class inside of a class."""
    model = Words("hello", 2).dump_component()
    assert Words.load_component(model).times == 2
    read = json.loads(model.model_dump_json())
    assert Words.load_component(read).words == "hello"
    inner = Outer.Inner("x").dump_component()
    loaded = Words.load_component(inner, trusted_namespaces=[HERE])
    assert type(loaded) is Outer.Inner


def test_the_model_is_not_changed() -> None:
    """The caller may load it once more."""
    model = ComponentModel(provider="OllamaChatCompletionClient", config={})
    with pytest.raises(ModuleNotFoundError):
        ComponentLoader.load_component(model)
    assert model.provider == "OllamaChatCompletionClient"


@pytest.mark.parametrize(
    ("loader", "named"),
    [
        (Words, {}),
        (ComponentLoader, {"expected": Words}),
        (ComponentLoader, {"components": [Words]}),
        (ComponentLoader, {"trusted_namespaces": [HERE]}),
        (ComponentLoader, {"trusted_namespaces": [PACKAGE]}),
    ],
)
def test_what_the_caller_names_is_trusted(loader: Any, named: dict[str, Any]) -> None:
    """The class it calls, expects or lists, and the namespaces it lists."""
    assert type(loader.load_component(words(), **named)) is Words


@pytest.mark.parametrize(
    "names", [[], [HERE[:3]], [f"{HERE}.Words"], [f"{PACKAGE}.", ""]]
)
def test_other_providers_are_not_imported(names: list[str]) -> None:
    """The error names the provider, the rule and the argument that allows it."""
    rule = rf"trusted_namespaces=\['{PACKAGE}'\]"
    with pytest.raises(UntrustedProvider, match=rule) as caught:
        ComponentLoader.load_component(words(), trusted_namespaces=names)
    assert caught.value.provider == f"{HERE}.Words"
    assert isinstance(caught.value, ValueError)


def test_an_untrusted_module_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even its import."""
    imported: list[str] = []
    monkeypatch.setattr(
        "actrio.components._providers.importlib.import_module", imported.append
    )
    with pytest.raises(UntrustedProvider):
        Words.load_component(words(provider="antigravity.Words"))
    assert imported == []


def test_parts_of_a_component_are_trusted_with_it() -> None:
    """What is named for a load holds for the loads inside it, and not afterwards."""
    model = Pair(Words("a"), Outer.Inner("b")).dump_component()
    with pytest.raises(UntrustedProvider, match="Inner"):
        Pair.load_component(model)
    assert Pair.load_component(model, trusted_namespaces=[HERE]).second.words == "b"
    pair = Pair.load_component(model, components=[Outer.Inner])
    assert type(pair.second) is Outer.Inner
    with pytest.raises(UntrustedProvider, match="Inner"):
        Pair.load_component(model)


def test_a_string_of_namespaces_is_refused() -> None:
    """Its letters would be taken for names."""
    with pytest.raises(TypeError, match=r"'tests' must be .* write \['tests'\]"):
        ComponentLoader.load_component(words(), trusted_namespaces="tests")


@pytest.mark.parametrize("named", [int, 3, ComponentBase])
def test_listed_classes_must_be_components(named: Any) -> None:
    """Otherwise they could not be meant."""
    with pytest.raises(TypeError, match="is no component class"):
        ComponentLoader.load_component(words(), components=[named])


@pytest.mark.parametrize("named", [words(), {"config": {}, "component_type": "words"}])
def test_a_component_of_another_class_is_not_made(named: dict[str, Any]) -> None:
    """It is refused before its constructor could do something."""
    MADE.clear()
    with pytest.raises(TypeError, match=r"classes\.Words makes Words, not InMemoryS"):
        InMemoryStore.load_component(named, components=[Words])
    assert MADE == []


def test_what_was_made_is_checked_too() -> None:
    """A class may make something else than it says."""
    with pytest.raises(TypeError, match="Misled makes object, not Misled"):
        Misled.load_component({"config": {"words": "x"}, "component_type": "words"})


def test_a_config_must_fit_the_schema() -> None:
    """The error says which config of which class."""
    with pytest.raises(ValidationError, match="words") as caught:
        Words.load_component(words(config={"words": 3}))
    (note,) = caught.value.__notes__
    assert f"{HERE}.Words must fit WordsConfig" in note


def test_a_model_must_have_a_config() -> None:
    """A dictionary is checked like a model."""
    with pytest.raises(ValidationError, match="config"):
        Words.load_component({"provider": "x"})


@pytest.mark.parametrize(
    ("version", "said"),
    [(1, "old, since version 1"), (2, "old, since version 2"), (3, "new"), (4, "new")],
)
def test_older_configs_are_migrated(version: int, said: str) -> None:
    """A config of an older version bypasses the schema."""
    config = {"words": "new", "text": "old"}
    model = ComponentModel(
        provider=f"{HERE}.MoreWords", component_version=version, config=config
    )
    assert MoreWords.load_component(model).words == said


def test_a_class_that_migrates_nothing_says_so() -> None:
    """Both versions and the method are named."""
    newer = words(provider=f"{HERE}.Newer")
    assert Newer.load_component(newer).words == "hello"
    with pytest.raises(
        NotImplementedError, match=r"version 2 .* version 1: .*_past_version"
    ):
        Newer.load_component(newer | {"component_version": 1})


def test_a_class_without_a_schema_cannot_be_loaded() -> None:
    """The class attribute is named, when the class is made and when it is loaded."""
    with pytest.warns(UserWarning, match="must define component_config_schema"):

        class Shapeless(ComponentBase[WordsConfig], Component[WordsConfig]):
            __qualname__ = "Shapeless"
            component_type = "shapeless"

    with pytest.raises(AttributeError, match="its attribute component_config_schema"):
        Shapeless.load_component({"config": {}, "component_type": "shapeless"})


def test_a_class_without_from_config_cannot_be_loaded() -> None:
    """The method is named."""

    class Mute(ComponentBase[WordsConfig], Component[WordsConfig]):
        __qualname__ = "Mute"
        component_type = "mute"
        component_config_schema = WordsConfig

    with pytest.raises(NotImplementedError, match=r"Mute .* no _from_config"):
        Mute.load_component({"config": {"words": ""}, "component_type": "mute"})


def test_a_component_has_all_four_parts() -> None:
    """A part of them is not enough."""
    assert is_component_instance(Words("x"))
    assert is_component_class(Words)
    assert not is_component_class(ComponentBase)
    assert not is_component_class(ComponentFromConfig)
    assert not is_component_instance(3)
    assert not is_component_instance(Words)
