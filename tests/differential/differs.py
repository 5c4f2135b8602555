"""Where actrio differs from autogen_core 0.7.5, on purpose."""

from dataclasses import dataclass

from .common import Text


@dataclass(frozen=True)
class Difference:
    """One script that has another result, and why."""

    reason: str
    autogen_core: object
    actrio: object


ONE_AGENT = "one id is one agent, which handles one message at a time"
FUNCTION_CALL = "a request is a function call: its cancellation reaches the handler"
NO_SENDER = "the sender is a name: naming it neither needs nor builds an agent"
DOCUMENTED = "AutoGen's documents show it this way"
INDEPENDENT = "subscribers are independent: one that fails does not starve the next one"
CHAIN = "intervention handlers are a chain, in which None changes nothing"
EVERYBODY_IS_ANSWERED = "every waiting caller gets an answer"
WRONG_VALUE = "a value that does not fit is a validation error"
PAIRS = "a service refuses a result without its call, and a call without its result"
THEIR_OWN = "a list belongs to whoever made it"
THROUGH_JSON = "what goes to JSON comes back as it was"
WRONG = ["raised ValueError", "raised ValueError", 5]

DIFFERS = {
    "agents.agent_type_by_its_other_name": Difference(
        DOCUMENTED, autogen_core="TypeError", actrio="worker"
    ),
    "agents.base_agent_of_an_id_and_a_runtime": Difference(
        DOCUMENTED, autogen_core="TypeError", actrio=(True, True)
    ),
    "agents.failing_factory": Difference(
        "an error that a sender is told is not logged as well",
        autogen_core=("KeyError", "heard b", 2, ["ERROR"]),
        actrio=("KeyError", "heard b", 2, []),
    ),
    "agents.failing_factory_of_a_subscriber": Difference(
        INDEPENDENT,
        autogen_core=([], ["ERROR"]),
        actrio=([("s", "x")], ["ERROR"]),
    ),
    "agents.proxy_without_a_sender": Difference(
        "the handling agent is the sender, outside of one there is none",
        autogen_core="TypeError",
        actrio=5,
    ),
    "agents.registration_that_fails": Difference(
        "a registration happens whole or not at all",
        autogen_core=("ValueError", "ValueError"),
        actrio=("ValueError", "registered"),
    ),
    "agents.sending_through_a_proxy": Difference(
        DOCUMENTED, autogen_core="AttributeError", actrio="heard x"
    ),
    "agents.slow_factory_and_two_messages": Difference(
        ONE_AGENT, autogen_core=2, actrio=1
    ),
    "closures.unknown_type_is_ignored": Difference(
        "the policy that ignores a message does not call the closure with it",
        autogen_core=(["handled", "handled"], []),
        actrio=([None, "handled"], []),
    ),
    "closures.closure_of_any": Difference(
        DOCUMENTED, autogen_core=None, actrio="handled"
    ),
    "components.component_as_a_decorator": Difference(
        DOCUMENTED, autogen_core="TypeError", actrio=("returned", 1)
    ),
    "components.loading_changes_the_model": Difference(
        "the model is the caller's",
        autogen_core="autogen_ext.models.ollama.OllamaChatCompletionClient",
        actrio="OllamaChatCompletionClient",
    ),
    "components.model_without_a_provider": Difference(
        DOCUMENTED, autogen_core="ValidationError", actrio=("returned", "x")
    ),
    "components.nested_class": Difference(
        "what can be dumped can be loaded",
        autogen_core=("components.Outer.Speaker", "ModuleNotFoundError"),
        actrio=("components.Outer.Speaker", ("returned", "hello")),
    ),
    "components.provider_of_another_package": Difference(
        "importing a module runs it, so data must not choose which",
        autogen_core=("returned", "hello"),
        actrio="ValueError",
    ),
    "components.public_names_of_the_methods": Difference(
        DOCUMENTED, autogen_core="NotImplementedError", actrio=("returned", True)
    ),
    "contexts.buffered_with_initial_messages_as_a_component": Difference(
        "a conversation consists of messages",
        autogen_core=["dict"],
        actrio=["UserMessage"],
    ),
    "contexts.buffered_with_two_results": Difference(
        PAIRS, autogen_core=["r3", "u4"], actrio=["u4"]
    ),
    "contexts.given_messages_belong_to_the_caller": Difference(
        THEIR_OWN, autogen_core=[["a", "b"], ["a", "b"]], actrio=[["a"], ["a"]]
    ),
    "contexts.head_and_tail_with_calls_at_the_edges": Difference(
        "what is skipped is counted, whatever the reason",
        autogen_core=["u0", "Skipped 4 messages.", "u7"],
        actrio=["u0", "Skipped 6 messages.", "u7"],
    ),
    "contexts.initial_messages_belong_to_the_caller": Difference(
        THEIR_OWN, autogen_core=(["a"], 2), actrio=(["a"], 1)
    ),
    "contexts.token_limited_with_calls_in_the_middle": Difference(
        PAIRS, autogen_core=["u0", "c1", "u6"], actrio=["u0", "u6"]
    ),
    "handlers.catch_all_handler": Difference(
        DOCUMENTED,
        autogen_core="ValueError",
        actrio=("returned", ["any Number", "text"]),
    ),
    "handlers.description_may_be_left_out": Difference(
        DOCUMENTED, autogen_core="TypeError", actrio=("returned", "Agent")
    ),
    "handlers.handler_returning_any": Difference(
        "autogen_core's AnyType is private; everything is an object",
        autogen_core=["AnyType"],
        actrio=["object"],
    ),
    "handlers.handler_returning_generics": Difference(
        "a response is compared with the class of a generic type",
        autogen_core="AssertionError",
        actrio=("returned", ["list"]),
    ),
    "handlers.handler_with_other_parameter_names": Difference(
        "parameters are found by their position and annotation",
        autogen_core="AssertionError",
        actrio=("returned", "handler"),
    ),
    "handlers.plain_values_as_messages": Difference(
        "only a message that leaves the process needs a serializer",
        autogen_core="ValueError",
        actrio=("returned", ["HELLO"]),
    ),
    "handlers.wrong_answers": Difference(
        "an object of a subclass is of the announced type",
        autogen_core=(["right", "raised ValueError", *WRONG], ["WARNING"]),
        actrio=(["right", "a subclass", *WRONG], ["WARNING"]),
    ),
    "identity.default_topic_equals_its_topic": Difference(
        "a topic is its type and its source", autogen_core=False, actrio=True
    ),
    "images.image_beside_text": Difference(
        WRONG_VALUE, autogen_core="TypeError", actrio=("returned", 2)
    ),
    "images.image_field_of_something_else": Difference(
        WRONG_VALUE,
        autogen_core=["TypeError", "TypeError", "UnidentifiedImageError"],
        actrio=["ValidationError", "ValidationError", "ValidationError"],
    ),
    "images.image_from_uri_of_another_format": Difference(
        "any format that Pillow reads will do",
        autogen_core="ValueError",
        actrio=("returned", (5, 4)),
    ),
    "interventions.drop_message_is_an_exception": Difference(
        DOCUMENTED,
        autogen_core=(("returned", False), "TypeError"),
        actrio=(("returned", True), ("returned", "DropMessage")),
    ),
    "interventions.handler_for_a_handler_without_response": Difference(
        CHAIN, autogen_core=["RuntimeWarning"], actrio=[]
    ),
    "interventions.handler_that_returns_none": Difference(
        CHAIN, autogen_core=([None], True), actrio=([Text("x")], True)
    ),
    "interventions.handler_that_returns_none_on_response": Difference(
        CHAIN, autogen_core=(None, True), actrio=("heard x", True)
    ),
    "interventions.idle_after_a_drop": Difference(
        "a dropped message is done", autogen_core="hangs", actrio="idle"
    ),
    "interventions.partial_handler": Difference(
        DOCUMENTED,
        autogen_core=(None, [("s", "sent")]),
        actrio=("heard sent", [("s", "sent")]),
    ),
    "interventions.raising_drop_message": Difference(
        DOCUMENTED,
        autogen_core=("TypeError", []),
        actrio=("MessageDroppedException", []),
    ),
    "interventions.slow_handler": Difference(
        "an intervention runs in the task that sends, and delays only its message",
        autogen_core=["slow", "quick"],
        actrio=["quick", "slow"],
    ),
    "interventions.two_handlers": Difference(
        CHAIN,
        autogen_core=[("s", "x2")],
        actrio=[("s", "x12")],
    ),
    "life.async_with": Difference(
        "it is the recommended form", autogen_core="TypeError", actrio="heard x"
    ),
    "life.caller_of_a_stopped_handler": Difference(
        EVERYBODY_IS_ANSWERED,
        autogen_core="TimeoutError",
        actrio="RuntimeStoppedError",
    ),
    "life.close_with_an_agent_that_fails": Difference(
        "every agent is closed, then the error is raised",
        autogen_core=("KeyError", []),
        actrio=("KeyError", ["b", "c"]),
    ),
    "life.handler_running_at_stop": Difference(
        "a running handler may finish within `grace`, as documented",
        autogen_core=[],
        actrio=["done"],
    ),
    "life.idle_while_another_subscriber_failed": Difference(
        "idle is when every message is done", autogen_core=[], actrio=["slow one done"]
    ),
    "life.sending_after_stop": Difference(
        EVERYBODY_IS_ANSWERED, autogen_core="TimeoutError", actrio="RuntimeStoppedError"
    ),
    "life.stop_inside_a_handler": Difference(
        "inside a handler a stop begins and returns at once",
        autogen_core="hangs",
        actrio="done",
    ),
    "life.stop_when_its_condition_holds": Difference(
        "the condition is looked at whenever a message was handled, not once a second",
        autogen_core=3.0,
        actrio=2.5,
    ),
    "memory.bytes_in_a_component": Difference(
        THROUGH_JSON, autogen_core="ValueError", actrio=("returned", b"\xff")
    ),
    "memory.bytes_through_json": Difference(
        THROUGH_JSON, autogen_core="ValueError", actrio=("returned", b"\xff\x00")
    ),
    "memory.content_of_another_type": Difference(
        WRONG_VALUE, autogen_core=["TypeError"], actrio=["ValidationError"]
    ),
    "memory.image_in_a_component": Difference(
        THROUGH_JSON, autogen_core="dict", actrio="Image"
    ),
    "memory.image_through_json": Difference(
        THROUGH_JSON, autogen_core="dict", actrio="Image"
    ),
    "memory.initial_memories_belong_to_the_caller": Difference(
        THEIR_OWN, autogen_core=(2, 2), actrio=(1, 2)
    ),
    "memory.mime_type_equals_its_string": Difference(
        THROUGH_JSON, autogen_core=(False, False), actrio=(True, True)
    ),
    "memory.reminding_of_bytes": Difference(
        "a model reads text, not Python",
        autogen_core="\nRelevant memory content (in chronological order):\n1. b'tea'\n",
        actrio="\nRelevant memory content (in chronological order):\n1. tea\n",
    ),
    "memory.text_from_json": Difference(
        THROUGH_JSON, autogen_core="TypeError", actrio=("returned", "a")
    ),
    "messages.handlers_of_one_agent": Difference(
        ONE_AGENT,
        autogen_core=["begin a", "begin b", "end a", "end b"],
        actrio=["begin a", "end a", "begin b", "end b"],
    ),
    "messages.kind_of_the_error_of_an_unknown_recipient": Difference(
        "it is documented so", autogen_core="Exception", actrio="UndeliverableException"
    ),
    "messages.naming_a_sender": Difference(
        NO_SENDER, autogen_core=["agent/k", "agent/sender"], actrio=["agent/k"]
    ),
    "messages.sender_that_is_not_registered": Difference(
        NO_SENDER, autogen_core="LookupError", actrio="heard x"
    ),
    "messages.two_subscriptions_of_one_agent": Difference(
        "an agent receives a published message once", autogen_core=2, actrio=1
    ),
    "models.info_from_capabilities_is_whole": Difference(
        "what is required is there", autogen_core=["UserWarning"], actrio=[]
    ),
    "models.messages_with_calls_of_mappings": Difference(
        DOCUMENTED,
        autogen_core="ValidationError",
        actrio=(
            "returned",
            {
                "content": [{"id": "1", "arguments": {"a": 1}, "name": "f"}],
                "thought": None,
                "source": "x",
                "type": "AssistantMessage",
            },
        ),
    ),
    "subscriptions.decorator_with_an_agent_type": Difference(
        DOCUMENTED, autogen_core="TypeError", actrio=[("s", "x")]
    ),
    "subscriptions.removing_what_is_not_there": Difference(
        "it is documented so, and is a ValueError as well",
        autogen_core="ValueError",
        actrio="LookupError",
    ),
    "subscriptions.subscription_of_a_type_never_registered": Difference(
        INDEPENDENT,
        autogen_core=[],
        actrio=[("s", "x")],
    ),
    "tokens.callback_that_asks_its_token": Difference(
        "callbacks run outside of the token's lock",
        autogen_core=["deadlock"],
        actrio=[True],
    ),
    "tokens.callback_that_raises": Difference(
        "one callback must not stop the others",
        autogen_core=["KeyError"],
        actrio=["later", "ExceptionGroup"],
    ),
    "tokens.cancel_after": Difference(
        DOCUMENTED, autogen_core="AttributeError", actrio=(False, True)
    ),
    "tokens.cancelled_beforehand": Difference(
        FUNCTION_CALL,
        autogen_core=("CancelledError", ["begin a", "end a"]),
        actrio=("CancelledError", []),
    ),
    "tokens.cancelled_caller": Difference(
        FUNCTION_CALL,
        autogen_core=["begin a", "timeout", "end a"],
        actrio=["begin a", "cancelled a", "timeout"],
    ),
    "tokens.cancelled_handler": Difference(
        FUNCTION_CALL,
        autogen_core=["begin a", "end a"],
        actrio=["begin a", "cancelled a"],
    ),
    "tokens.publish_with_a_token": Difference(
        "a token withdraws the copies that nobody has begun to handle",
        autogen_core=["begin a", "end a"],
        actrio=[],
    ),
    "tokens.token_read_as_an_attribute": Difference(
        DOCUMENTED, autogen_core=(True, True), actrio=(False, True)
    ),
}
