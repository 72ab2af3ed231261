"""Auctions past their close: claimed under a lease, read in the next transaction, recorded by compare-and-set.

Every statement is set-based. The lease's token fences: whoever lost it records nothing.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final

from intendly_sdk.messages import IntentState
from intendly_sdk.primitives import Address, Hash32, HexBytes
from sqlalchemy import Connection, Row

from intendly.adapters.db import outbox
from intendly.adapters.db.closing_statements import (
    BIDS,
    CLAIM_AGAIN,
    CLAIM_DUE,
    CLOSE,
    DECIDE_BIDS,
    DEFER,
    HOLD_AUCTIONS,
    HOLD_INTENTS,
    READ,
    RELEASE,
)
from intendly.adapters.db.engine import Database
from intendly.adapters.db.intent_rows import intent_of
from intendly.domain.auction_events import closed
from intendly.domain.closing import ClosingAuction, Outcome, SealedBid
from intendly.domain.deployment import Deployment
from intendly.domain.reasons import Reason
from intendly.services.auction_ports import ClosingBatch, ClosingClaim

LEASE_S: Final = 5
"""Short, since nothing happens outside before the record: one that ran out is redone, and its old token is void."""


class ClosingStore:
    """`ClosingStore` of the ports, on PostgreSQL."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment

    def claim_due(self, limit: int) -> ClosingClaim:
        return self._claim(CLAIM_DUE, {"limit": limit})

    def claim_again(self, attempts_max: int) -> ClosingClaim:
        return self._claim(CLAIM_AGAIN, {"attempts_max": attempts_max})

    def read(self, claim: ClosingClaim) -> ClosingBatch:
        values = {"ids": [bytes(one) for one in claim.attempts], "token": claim.token}
        with self._database.statement() as connection:
            rows = connection.execute(READ, values).all()
            bids = _bids(connection.execute(BIDS, {"ids": values["ids"]}).all())
        auctions = tuple(self._auction(row, bids.get(bytes(row.id), ())) for row in rows)
        return ClosingBatch(auctions, rows[0].block_time if rows else 0)

    def record(self, claim: ClosingClaim, outcomes: Sequence[Outcome]) -> frozenset[Hash32]:
        with self._database.transaction() as connection:
            standing = _hold(connection, claim, outcomes)
            if standing:
                _write(connection, standing)
        return frozenset(outcome.auction.id for outcome in standing)

    def release(self, claim: ClosingClaim, auction_ids: Sequence[Hash32], wait_s: int) -> None:
        values = {"ids": [bytes(one) for one in auction_ids], "token": claim.token, "wait_s": wait_s}
        with self._database.statement() as connection:
            connection.execute(RELEASE, values)

    def defer(self, claim: ClosingClaim, auction_id: Hash32, wait_s: int) -> None:
        with self._database.statement() as connection:
            connection.execute(DEFER, {"id": bytes(auction_id), "token": claim.token, "wait_s": wait_s})

    def _claim(self, statement: Any, values: dict[str, int]) -> ClosingClaim:
        token = secrets.token_hex(16)
        with self._database.statement() as connection:
            rows = connection.execute(statement, {**values, "token": token, "lease_s": LEASE_S}).all()
        return ClosingClaim(token, {Hash32(row.id): row.attempts for row in rows})

    def _auction(self, row: Row[Any], bids: Sequence[SealedBid]) -> ClosingAuction:
        return ClosingAuction(
            id=Hash32(row.id),
            secret=Hash32(row.secret),
            closes_at=row.closes_at,
            roster_size=row.roster_size,
            intent_hash=Hash32(row.hash),
            intent=intent_of(row, self._deployment),
            signature=HexBytes(row.signature),
            fee=int(row.fee),
            state=IntentState(row.state),
            version=row.version,
            auctions_held=row.auctions_held,
            nonce_taken=row.nonce_taken,
            taken=int(row.taken),
            bids=tuple(bids),
        )


def _bids(rows: Sequence[Any]) -> dict[bytes, list[SealedBid]]:
    """Those of each auction, lowest hash first. Few solvers bid in many auctions, so each address is made once."""
    address = cache(Address)
    return {
        auction_id: [
            SealedBid(
                Hash32(bid_hash),
                address(bytes(solver)),
                address(bytes(executor)),
                int(amount_out),
                int(fee),
                valid_until,
                active,
            )
            for _, bid_hash, solver, executor, amount_out, fee, valid_until, active in bids
        ]
        for auction_id, bids in groupby(rows, key=lambda row: bytes(row[0]))
    }


def _hold(connection: Connection, claim: ClosingClaim, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Lock intents, then auctions, and keep the outcomes whose rows are as they were read."""
    hashes = [bytes(outcome.auction.intent_hash) for outcome in outcomes]
    versions = {Hash32(row.hash): row.version for row in connection.execute(HOLD_INTENTS, {"hashes": hashes})}
    ids = [bytes(outcome.auction.id) for outcome in outcomes]
    held = {Hash32(row.id) for row in connection.execute(HOLD_AUCTIONS, {"ids": ids, "token": claim.token})}
    return [
        outcome
        for outcome in outcomes
        if outcome.auction.id in held and versions.get(outcome.auction.intent_hash) == outcome.auction.version
    ]


def _write(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    moving = [outcome for outcome in outcomes if outcome.award is not None or outcome.unfilled is not None]
    awarded = [(outcome.award, outcome.auction.id) for outcome in outcomes if outcome.award is not None]
    connection.execute(
        CLOSE,
        _moves(moving)
        | {
            "id": [bytes(outcome.auction.id) for outcome in outcomes],
            "winner": [outcome.award and bytes(outcome.award.bid_hash) for outcome in outcomes],
            "reason": [outcome.reason for outcome in outcomes],
            "bid_hash": [bytes(award.bid_hash) for award, _ in awarded],
            "auction_id": [bytes(auction_id) for _, auction_id in awarded],
            "transcript_root": [bytes(award.transcript_root) for award, _ in awarded],
            "exclusive_until": [award.exclusive_until for award, _ in awarded],
        },
    )
    outbox.record(connection, [change for outcome in outcomes for change in closed(outcome)])
    connection.execute(DECIDE_BIDS, _fates(outcomes))


def _moves(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    return {
        "moving": [bytes(outcome.auction.intent_hash) for outcome in outcomes],
        "state": [(IntentState.OPEN if outcome.unfilled else IntentState.AWARDED).value for outcome in outcomes],
        "intent_reason": [
            (outcome.unfilled.reason if outcome.unfilled else Reason.AWARDED).value for outcome in outcomes
        ],
        "facts": [json.dumps(outcome.unfilled.facts if outcome.unfilled else {}) for outcome in outcomes],
        "wait_s": [outcome.unfilled.wait_s if outcome.unfilled else None for outcome in outcomes],
    }


def _fates(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    """What most bids of each auction share, and the bids with a fate of their own."""
    shared = [Counter((one.fate, one.detail) for one in outcome.fates).most_common(1) for outcome in outcomes]
    ruled = [(outcome, most[0][0]) for outcome, most in zip(outcomes, shared, strict=True) if most]
    own = [one for outcome, rule in ruled for one in outcome.fates if (one.fate, one.detail) != rule]
    return {
        "id": [bytes(outcome.auction.id) for outcome, _ in ruled],
        "fate": [fate.value for _, (fate, __) in ruled],
        "detail": [detail for _, (__, detail) in ruled],
        "own_hash": [bytes(one.bid.hash) for one in own],
        "own_fate": [one.fate.value for one in own],
        "own_detail": [one.detail for one in own],
    }
