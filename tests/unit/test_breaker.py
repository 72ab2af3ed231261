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
    assert breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()
    assert not breaker.succeeded()


def test_it_opens_at_so_many_failures_in_a_row() -> None:
    breaker = Breaker(open_s=5, trial_s=2, failures=3)
    for _ in range(2):
        assert not breaker.failed()
        assert not breaker.failed()
        assert breaker.allows()
        assert not breaker.succeeded()
    assert not breaker.failed()
    assert not breaker.failed()
    assert breaker.failed()
    assert not breaker.allows()
    assert not breaker.failed()  # it was under way when it opened


def test_each_trial_that_fails_doubles_the_pause_up_to_its_most() -> None:
    now = [0.0]
    breaker = Breaker(open_s=2, open_max_s=7, trial_s=1, clock=lambda: now[0])
    breaker.failed()
    breaker.failed()  # no trial: it was under way
    for pause in (2, 4, 7, 7):
        now[0] += pause - 0.5
        assert not breaker.allows()
        now[0] += 0.5
        assert breaker.allows()
        breaker.failed()
    now[0] += 7
    assert breaker.allows()
    assert breaker.succeeded()
    breaker.failed()
    now[0] += 2
    assert breaker.allows()
