"""Whether a bid may enter an auction: pure rules (design: The auction). A bid below the minimum may; it cannot win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intendly_sdk.messages import AuctionState, Bid, SignedBid
from intendly_sdk.primitives import ZERO_ADDRESS, Address, Hash32
from intendly_sdk.signatures import SignatureError, recover
from intendly_sdk.typed_data import Domain

from intendly.domain.errors import AuctionClosed, BidInvalid, SignatureInvalid, SolverUnknown

LONGEST_PROMISE_S: Final = 13
"""How far past the close a bid may hold when an early close moves it forward: the contract takes 10 seconds and 5 of
clock lag beyond the block of the fill, and the rest is left to the clocks."""


@dataclass(frozen=True, slots=True)
class BidRules:
    """What every bid is held to. `forbidden_executors` are Settlement, Permit2, the registry and the tokens."""

    domain: Domain
    forbidden_executors: frozenset[Address]
    auction_window_ms: int
    award_validity_s: int


@dataclass(frozen=True, slots=True)
class Terms:
    """An auction as it stands to one solver. Times are unix milliseconds of the database's clock.

    `fees` is each intent's fee, in the auction's order. `signing_key` is None for a solver that is not registered.
    """

    state: AuctionState
    opened_at: int
    closes_at: int
    late: bool
    fees: Mapping[Hash32, int]
    on_roster: bool
    active: bool
    signing_key: Address | None


@dataclass(frozen=True, slots=True)
class NewBid:
    """A checked bid on its way into the database."""

    hash: Hash32
    signed: SignedBid


def check_standing(terms: Terms) -> None:
    """The solver may answer in this auction, now. Raises `AuctionClosed` or `SolverUnknown`."""
    if terms.state is not AuctionState.OPEN or terms.late:
        raise closed()
    if terms.signing_key is None or not terms.active or not terms.on_roster:
        raise SolverUnknown(
            "expected a solver that was registered and active when the auction opened, and still is, and that has "
            "not failed this intent before",
            field="bid.solver",
        )


def closed() -> AuctionClosed:
    """The refusal of whatever comes after the close."""
    return AuctionClosed("the auction is past its close; the next auction.opened event may be of the same intent")


def check_bid(bid_hash: Hash32, signed: SignedBid, terms: Terms, rules: BidRules) -> NewBid:
    """Check a bid against its auction. Raises the `VenueError` that names the first rule broken."""
    check_standing(terms)
    check_terms(signed.bid, terms, rules)
    try:
        signer = recover(bid_hash, signed.signature, allow_high_s=False)
    except SignatureError as error:
        raise SignatureInvalid(str(error), field="signature") from None
    if signer != terms.signing_key:
        raise SignatureInvalid(
            f"the signature over {bid_hash} is by {signer}, expected the solver's registered key", field="signature"
        )
    return NewBid(bid_hash, signed)


def check_terms(bid: Bid, terms: Terms, rules: BidRules) -> None:
    """The bid's own fields. Raises `BidInvalid`."""
    legs = {leg.intent_hash: leg.fee for leg in bid.legs}
    if len(legs) != len(bid.legs) or legs.keys() != terms.fees.keys():
        wanted = ", ".join(str(intent_hash) for intent_hash in terms.fees)
        raise BidInvalid(f"expected one leg for each intent of the auction: {wanted}", field="bid.legs")
    for position, leg in enumerate(bid.legs):
        if leg.fee != terms.fees[leg.intent_hash]:
            raise BidInvalid(
                f"expected the auction's fee, {terms.fees[leg.intent_hash]}", field=f"bid.legs.{position}.fee"
            )
    if bid.penalty != 0:
        raise BidInvalid("expected 0: penalties are not taken yet", field="bid.penalty")
    if bid.executor == ZERO_ADDRESS or bid.executor in rules.forbidden_executors:
        raise BidInvalid("expected the solver's own executor contract", field="bid.executor")
    _check_validity(bid, terms, rules)


def _check_validity(bid: Bid, terms: Terms, rules: BidRules) -> None:
    # A solver counts from the close that it was told, which an early close may have moved forward since.
    told_close = max(terms.closes_at, terms.opened_at + rules.auction_window_ms)
    latest = told_close // 1000 + rules.award_validity_s
    if bid.valid_until * 1000 <= terms.closes_at:
        raise BidInvalid(f"expected after the close, which is {terms.closes_at} ms", field="bid.valid_until")
    if bid.valid_until > latest:
        raise BidInvalid(
            f"expected at most {latest}, {rules.award_validity_s} seconds past the close", field="bid.valid_until"
        )
