"""Scripts that are handed a package and tell what it did.

Each script is a coroutine function of one argument, the package, and returns plain
values. The classes of agents are made inside, for they derive from the package's own.
"""
