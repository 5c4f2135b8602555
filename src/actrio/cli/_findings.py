"""What behaves differently on actrio, as rules for programs written for autogen_core.

Each rule names a row of the page of differences by its anchor, and says in a line what
changes. The rules look at names only, so they may point at a use that is fine; they are
there to be read, once.
"""

from __future__ import annotations

from typing import Final

import attrs

GUIDE: Final = "docs/differences.md"
"""Where the anchors are."""


@attrs.frozen
class Finding:
    """One place that somebody should look at."""

    line: int
    text: str
    anchor: str | None = None
    """The row of the guide; None if the place is simply not migrated."""

    def __str__(self) -> str:
        link = f" ({GUIDE}#{self.anchor})" if self.anchor else ""
        return f"{self.line}: {self.text}{link}"


@attrs.frozen
class Rule:
    """What to say about the use of a name."""

    anchor: str
    text: str


BASES: Final = {
    "RoutedAgent": Rule(
        "one-at-a-time",
        "an agent handles one message at a time; max_concurrency=math.inf to interleave",
    ),
    "BaseAgent": Rule(
        "one-at-a-time",
        "an agent handles one message at a time; max_concurrency=math.inf to interleave",
    ),
    "InterventionHandler": Rule(
        "interventions-chain",
        "interventions form a chain, and run in the task that sends",
    ),
    "DefaultInterventionHandler": Rule(
        "interventions-chain",
        "interventions form a chain, and run in the task that sends",
    ),
    "ToolException": Rule("toolexception", "it is an Exception, and has a text"),
}
"""Of a class with this base."""

CALLS: Final = {
    "CancellationToken": Rule(
        "cancelling", "cancelling a token stops the handler, then the caller"
    ),
    "ClosureAgent.register_closure": Rule(
        "closure-any", "a closure for Any takes every message"
    ),
    "MessageHandlerContext.agent_id": Rule(
        "context-in-factory", "inside a factory it is the id of the agent being built"
    ),
    "InMemoryStore": Rule(
        "provider-of-store", "its provider is actrio.InMemoryStore; both names load"
    ),
    "Image.from_file": Rule(
        "large-images", "large and broken images raise InvalidImage"
    ),
    "Image.from_uri": Rule(
        "large-images", "large and broken images raise InvalidImage"
    ),
    "Image.from_base64": Rule(
        "large-images", "large and broken images raise InvalidImage"
    ),
    "try_get_known_serializers_for_type": Rule(
        "wire-names", "a class is called module.qualname on the wire"
    ),
    "FunctionTool": Rule(
        "plain-function-as-tool",
        "a plain function runs in a thread that a cancelled call waits for",
    ),
    "ToolAgent": Rule(
        "arguments-do-not-fit-tool-at",
        "arguments that do not fit raise InvalidToolArgumentsException",
    ),
    "tool_agent_caller_loop": Rule(
        "tool-agent-caller-loop-tells-model",
        "the model is told what went wrong; an empty list of calls is an answer",
    ),
    "BufferedChatCompletionContext": Rule(
        "buffer-begins-several-messages-results",
        "results whose calls are gone are left out",
    ),
    "TokenLimitedChatCompletionContext": Rule(
        "calls-middle-token-limited-conversation",
        "calls and their results are left out together",
    ),
    "HeadAndTailChatCompletionContext": Rule(
        "skipped-n-messages-headandtailchatcompletioncontext",
        "the number of skipped messages counts all that are left out",
    ),
    "ListMemory": Rule(
        "initial-messages-model-context-memory-contents",
        "memory_contents are copied; changing that list changes nothing here",
    ),
    "schema_to_pydantic_model": Rule(
        "schema-pydantic-model-array-without-items",
        "an array without items is of anything",
    ),
}
"""Of a call of this name of autogen_core."""

METHODS: Final = {
    "stop": Rule(
        "stop", "callers get RuntimeStoppedError, handlers may end in `grace`"
    ),
    "stop_when": Rule(
        "stop-when", "the condition is asked whenever a message has been handled"
    ),
    "close": Rule("close", "all agents are closed, also if one of them raises"),
    "remove_subscription": Rule(
        "removing-a-subscription", "the error is a LookupError and a ValueError"
    ),
    "add_message_serializer": Rule(
        "wire-names", "a class is called module.qualname on the wire"
    ),
}
"""Of a call of this method of a variable that holds a runtime."""

ANY_METHODS: Final = {
    "load_component": Rule(
        "untrusted-provider", "a class outside of actrio must be named by the caller"
    ),
    "run_json": Rule("token-run-json", "cancelling the token cancels the tool"),
}
"""Of a call of this method of anything."""

KEYWORDS: Final = {
    ("publish_message", "cancellation_token"): Rule(
        "publish-with-token", "copies that no handler has begun with are withdrawn"
    ),
    ("send_message", "cancellation_token"): Rule(
        "request-cancelled", "a withdrawn request raises RequestCancelled"
    ),
    ("register_closure", "unknown_type_policy"): Rule(
        "closure-ignore", '"ignore" drops a foreign message, and does not call'
    ),
}
"""Of a keyword argument of a method of anything."""

TEXTS: Final = {
    "Recipient not found": Rule(
        "unknown-recipient", "an unknown recipient raises RecipientNotFound"
    ),
}
"""Of a string that is compared or searched for."""
