"""Where AutoGen's documents and its package disagree: components, images and stores.

Each test is named by the row of the inventory that it pins.
"""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PILImage

from actrio import (
    AsyncInMemoryStore,
    CacheStore,
    Component,
    ComponentBase,
    ComponentLoader,
    ComponentModel,
    FunctionCall,
    Image,
    InMemoryStore,
)
from actrio.testing import run


def red_png() -> bytes:
    buffer = io.BytesIO()
    PILImage.new("RGB", (2, 2), "red").save(buffer, format="PNG")
    return buffer.getvalue()


class CustomStore(CacheStore[object]):
    """Written as in the documents."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    async def get(self, key: str, default: object = None) -> object:
        return self.values.get(key, default)

    async def set(self, key: str, value: object) -> None:  # type: ignore[override] # as documented
        self.values[key] = value


@pytest.mark.parametrize("cls", [CustomStore, AsyncInMemoryStore])
async def test_row_15_stores_may_be_async(cls: type[Any]) -> None:
    """``await store.get(key)`` works on a store that is written for it."""
    store = cls()
    await store.set("key", "value")
    assert await store.get("key") == "value"
    assert await store.aget("key") == "value"


def test_row_15_the_store_in_memory_is_plain() -> None:
    """``store.get(key)`` is the value, and ``await store.aget(key)`` is too."""
    store = InMemoryStore[int]()
    store.set("key", 42)
    assert store.get("key") == 42

    async def main() -> int | None:
        return await store.aget("key")

    assert run(main) == 42


def test_row_16_a_cache_holds_no_state() -> None:
    """What is in a store is not dumped with it."""
    store = InMemoryStore[int]()
    store.set("key", 42)
    assert store.dump_component().config == {}


@Component
class MyComponent:
    """Written as in the documents."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.value = config["value"]

    def to_config(self) -> ComponentModel:
        return ComponentModel(
            component_type=self.__class__.__name__, config={"value": self.value}
        )


def test_row_17_component_is_a_decorator_too() -> None:
    """A decorated class is dumped and loaded like one that derives from the bases."""
    component: Any = MyComponent({"value": 42})
    loaded = ComponentLoader.load_component(component.dump_component(), MyComponent)
    assert loaded.value == 42


def test_row_17_the_public_names_are_aliases() -> None:
    """``to_config`` and ``from_config`` may stand for ``_to_config`` and its brother."""

    class Public(ComponentBase[ComponentModel], Component[ComponentModel]):
        component_type = "public"
        component_config_schema = ComponentModel
        component_provider_override = "elsewhere.Public"

        def to_config(self) -> ComponentModel:
            return ComponentModel(config={"value": 42})

        @classmethod
        def from_config(cls, config: ComponentModel) -> "Public":
            assert config == ComponentModel(config={"value": 42})
            return cls()

    model = Public().dump_component()
    assert model.config == {"config": {"value": 42}}
    assert isinstance(Public.load_component(model), Public)


def test_row_18_a_model_needs_no_provider() -> None:
    """Its type tells the class, among those that the caller names: nothing else does."""
    model = MyComponent({"value": 42}).to_config()
    assert (model.provider, model.component_type) == (None, "MyComponent")
    named = ComponentLoader.load_component(model, components=[MyComponent])
    assert named.value == 42  # type: ignore[attr-defined] # the loader names no class
    assert ComponentLoader.load_component(model, MyComponent).value == 42
    with pytest.raises(ValueError, match="pass it in 'components'"):
        ComponentLoader.load_component(model)


async def test_row_19_images_come_from_bytes_and_urls() -> None:
    """A URL is fetched by a function of the caller, or is a data URI."""
    data = red_png()
    assert Image.from_bytes(data, format="png").image.size == (2, 2)
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert Image.from_url(uri).image.size == (2, 2)
    url = "https://example.com/image.png"
    with pytest.raises(ValueError, match="opens no connection"):
        Image.from_url(url)
    assert Image.from_url(url, lambda _: data).image.size == (2, 2)

    async def fetch(url: str) -> bytes:
        return data

    assert (await Image.afrom_url(url, fetch)).image.size == (2, 2)


def test_row_20_a_file_is_a_path_or_a_string(tmp_path: Path) -> None:
    """As in ``Image.from_file("photo.jpg")``."""
    path = tmp_path / "photo.jpg"
    PILImage.new("RGB", (2, 2), "red").save(path)
    assert Image.from_file(path).image.size == (2, 2)
    assert Image.from_file(str(path)).image.size == (2, 2)


def test_row_21_arguments_are_text_or_a_mapping() -> None:
    """They are kept as they were given, and parsed when asked for."""
    given = {"a": 1, "b": 2}
    call = FunctionCall(id="call_123", name="calculator", arguments=given)
    assert call.arguments is given
    assert call.parsed_arguments == given
    text = FunctionCall(id="call_123", name="calculator", arguments='{"a": 1, "b": 2}')
    assert text.arguments == '{"a": 1, "b": 2}'
    assert text.parsed_arguments == given
