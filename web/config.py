"""/api/v1/config"""

from __future__ import annotations

from flask import Blueprint, Response

from intendly.services.describe_venue import describe_venue
from web.current import venue
from web.wire import answer

config = Blueprint("config", __name__, url_prefix="/config")


@config.get("")
def describe() -> Response:
    """Chain, addresses, domains, fees and limits; and whether the venue is paused."""
    ours = venue()
    return answer(describe_venue(ours.settings, ours.deployment, ours.receipts.signer, ours.pause.reason()))
