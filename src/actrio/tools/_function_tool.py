"""Tools from functions."""

import ast
import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from .._concurrency import current_host
from ..code_executor import Import, import_to_str, to_code
from ..components import Component
from ..messages import CancellationToken
from ._base import BaseTool
from ._cancelling import call_under
from ._signature import TOKEN, read_signature

__all__ = ["FunctionTool"]


class FunctionToolConfig(BaseModel):
    """A function tool as data: the source of its function, which loading it runs."""

    source_code: str
    name: str
    description: str
    global_imports: Sequence[Import]
    has_cancellation_support: bool
    strict: bool = False


class FunctionTool(BaseTool[BaseModel, BaseModel], Component[FunctionToolConfig]):
    """A tool from a function; its annotations say what a model is told.

    ::

        from typing import Annotated

        from actrio.tools import FunctionTool

        async def price(ticker: str, day: Annotated[str, "as YYYY-MM-DD"]) -> float:
            return 1.5

        tool = FunctionTool(price, "Looks up the price of a stock.")

    The function may be async or plain, a method, a partial, or an object that can be
    called. A plain one runs in a thread, in the caller's context, so that it may block;
    at most as many at once as the host's own limit says, which is 40 on trio.

    A parameter ``cancellation_token`` gets the token of the call. A plain function
    gets one that is cancelled together with the call, whether by a token or by a scope:
    a thread cannot be stopped, so a function that runs long looks at it now and then,
    and returns. Until it does, the cancelled caller waits.

    Args:
        func: The function. Each parameter has an annotation, and may be described in
            it: ``Annotated[int, "how many"]``, or ``Annotated[int, Field(ge=1)]``.
        description: What it does and when to call it, in words for a model.
        name: The name that a call says; by default that of the function.
        global_imports: What the source of the function needs, for ``dump_component``.
        strict: Whether models must keep to the schema; then no parameter may have a
            default.

    Raises:
        TypeError: If a parameter has no annotation, or stands for any number of
            arguments.
    """

    component_provider_override: ClassVar[str | None] = "actrio.tools.FunctionTool"
    component_config_schema = FunctionToolConfig

    def __init__(
        self,
        func: Callable[..., Any],
        description: str,
        name: str | None = None,
        global_imports: Sequence[Import] = [],
        strict: bool = False,
    ) -> None:
        self._func = func
        self._global_imports = global_imports
        self._signature = read_signature(func, name)
        self._is_async = inspect.iscoroutinefunction(func) or (
            inspect.iscoroutinefunction(getattr(type(func), "__call__", None))  # noqa: B004 - how it is called matters, not whether
        )
        self._is_direct = (
            self._is_async
            and self._signature.is_plain
            and not self._signature.takes_token
        )
        super().__init__(
            self._signature.arguments,
            self._signature.returns,
            self._signature.name,
            description,
            strict,
        )

    async def run(self, args: BaseModel, cancellation_token: CancellationToken) -> Any:
        """Call the function.

        Args:
            args: The arguments.
            cancellation_token: The token of the call.

        Raises:
            RequestCancelled: If the token was cancelled while a plain function waited
                or ran.

        Cancellation: An async function is cancelled. A plain one that has not begun
            never does; for one that runs this waits, and then raises its error, or the
            cancellation in place of its value.
        """
        if self._is_direct and type(args) is self._args_type:
            return await self._func(**vars(args))  # what most calls are
        positional, named = self._signature.bound(args)
        if self._is_async:
            if self._signature.takes_token:
                named[TOKEN] = cancellation_token
            return await self._func(*positional, **named)
        on_cancel: Callable[[], object] | None = None
        if self._signature.takes_token:
            named[TOKEN] = seen = CancellationToken()
            on_cancel = seen.cancel
        host = current_host()
        call = partial(self._func, *positional, **named)
        value = await call_under(
            cancellation_token, lambda: host.run_in_thread(call, on_cancel)
        )
        return await value if inspect.isawaitable(value) else value

    def _to_config(self) -> FunctionToolConfig:
        return FunctionToolConfig(
            source_code=to_code(self._func),
            global_imports=self._global_imports,
            name=self.name,
            description=self.description,
            has_cancellation_support=self._signature.takes_token,
            strict=self._strict,
        )

    @classmethod
    def _from_config(cls, config: FunctionToolConfig) -> Self:
        message = (
            f"loading the tool {config.name!r} runs the source code in its config: load "
            "only what you trust"
        )
        warnings.warn(message, UserWarning, stacklevel=2)
        scope: dict[str, Any] = {}
        for each in config.global_imports:
            _run_import(import_to_str(each), scope)
        func = _run_definition(config.source_code, scope)
        return cls(
            func,
            name=config.name,
            description=config.description,
            global_imports=config.global_imports,
            strict=config.strict,
        )


def _run_import(statement: str, scope: dict[str, Any]) -> None:
    try:
        exec(statement, scope)  # noqa: S102 - the caller was warned
    except ModuleNotFoundError as exc:
        message = f"a tool needs '{statement}': {exc}; install what has it"
        raise ModuleNotFoundError(message, name=exc.name) from exc
    except ImportError as exc:
        message = f"a tool needs '{statement}': {exc}"
        raise ImportError(message, name=exc.name) from exc
    except Exception as exc:
        message = f"a tool needs '{statement}', which failed: {exc!r}"
        raise RuntimeError(message) from exc


def _run_definition(source: str, scope: dict[str, Any]) -> Callable[..., Any]:
    """Run the code and return what its first definition defines."""
    try:
        names = [
            node.name
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        exec(source, scope)  # noqa: S102 - the caller was warned
    except Exception as exc:
        message = f"the source code of a tool cannot be run: {exc!r}"
        raise ValueError(message) from exc
    if not names:
        message = f"the source code of a tool must define a function, and is {source!r}"
        raise ValueError(message)
    func: Callable[..., Any] = scope[names[0]]
    return func
