"""JSON and its schemas."""
