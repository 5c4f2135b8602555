"""Components: a calculator that is written down, made again, and used by an agent.

Run it (pip install 'actrio[pydantic]'):

    python examples/trio/components.py

Output:

    {'digits': 2}
    3.33
    3.33 from the cache
    {'10/3': '3.33'}
"""

from dataclasses import dataclass

import trio
from pydantic import BaseModel

from actrio import (
    AgentId,
    Component,
    ComponentBase,
    ComponentModel,
    InMemoryStore,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    rpc,
)


class CalculatorConfig(BaseModel):
    digits: int


class Calculator(ComponentBase[CalculatorConfig], Component[CalculatorConfig]):
    component_type = "calculator"
    component_config_schema = CalculatorConfig

    def __init__(self, digits: int):
        self.digits = digits

    def divide(self, a: float, b: float) -> str:
        return f"{a / b:.{self.digits}f}"

    def _to_config(self) -> CalculatorConfig:
        return CalculatorConfig(digits=self.digits)

    @classmethod
    def _from_config(cls, config: CalculatorConfig) -> "Calculator":
        return cls(config.digits)


@dataclass
class Division:
    a: float
    b: float


class Clerk(RoutedAgent):
    def __init__(self, model: ComponentModel, cache: InMemoryStore[str]):
        super().__init__("Divides")
        self.calculator = Calculator.load_component(model)
        self.cache = cache

    @rpc
    async def on_division(self, message: Division, ctx: MessageContext) -> str:
        question = f"{message.a}/{message.b}"
        known = self.cache.get(question)
        if known is not None:
            return f"{known} from the cache"
        answer = self.calculator.divide(message.a, message.b)
        self.cache.set(question, answer)
        return answer


async def main():
    written = Calculator(digits=2).dump_component().model_dump_json()
    model = ComponentModel.model_validate_json(written)
    print(model.config)
    cache = InMemoryStore[str]()
    runtime = SingleThreadedAgentRuntime()
    await Clerk.register(runtime, "clerk", lambda: Clerk(model, cache))
    runtime.start()
    for _ in range(2):
        print(await runtime.send_message(Division(10, 3), AgentId("clerk", "default")))
    await runtime.stop_when_idle()
    print(cache.store)


if __name__ == "__main__":
    trio.run(main)
