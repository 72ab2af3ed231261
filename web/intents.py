"""/api/v1/intents"""

from __future__ import annotations

from flask import Blueprint, Response
from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32
from pydantic import BaseModel, ConfigDict, Field

from web.current import venue
from web.wire import answer, body_as, path_as, query_as

intents = Blueprint("intents", __name__, url_prefix="/intents")


class PageQuery(BaseModel):
    """Which page: `after` is the `next` of the page before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    swapper: Address
    limit: int = Field(default=50, ge=1, le=100)
    after: str | None = Field(default=None, max_length=100)


@intents.post("")
def submit() -> Response:
    """Accept a signed intent: 202 when it is committed now, 200 when it was before."""
    receipt = venue().submit_intent.submit(body_as(SignedIntent))
    return answer(receipt, 202 if receipt.created else 200)


@intents.get("")
def page() -> Response:
    """A swapper's intents, newest first."""
    query = query_as(PageQuery)
    return answer(venue().read_intents.page(query.swapper, query.limit, query.after))


@intents.get("/<intent_hash>")
def find(intent_hash: str) -> Response:
    """An intent and its fill."""
    return answer(venue().read_intents.find(path_as(Hash32, "intent_hash", intent_hash)))


@intents.get("/<intent_hash>/status")
def status(intent_hash: str) -> Response:
    """Why an intent is not filled, in words."""
    return answer(venue().read_intents.status(path_as(Hash32, "intent_hash", intent_hash)))
