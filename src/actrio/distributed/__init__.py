"""The same runtime over many processes, which meet in a Redis server."""
