"""A solver bids in a sealed auction, or says that it will not (design: The auction).

A bid commits only into an auction that is open and not past its close; so it is either in, or told that it is late.
It makes no event before the close. When everyone on the roster has answered, the close is pulled forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from intendly_sdk.messages import BidAccepted, SignedBid
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.errors import VenueError

NoBid = Literal["declined", "failed"]


class PlaceBids:
    """Takes bids by HTTP, by the stream and from solvers that were asked. Safe in threads and greenlets.

    `via` is the solver that is known to be speaking (a stream's login, an endpoint that was asked): a bid of another
    solver is then refused.
    """

    def place(self, bid: SignedBid, *, via: Address | None = None) -> BidAccepted:
        """Place one bid. `created` is false when the same bid was in already.

        Raises `AuctionClosed`, `NotFound`, `SolverUnknown`, `SignatureInvalid`, `BidInvalid`.
        """
        raise NotImplementedError

    def place_many(self, bids: Sequence[SignedBid], *, via: Address | None = None) -> list[BidAccepted | VenueError]:
        """Place several, each with its own outcome in the order of `bids`; the good ones are in."""
        raise NotImplementedError

    def decline(self, auction_id: Hash32, solver: Address) -> None:
        """The solver will not bid, so it need not be waited for. A bid that it placed before stays in.

        Raises `AuctionClosed`, `NotFound`, `SolverUnknown`.
        """
        raise NotImplementedError

    def record_no_bids(self, solver: Address, auction_ids: Sequence[Hash32], answer: NoBid) -> None:
        """The same for several auctions after one request to the solver. Auctions that are closed are passed over."""
        raise NotImplementedError
