"""A pytest plugin: every runtime that AgentChat or its tests make is the adapter."""

import autogen_core

from actrio.autogen import AgentChatRuntime

# before any test imports the name
autogen_core.SingleThreadedAgentRuntime = AgentChatRuntime  # type: ignore[assignment,misc] # on purpose
