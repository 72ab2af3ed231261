"""From the joined rows of an award, its bid and its intents back to the messages that were signed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from intendly_sdk.messages import Award, Bid, Intent, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.bundle import Bundle


def bundles_of(rows: Sequence[Any], chain_id: int, spender: Address) -> list[Bundle]:
    """One bundle for each run of rows with the same bid; the rows of a bid are in the order of its legs."""
    return [_bundle(list(legs), chain_id, spender) for _, legs in groupby(rows, key=lambda row: bytes(row.bid_hash))]


def _bundle(rows: Sequence[Any], chain_id: int, spender: Address) -> Bundle:
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
        intents=tuple(_signed_intent(row, chain_id, spender) for row in rows),
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


def _signed_intent(row: Any, chain_id: int, spender: Address) -> SignedIntent:
    intent = Intent.model_construct(
        chain_id=chain_id,
        spender=spender,
        swapper=Address(row.swapper),
        token_in=Address(row.token_in),
        amount_in=int(row.amount_in),
        token_out=Address(row.token_out),
        min_amount_out=int(row.min_amount_out),
        receiver=Address(row.receiver),
        nonce=int(row.nonce),
        deadline=row.deadline,
        valid_from=row.valid_from,
        open_after=row.open_after,
        partner=Address(row.partner),
        partner_fee_bps=row.partner_fee_bps,
        app_data=Hash32(row.app_data),
    )
    return SignedIntent.model_construct(intent=intent, signature=HexBytes(row.signature))
