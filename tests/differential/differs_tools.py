"""Where tools, schemas and code differ from autogen_core 0.7.5, on purpose."""

from .differs import Difference

TOOLS = {
    "code_executors.source_of_a_bound_method": Difference(
        "what is written down can be run",
        autogen_core=(
            "returned",
            "    def method(self, a: int) -> int:\n        return a\n",
        ),
        actrio="TypeError",
    ),
    "code_executors.source_of_a_static_method": Difference(
        "what is written down can be run",
        autogen_core="    @staticmethod\n    def static(a: int) -> int:\n        return a\n",
        actrio="def static(a: int) -> int:\n    return a\n",
    ),
    "code_executors.text_that_imports_a_function": Difference(
        "what a text imports is not the function that it defines",
        autogen_core="ValueError",
        actrio=("returned", "f"),
    ),
    "schemas.array_of_anything": Difference(
        "a schema that says nothing about a value allows any",
        autogen_core=[{"v": ["x"]}, "refused"],
        actrio=[{"v": ["x"]}, {"v": [1]}],
    ),
    "schemas.array_of_arrays": Difference(
        "items have a schema like any other value",
        autogen_core=[{"v": [[1]]}, {"v": [["x"]]}],
        actrio=[{"v": [[1]]}, "refused"],
    ),
    "schemas.array_of_choices": Difference(
        "items have a schema like any other value",
        autogen_core=("returned", [{"v": ["a"]}, {"v": ["b"]}]),
        actrio=("returned", [{"v": ["a"]}, "refused"]),
    ),
    "schemas.closed_objects": Difference(
        "an object that allows no other properties refuses them",
        autogen_core=[{"v": {"a": 1}}, {"v": {"a": 1}}],
        actrio=[{"v": {"a": 1}}, "refused"],
    ),
    "schemas.constants": Difference(
        "`const` is one value, as `enum` is several",
        autogen_core="Exception",
        actrio=("returned", [{"v": "a"}, "refused"]),
    ),
    "schemas.definition_of_a_scalar": Difference(
        "a definition may be of anything",
        autogen_core=("returned", ["refused", "refused"]),
        actrio=("returned", [{"v": "red"}, "refused"]),
    ),
    "schemas.format_and_limit": Difference(
        "what stands beside a format holds as well",
        autogen_core=[{"v": "ab"}, {"v": "a"}],
        actrio=[{"v": "ab"}, "refused"],
    ),
    "schemas.kind_of_the_errors": Difference(
        "a schema is a value",
        autogen_core="UnsupportedKeywordError",
        actrio="ValueError",
    ),
    "schemas.networks": Difference(
        "the format names a network, not an address", autogen_core=False, actrio=True
    ),
    "schemas.schema_of_an_array": Difference(
        "a schema that is no object has values too",
        autogen_core="ValidationError",
        actrio=("returned", [1]),
    ),
    "schemas.several_types": Difference(
        "a value may be of one of several types",
        autogen_core="Exception",
        actrio=("returned", [{"v": "a"}, {"v": None}, "refused"]),
    ),
    "schemas.uuids_of_any_version": Difference(
        "the format `uuid` names no version", autogen_core=False, actrio=True
    ),
    "tool_agents.arguments_that_do_not_fit": Difference(
        "it is documented so: the arguments are invalid",
        autogen_core=[
            "ToolExecutionException",
            "ToolExecutionException",
            "ToolExecutionException",
        ],
        actrio=[
            "InvalidToolArgumentsException",
            "InvalidToolArgumentsException",
            "InvalidToolArgumentsException",
        ],
    ),
    "tool_agents.errors_are_exceptions": Difference(
        "an error of a tool is an ordinary error, and says what it is about",
        autogen_core=(False, ""),
        actrio=(True, "Error: no"),
    ),
    "tool_agents.loop_with_an_agent_that_does_not_answer": Difference(
        "a result that is missing is an error", autogen_core=0, actrio="TypeError"
    ),
    "tool_agents.loop_with_errors": Difference(
        "the model is told what went wrong",
        autogen_core=([("Error: ", True), ("3", False), ("Error: ", True)], [1, 3]),
        actrio=(
            [
                ("Error: Tool not found: nope", True),
                ("3", False),
                ("Error: broken", True),
            ],
            [1, 3],
        ),
    ),
    "tool_agents.loop_with_no_calls": Difference(
        "a model that calls nothing has answered",
        autogen_core="IndexError",
        actrio=(
            "returned",
            (
                [
                    {
                        "content": [],
                        "thought": None,
                        "source": "me",
                        "type": "AssistantMessage",
                    }
                ],
                [1],
            ),
        ),
    ),
    "tools.call_by_position": Difference(
        "every parameter that a model can be told about will do",
        autogen_core="TypeError",
        actrio=("returned", 1),
    ),
    "tools.description_beside_a_model": Difference(
        "what an annotation says about a parameter goes before its class",
        autogen_core="A point.",
        actrio="where to",
    ),
    "tools.error_without_words": Difference(
        "the model is told at least the kind of the error",
        autogen_core="",
        actrio="TimeoutError",
    ),
    "tools.errors_of_a_group": Difference(
        "each error of a group is in a line of its own",
        autogen_core="a'b'",
        actrio="a\n'b'",
    ),
    "tools.model_that_json_does_not_know": Difference(
        "whatever pydantic can write can be told to a model",
        autogen_core="TypeError",
        actrio=("returned", '{"day": "2026-01-02"}'),
    ),
    "tools.object_that_can_be_called": Difference(
        "every parameter that a model can be told about will do",
        autogen_core="TypeError",
        actrio=("returned", "Caller"),
    ),
    "tools.parameter_with_a_field": Difference(
        "every parameter that a model can be told about will do",
        autogen_core="ValueError",
        actrio=(
            "returned",
            {
                "count": {
                    "description": "how many",
                    "minimum": 1,
                    "title": "Count",
                    "type": "integer",
                }
            },
        ),
    ),
    "tools.parameter_with_an_underscore": Difference(
        "every parameter that a model can be told about will do",
        autogen_core="Exception",
        actrio=("returned", ["_a"]),
    ),
    "tools.parameter_without_an_annotation": Difference(
        "the error is the user's, and says so",
        autogen_core="KeyError",
        actrio="TypeError",
    ),
    "tools.schema_that_contains_itself": Difference(
        "a schema can be written as JSON",
        autogen_core="ValueError",
        actrio=("returned", True),
    ),
    "tools.stream_under_another_name": Difference(
        "the name that a model sees can be called",
        autogen_core=[
            {
                "type": "ToolResult",
                "name": "plus",
                "result": [
                    {"type": "TextResultContent", "content": "Tool plus not found."}
                ],
                "is_error": True,
            }
        ],
        actrio=[
            {
                "type": "ToolResult",
                "name": "plus",
                "result": [{"type": "TextResultContent", "content": "3"}],
                "is_error": False,
            }
        ],
    ),
    "tools.strict_tool_as_a_component": Difference(
        "a component comes back as it was", autogen_core=False, actrio=True
    ),
    "tools.token_that_cancels": Difference(
        "a token reaches whatever runs under it",
        autogen_core=(("returned", "x"), ["ended"]),
        actrio=("CancelledError", ["cancelled"]),
    ),
}
