"""Who wins, and why nobody does: by values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import BidFate, IntentState

from intendly.domain.auction import can_all_be_filled, decide, seed_of, transcript_root, wait_after
from intendly.domain.closing import ClosingAuction, Outcome, SealedBid
from intendly.domain.reasons import Reason, words
from intendly.domain.settlement import IntentFacts
from tests.unit.domain.auction_values import (
    BLOCK_TIME,
    CLOSES_AT,
    FEE,
    GOOD_FACTS,
    MIN_OUT,
    address,
    auction,
    bid,
    intent,
)


def decided(one: ClosingAuction, facts: IntentFacts | None = GOOD_FACTS, **changes: Any) -> Outcome:
    return decide(one, facts, **({"block_time": BLOCK_TIME, "award_validity_s": 10} | changes))


def fates(outcome: Outcome) -> dict[bytes, BidFate]:
    """As who reads an auction sees them."""
    told = {bytes(one.hash): BidFate.LOST for one in outcome.auction.bids}
    told |= {bytes(one.bid.hash): one.fate for one in outcome.own}
    return told | ({bytes(outcome.winner.hash): BidFate.WON} if outcome.winner else {})


@st.composite
def some_bids(draw: st.DrawFn) -> list[SealedBid]:
    """Bids of which some tie, some are below the minimum, and some break another rule."""
    count = draw(st.integers(0, 8))
    return [
        bid(
            number,
            draw(st.integers(MIN_OUT - 3, MIN_OUT + 3)),
            fee=draw(st.sampled_from([FEE, FEE, FEE, FEE - 1])),
            valid_until=BLOCK_TIME + draw(st.sampled_from([0, 2, 3, 11, 15, 16])),
            active=draw(st.sampled_from([True, True, True, False])),
        )
        for number in range(count)
    ]


def is_eligible(one: SealedBid) -> bool:
    lasts = min(one.valid_until, CLOSES_AT // 1000 + 10) > BLOCK_TIME + 2
    lasts = lasts and one.valid_until <= BLOCK_TIME + 15
    return one.amount_out >= MIN_OUT and one.fee == FEE and one.active and lasts


@given(some_bids())
def test_the_winner_has_the_most_of_those_that_may_win(bids: list[SealedBid]) -> None:
    outcome = decided(auction(*bids))
    eligible = [one for one in bids if is_eligible(one)]
    assert (outcome.winner is not None) == bool(eligible)
    if outcome.winner is not None:
        assert outcome.winner in eligible
        assert outcome.winner.amount_out == max(one.amount_out for one in eligible)
        assert outcome.winner.amount_out >= MIN_OUT
        assert outcome.award is not None
        assert outcome.award.bid_hash == outcome.winner.hash
        assert outcome.unfilled is None
    else:
        assert outcome.unfilled is not None


@given(some_bids(), st.randoms())
def test_the_order_of_the_bids_makes_no_difference(bids: list[SealedBid], random: Any) -> None:
    shuffled = list(bids)
    random.shuffle(shuffled)
    one, other = decided(auction(*bids)), decided(auction(*shuffled))
    assert one.award == other.award
    assert fates(one) == fates(other)
    assert one.unfilled == other.unfilled


@given(some_bids())
def test_every_bid_has_a_fate(bids: list[SealedBid]) -> None:
    told = fates(decided(auction(*bids)))
    assert told.keys() == {bytes(one.hash) for one in bids}
    assert BidFate.LIVE not in told.values()
    assert list(told.values()).count(BidFate.WON) <= 1


@given(st.integers(2, 8))
def test_a_tie_goes_to_the_lowest_hash_with_the_seed(count: int) -> None:
    tied = auction(*(bid(number, MIN_OUT) for number in range(count)))
    seed = keccak(bytes(tied.secret) + b"".join(sorted(bytes(one.hash) for one in tied.bids)))
    assert seed == seed_of(tied)
    lowest = min(tied.bids, key=lambda one: keccak(bytes(one.hash) + seed))
    assert decided(tied).winner == lowest


def test_another_secret_lets_another_of_the_tied_win() -> None:
    tied = [bid(number, MIN_OUT) for number in range(8)]
    winners = {decided(auction(*tied, secret=bid(f"secret {n}").hash)).winner for n in range(40)}
    assert len(winners) > 3


def test_an_award_holds_as_long_as_its_bid_but_no_longer_than_the_venue_lets_it() -> None:
    close_s = CLOSES_AT // 1000
    short = decided(auction(bid(1, valid_until=close_s + 4))).award
    long = decided(auction(bid(1, valid_until=close_s + 14))).award
    assert short is not None
    assert long is not None
    assert short.exclusive_until == close_s + 4
    assert long.exclusive_until == close_s + 10
    assert short.transcript_root == transcript_root(auction(bid(1)))


def test_a_close_that_comes_too_late_awards_nobody() -> None:
    outcome = decided(auction(bid(1)), block_time=BLOCK_TIME + 9)
    assert outcome.award is None
    assert outcome.unfilled is not None
    assert outcome.unfilled.reason is Reason.BIDS_INELIGIBLE
    assert "too soon to be mined" in outcome.unfilled.facts["why"]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(GOOD_FACTS, balance=499), Reason.BALANCE_MISSING),
        (replace(GOOD_FACTS, balance=None), Reason.BALANCE_MISSING),
        (replace(GOOD_FACTS, allowance=499), Reason.ALLOWANCE_MISSING),
        (replace(GOOD_FACTS, allowance=None), Reason.ALLOWANCE_MISSING),
        (replace(GOOD_FACTS, nonce_spent=True), Reason.NONCE_SPENT),
        (replace(GOOD_FACTS, signature_refusal="it is by nobody", balance=0), Reason.SIGNATURE_REFUSED),
    ],
)
def test_what_the_chain_says_comes_before_the_bids(facts: IntentFacts, reason: Reason) -> None:
    outcome = decided(auction(bid(1), bid(2, MIN_OUT - 1)), facts)
    assert outcome.unfilled is not None
    assert outcome.unfilled.reason is reason
    assert fates(outcome) == {
        bytes(bid(1).hash): BidFate.LOST,
        bytes(bid(2).hash): BidFate.BELOW_MINIMUM,
    }
    if reason is Reason.NONCE_SPENT:
        assert outcome.unfilled.facts == {"seen_block_time": str(BLOCK_TIME)}
    if reason is Reason.SIGNATURE_REFUSED:
        assert (
            words(reason, outcome.unfilled.facts) == "Permit2 would not take the swapper's signature: it is by nobody."
        )


def test_a_signature_that_is_refused_is_asked_about_less_and_less_often() -> None:
    """Its owner may change the delegate of the account, so the intent stays open."""
    refused = replace(GOOD_FACTS, signature_refusal="no")
    waits = [decided(auction(bid(1), auctions_held=held), refused).unfilled for held in (0, 1, 2, 9)]
    assert [one.wait_s for one in waits if one is not None] == [2, 4, 8, 30]


def test_the_best_bid_below_the_minimum_is_told() -> None:
    outcome = decided(auction(bid(1, 900), bid(2, 999), bid(3, 5_000, active=False)))
    assert outcome.unfilled is not None
    assert outcome.unfilled.reason is Reason.BELOW_MINIMUM
    assert outcome.unfilled.facts == {"best_amount_out": "999", "min_amount_out": "1000"}


def test_no_bid_is_told_apart_from_no_solver() -> None:
    assert decided(auction()).reason == "no_bid"
    assert decided(auction(roster_size=0)).reason == "no_solver"


def test_an_intent_near_its_deadline_is_not_awarded() -> None:
    late = auction(bid(1), intent=intent(deadline=BLOCK_TIME + 2))
    assert decided(late).reason == "deadline_passed"


def test_an_intent_that_moved_on_is_left_alone() -> None:
    outcome = decided(auction(bid(1), state=IntentState.CANCELLED), None)
    assert outcome.award is None
    assert outcome.unfilled is None
    assert outcome.reason == "intent_moved_on"
    assert set(fates(outcome).values()) == {BidFate.LOST}


def test_of_two_intents_with_one_nonce_one_is_awarded() -> None:
    first, second, other = intent(), intent(min_amount_out=MIN_OUT - 1), intent("other")
    facts = {one.hash: replace(GOOD_FACTS, balance=10_000, allowance=10_000) for one in (first, second, other)}
    decisions = [decided(auction(bid(1), intent=one), facts[one.hash]) for one in (first, second, other)]
    outcomes = can_all_be_filled(decisions, facts)
    assert [one.reason for one in outcomes] == ["awarded", "nonce_in_use", "awarded"]
    assert set(fates(outcomes[1]).values()) == {BidFate.LOST}
    assert decided(auction(bid(1), nonce_taken=True)).reason == "nonce_in_use"


@pytest.mark.parametrize("limit", ["balance", "allowance"])
def test_one_balance_does_not_win_more_auctions_than_it_can_pay(limit: str) -> None:
    ample = replace(GOOD_FACTS, balance=10**9, allowance=10**9)
    paid_once = replace(ample, balance=999) if limit == "balance" else replace(ample, allowance=999)
    taken = decided(auction(bid(1), taken=500), paid_once)
    assert taken.unfilled is not None
    assert taken.unfilled.reason is Reason.BALANCE_IN_USE
    assert taken.unfilled.wait_s == 1
    assert taken.unfilled.facts == {"available": "999", "taken": "500", "amount_in": "500"}
    assert decided(auction(bid(1), taken=499), paid_once).award is not None

    wanted = [intent(str(n)) for n in range(3)] + [intent("other token", token_in=address("another"))]
    facts = {one.hash: paid_once for one in wanted}
    outcomes = can_all_be_filled([decided(auction(bid(1), intent=one), paid_once) for one in wanted], facts)
    assert [one.reason for one in outcomes] == ["awarded", "balance_in_use", "balance_in_use", "awarded"]
    assert set(fates(outcomes[1]).values()) == {BidFate.LOST}


def test_a_bid_that_holds_longer_than_the_contract_takes_at_the_newest_block_is_not_awarded() -> None:
    longest = auction(bid(1, valid_until=BLOCK_TIME + 15))
    assert decided(longest).award is not None
    outcome = decided(longest, block_time=BLOCK_TIME - 1)
    assert outcome.unfilled is not None
    assert outcome.unfilled.reason is Reason.BIDS_INELIGIBLE
    assert f"holds until {BLOCK_TIME + 15}, over 15 s after the newest block" in outcome.unfilled.facts["why"]


def test_the_wait_between_auctions_doubles_up_to_its_cap() -> None:
    assert [wait_after(held) for held in (0, 1, 2, 3, 4, 5, 1_000)] == [2, 4, 8, 16, 30, 30, 30]


def test_a_bid_whose_executor_would_not_be_called_can_not_win() -> None:
    best = bid("best", MIN_OUT + 50, executor_refusal="its executor has not consented to its solver")
    outcome = decided(auction(best, bid("other", MIN_OUT + 1)))
    assert outcome.winner is not None
    assert outcome.winner.hash == bid("other").hash
    (fate,) = outcome.own
    assert fate.bid is best
    assert (fate.fate, fate.detail) == (BidFate.INELIGIBLE, "its executor has not consented to its solver")
    alone = decided(auction(best)).unfilled
    assert alone is not None
    assert (alone.reason, alone.facts["why"]) == (Reason.BIDS_INELIGIBLE, fate.detail)
