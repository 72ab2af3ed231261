"""Ask the solvers that are asked over HTTP, and place what they answer (design: The auction).

One request per solver carries every auction that is open to it. Answers are taken as they arrive, so the slowest
solver holds nobody up; one that does not answer, or answers nonsense, counts as having answered.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from intendly_sdk.messages import BidResponse
from intendly_sdk.primitives import Hash32

from intendly.domain.errors import AuctionClosed, Paused, VenueError
from intendly.services.auction_ports import Ask, AskFailed, AskStore, SolverEndpoints
from intendly.services.place_bid import PlaceBids

log = structlog.get_logger()


class CollectBids:
    """One tick asks every solver that was not asked yet about an open auction on whose roster it is."""

    def __init__(self, store: AskStore, solvers: SolverEndpoints, bids: PlaceBids, *, timeout_ms: int) -> None:
        self._store = store
        self._solvers = solvers
        self._bids = bids
        self._timeout_ms = timeout_ms

    def run(self) -> int:
        """Ask, and place the answers. Returns how many solvers were asked."""
        asks = self._store.claim(self._timeout_ms)
        for ask, answer in self._solvers.ask_each(asks):
            with structlog.contextvars.bound_contextvars(solver=str(ask.solver)):
                try:
                    self._take(ask, answer)
                except Exception:  # one solver's answer must not lose the others'
                    log.exception("solver_answer_lost")
        return len(asks)

    def _take(self, ask: Ask, answer: BidResponse | AskFailed) -> None:
        asked = [auction.auction_id for auction in ask.auctions]
        if isinstance(answer, AskFailed):
            log.warning("solver_ask_failed", auctions=len(asked), why=answer.why)
            self._bids.record_no_bids(ask.solver, asked, "failed")
            return
        wanted = [bid for bid in answer.bids if bid.bid.auction_id in set(asked)]
        outcomes = self._bids.place_many(wanted, via=ask.solver) if wanted else []
        failed = [
            bid.bid.auction_id
            for bid, outcome in zip(wanted, outcomes, strict=True)
            if isinstance(outcome, VenueError) and not isinstance(outcome, AuctionClosed | Paused)
        ]
        self._tell(ask, answer, outcomes)
        named = {bid.bid.auction_id for bid in wanted}
        self._bids.record_no_bids(ask.solver, _without(asked, named), "declined")
        self._bids.record_no_bids(ask.solver, failed, "failed")

    def _tell(self, ask: Ask, answer: BidResponse, outcomes: Sequence[object]) -> None:
        refused = [outcome for outcome in outcomes if isinstance(outcome, VenueError)]
        log.info("solver_answered", asked=len(ask.auctions), bids=len(answer.bids), placed=len(outcomes) - len(refused))
        for code, detail in sorted({(one.code, one.detail) for one in refused}):
            log.warning("solver_bid_refused", code=code, detail=detail)


def _without(auction_ids: Sequence[Hash32], named: set[Hash32]) -> list[Hash32]:
    return [one for one in auction_ids if one not in named]
