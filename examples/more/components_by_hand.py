"""A component in its four parts, a loader that checks, and a provider that is refused.

Run it (pip install 'actrio[pydantic]'):

    python examples/more/components_by_hand.py

Output:

    greeter 2: {'greeting': 'Good day'}
    Good day, Ada
    from version 1: Hello, Ada
    True True False
    refused: UntrustedProvider
    no greeter: TypeError
"""

from typing import Any, Self

import trio
from pydantic import BaseModel

from actrio import (
    AsyncInMemoryStore,
    ComponentFromConfig,
    ComponentLoader,
    ComponentModel,
    ComponentSchemaType,
    ComponentToConfig,
    ComponentType,
    InMemoryStore,
    is_component_class,
    is_component_instance,
)
from actrio.exceptions import UntrustedProvider


class GreeterConfig(BaseModel):
    greeting: str


class Greeter(
    ComponentFromConfig[GreeterConfig],
    ComponentToConfig[GreeterConfig],
    ComponentSchemaType[GreeterConfig],
    ComponentLoader,
):
    component_type: ComponentType = "greeter"
    component_version = 2
    component_provider_override = "examples.Greeter"
    component_config_schema = GreeterConfig

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def greet(self, name: str) -> str:
        return f"{self.greeting}, {name}"

    def _to_config(self) -> GreeterConfig:
        return GreeterConfig(greeting=self.greeting)

    @classmethod
    def _from_config(cls, config: GreeterConfig) -> Self:
        return cls(config.greeting)

    @classmethod
    def _from_config_past_version(cls, config: dict[str, Any], version: int) -> Self:
        return cls(config["word"])  # as the field was called in version 1


async def main() -> None:
    model = Greeter("Good day").dump_component()
    print(f"{model.component_type} {model.component_version}: {model.config}")
    # a name that nobody can import is given at hand
    known = [Greeter]
    print(Greeter.load_component(model, components=known).greet("Ada"))
    past = ComponentModel(provider="examples.Greeter", component_version=1, config={"word": "Hello"})
    print("from version 1:", Greeter.load_component(past, components=known).greet("Ada"))
    print(is_component_class(Greeter), is_component_instance(Greeter("Hi")), is_component_class(str))
    try:
        ComponentLoader.load_component({"provider": "os.system", "config": {}})
    except UntrustedProvider as exc:
        print("refused:", type(exc).__name__)
    try:
        Greeter.load_component(InMemoryStore[str]().dump_component())
    except TypeError as exc:
        print("no greeter:", type(exc).__name__)
    store = AsyncInMemoryStore[str]()
    await store.aset("greeting", "Hi")
    assert await store.aget("greeting") == "Hi"


if __name__ == "__main__":
    trio.run(main)
