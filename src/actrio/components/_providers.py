"""Which class a component model means, and whether it may be imported.

A provider is the name of a class. It comes with data, often from elsewhere, and
importing a module runs it. So a class that the caller has named is taken without an
import, and of all others only those in a trusted namespace are imported.
"""

import importlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import attrs

from ..exceptions import UntrustedProvider
from ._model import ComponentModel

__all__ = ["CUSTOMS", "Known", "as_written", "find_class", "provider_of"]

_OURS = "actrio"
_THEIRS = "autogen_core"
_THEIR_FAMILY = "autogen_"

# AutoGen's short names for the model clients of autogen_ext.
_SHORT_NAMES = {
    "azure_openai_chat_completion_client": "autogen_ext.models.openai.AzureOpenAIChatCompletionClient",
    "AzureOpenAIChatCompletionClient": "autogen_ext.models.openai.AzureOpenAIChatCompletionClient",
    "openai_chat_completion_client": "autogen_ext.models.openai.OpenAIChatCompletionClient",
    "OpenAIChatCompletionClient": "autogen_ext.models.openai.OpenAIChatCompletionClient",
    "OllamaChatCompletionClient": "autogen_ext.models.ollama.OllamaChatCompletionClient",
}


@attrs.define
class Customs:
    """How providers are written and trusted in this process.

    Changed only by the drop-in, which makes the whole process take actrio for
    autogen_core.
    """

    written_as: str = _OURS
    """The package that our own classes are said to be of."""

    namespaces: tuple[str, ...] = ()
    """What every load may import, beside what its caller vouches for."""


CUSTOMS = Customs()


@attrs.frozen
class Known:
    """What the callers of `ComponentLoader.load_component` vouch for."""

    classes: tuple[type[Any], ...] = ()
    """Classes that may be made; they need not be imported."""

    namespaces: tuple[str, ...] = ()
    """Packages and modules that may be imported."""

    def extended(
        self, classes: Iterable[type[Any]], namespaces: Iterable[str]
    ) -> "Known":
        """Return these and more, each class once."""
        more = [cls for cls in classes if cls not in self.classes]
        return Known(
            (*self.classes, *dict.fromkeys(more)), (*self.namespaces, *namespaces)
        )

    def trusts(self, provider: str) -> bool:
        """Say whether the provider may be imported."""
        package = provider.partition(".")[0]
        return (
            package == _OURS
            or package.startswith(_THEIR_FAMILY)
            or any(
                provider.startswith(f"{name}.")
                for name in (*self.namespaces, *CUSTOMS.namespaces)
            )
        )


def provider_of(cls: type[Any]) -> str:
    """Return the name under which components of a class are written down."""
    override: str | None = getattr(cls, "component_provider_override", None)
    return as_written(
        f"{cls.__module__}.{cls.__qualname__}" if override is None else override
    )


def as_written(provider: str) -> str:
    """Return a provider as components of this process are written down with it."""
    package, dot, rest = provider.partition(".")
    return f"{CUSTOMS.written_as}{dot}{rest}" if package == _OURS else provider


def find_class(model: ComponentModel, known: Known) -> object:
    """Return what the model's provider names; the caller checks that it is a class.

    Raises:
        ValueError: If the provider is no dotted name, or there is none and the
            component type does not tell the class.
        UntrustedProvider: If it would have to be imported and must not.
        ModuleNotFoundError: If there is no such module.
        AttributeError: If there is no such class in it.
    """
    if model.provider is None:
        return _find_by_type(model, known)
    provider = _SHORT_NAMES.get(model.provider, model.provider)
    for cls in known.classes:
        if provider_of(cls) == provider:
            return cls
    package, *rest = provider.split(".")
    if not rest or not all(part.isidentifier() for part in (package, *rest)):
        message = (
            f"Invalid provider: {provider!r} must be a dotted name, module and class, "
            "as in 'actrio.InMemoryStore'"
        )
        raise ValueError(message)
    if not known.trusts(provider):
        message = (
            f"provider {provider!r} is not in a trusted namespace, which are actrio, "
            f"autogen_* and those the caller names; if it may be imported, load it "
            f"with trusted_namespaces=[{package!r}]"
        )
        raise UntrustedProvider(message, provider=provider)
    if package == _THEIRS:
        with suppress(ModuleNotFoundError, AttributeError):
            return _imported(".".join([_OURS, *rest]))
    return _imported(provider)


def _find_by_type(model: ComponentModel, known: Known) -> type[Any]:
    """Find the class by its component type, among those that the caller has named."""
    kind = model.component_type
    found = [
        cls
        for cls in known.classes
        if kind is not None and getattr(cls, "component_type", None) == kind
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(provider_of, found or known.classes)) or "none"
    message = (
        f"a component model without a provider, of the component_type {kind!r}, must "
        f"fit exactly one of the classes that the caller names, which are {names}: "
        "call load_component() on the class, or pass it in 'components'"
        if not found
        else f"the component_type {kind!r} fits several classes, {names}: give the "
        "component model a provider"
    )
    raise ValueError(message)


def _imported(provider: str) -> object:
    *owners, name = provider.split(".")
    owner = _owner(owners)
    if owner is None:
        message = (
            f"provider {provider!r} names a module that cannot be found: install what "
            "has it, or correct the name"
        )
        raise ModuleNotFoundError(message, name=".".join(owners))
    try:
        return getattr(owner, name)
    except AttributeError as exc:
        message = (
            f"provider {provider!r} names a class that does not exist: {owner!r} has "
            f"no {name!r}"
        )
        raise AttributeError(message, name=name, obj=owner) from exc


def _owner(names: list[str]) -> object:
    """Import a module, or a class that others stand in; None if there is none."""
    for end in range(len(names), 0, -1):
        module = ".".join(names[:end])
        try:
            found: object = importlib.import_module(module)
        except ModuleNotFoundError as exc:
            if not f"{module}.".startswith(f"{exc.name}."):
                raise  # the module is there, what it needs is not
            continue
        for name in names[end:]:
            found = getattr(found, name, None)
            if not isinstance(found, type):
                return None
        return found
    return None
