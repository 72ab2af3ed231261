"""Ask the solvers that are asked over HTTP, and place what they answer (design: The auction).

One request per solver carries every auction that is open to it. Answers are taken as they arrive, so the slowest
solver holds nobody up; those that arrive together are placed together. One that does not answer, or answers nonsense,
counts as having answered; one that was crowded out is asked by the next tick.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from intendly_sdk.messages import BidAccepted, BidResponse, SignedBid

from intendly.domain.errors import AuctionClosed, Paused, VenueError
from intendly.services.auction_ports import Answered, Ask, AskFailed, AskStore, CrowdedOut, SolverEndpoints
from intendly.services.place_bid import PlaceBids
from intendly.services.ports import NoBid

log = structlog.get_logger(__name__)
Placed = tuple[SignedBid, BidAccepted | VenueError]


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
        for answers in self._solvers.ask_each(asks):
            try:
                self._take(answers)
            except Exception:  # one solver's answer must not lose the others'
                log.exception("solver_answers_taken_one_by_one", answers=len(answers))
                self._take_one_by_one(answers)
        return len(asks)

    def _take_one_by_one(self, answers: Sequence[Answered]) -> None:
        for ask, answer in answers:
            try:
                self._take([(ask, answer)])
            except Exception:
                log.exception("solver_answer_lost", solver=str(ask.solver))

    def _take(self, answered: Sequence[Answered]) -> None:
        """The number of its statements does not grow with the answers."""
        if crowded_out := [ask for ask, answer in answered if isinstance(answer, CrowdedOut)]:
            self._store.release(crowded_out)
        answers = [(ask, answer) for ask, answer in answered if not isinstance(answer, CrowdedOut)]
        bids = [(ask, bid) for ask, answer in answers for bid in _wanted(ask, answer)]
        outcomes = self._bids.place_many([bid for _, bid in bids], via=[ask.solver for ask, _ in bids]) if bids else []
        placed: dict[int, list[Placed]] = {}
        for (ask, bid), outcome in zip(bids, outcomes, strict=True):
            placed.setdefault(id(ask), []).append((bid, outcome))
        no_bids: list[NoBid] = []
        for ask, answer in answers:
            mine = placed.get(id(ask), [])
            _tell(ask, answer, mine)
            no_bids += _no_bids(ask, answer, mine)
        self._bids.record_no_bids(no_bids)


def _wanted(ask: Ask, answer: BidResponse | AskFailed) -> list[SignedBid]:
    """Bids in auctions that the solver was asked about; of several in one the last."""
    if isinstance(answer, AskFailed):
        return []
    last = {bid.bid.auction_id: bid for bid in answer.bids}
    return [last[auction.auction_id] for auction in ask.auctions if auction.auction_id in last]


def _no_bids(ask: Ask, answer: BidResponse | AskFailed, placed: Sequence[Placed]) -> list[NoBid]:
    """In which auctions the solver gave no bid, and in which it gave one that is refused; not what came too late."""
    if isinstance(answer, AskFailed):
        return [NoBid(auction.auction_id, ask.solver, "failed", answer.code) for auction in ask.auctions]
    named = {bid.bid.auction_id for bid, _ in placed}
    declined = [
        NoBid(auction.auction_id, ask.solver, "declined") for auction in ask.auctions if auction.auction_id not in named
    ]
    return declined + [
        NoBid(bid.bid.auction_id, ask.solver, "failed", outcome.code)
        for bid, outcome in placed
        if isinstance(outcome, VenueError) and not isinstance(outcome, AuctionClosed | Paused)
    ]


def _tell(ask: Ask, answer: BidResponse | AskFailed, placed: Sequence[Placed]) -> None:
    told = log.bind(solver=str(ask.solver))
    if isinstance(answer, AskFailed):
        told.warning("solver_ask_failed", auctions=len(ask.auctions), why=answer.why)
        return
    refused = [outcome for _, outcome in placed if isinstance(outcome, VenueError)]
    told.info("solver_answered", asked=len(ask.auctions), bids=len(answer.bids), placed=len(placed) - len(refused))
    for code, detail in sorted({(one.code, one.detail) for one in refused}):
        told.warning("solver_bid_refused", code=code, detail=detail)
