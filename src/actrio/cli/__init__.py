"""The `actrio` command."""
