"""/api/v1/bids"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.messages import SignedBid

from web.current import venue
from web.wire import answer, body_as

bids = Blueprint("bids", __name__, url_prefix="/bids")


@bids.post("")
def place() -> Response:
    """Take a bid: 202 when it is in now, in place of the solver's last, 200 when it was before."""
    accepted = venue().place_bids.place(body_as(SignedBid))
    return answer(accepted, 202 if accepted.created else 200)
