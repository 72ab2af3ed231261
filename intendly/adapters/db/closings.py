"""Auctions past their close: claimed under a lease, read in the next transaction, recorded by compare-and-set.

Every statement is set-based. The lease's token fences: whoever lost it records nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from intendly_sdk.messages import IntentState
from intendly_sdk.primitives import Address, Hash32, HexBytes
from pydantic_core import to_json
from sqlalchemy import Row

from intendly.adapters.db.closing_statements import CLAIM_AGAIN, CLAIM_DUE, DEFER, HOLD, READ, RECORD, RELEASE
from intendly.adapters.db.engine import Database
from intendly.adapters.db.intent_rows import intent_of
from intendly.adapters.db.prepared import Prepared
from intendly.domain.auction_events import closed
from intendly.domain.closing import ClosingAuction, Outcome, SealedBid
from intendly.domain.deployment import Deployment
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
        with self._database.statement() as connection:
            rows = READ.all(connection, {"ids": list(claim.attempts), "token": claim.token})
        address = cache(Address)  # few solvers bid in many auctions
        auctions = tuple(self._auction(row, _bids(row, address)) for row in rows)
        return ClosingBatch(auctions, rows[0].block_time if rows else 0)

    def record(self, claim: ClosingClaim, outcomes: Sequence[Outcome]) -> frozenset[Hash32]:
        with self._database.statement() as connection:
            rows = RECORD.all(connection, _columns(outcomes) | {"token": claim.token}, after=HOLD)
        return frozenset(Hash32(row.id) for row in rows)

    def release(self, claim: ClosingClaim, auction_ids: Sequence[Hash32], wait_s: int) -> None:
        values = {"ids": [bytes(one) for one in auction_ids], "token": claim.token, "wait_s": wait_s}
        with self._database.statement() as connection:
            connection.execute(RELEASE, values)

    def defer(self, claim: ClosingClaim, auction_id: Hash32, wait_s: int) -> None:
        with self._database.statement() as connection:
            connection.execute(DEFER, {"id": bytes(auction_id), "token": claim.token, "wait_s": wait_s})

    def _claim(self, statement: Prepared, values: dict[str, int]) -> ClosingClaim:
        token = secrets.token_hex(16)
        with self._database.statement() as connection:
            rows = statement.all(connection, {**values, "token": token, "lease_s": LEASE_S})
        return ClosingClaim(token, {Hash32(row.id): row.attempts for row in rows})

    def _auction(self, row: Row[Any], bids: tuple[SealedBid, ...]) -> ClosingAuction:
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
            bids=bids,
        )


def _bids(row: Row[Any], address: Callable[[bytes], Address]) -> tuple[SealedBid, ...]:
    if row.bid_hashes is None:
        return ()
    return tuple(
        map(
            SealedBid,
            map(Hash32, _parts(row.bid_hashes, Hash32.size)),
            map(address, _parts(row.bid_solvers, Address.size)),
            map(address, _parts(row.bid_executors, Address.size)),
            map(int, row.bid_amounts_out.split(",")),
            map(int, row.bid_fees.split(",")),
            row.bid_valid_until,
            row.bid_active,
        )
    )


def _parts(joined: memoryview, size: int) -> list[bytes]:
    whole = bytes(joined)
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _columns(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    auctions = [outcome.auction for outcome in outcomes]
    awards = [outcome.award for outcome in outcomes]
    told = [closed(outcome) for outcome in outcomes]
    of_intent = [changes[1] if len(changes) > 1 else None for changes in told]
    return {
        "id": [auction.id for auction in auctions],
        "intent_hash": [auction.intent_hash for auction in auctions],
        "version": [auction.version for auction in auctions],
        "winner": [award and award.bid_hash for award in awards],
        "reason": [outcome.reason for outcome in outcomes],
        "lost": [outcome.lost for outcome in outcomes],
        "own": [_own(outcome) for outcome in outcomes],
        "closed": [_json(changes[0].data) for changes in told],
        "moves_to": [_moves_to(outcome) for outcome in outcomes],
        "facts": [_json(outcome.unfilled.facts) if outcome.unfilled else "{}" for outcome in outcomes],
        "wait_s": [outcome.unfilled and outcome.unfilled.wait_s for outcome in outcomes],
        "kind": [change and change.kind.value for change in of_intent],
        "told": [change and _json(change.data) for change in of_intent],
        "transcript_root": [award and award.transcript_root for award in awards],
        "exclusive_until": [award and award.exclusive_until for award in awards],
    }


def _moves_to(outcome: Outcome) -> str | None:
    if outcome.award is not None:
        return IntentState.AWARDED.value
    return IntentState.OPEN.value if outcome.unfilled is not None else None


def _own(outcome: Outcome) -> str | None:
    own = [{"hash": one.bid.hash.hex(), "fate": one.fate.value, "detail": one.detail} for one in outcome.own]
    return _json(own) if own else None


def _json(value: object) -> str:
    return to_json(value).decode()
