"""The agent that runs tools."""
