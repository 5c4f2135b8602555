"""Code that models write, and functions that such code may call."""

from .._extras import Needs

with Needs("actrio.code_executor"):
    from ._base import CodeBlock, CodeExecutor, CodeResult
    from ._imports import Alias, Import, ImportFromModule, import_to_str
    from ._requirements import (
        FunctionWithRequirements,
        FunctionWithRequirementsStr,
        with_requirements,
    )
    from ._source import build_python_functions_file, to_code, to_stub

__all__ = [
    "Alias",
    "CodeBlock",
    "CodeExecutor",
    "CodeResult",
    "FunctionWithRequirements",
    "FunctionWithRequirementsStr",
    "Import",
    "ImportFromModule",
    "build_python_functions_file",
    "import_to_str",
    "to_code",
    "to_stub",
    "with_requirements",
]
