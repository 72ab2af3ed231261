"""What a price and a yield come to: integers, rounded against the solver's promise, never for it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.pricing import OraclePrice, after_costs, fair_amount_out

NOW = 1_800_000_000
ETH = OraclePrice(3_000 * 10**8, 8, NOW)
USD = OraclePrice(10**8, 8, NOW)
prices = st.builds(OraclePrice, st.integers(1, 10**15), st.integers(0, 18), st.just(NOW))


def test_decimals_of_tokens_and_feeds_are_heeded() -> None:
    assert fair_amount_out(10**18, ETH, 18, USD, 6) == 3_000 * 10**6
    assert fair_amount_out(3_000 * 10**6, USD, 6, ETH, 18) == 10**18
    fine = OraclePrice(3_000 * 10**18, 18, NOW)
    assert fair_amount_out(10**18, fine, 18, USD, 6) == 3_000 * 10**6


@given(st.integers(0, 10**30), prices, st.integers(0, 18), prices, st.integers(0, 18))
def test_the_amount_is_the_exact_one_rounded_down(
    amount: int, price_in: OraclePrice, decimals_in: int, price_out: OraclePrice, decimals_out: int
) -> None:
    exact = (
        Fraction(amount, 10**decimals_in)
        * Fraction(price_in.answer, 10**price_in.decimals)
        / Fraction(price_out.answer, 10**price_out.decimals)
        * 10**decimals_out
    )
    assert fair_amount_out(amount, price_in, decimals_in, price_out, decimals_out) == exact.__floor__()


def test_a_price_that_moves_moves_the_amount() -> None:
    dearer = replace(ETH, answer=ETH.answer * 11 // 10)
    assert fair_amount_out(10**18, dearer, 18, USD, 6) == 3_300 * 10**6
    assert fair_amount_out(3_300 * 10**6, USD, 6, dearer, 18) == 10**18


@pytest.mark.parametrize(
    ("age", "answer", "good"), [(0, 1, True), (60, 1, True), (61, 1, False), (0, 0, False), (0, -1, False)]
)
def test_a_price_is_good_while_it_is_young_and_positive(age: int, answer: int, good: bool) -> None:
    assert OraclePrice(answer, 8, NOW - age).is_good(NOW, 60) is good


def test_costs_come_off() -> None:
    assert after_costs(1_000_000, 8, 500) == 1_000_000 - 800 - 500
    assert after_costs(1_000_000, 0, 0) == 1_000_000
    assert after_costs(100, 0, 100) is None
    assert after_costs(0, 0, 0) is None


@given(st.integers(0, 2**256 - 1), st.integers(0, 5_000), st.integers(0, 10**30))
def test_amount_and_fee_together_never_exceed_what_there_is(gross: int, cut_bps: int, fee: int) -> None:
    amount_out = after_costs(gross, cut_bps, fee)
    assert amount_out is None or 0 < amount_out + fee <= gross
