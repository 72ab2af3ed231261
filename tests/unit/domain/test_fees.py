"""The fee of a fill, by values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.messages import Intent
from intendly_sdk.primitives import Address

from intendly.domain.fees import carries, fee_for, smallest_min_amount_out


def intent(min_amount_out: int, partner_fee_bps: int = 0) -> Intent:
    return Intent(
        chain_id=1,
        spender=Address(b"\x01" * 20),
        swapper=Address(b"\x02" * 20),
        token_in=Address(b"\x03" * 20),
        amount_in=1,
        token_out=Address(b"\x04" * 20),
        min_amount_out=min_amount_out,
        receiver=Address(b"\x02" * 20),
        nonce=0,
        deadline=1,
        open_after=1,
        partner_fee_bps=partner_fee_bps,
    )


@pytest.mark.parametrize(
    ("min_amount_out", "partner_bps", "house_bps", "gas_fee", "fee"),
    [
        (1_000_000, 0, 5, 0, 500),
        (1_000_000, 0, 5, None, 500),
        (1_000_000, 0, 5, 42, 542),
        (1_000_001, 0, 5, 0, 501),
        (1, 1, 1, 0, 2),
        (1_000_000, 100, 5, 0, 10_500),
        (2**256 - 1, 300, 100, 0, -(-(2**256 - 1) * 300 // 10_000) + -(-(2**256 - 1) * 100 // 10_000)),
    ],
)
def test_fee(min_amount_out: int, partner_bps: int, house_bps: int, gas_fee: int | None, fee: int) -> None:
    assert fee_for(intent(min_amount_out, partner_bps), house_bps, gas_fee) == fee


@given(
    house=st.integers(0, 100),
    partner=st.integers(0, 300),
    gas=st.integers(0, 10**24),
    above=st.integers(0, 10**20),
)
def test_every_amount_from_the_smallest_on_carries_its_fee(house: int, partner: int, gas: int, above: int) -> None:
    smallest = smallest_min_amount_out(house, partner, gas, 1_000)
    amount = smallest + above
    assert carries(amount, fee_for(intent(amount, partner), house, gas), 1_000)


@given(house=st.integers(0, 100), partner=st.integers(0, 300), gas=st.integers(10**6, 10**24))
def test_much_less_than_the_smallest_does_not(house: int, partner: int, gas: int) -> None:
    amount = smallest_min_amount_out(house, partner, gas, 1_000) * 99 // 100
    assert not carries(amount, fee_for(intent(amount, partner), house, gas), 1_000)


def test_shares_over_the_cap_are_no_amount() -> None:
    with pytest.raises(ValueError, match="cap"):
        smallest_min_amount_out(500, 500, 0, 1_000)
