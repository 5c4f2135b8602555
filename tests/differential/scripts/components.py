# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Components: what is dumped, what is loaded, what is refused."""

import warnings
from typing import Any

from pydantic import BaseModel, ValidationError

from ..common import refusal, warned


class Words(BaseModel):
    words: str
    times: int | None = None


def importable(cls):
    """Put a class where its provider says it is."""
    cls.__qualname__ = cls.__name__
    globals()[cls.__name__] = cls
    return cls


def speaker(core, **attributes):
    """A component class with more attributes, under the name of Speaker."""

    class Speaker(core.ComponentBase[Words], core.Component[Words]):
        """Says some words.

        Loudly.
        """

        component_type = "speaker"
        component_config_schema = Words

        def __init__(self, words, times=None):
            self.words, self.times = words, times

        def _to_config(self):
            return Words(words=self.words, times=self.times)

        @classmethod
        def _from_config(cls, config):
            return cls(config.words, config.times)

    for name, value in attributes.items():
        setattr(Speaker, name, value)
    return importable(Speaker)


async def component_is_dumped(core):
    """A model says everything about a component."""
    model = speaker(core)("hello").dump_component()
    return model.model_dump(), model.model_dump_json()


async def class_says_what_is_dumped(core):
    """Class attributes go before what is found."""
    found = []
    for attributes in (
        {"component_label": "a label"},
        {"component_description": "a description"},
        {"component_version": 7},
        {"component_provider_override": "elsewhere._private.Speaker"},
        {"__doc__": None},
        {"__doc__": "  One line\n\nArgs:\n  none"},
        {"__doc__": ""},
    ):
        model = speaker(core, **attributes)("hello").dump_component()
        found.append(model.model_dump())
    return found


async def component_is_loaded(core):
    """By a model or a dictionary; what the config lacks has its default."""
    cls = speaker(core)
    model = cls("hello", 2).dump_component()
    loaded = [
        cls.load_component(model),
        cls.load_component(model.model_dump()),
        core.ComponentLoader.load_component(model, cls),
        cls.load_component({"provider": model.provider, "config": {"words": "x"}}),
        cls.load_component(
            {"provider": model.provider, "config": {"words": "x", "more": 1}}
        ),
    ]
    return [(type(one) is cls, one.words, one.times) for one in loaded]


async def local_class_is_not_dumped(core):
    """Nothing could import it."""
    cls = speaker(core)
    cls.__qualname__ = "f.<locals>.Speaker"
    return refusal(TypeError, cls("hello").dump_component)


async def private_module_is_warned_about(core):
    """It is dumped all the same."""
    cls = speaker(core, __module__="package._module")
    with warned() as categories:
        provider = cls("hello").dump_component().provider
    return provider, categories


async def incomplete_class_is_warned_about(core):
    """One warning for each thing that is missing."""
    seen = []
    for bases, body in (
        ((core.Component[Words],), {}),
        ((core.Component[Words],), {"component_type": "x"}),
        ((core.ComponentBase[Words], core.Component[Words]), {}),
        ((core.ComponentBase[Words],), {}),
    ):
        with warned() as categories:
            cls = type(core.Component)("Odd", *_resolved(bases, body))
        seen.append((categories, core.is_component_class(cls)))
    return seen


def _resolved(bases, body):
    origins = tuple(base.__mro_entries__(bases)[0] for base in bases)
    return origins, {**body, "__orig_bases__": bases}


async def class_without_a_type(core):
    """It is neither dumped nor loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        class Odd(core.ComponentBase[Words], core.Component[Words]):
            component_config_schema = Words

            def _to_config(self):
                return Words(words="x")

        importable(Odd)
    model = {"provider": f"{Odd.__module__}.Odd", "config": {"words": "x"}}
    return (
        refusal(AttributeError, Odd().dump_component),
        refusal(AttributeError, lambda: Odd.load_component(model)),
    )


async def class_without_a_schema(core):
    """It is dumped and not loaded."""
    cls = speaker(core)
    del cls.component_config_schema
    model = cls("hello").dump_component()
    return model.config, refusal(AttributeError, lambda: cls.load_component(model))


async def class_without_methods(core):
    """The error says that it is not implemented."""

    class Mute(core.ComponentBase[Words], core.Component[Words]):
        component_type = "mute"
        component_config_schema = Words

    importable(Mute)
    model = {"provider": f"{Mute.__module__}.Mute", "config": {"words": "x"}}
    return (
        refusal(NotImplementedError, Mute().dump_component),
        refusal(NotImplementedError, lambda: Mute.load_component(model)),
    )


async def wrong_models_are_refused(core):
    """Provider, class and config are checked."""
    cls = speaker(core)
    here = cls.__module__
    config = {"words": "x"}
    cases = [
        (ValidationError, {"config": config, "provider": 3}),
        (ValidationError, {"provider": f"{here}.Speaker"}),
        (ValidationError, {"provider": f"{here}.Speaker", "config": {"words": 3}}),
        (ValueError, {"provider": "Speaker", "config": config}),
        (ValueError, {"provider": "", "config": config}),
        (ModuleNotFoundError, {"provider": "autogen_nowhere.A", "config": config}),
        (ModuleNotFoundError, {"provider": "autogen_core.no.A", "config": config}),
        (AttributeError, {"provider": "autogen_core.Nope", "config": config}),
        (TypeError, {"provider": "autogen_core.AgentId", "config": config}),
    ]
    return [
        refusal(kind, lambda model=model: cls.load_component(model))
        for kind, model in cases
    ]


async def short_names_of_model_clients(core):
    """They stand for classes of autogen_ext, which is not installed."""
    names = ["openai_chat_completion_client", "OllamaChatCompletionClient"]
    return [
        refusal(
            ModuleNotFoundError,
            lambda name=name: core.ComponentLoader.load_component(
                {"provider": name, "config": {}}
            ),
        )
        for name in names
    ]


async def loading_changes_the_model(core):
    """A short name in the caller's model may be replaced."""
    model = core.ComponentModel(provider="OllamaChatCompletionClient", config={})
    refusal(ImportError, lambda: core.ComponentLoader.load_component(model))
    return model.provider


async def unexpected_class_is_refused(core):
    """The result must be what the caller expects."""
    cls = speaker(core)
    model = cls("hello").dump_component()
    return (
        refusal(TypeError, lambda: cls.load_component(model, core.CacheStore)),
        refusal(TypeError, lambda: cls.load_component(model, int)),
        type(cls.load_component(model, object)) is cls,
    )


async def older_versions_are_migrated(core):
    """By the class; a newer version is taken as it is."""

    def migrate(cls, config: dict[str, Any], version: int):
        return cls(f"{config['text']} of {version}")

    cls = speaker(
        core, component_version=3, _from_config_past_version=classmethod(migrate)
    )
    config = {"text": "old", "words": "new"}
    found = []
    for version in (None, 0, 1, 2, 3, 4):
        model = core.ComponentModel(
            provider=f"{cls.__module__}.Speaker",
            component_version=version,
            config=config,
        )
        found.append(cls.load_component(model).words)
    return found


async def older_versions_without_a_migration(core):
    """They are refused."""
    cls = speaker(core, component_version=2)
    model = {
        "provider": f"{cls.__module__}.Speaker",
        "component_version": 1,
        "config": {"words": "x"},
    }
    return refusal(NotImplementedError, lambda: cls.load_component(model))


async def components_are_recognised(core):
    """All four parts make a component."""
    cls = speaker(core)
    return (
        core.is_component_class(cls),
        core.is_component_class(core.ComponentBase),
        core.is_component_class(core.CacheStore),
        core.is_component_class(core.InMemoryStore),
        core.is_component_instance(cls("hello")),
        core.is_component_instance(cls),
        core.is_component_instance(None),
    )


async def provider_of_another_package(core):
    """A class that the caller does not name, outside of trusted namespaces."""
    model = speaker(core)("hello").dump_component()
    return refusal(ValueError, lambda: core.ComponentLoader.load_component(model).words)


async def model_without_a_provider(core):
    """The class is told by its type."""
    cls = speaker(core)
    return refusal(
        ValidationError,
        lambda: (
            cls.load_component(
                core.ComponentModel(component_type="speaker", config={"words": "x"})
            ).words
        ),
    )


async def public_names_of_the_methods(core):
    """``to_config`` and ``from_config`` without an underscore."""

    class Public(core.ComponentBase[Words], core.Component[Words]):
        component_type = "public"
        component_config_schema = Words

        def to_config(self):
            return Words(words="x")

        @classmethod
        def from_config(cls, config):
            return cls()

    importable(Public)
    return refusal(
        NotImplementedError,
        lambda: type(Public.load_component(Public().dump_component())) is Public,
    )


async def component_as_a_decorator(core):
    """As AutoGen's documents write it."""

    def decorate():
        @core.Component
        class Decorated:
            component_provider_override = "elsewhere.Decorated"

            def __init__(self, config):
                self.value = config["value"]

            def to_config(self):
                return core.ComponentModel(
                    component_type=type(self).__name__, config={"value": self.value}
                )

        model = Decorated({"value": 1}).dump_component()
        return Decorated.load_component(model).value

    return refusal(TypeError, decorate)


async def nested_class(core):
    """A class inside of a class is dumped; only its caller finds it."""
    cls = speaker(core)
    cls.__qualname__ = "Outer.Speaker"
    importable(type("Outer", (), {"Speaker": cls}))
    model = cls("hello").dump_component()
    return model.provider.rpartition(".scripts.")[2], refusal(
        ModuleNotFoundError, lambda: cls.load_component(model).words
    )
