"""Property tests: random input against simple models.

Each part of the runtime that decides something by itself:
inbox, routes, wait graph, quiescence, state stores. Hypothesis prints the smallest failing example,
and a blob that replays it.
"""
