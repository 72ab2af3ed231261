"""/api/v1/auctions"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.primitives import Hash32

from web.current import venue
from web.wire import answer, path_as

auctions = Blueprint("auctions", __name__, url_prefix="/auctions")


@auctions.get("/<auction_id>")
def find(auction_id: str) -> Response:
    """An auction; every bid and its fate once it is closed, never a bid's calldata."""
    return answer(venue().read_auctions.find(path_as(Hash32, "auction_id", auction_id)))
