"""/api/v1/quotes"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.messages import QuoteRequest

from web.current import venue
from web.wire import answer, body_as

quotes = Blueprint("quotes", __name__, url_prefix="/quotes")


@quotes.post("")
def quote() -> Response:
    """What an amount would yield now, and an intent that asks for it, ready to sign. Nothing is stored."""
    return answer(venue().give_quotes.quote(body_as(QuoteRequest)))
