"""One tool of an MCP server, for those who want tools and no workbench."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, create_model

from ...exceptions import SchemaConversionError, ToolServerError
from ...messages import CancellationToken
from ...utils import schema_to_pydantic_model
from .._base import BaseTool
from .._results import ToolResult
from .._schema import ToolSchema
from .._workbench import Workbench

__all__ = ["McpTool"]


class McpTool(BaseTool[BaseModel, ToolResult]):
    """A tool of the server of an `McpWorkbench`; its method ``tools`` makes them.

    It works as long as the workbench is started. The server checks the arguments, and
    gets them as they are.

    Args:
        workbench: Whose tool it is.
        schema: What a model is told about it.
    """

    def __init__(self, workbench: Workbench, schema: ToolSchema) -> None:
        self._workbench = workbench
        self._schema = schema
        name = schema["name"]
        arguments = _arguments(
            name, cast("dict[str, Any]", schema.get("parameters", {}))
        )
        super().__init__(arguments, ToolResult, name, schema.get("description", ""))

    @property
    def schema(self) -> ToolSchema:
        """What a model is told about the tool."""
        return self._schema

    def return_value_as_string(self, value: Any) -> str:
        """Return what a model is told of a result; an image is only mentioned."""
        if isinstance(value, ToolResult):
            return value.to_text(replace_image="[Image]")
        return super().return_value_as_string(value)

    def _checked(self, args: object) -> Any:
        return args

    async def run(
        self,
        args: BaseModel | Mapping[str, Any],
        cancellation_token: CancellationToken,
    ) -> ToolResult:
        """Call the tool on its server.

        Raises:
            ToolServerError: If the result is an error; its text is the server's.
            RequestCancelled: If the token was cancelled.

        Cancellation: Tells the server to give up.
        """
        if isinstance(args, BaseModel):
            args = args.model_dump(mode="json", by_alias=True, exclude_unset=True)
        result = await self._workbench.call_tool(self.name, args, cancellation_token)
        if result.is_error:
            raise ToolServerError(result.to_text(replace_image="[Image]"))
        return result


def _arguments(name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """Return a model of the arguments; one that takes anything if none says the schema."""
    try:
        return schema_to_pydantic_model(schema, f"{name}args")
    except SchemaConversionError:
        return create_model(f"{name}args", __config__=ConfigDict(extra="allow"))
