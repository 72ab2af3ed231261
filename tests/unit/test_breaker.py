"""The circuit breaker, by its clock."""

from __future__ import annotations

from intendly.adapters.breaker import Breaker


def test_it_opens_on_failure_and_lets_one_at_a_time_try() -> None:
    now = [0.0]
    breaker = Breaker(open_s=5, trial_s=2, clock=lambda: now[0])
    assert breaker.allows()
    assert breaker.failed()
    assert not breaker.allows()
    now[0] = 5.0
    assert breaker.allows()
    assert not breaker.allows()
    now[0] = 7.0
    assert breaker.allows()  # the one before never said
    assert not breaker.failed()
    now[0] = 12.0
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()
