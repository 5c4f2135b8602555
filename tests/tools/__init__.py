"""Tools and workbenches."""
