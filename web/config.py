"""/api/v1/config"""

from __future__ import annotations

from flask import Blueprint, Response

from intendly.services.describe_venue import describe_venue
from web.current import venue
from web.wire import answer

config = Blueprint("config", __name__, url_prefix="/config")


@config.get("")
def describe() -> Response:
    """Chain, addresses, domains, fees and limits."""
    return answer(describe_venue(venue().settings, venue().deployment, venue().receipts.signer))
