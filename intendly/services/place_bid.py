"""A solver bids in a sealed auction, or says that it will not (design: The auction).

A bid commits only into an auction that is open and not past its close; so it is either in, or told that it is late.
It makes no event before the close. When everyone on the roster has answered, the close is pulled forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import structlog
from intendly_sdk.messages import BidAccepted, SignedBid
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.bid import BidRules, NewBid, Terms, check_bid, check_standing, closed
from intendly.domain.errors import BidInvalid, NotFound, Paused, VenueError
from intendly.services.ports import Asked, BidStore, NoBid, Nudges, PauseReader, Place, Quota, Standing

log = structlog.get_logger(__name__)
Decided = NewBid | BidAccepted | VenueError


class PlaceBids:
    """Takes bids by HTTP, by the stream and from solvers that were asked. Safe in threads and greenlets.

    `via` is the solver that is known to be speaking (a stream's login, an endpoint that was asked), one for each of
    several bids: a bid of another solver is then refused. `quota` is what each solver may still send. While the venue
    is paused every bid is refused.
    """

    def __init__(self, rules: BidRules, bids: BidStore, nudges: Nudges, pause: PauseReader) -> None:
        self._rules = rules
        self._bids = bids
        self._nudges = nudges
        self._pause = pause

    def place(self, bid: SignedBid, *, via: Address | None = None, quota: Quota | None = None) -> BidAccepted:
        """Place one bid. `created` is false when the same bid was in already.

        Raises `AuctionClosed`, `NotFound`, `SolverUnknown`, `SignatureInvalid`, `BidInvalid`, `RateLimited`, `Paused`.
        """
        (outcome,) = self.place_many([bid], via=None if via is None else [via], quota=quota)
        if isinstance(outcome, VenueError):
            raise outcome
        return outcome

    def place_many(
        self, bids: Sequence[SignedBid], *, via: Sequence[Address] | None = None, quota: Quota | None = None
    ) -> list[BidAccepted | VenueError]:
        """Place several, each with its own outcome in the order of `bids`; the good ones are in."""
        if (reason := self._pause.reason()) is not None:
            return [Paused.because(reason)] * len(bids)
        hashes = [bid.bid.hash(self._rules.domain) for bid in bids]
        standings = self._bids.standings(
            [Asked(bid.bid.auction_id, bid.bid.solver, bid_hash) for bid, bid_hash in zip(bids, hashes, strict=True)]
        )
        decided = [
            self._decide(signed, bid_hash, standing, speaking)
            for signed, bid_hash, standing, speaking in zip(
                bids, hashes, standings, via or repeat(None, len(bids)), strict=True
            )
        ]
        if quota is not None:
            decided = _within(quota, decided)
        new = [one for one in decided if isinstance(one, NewBid)]
        places = self._bids.place(new) if new else []
        # The close waits for nobody a second time.
        self._pull_close(
            [one.signed.bid.auction_id for one, place in zip(new, places, strict=True) if place == "first"]
        )
        told = map(_told, new, places)
        return [next(told) if isinstance(one, NewBid) else one for one in decided]

    def decline(self, auction_id: Hash32, solver: Address) -> None:
        """The solver will not bid, so it need not be waited for. A bid that it placed before stays in.

        Raises `AuctionClosed`, `NotFound`, `SolverUnknown`.
        """
        (standing,) = self._bids.standings([Asked(auction_id, solver, None)])
        check_standing(_terms(standing, auction_id))
        self.record_no_bids([NoBid(auction_id, solver, "declined")])

    def record_no_bids(self, no_bids: Sequence[NoBid]) -> None:
        """The same for several, of solvers that were asked. Auctions that are closed are passed over."""
        if no_bids:
            self._bids.record_no_bids(no_bids)
            self._pull_close([one.auction_id for one in no_bids])

    def _decide(self, signed: SignedBid, bid_hash: Hash32, standing: Standing, via: Address | None) -> Decided:
        try:
            if via is not None and signed.bid.solver != via:
                raise BidInvalid(f"expected the solver that speaks here, {via}", field="bid.solver")
            if standing.is_in:
                return _accepted(signed, bid_hash, created=False)
            return check_bid(bid_hash, signed, _terms(standing, signed.bid.auction_id), self._rules)
        except VenueError as refusal:
            return refusal

    def _pull_close(self, auction_ids: Sequence[Hash32]) -> None:
        """A bid that is in stays in whatever happens here: the window's end closes the auction too."""
        if auction_ids and (pulled := self._bids.pull_close(auction_ids)):
            self._nudges.nudge("auctions.close", work=pulled)


def _within(quota: Quota, decided: Sequence[Decided]) -> list[Decided]:
    new = [one for one in decided if isinstance(one, NewBid)]
    refusals = iter(quota.spend([one.signed.bid.solver for one in new]) if new else ())
    return [(next(refusals) or one) if isinstance(one, NewBid) else one for one in decided]


def _terms(standing: Standing, auction_id: Hash32) -> Terms:
    if standing.terms is None:
        raise NotFound(f"there is no auction {auction_id}", field="auction_id")
    return standing.terms


def _told(new: NewBid, place: Place) -> BidAccepted | VenueError:
    if place == "late":
        return closed()
    bid = new.signed.bid
    log.debug(
        "bid_placed",
        auction_id=str(bid.auction_id),
        solver=str(bid.solver),
        intent_hashes=[str(leg.intent_hash) for leg in bid.legs],
    )
    return _accepted(new.signed, new.hash, created=place != "again")


def _accepted(signed: SignedBid, bid_hash: Hash32, *, created: bool) -> BidAccepted:
    return BidAccepted(bid_hash=bid_hash, auction_id=signed.bid.auction_id, created=created)
