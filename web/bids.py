"""/api/v1/bids"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response
from intendly_sdk.messages import BidAccepted, BidOutcome, BidOutcomes, SignedBid
from pydantic import RootModel

from web.budgets import solvers
from web.current import venue
from web.problems import problem_of
from web.wire import answer, body_bytes, either_as, json_as, members_as

bids = Blueprint("bids", __name__, url_prefix="/bids")
GoodBids = RootModel[tuple[SignedBid, ...]]
Bids = RootModel[list[Any]]


@bids.post("")
def place() -> Response:
    """Take a bid: 202 when it is in now, in place of the solver's last, 200 when it was before. Or a list of bids."""
    limits = venue().settings
    body = body_bytes(limits.batch_body_max_bytes)
    if body.lstrip()[:1] == b"[":
        return _place_each(members_as(SignedBid, either_as(GoodBids, Bids, body).root, limits.batch_max, ""))
    accepted = venue().place_bids.place(json_as(SignedBid, body), quota=solvers())
    return answer(accepted, 202 if accepted.created else 200)


def _place_each(members: Sequence[SignedBid | Exception]) -> Response:
    good = [one for one in members if isinstance(one, SignedBid)]
    placed = iter(venue().place_bids.place_many(good, quota=solvers(in_batch=True)))
    outcomes = [next(placed) if isinstance(one, SignedBid) else one for one in members]
    return answer(BidOutcomes(outcomes=tuple(map(_outcome, outcomes))))


def _outcome(outcome: BidAccepted | Exception) -> BidOutcome:
    if isinstance(outcome, Exception):
        return BidOutcome(problem=problem_of(outcome))
    return BidOutcome(accepted=outcome)
