"""What a quote suggests and warns of, by values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.fees import fee_for
from intendly.domain.quoting import against_filling, far_off, suggest, wallet_doubt
from intendly.domain.signatures import WalletAnswer
from tests.unit.domain.test_fees import intent

MAGIC = Hash32("0x1626ba7e" + "00" * 28)


@given(
    gross=st.integers(1, 10**30),
    slippage=st.integers(0, 5_000),
    house=st.integers(0, 100),
    gas=st.one_of(st.none(), st.integers(0, 10**24)),
)
def test_minimum_and_fee_agree_with_each_other(gross: int, slippage: int, house: int, gas: int | None) -> None:
    suggested = suggest(intent(0), gross, slippage, house, gas)
    amount_out = suggested.amount_out(gross)
    assert suggested.fee == fee_for(intent(suggested.min_amount_out), house, gas)
    assert amount_out + suggested.fee == gross
    if amount_out > 1:
        exact = amount_out * (10_000 - slippage) // 10_000
        assert max(1, exact - 2) <= suggested.min_amount_out <= max(1, exact)


def test_a_suggestion_by_hand() -> None:
    suggested = suggest(intent(0), gross=1_000_000, slippage_bps=100, house_fee_bps=5, gas_fee=1_000)
    assert (suggested.min_amount_out, suggested.fee) == (988_519, 1_495)
    assert suggested.amount_out(1_000_000) == 998_505


def test_what_of_the_swapper_keeps_its_input_is_told_with_what_is_missing() -> None:
    assert list(against_filling(100, 100, 100)) == []
    holds, may_take = against_filling(100, 40, 30)
    assert "holds 40" in holds
    assert "60 less" in holds
    assert "may take 30" in may_take
    assert "permit2.approve" in may_take
    assert len(list(against_filling(100, None, 100))) == 1


@pytest.mark.parametrize(("best", "pools", "warned"), [(1_100, 1_000, False), (1_101, 1_000, True), (10**9, 0, False)])
def test_a_solver_far_above_the_pools_is_warned_of(best: int, pools: int, warned: bool) -> None:
    assert (far_off(best, pools) is not None) is warned


def _answer(*, returned: bool, size: int, delegate: Address | None = None) -> WalletAnswer:
    return WalletAnswer(delegate=delegate, returned=returned, size=size, answer=MAGIC, gas_used=1_000)


def test_code_that_seems_to_have_no_function_to_ask_is_doubted() -> None:
    for refuses in (_answer(returned=True, size=32), _answer(returned=False, size=68)):
        assert wallet_doubt(refuses) is None
    delegate = Address(b"\x0d" * 20)
    doubt = wallet_doubt(_answer(returned=True, size=0, delegate=delegate))
    assert doubt is not None
    assert str(delegate) in doubt
    assert "isValidSignature" in (wallet_doubt(_answer(returned=False, size=0)) or "")
