"""How fast is actrio on your machine, next to what you would use instead?

Run ``python -m benchmarks`` from the root of a checkout; it takes under three minutes
and needs ``pip install actrio[bench]``. ``--quick`` takes seconds and is good for
seeing that everything runs, not for quoting.

The road of a run::

    __main__      the command line, and what happens in which order
    targets       what the project promises, and whether a result keeps it
    report        the results as a table, as Markdown, as JSON
    rounds        every peer's turn, round by round, so that all meet the same machine
    worker        one process per peer; the only place where anything is timed
    workloads     what is measured: requests and publishes, each answer verified
    peers/        who is measured: actrio, autogen_core, and the bare event loops
    memory        how large one idle actor is
    imports       how long ``import actrio`` takes
    instructions  ``python -m benchmarks.instructions``: counts instead of times, exact

How to read a result: a rate is the median of the rounds, with the slowest and the
fastest beside it. A ratio is the median of the ratios of each round, since the two
numbers of one round were measured moments apart, on the same machine in the same mood.
The garbage collector stays on, as in a program, and runs once, in full, just before
each measurement. Logging and tracing are off for everyone.
"""
