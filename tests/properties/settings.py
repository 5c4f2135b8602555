"""What the property tests have in common."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

EXAMPLES = 200

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,  # a failing example is printed, not kept on one machine
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

steps = settings(many, max_examples=100, stateful_step_count=25)
"""For state machines."""
