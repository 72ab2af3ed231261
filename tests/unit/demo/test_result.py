"""What the demo's last line says is worked out from what was seen, also when that is bad news."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.result import Outcome, improvement_bps, result_of


def _result(*outcomes: Outcome) -> dict[str, object]:
    line = result_of(outcomes, solvers=2, bids=5, settled_on_chain=1, seed=7).line()
    told: dict[str, object] = json.loads(line)
    return told


def test_the_line_has_every_name_that_is_promised() -> None:
    assert set(_result(Outcome(1.0, 10, 10))) == {
        "intents",
        "settled",
        "unfilled",
        "solvers",
        "bids",
        "settled_on_chain",
        "p50_ms",
        "p95_ms",
        "improvement_bps",
        "seed",
    }


def test_a_fill_worse_than_the_pool_makes_the_improvement_negative() -> None:
    assert _result(Outcome(1.0, 9_900, 10_000))["improvement_bps"] == -100.0


def test_the_improvement_is_the_mean_over_fills_that_a_pool_compares_with() -> None:
    told = _result(Outcome(1.0, 10_100, 10_000), Outcome(1.0, 10_000, 10_000), Outcome(1.0, 5, 0), Outcome(None))
    assert told["improvement_bps"] == 50.0
    assert (told["intents"], told["settled"], told["unfilled"]) == (4, 3, 1)


def test_nothing_settled_says_so() -> None:
    told = _result(Outcome(None), Outcome(None))
    assert (told["settled"], told["p50_ms"], told["p95_ms"], told["improvement_bps"]) == (0, None, None, None)


def test_percentiles_are_of_the_nearest_rank() -> None:
    told = _result(*(Outcome(float(ms)) for ms in range(100, 0, -1)))
    assert (told["p50_ms"], told["p95_ms"]) == (50, 95)


@given(st.integers(1, 10**30), st.integers(1, 10**30))
def test_the_improvement_has_the_sign_of_the_difference(amount_out: int, best_pool: int) -> None:
    gain = improvement_bps(amount_out, best_pool)
    assert (gain > 0) == (amount_out > best_pool)
    assert gain == pytest.approx((amount_out / best_pool - 1) * 10_000, rel=1e-9, abs=1e-6)
