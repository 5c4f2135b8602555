"""The seeded explorer: random programs on the real runtime, in virtual time.

A seed makes a *program* (`program`, `generate`): agents, and scripts that drivers,
handlers, factories and hooks play. The program is data, so that it can be printed,
cut down and played again. `play` plays it on a runtime, on either host, with a
scheduler that the same seed shuffles; `world` keeps the books meanwhile and says what
is wrong. Time is virtual: a program that hangs hangs for ever, and `dump` then shows
who waits for whom. `python -m tests.explorer --help` explores by hand.
"""
