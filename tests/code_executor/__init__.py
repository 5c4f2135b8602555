"""Functions as source, and what executors are."""
