"""Explore by hand: ``python -m tests.explorer --host trio --start 0 --count 2000``."""

from .explore import main

main()
