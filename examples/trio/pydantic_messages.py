"""Pydantic messages: models that check what is put into them.

Run it (pip install 'actrio[pydantic]'):

    python examples/trio/pydantic_messages.py

Output:

    valid=True errors=[]
    valid=False errors=['name is missing', 'age is missing']
"""

import trio
from pydantic import BaseModel, Field

from actrio import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, rpc


class ValidationRequest(BaseModel):
    data: dict
    rules: list[str] = Field(default_factory=list)


class ValidationResponse(BaseModel):
    valid: bool
    errors: list[str] = Field(default_factory=list)


class Validator(RoutedAgent):
    @rpc
    async def validate(self, message: ValidationRequest, ctx: MessageContext) -> ValidationResponse:
        errors = [f"{rule} is missing" for rule in message.rules if rule not in message.data]
        return ValidationResponse(valid=not errors, errors=errors)


async def main():
    runtime = SingleThreadedAgentRuntime()
    await Validator.register(runtime, "validator", lambda: Validator("Validator"))
    runtime.start()
    validator = AgentId("validator", "default")
    print(await runtime.send_message(ValidationRequest(data={"name": "x"}, rules=["name"]), validator))
    print(await runtime.send_message(ValidationRequest(data={}, rules=["name", "age"]), validator))
    await runtime.stop_when_idle()


if __name__ == "__main__":
    trio.run(main)
