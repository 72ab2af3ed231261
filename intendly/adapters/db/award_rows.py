"""From the joined rows of an award, its bid and its intents back to the messages that were signed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from intendly_sdk.messages import Award, Bid, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.adapters.db.intent_rows import intent_of
from intendly.domain.bundle import Bundle
from intendly.domain.deployment import Deployment


def bundles_of(rows: Sequence[Any], deployment: Deployment) -> list[Bundle]:
    """One bundle for each run of rows with the same bid; the rows of a bid are in the order of its legs."""
    return [_bundle(list(legs), deployment) for _, legs in groupby(rows, key=lambda row: bytes(row.bid_hash))]


def _bundle(rows: Sequence[Any], deployment: Deployment) -> Bundle:
    """Fields come from rows that were checked when they were written, so they are not checked again."""
    first = rows[0]
    bid = Bid.model_construct(
        legs=tuple(
            Leg.model_construct(intent_hash=Hash32(row.hash), amount_out=int(row.amount_out), fee=int(row.fee))
            for row in rows
        ),
        auction_id=Hash32(first.auction_id),
        solver=Address(first.solver),
        executor=Address(first.executor),
        valid_until=first.valid_until,
        call_data_hash=Hash32(first.call_data_hash),
        gas_limit=first.gas_limit,
        penalty=int(first.penalty),
    )
    return Bundle(
        intents=tuple(_signed_intent(row, deployment) for row in rows),
        signed_bid=SignedBid.model_construct(
            bid=bid, data=HexBytes(first.data), signature=HexBytes(first.bid_signature)
        ),
        award=Award.model_construct(
            bid_hash=Hash32(first.bid_hash),
            transcript_root=Hash32(first.transcript_root),
            exclusive_until=first.exclusive_until,
        ),
        award_signature=HexBytes(first.award_signature),
    )


def _signed_intent(row: Any, deployment: Deployment) -> SignedIntent:
    intent = intent_of(row, deployment)
    return SignedIntent.model_construct(intent=intent, signature=HexBytes(row.signature))
