# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Code executors, and functions as source."""

import dataclasses

from ..common import refusal


def source(core):
    """Where the names are that autogen_core keeps in a private module."""
    code = core.code_executor
    return getattr(code, "_func_with_reqs", code)


def add(a: int, b: int = 2) -> int:
    """Adds.

    Two numbers.
    """
    return a + b


class Holder:
    def method(self, a: int) -> int:
        return a

    @staticmethod
    def static(a: int) -> int:
        return a


async def values(core):
    """Blocks, results and imports are values."""
    code = core.code_executor
    made = [
        code.CodeBlock("x", "python"),
        code.CodeResult(exit_code=1, output="y"),
        code.Alias("numpy", alias="np"),
        code.ImportFromModule("os", ["path"]),
        code.ImportFromModule("os", ("path",)),
    ]
    return (
        [dataclasses.asdict(one) for one in made],
        list(map(repr, made)),
        made[3] == made[4],
        hash(made[3]) == hash(made[4]),
        refusal(AttributeError, lambda: setattr(made[2], "name", "x")),
    )


async def import_statements(core):
    """As code."""
    code = core.code_executor
    return [
        source(core).import_to_str(one)
        for one in (
            "os",
            code.Alias("numpy", "np"),
            code.ImportFromModule("os", ["path", code.Alias("getcwd", "cwd")]),
        )
    ]


async def function_with_requirements(core):
    """It works as the function does, and says what it needs."""
    code = core.code_executor
    made = code.with_requirements(python_packages=["p"], global_imports=["os"])(add)
    plain = code.with_requirements()(add)
    other = code.FunctionWithRequirements.from_callable(add, ["p"])
    return (
        made(1),
        made(1, b=1),
        made.__name__,
        made.__wrapped__ is add,
        made.func is add,
        made.python_packages,
        made.global_imports,
        list(plain.python_packages),
        list(plain.global_imports),
        other == code.FunctionWithRequirements(add, ["p"], []),
    )


async def function_as_text(core):
    """It is compiled, and cannot be called."""
    made = core.code_executor.FunctionWithRequirements.from_str(
        "def f(a: int) -> int:\n    return a", ["p"], ["os"]
    )
    return (
        made.func,
        made.compiled_func(3),
        made._func_name,
        made.python_packages,
        made.global_imports,
        source(core).to_code(made),
        source(core).to_stub(made),
        refusal(NotImplementedError, lambda: made(1)),
    )


async def texts_that_are_no_function(core):
    """They are refused."""
    make = core.code_executor.FunctionWithRequirementsStr
    return [
        refusal(ValueError, lambda text=text: make(text))
        for text in ("x = 1", "def a(): ...\ndef b(): ...", "def (", "1 / 0", "")
    ]


async def text_that_imports_a_function(core):
    """An imported function is not the one that is meant."""
    make = core.code_executor.FunctionWithRequirementsStr
    text = "from os.path import join\ndef f(a: int) -> int:\n    return a"
    return refusal(ValueError, lambda: make(text)._func_name)


async def module_of_functions(core):
    """Its imports and its functions."""
    code = core.code_executor
    made = code.with_requirements(global_imports=[code.Alias("os", "o")])(add)
    return source(core).build_python_functions_file([made, add])


async def stubs(core):
    """The signature and the docstring."""
    return source(core).to_stub(add)


async def source_of_a_static_method(core):
    """It stands for itself."""
    return source(core).to_code(Holder.static)


async def source_of_a_bound_method(core):
    """It does not stand for itself."""
    return refusal(TypeError, lambda: source(core).to_code(Holder().method))


async def executor_in_a_block(core):
    """It is started and stopped."""
    log = []

    class Executor(core.code_executor.CodeExecutor):
        async def execute_code_blocks(self, code_blocks, cancellation_token):
            return core.code_executor.CodeResult(0, code_blocks[0].code)

        async def start(self):
            log.append("start")

        async def stop(self):
            log.append("stop")

        async def restart(self):
            log.append("restart")

    async with Executor() as executor:
        token = core.CancellationToken()
        block = core.code_executor.CodeBlock("x", "python")
        result = await executor.execute_code_blocks([block], token)
    return log, result.output, Executor.component_type
