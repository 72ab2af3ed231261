"""The rules of bidding, by values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionState, Bid, Leg, SignedBid
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import Domain

from intendly.domain.bid import BidRules, Terms, check_bid, check_terms
from intendly.domain.errors import AuctionClosed, BidInvalid, SignatureInvalid, SolverUnknown

SOLVER, OTHER = Signer(keccak(b"solver")), Signer(keccak(b"other"))
SETTLEMENT = Address("0x" + "5e" * 20)
RULES = BidRules(Domain(31_337, SETTLEMENT), frozenset({SETTLEMENT}), auction_window_ms=2_000, award_validity_s=10)
INTENT = Hash32(b"\x01" * 32)
OPENED = 1_800_000_000_500
TERMS = Terms(
    state=AuctionState.OPEN,
    opened_at=OPENED,
    closes_at=OPENED + 2_000,
    late=False,
    fees={INTENT: 50},
    on_roster=True,
    active=True,
    signing_key=SOLVER.address,
)


def bid(**changes: Any) -> Bid:
    values: dict[str, Any] = {
        "legs": (Leg(intent_hash=INTENT, amount_out=1, fee=50),),
        "auction_id": Hash32(b"\x02" * 32),
        "solver": SOLVER.address,
        "executor": Address("0x" + "ee" * 20),
        "valid_until": 1_800_000_012,
        "call_data_hash": Hash32(keccak(b"")),
        "gas_limit": 100_000,
    }
    return Bid(**(values | changes))


def check(one: Bid, terms: Terms = TERMS, signer: Signer = SOLVER) -> None:
    bid_hash = one.hash(RULES.domain)
    check_bid(bid_hash, SignedBid(bid=one, data=HexBytes(), signature=signer.sign(bid_hash)), terms, RULES)


def test_a_good_bid_is_good() -> None:
    check(bid())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"state": AuctionState.CLOSING}, AuctionClosed),
        ({"state": AuctionState.CLOSED}, AuctionClosed),
        ({"late": True}, AuctionClosed),
        ({"on_roster": False}, SolverUnknown),
        ({"active": False}, SolverUnknown),
        ({"signing_key": None}, SolverUnknown),
        ({"signing_key": OTHER.address}, SignatureInvalid),
        ({"fees": {INTENT: 51}}, BidInvalid),
        ({"fees": {INTENT: 50, Hash32(b"\x03" * 32): 1}}, BidInvalid),
        ({"fees": {Hash32(b"\x03" * 32): 50}}, BidInvalid),
    ],
)
def test_how_the_solver_stands(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        check(bid(), replace(TERMS, **changes))


def test_only_the_registered_key_counts() -> None:
    with pytest.raises(SignatureInvalid):
        check(bid(), signer=OTHER)
    check(bid(), replace(TERMS, signing_key=OTHER.address), signer=OTHER)


@given(valid_until=st.integers(1_799_999_980, 1_800_000_040), early_ms=st.integers(0, 1_700))
def test_a_bid_holds_past_the_close_and_ten_seconds_at_most(valid_until: int, early_ms: int) -> None:
    """The limit counts from the close that the solver was told, also when an early close has moved it forward."""
    terms = replace(TERMS, closes_at=TERMS.closes_at - early_ms)
    fine = valid_until * 1000 > terms.closes_at and valid_until <= 1_800_000_012
    if fine:
        check_terms(bid(valid_until=valid_until), terms, RULES)
        return
    with pytest.raises(BidInvalid) as refusal:
        check_terms(bid(valid_until=valid_until), terms, RULES)
    assert refusal.value.field == "bid.valid_until"


def test_a_bundle_fills_each_intent_once_in_any_order() -> None:
    second = Hash32(b"\x03" * 32)
    terms = replace(TERMS, fees={INTENT: 50, second: 60})
    one, two = Leg(intent_hash=INTENT, amount_out=1, fee=50), Leg(intent_hash=second, amount_out=1, fee=60)
    for order in ((one, two), (two, one)):
        check_terms(bid(legs=order), terms, RULES)
    wrong: list[tuple[Leg, ...]] = [(one,), (one, one), (one, two, two), (one, two.model_copy(update={"fee": 50}))]
    for legs in wrong:
        with pytest.raises(BidInvalid):
            check_terms(bid(legs=legs), terms, RULES)
