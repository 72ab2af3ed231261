"""A client may burst, then speak at a steady rate."""

from __future__ import annotations

from web.stream_allowance import Allowance


def test_a_burst_then_a_steady_rate() -> None:
    now = [100.0]
    allowance = Allowance(10, 20, lambda: now[0])
    assert [allowance.take(10), allowance.take(10), allowance.take(10)] == [0, 0, 1]
    now[0] += 1.0
    assert allowance.take(5) == 0.5
    now[0] += 3_600
    assert [allowance.take(20), allowance.take(1)] == [0, 0.1]
