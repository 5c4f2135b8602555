"""The semantics of the runtime, on every host."""
