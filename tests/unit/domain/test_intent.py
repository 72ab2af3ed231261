"""The rules of accepting an intent, by values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Intent, SignedIntent
from intendly_sdk.primitives import UINT256_MAX, ZERO_ADDRESS, Address
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2

from intendly.domain import fees
from intendly.domain.errors import IntentTooSmall, Refused
from intendly.domain.intent import new_intent
from intendly.domain.intent_rules import Market, Rules, check_fields
from intendly.domain.reasons import Reason

NOW = 1_800_000_000
SWAPPER = Signer(keccak(b"swapper"))
SETTLEMENT = Address("0x" + "5e" * 20)
WETH, USDC = Address("0x" + "01" * 20), Address("0x" + "02" * 20)
PARTNER = Address("0x" + "09" * 20)
RULES = Rules(
    chain_id=31_337,
    settlement=SETTLEMENT,
    permit2=PERMIT2,
    house_fee_bps=5,
    max_fee_bps=1_000,
    max_partner_fee_bps=300,
    deadline_max_s=86_400,
)
MARKET = Market(gas_fees={WETH: 10**13, USDC: 50_000}, block_time=NOW, clock=NOW)


def intent(**changes: Any) -> Intent:
    values: dict[str, Any] = {
        "chain_id": 31_337,
        "spender": SETTLEMENT,
        "swapper": SWAPPER.address,
        "token_in": WETH,
        "amount_in": 10**18,
        "token_out": USDC,
        "min_amount_out": 3_000 * 10**6,
        "receiver": SWAPPER.address,
        "nonce": 7,
        "deadline": NOW + 600,
        "open_after": NOW + 600,
    }
    return Intent(**(values | changes))


def refusal_of(one: Intent, market: Market = MARKET) -> Refused | None:
    try:
        check_fields(one, RULES, market)
    except Refused as refusal:
        return refusal
    return None


def code_of(one: Intent, market: Market = MARKET) -> str | None:
    refusal = refusal_of(one, market)
    assert refusal is None or (refusal.field or "").startswith("intent.")
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"chain_id": 1}, "wrong_chain"),
        ({"spender": PERMIT2}, "wrong_spender"),
        ({"amount_in": 0}, "amount_invalid"),
        ({"min_amount_out": 0}, "amount_invalid"),
        ({"amount_in": 1}, None),
        ({"amount_in": UINT256_MAX, "min_amount_out": UINT256_MAX}, None),
        ({"token_out": WETH}, "same_token"),
        ({"token_in": PARTNER}, "token_unknown"),
        ({"token_out": PARTNER}, "token_unknown"),
        ({"receiver": ZERO_ADDRESS}, "receiver_invalid"),
        ({"receiver": SETTLEMENT}, "receiver_invalid"),
        ({"receiver": PERMIT2}, "receiver_invalid"),
        ({"receiver": WETH}, "receiver_invalid"),
        ({"receiver": PARTNER}, None),
        ({"partner": PARTNER, "partner_fee_bps": 300}, None),
        ({"partner": PARTNER, "partner_fee_bps": 301}, "partner_invalid"),
        ({"partner": PARTNER, "partner_fee_bps": 0}, None),
        ({"partner_fee_bps": 1}, "partner_invalid"),
    ],
)
def test_a_rule_has_its_code(changes: dict[str, Any], code: str | None) -> None:
    assert code_of(intent(**changes)) == code


@given(
    deadline=st.integers(NOW - 100, NOW + 90_000),
    valid_from=st.integers(NOW - 200, NOW + 90_000),
    open_after=st.integers(NOW - 200, NOW + 90_100),
)
def test_times_are_taken_exactly_when_they_agree(deadline: int, valid_from: int, open_after: int) -> None:
    code = code_of(intent(deadline=deadline, valid_from=valid_from, open_after=open_after))
    fine = NOW < deadline <= NOW + 86_400 and valid_from < deadline and valid_from <= open_after <= deadline
    assert (code is None) == fine
    assert code in {None, "deadline_passed", "deadline_too_far", "times_invalid"}


@given(
    minimum=st.integers(1, UINT256_MAX),
    gas_fee=st.one_of(st.none(), st.integers(0, 10**30)),
    partner_bps=st.integers(0, 300),
)
def test_accepted_means_that_the_contract_takes_the_fee(minimum: int, gas_fee: int | None, partner_bps: int) -> None:
    one = intent(min_amount_out=minimum, partner=PARTNER, partner_fee_bps=partner_bps)
    market = Market(gas_fees={WETH: None, USDC: gas_fee}, block_time=NOW, clock=NOW)
    fee = fees.fee_for(one, RULES.house_fee_bps, gas_fee)
    code = code_of(one, market)
    assert (code is None) == (fee * 10_000 <= minimum * RULES.max_fee_bps)
    assert code in {None, "intent_too_small"}


@given(gas_fee=st.integers(0, 10**24), partner_bps=st.integers(0, 300))
def test_the_amount_that_a_refusal_names_is_enough(gas_fee: int, partner_bps: int) -> None:
    market = Market(gas_fees={WETH: None, USDC: gas_fee}, block_time=NOW, clock=NOW)
    one = intent(min_amount_out=1, partner=PARTNER, partner_fee_bps=partner_bps)
    with pytest.raises(IntentTooSmall) as refusal:
        check_fields(one, RULES, market)
    named = int(refusal.value.detail.split("at least ")[1].split()[0])
    assert code_of(one.model_copy(update={"min_amount_out": named}), market) is None


@given(ahead=st.integers(-1_000, 500))
def test_what_is_valid_later_is_due_then(ahead: int) -> None:
    one = intent(valid_from=NOW + ahead, open_after=NOW + 600)
    new = new_intent(SignedIntent(intent=one, signature=SWAPPER.sign(one.hash)), RULES, MARKET)
    assert new.due_in_s == max(0, ahead)
    assert new.reason is (Reason.NOT_YET_VALID if ahead > 0 else Reason.ACCEPTED)
    assert new.hash == one.hash


@pytest.mark.parametrize("deadline", [NOW - 1, NOW, NOW + 19, NOW + 20])
def test_a_deadline_is_past_though_the_index_stands_still(deadline: int) -> None:
    """The newest indexed block is twenty seconds old; none that comes is."""
    stalled = Market(gas_fees=MARKET.gas_fees, block_time=NOW, clock=NOW + 20)
    assert code_of(intent(deadline=deadline, open_after=deadline), stalled) == "deadline_passed"
    assert code_of(intent(deadline=NOW + 21, open_after=NOW + 21), stalled) is None
