"""The names of the loggers; they are autogen_core's, so that its set-ups work here."""

__all__ = ["EVENT_LOGGER_NAME", "ROOT_LOGGER_NAME", "TRACE_LOGGER_NAME"]

ROOT_LOGGER_NAME = "autogen_core"
"""The parent of the others; warnings and errors for people are logged here."""

EVENT_LOGGER_NAME = "autogen_core.events"
"""Structured events, one object per record, for programs."""

TRACE_LOGGER_NAME = "autogen_core.trace"
"""What happens inside, for debugging; its format may change."""
