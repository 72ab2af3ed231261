"""/api/v1/intents"""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from intendly_sdk.messages import Cancel, IntentOutcome, IntentOutcomes, Receipt, SignedIntent
from intendly_sdk.primitives import Address, Hash32
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from web.budgets import swappers
from web.current import venue
from web.problems import problem_of
from web.wire import answer, body_as, body_bytes, either_as, members_as, path_as, query_as

intents = Blueprint("intents", __name__, url_prefix="/intents")


Cursor = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,17}-[0-9a-fA-F]{64}$"})]


class PageQuery(BaseModel):
    """Which page: `after` is the `next` of the page before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    swapper: Address
    limit: int = Field(default=50, ge=1, le=100)
    after: Cursor | None = None


class Batch(BaseModel):
    """The body of POST /intents/batch; each member is checked by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: list[Any]


class GoodBatch(BaseModel):
    """The same where every member is well-formed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: tuple[SignedIntent, ...]


@intents.post("")
def submit() -> Response:
    """Accept a signed intent: 202 when it is committed now, 200 when it was before."""
    receipt = venue().submit_intents.submit(body_as(SignedIntent), swappers())
    return answer(receipt, 202 if receipt.created else 200)


@intents.post("/batch")
def submit_batch() -> Response:
    """Accept several, each with its own outcome: the good ones are committed."""
    limits = venue().settings
    raw = either_as(GoodBatch, Batch, body_bytes(limits.batch_body_max_bytes)).intents
    members = members_as(SignedIntent, raw, limits.batch_max, "intents")
    good = [one for one in members if isinstance(one, SignedIntent)]
    accepted = iter(venue().submit_intents.submit_many(good, swappers(in_batch=True)))
    outcomes = [next(accepted) if isinstance(one, SignedIntent) else one for one in members]
    return answer(IntentOutcomes(outcomes=tuple(map(_outcome, outcomes))))


def _outcome(outcome: Receipt | Exception) -> IntentOutcome:
    if isinstance(outcome, Exception):
        return IntentOutcome(problem=problem_of(outcome))
    return IntentOutcome(receipt=outcome)


@intents.post("/<intent_hash>/cancel")
def cancel(intent_hash: str) -> Response:
    """Cancel an open intent at its swapper's signed word; free."""
    signature = body_as(Cancel).signature
    return answer(venue().cancel_intents.cancel(path_as(Hash32, "intent_hash", intent_hash), signature))


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
