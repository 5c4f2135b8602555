"""Which class a provider names."""

import sys
from pathlib import Path

import attrs
import pytest

from actrio import ComponentModel, InMemoryStore
from actrio.components._providers import Known, find_class
from actrio.exceptions import UntrustedProvider

from .classes import Counter, Words


def find(provider: str | None, *namespaces: str, kind: str | None = None) -> object:
    model = ComponentModel(provider=provider, component_type=kind, config={})
    return find_class(model, Known((Words, Counter), namespaces))


def test_providers_of_autogen_core_are_ours_if_we_have_them() -> None:
    """A component that AutoGen has dumped loads here; what is only theirs stays so."""
    assert find("autogen_core.InMemoryStore") is InMemoryStore
    assert find("actrio.InMemoryStore") is InMemoryStore
    theirs = find("autogen_core.SingleThreadedAgentRuntime.register_factory")
    assert theirs.__module__.startswith("actrio.")
    assert find("autogen_core._queue.Queue").__module__ == "autogen_core._queue"


def test_known_classes_need_no_import() -> None:
    """They are found although nobody trusts the module."""
    assert find(f"{Words.__module__}.Words") is Words


@pytest.mark.parametrize(
    "provider", ["", "Words", ".Words", "a.", "a..b", "a.<locals>.b", "a b.c", "a/b.c"]
)
def test_a_provider_is_a_dotted_name(provider: str) -> None:
    """Anything else is no name of a class."""
    with pytest.raises(ValueError, match=r"Invalid provider: .* must be a dotted name"):
        find(provider, "a")


@pytest.mark.parametrize(
    "provider", ["os.system", "actriox.A", "autogen.A", "xautogen_.A"]
)
def test_a_namespace_is_a_whole_name(provider: str) -> None:
    """The beginning of a name is not enough."""
    with pytest.raises(UntrustedProvider):
        find(provider)


@pytest.mark.parametrize(
    "provider",
    [
        "nowhere.A",
        "nowhere.A.B",
        "actrio.nowhere.A",
        "actrio.cache.Nope.A",
        "actrio.cache.abc.ABC",
    ],
)
def test_a_missing_module_is_named(provider: str) -> None:
    """So that it can be installed, or the name corrected."""
    with pytest.raises(ModuleNotFoundError, match=f"{provider!r} names a module"):
        find(provider, "nowhere")


@pytest.mark.parametrize("provider", ["actrio.Nope", "actrio.InMemoryStore.Nope"])
def test_a_missing_class_is_named(provider: str) -> None:
    """The module is there, the class is not."""
    with pytest.raises(AttributeError, match=f"{provider!r} names a class .*'Nope'"):
        find(provider)


def test_a_module_that_lacks_a_module_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own error comes through, since it is the one that helps."""
    (tmp_path / "lacking_a_module.py").write_text("import nowhere_to_be_found")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'nowhere_to_be"):
        find("lacking_a_module.A", "lacking_a_module")
    assert "lacking_a_module" not in sys.modules


def test_a_component_type_tells_among_the_known_classes() -> None:
    """There is no other register of types."""
    assert find(None, kind="words") is Words
    assert find(None, kind="Counter") is Counter


@pytest.mark.parametrize("kind", [None, "nope"])
def test_a_component_type_that_fits_nothing_is_refused(kind: str | None) -> None:
    """The error lists the classes that are known."""
    with pytest.raises(ValueError, match=rf"{kind!r}, must fit .*Words, .*Counter: "):
        find(None, kind=kind)


def test_a_component_type_that_fits_several_classes_is_refused() -> None:
    """Only a provider can tell them apart."""

    class Other(Words):
        pass

    model = ComponentModel(component_type="words", config={})
    with pytest.raises(ValueError, match=r"'words' fits several classes, .*a provider"):
        find_class(model, Known((Words, Other)))


def test_known_classes_are_kept_once() -> None:
    """A class that is named twice does not fit twice."""
    known = Known((Words,)).extended([Words, Counter, Counter], ["a"])
    assert known == Known((Words, Counter), ("a",))
    assert attrs.evolve(known, classes=()).extended([], ["b"]).namespaces == ("a", "b")
