"""How fast is actrio on your machine, next to what you would use instead?

Run ``python -m benchmarks`` from the root of a checkout; it needs ``pip install
'actrio[bench]'``, and ``'actrio[bench-peers]'`` for the libraries that are larger or less
close. It says first how long it will take. ``--quick`` takes less than a minute and is
good for seeing that everything runs, not for quoting.

The road of a run::

    __main__      the command line, and what happens in which order
    plan          all rows, and about how long they take
    targets       what the project aims at, and whether a result reaches it
    report, plot  the results as a table, as Markdown, as JSON, as charts
    pages         README, docs page and pictures from the JSON of a run
    rounds        every peer's turn, round by round, so that all meet the same machine
    growth        the same workload with more and more of something
    turns         one process per peer, which is given one command after another
    worker        that process; the only place where anything is timed
    workloads/    what is measured: requests, publishes, ..., each answer verified
    deliveries    whether every message came once, and in order
    stages        where a peer's program runs: an event loop, or threads
    peers/        who is measured: actrio, other libraries, and the bare event loops
    memory        how large one idle actor is
    imports       how long ``import actrio`` takes
    instructions  counts of machine instructions instead of times, where valgrind is
    steps         what one request is made of, and in which functions its bytecodes are
    check         the guard against getting slower: counts of bytecodes, and no clock

Programs of their own: ``python -m benchmarks.steps``, ``.instructions``, ``.pages``,
``.serialization``, ``.passivation``, ``.mailboxes``.

How to read a result: a rate is the median of the rounds, with the slowest and the
fastest beside it. A ratio is the median of the ratios of each round, since the two
numbers of one round were measured moments apart, on the same machine in the same mood.
The garbage collector stays on, as in a program, and runs once, in full, just before
each measurement. Logging and tracing are off for everyone.
"""
