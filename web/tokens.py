"""/api/v1/tokens"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.messages import TokenView
from pydantic import RootModel

from web.current import venue
from web.wire import answer

tokens = Blueprint("tokens", __name__, url_prefix="/tokens")


class Tokens(RootModel[tuple[TokenView, ...]]):
    """Every token, by symbol."""


@tokens.get("")
def listed() -> Response:
    """The tokens that are traded here."""
    return answer(Tokens(venue().market.tokens()))
