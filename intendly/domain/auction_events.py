"""What the outside hears of an auction: its opening, its close, its intent's award, and each bid's fate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import AuctionIntent, EventKind
from intendly_sdk.primitives import Address

from intendly.domain.closing import Outcome
from intendly.domain.events import Change
from intendly.domain.opening import Opening
from intendly.domain.reasons import Reason, words


def opened(opening: Opening, roster: Sequence[Address], opened_at: int, closes_at: int) -> Change:
    """The opening, in unix milliseconds. `data` is an AuctionOpened less its clock, and the `roster` to route it by."""
    asked = AuctionIntent(intent_hash=opening.intent_hash, intent=opening.intent, fee=opening.fee)
    return Change(
        EventKind.AUCTION_OPENED,
        intent_hash=opening.intent_hash,
        auction_id=opening.auction_id,
        swapper=opening.intent.swapper,
        data={
            "intents": [asked.model_dump(mode="json")],
            "opened_at": opened_at,
            "closes_at": closes_at,
            "secret_hash": str(opening.secret_hash),
            "roster": [str(solver) for solver in roster],
        },
    )


def closed(outcome: Outcome) -> list[Change]:
    """What a close makes known to all; of its bid each solver is told apart. The secret is shown from here on."""
    auction = outcome.auction
    told: dict[str, Any] = {
        "winner": None if outcome.award is None else str(outcome.award.bid_hash),
        "reason": outcome.reason,
        "bids": len(auction.bids),
        "secret": str(auction.secret),
    }
    whole = Change(EventKind.AUCTION_CLOSED, auction.intent_hash, auction.id, auction.intent.swapper, data=told)
    return [whole, *_intent_changes(outcome)]


def _intent_changes(outcome: Outcome) -> list[Change]:
    auction, winner, unfilled = outcome.auction, outcome.winner, outcome.unfilled
    key = (auction.intent_hash, auction.id, auction.intent.swapper)
    if outcome.award is not None and winner is not None:
        data = {
            "reason": Reason.AWARDED.value,
            "detail": words(Reason.AWARDED, {}),
            "bid_hash": str(winner.hash),
            "solver": str(winner.solver),
            "amount_out": str(winner.amount_out),
            "fee": str(winner.fee),
            "exclusive_until": outcome.award.exclusive_until,
        }
        return [Change(EventKind.INTENT_AWARDED, *key, data=data)]
    if unfilled is not None:
        reason = {"reason": unfilled.reason.value, "detail": words(unfilled.reason, unfilled.facts)}
        return [Change(EventKind.INTENT_UNFILLED, *key, data={**reason, "next_auction_in_s": unfilled.wait_s})]
    return []
