"""Settlements, their attempts and legs: every step is committed before the next one shows outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32, HexBytes
from sqlalchemy import Connection, text

from intendly.adapters.db import outbox
from intendly.adapters.db.award_rows import bundles_of
from intendly.adapters.db.engine import Database
from intendly.domain.bundle import Bundle
from intendly.domain.deployment import Deployment
from intendly.domain.events import Change
from intendly.domain.reasons import Reason, words
from intendly.domain.settlement import Attempt, Fees, Receipt, Settlement
from intendly.services.ports import Lane, SignedBytes


class SettlementStore:
    """`ports.SettlementStore` on PostgreSQL."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment

    def due_awards(self, limit: int) -> list[Bundle]:
        with self._database.transaction() as connection:
            rows = connection.execute(_DUE_AWARDS, {"limit": limit}).all()
        return bundles_of(rows, self._deployment)

    def lapse(self, bids: Sequence[Hash32]) -> int:
        with self._database.transaction() as connection:
            _lock_intents(connection, bids)
            rows = connection.execute(_LAPSE, {"bids": [bytes(bid) for bid in bids]}).all()
            outbox.record(connection, _reopened(rows, Reason.AWARD_LAPSED, {}))
        return len(rows)

    def reserve(self, lane: Lane, bids: Sequence[Hash32], calldata: bytes, gas_limit: int) -> bool:
        given = {
            "address": bytes(lane.address),
            "token": lane.token,
            "nonce": lane.next_nonce,
            "bids": [bytes(bid) for bid in bids],
            "calldata": calldata,
            "gas_limit": gas_limit,
        }
        with self._database.transaction() as connection:
            _lock_intents(connection, bids)
            ready = connection.execute(_READY, given).scalar_one()
            if ready != len(bids):
                return False
            rows = connection.execute(_RESERVE, given).all()
            if not rows:
                return False
            outbox.record(
                connection,
                [
                    Change(
                        EventKind.INTENT_SUBMITTED,
                        intent_hash=Hash32(row.hash),
                        swapper=Address(row.swapper),
                        data={
                            "reason": Reason.SUBMITTED.value,
                            "detail": words(Reason.SUBMITTED, {}),
                            "bid_hash": str(Hash32(row.bid_hash)),
                        },
                    )
                    for row in rows
                ],
            )
        return True

    def unsent(self, lane: Address) -> list[Settlement]:
        with self._database.transaction() as connection:
            return _settlements(connection.execute(_UNSENT, {"lane": bytes(lane)}))

    def add_attempt(self, settlement: int, n: int, signed: SignedBytes, fees: Fees) -> bool:
        given = {
            "settlement": settlement,
            "n": n,
            "tx_hash": bytes(signed.hash),
            "raw": bytes(signed.raw),
            "max_fee": fees.max_fee,
            "priority": fees.max_priority_fee,
        }
        with self._database.transaction() as connection:
            return connection.execute(_ADD_ATTEMPT, given).first() is not None

    def mark_broadcast(self, settlement: int, n: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(_MARK_BROADCAST, {"settlement": settlement, "n": n})

    def claim_due(self, limit: int, lease_s: int) -> list[Settlement]:
        with self._database.transaction() as connection:
            return _settlements(connection.execute(_CLAIM_DUE, {"limit": limit, "lease_s": lease_s}))

    def mark_mined(self, receipts: Mapping[int, Receipt]) -> None:
        self._at_block(receipts, "mined")

    def mark_final(self, receipts: Mapping[int, Receipt]) -> None:
        self._at_block(receipts, "final")

    def _at_block(self, receipts: Mapping[int, Receipt], state: Literal["mined", "final"]) -> None:
        if not receipts:
            return
        with self._database.statement() as connection:
            connection.execute(
                _AT_BLOCK,
                {
                    "state": state,
                    "settlements": list(receipts),
                    "numbers": [receipt.block_number for receipt in receipts.values()],
                    "hashes": [bytes(receipt.block_hash) for receipt in receipts.values()],
                },
            )

    def look_again(self, settlements: Sequence[int]) -> None:
        if settlements:
            with self._database.transaction() as connection:
                connection.execute(_LOOK_AGAIN, {"settlements": list(settlements)})

    def end_unfilled(self, settlement: int, state: Literal["failed", "replaced"]) -> int:
        with self._database.transaction() as connection:
            connection.execute(_LOCK_LEGS, {"settlement": settlement})
            rows = connection.execute(_END_UNFILLED, {"settlement": settlement, "state": state}).all()
            outbox.record(connection, _reopened(rows, Reason.SETTLEMENT_FAILED, {"step": state}))
        return len(rows)


def _reopened(rows: Sequence[Any], reason: Reason, facts: dict[str, str]) -> list[Change]:
    return [
        Change(
            EventKind.INTENT_REOPENED,
            intent_hash=Hash32(row.hash),
            swapper=Address(row.swapper),
            data={"reason": reason.value, "detail": words(reason, facts), "bid_hash": str(Hash32(row.bid_hash))},
        )
        for row in rows
    ]


def _lock_intents(connection: Connection, bids: Sequence[Hash32]) -> None:
    connection.execute(_LOCK_INTENTS, {"bids": [bytes(bid) for bid in bids]})


def _settlements(rows: Iterable[Any]) -> list[Settlement]:
    """One for each run of rows with the same id; each row carries one attempt or none."""
    found: dict[int, Settlement] = {}
    for row in rows:
        before = found.get(row.id)
        attempts = before.attempts if before else ()
        if row.n is not None:
            fees = Fees(int(row.max_fee_per_gas), int(row.max_priority_fee_per_gas))
            attempts += (Attempt(row.n, Hash32(row.tx_hash), HexBytes(row.raw), fees, float(row.age_s)),)
        found[row.id] = Settlement(
            row.id, Address(row.lane), row.nonce, row.state, HexBytes(row.calldata), row.gas_limit, attempts
        )
    return list(found.values())


_DUE_AWARDS = text(
    """
    WITH due AS (
        SELECT * FROM awards a
        WHERE state = 'due' AND signature IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM bid_legs leg JOIN intents i ON i.hash = leg.intent_hash
            WHERE leg.bid_hash = a.bid_hash AND i.state <> 'awarded'
        )
        ORDER BY created_at, bid_hash LIMIT :limit
    )
    SELECT d.bid_hash, d.transcript_root, d.exclusive_until, d.signature AS award_signature,
           b.auction_id, b.solver, b.executor, b.valid_until, b.data, b.call_data_hash, b.gas_limit, b.penalty,
           b.signature AS bid_signature, leg.amount_out, leg.fee,
           i.hash, i.swapper, i.nonce, i.token_in, i.amount_in, i.token_out, i.min_amount_out, i.receiver, i.deadline,
           i.valid_from, i.open_after, i.partner, i.partner_fee_bps, i.app_data, i.signature
    FROM due d JOIN bids b ON b.hash = d.bid_hash JOIN bid_legs leg ON leg.bid_hash = d.bid_hash
    JOIN intents i ON i.hash = leg.intent_hash
    ORDER BY d.created_at, d.bid_hash, leg.position
    """
)

_LOCK_INTENTS = text(
    """
    SELECT 1 FROM intents WHERE hash IN (SELECT intent_hash FROM bid_legs WHERE bid_hash = ANY(:bids))
    ORDER BY hash FOR UPDATE
    """
)

_LAPSE = text(
    """
    WITH lapsed AS (
        UPDATE awards SET state = 'lapsed' WHERE bid_hash = ANY(:bids) AND state = 'due' RETURNING bid_hash
    )
    UPDATE intents i
    SET state = 'open', version = version + 1, reason = 'award_lapsed', reason_facts = '{}',
        next_due_at = statement_timestamp(), updated_at = statement_timestamp()
    FROM lapsed l JOIN bid_legs leg ON leg.bid_hash = l.bid_hash
    WHERE i.hash = leg.intent_hash AND i.state = 'awarded'
    RETURNING i.hash, i.swapper, l.bid_hash
    """
)

# How many of the awards can go now: still due, with every intent of theirs awarded.
_READY = text(
    """
    SELECT count(*) FROM awards a
    WHERE a.bid_hash = ANY(:bids) AND a.state = 'due' AND NOT EXISTS (
        SELECT 1 FROM bid_legs leg JOIN intents i ON i.hash = leg.intent_hash
        WHERE leg.bid_hash = a.bid_hash AND i.state <> 'awarded'
    )
    """
)

_RESERVE = text(
    """
    WITH held AS (
        UPDATE lanes SET next_nonce = next_nonce + 1
        WHERE address = :address AND token = :token AND next_nonce = :nonce AND leased_until > clock_timestamp()
        RETURNING address
    ),
    settlement AS (
        INSERT INTO settlements (lane, nonce, state, calldata, gas_limit, next_due_at)
        SELECT address, :nonce, 'reserved', :calldata, :gas_limit, NULL FROM held
        RETURNING id
    ),
    going AS (
        UPDATE awards a SET state = 'submitted' FROM settlement s WHERE a.bid_hash = ANY(:bids) RETURNING a.bid_hash
    ),
    moved AS (
        UPDATE intents i
        SET state = 'submitted', version = version + 1, reason = 'submitted', reason_facts = '{}',
            updated_at = statement_timestamp()
        FROM going g JOIN bid_legs leg ON leg.bid_hash = g.bid_hash
        WHERE i.hash = leg.intent_hash
        RETURNING i.hash, i.swapper, i.nonce, g.bid_hash
    ),
    legs AS (
        INSERT INTO settlement_legs (settlement_id, intent_hash, bid_hash, swapper, nonce)
        SELECT s.id, m.hash, m.bid_hash, m.swapper, m.nonce FROM settlement s, moved m
    )
    SELECT hash, swapper, bid_hash FROM moved ORDER BY hash
    """
)

_COLUMNS = """
    s.id, s.lane, s.nonce, s.state, s.calldata, s.gas_limit, t.n, t.tx_hash, t.raw, t.max_fee_per_gas,
    t.max_priority_fee_per_gas, extract(epoch FROM clock_timestamp() - t.created_at) AS age_s
"""

_UNSENT = text(
    f"""
    SELECT {_COLUMNS}
    FROM settlements s LEFT JOIN attempts t ON t.settlement_id = s.id
    WHERE s.lane = :lane AND s.state IN ('reserved', 'signed')
    ORDER BY s.nonce, t.n
    """  # noqa: S608 - a constant of this file
)

_ADD_ATTEMPT = text(
    """
    WITH added AS (
        INSERT INTO attempts (settlement_id, n, tx_hash, raw, max_fee_per_gas, max_priority_fee_per_gas)
        VALUES (:settlement, :n, :tx_hash, :raw, :max_fee, :priority)
        ON CONFLICT DO NOTHING
        RETURNING settlement_id
    ),
    signed AS (
        UPDATE settlements s SET state = 'signed' FROM added a WHERE s.id = a.settlement_id AND s.state = 'reserved'
    )
    SELECT settlement_id FROM added
    """
)

_MARK_BROADCAST = text(
    """
    WITH attempt AS (
        UPDATE attempts SET broadcast_at = statement_timestamp() WHERE settlement_id = :settlement AND n = :n
    )
    UPDATE settlements
    SET state = 'broadcast', next_due_at = statement_timestamp() + interval '500 milliseconds'
    WHERE id = :settlement AND state IN ('signed', 'broadcast')
    """
)

_CLAIM_DUE = text(
    f"""
    WITH due AS (
        SELECT id FROM settlements
        WHERE next_due_at IS NOT NULL AND next_due_at <= statement_timestamp()
        ORDER BY next_due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ),
    s AS (
        UPDATE settlements x SET next_due_at = statement_timestamp() + make_interval(secs => :lease_s)
        FROM due d WHERE x.id = d.id
        RETURNING x.*
    )
    SELECT {_COLUMNS}
    FROM s LEFT JOIN attempts t ON t.settlement_id = s.id
    ORDER BY s.nonce, t.n
    """  # noqa: S608 - a constant of this file
)

_AT_BLOCK = text(
    """
    UPDATE settlements s
    SET state = :state, block_number = x.number, block_hash = x.hash,
        next_due_at = CASE WHEN :state = 'mined' THEN statement_timestamp() + interval '1 second' END
    FROM unnest(CAST(:settlements AS bigint[]), CAST(:numbers AS bigint[]), CAST(:hashes AS bytea[]))
        AS x (id, number, hash)
    WHERE s.id = x.id AND s.state IN ('signed', 'broadcast', 'mined')
    """
)

_LOOK_AGAIN = text(
    """
    UPDATE settlements
    SET state = CASE WHEN state = 'mined' THEN 'broadcast' ELSE state END, block_number = NULL, block_hash = NULL,
        next_due_at = statement_timestamp() + interval '1 second'
    WHERE id = ANY(:settlements) AND state IN ('signed', 'broadcast', 'mined')
    """
)

_LOCK_LEGS = text(
    """
    SELECT 1 FROM intents WHERE hash IN (SELECT intent_hash FROM settlement_legs WHERE settlement_id = :settlement)
    ORDER BY hash FOR UPDATE
    """
)

_END_UNFILLED = text(
    """
    WITH ended AS (
        UPDATE settlements SET state = :state, next_due_at = NULL WHERE id = :settlement RETURNING id
    ),
    legs AS (
        UPDATE settlement_legs l SET live = false FROM ended e
        WHERE l.settlement_id = e.id AND l.live RETURNING l.intent_hash, l.bid_hash
    ),
    failed AS (
        UPDATE awards a SET state = 'failed' FROM legs l WHERE a.bid_hash = l.bid_hash AND a.state = 'submitted'
    )
    UPDATE intents i
    SET state = 'open', version = version + 1, reason = 'settlement_failed',
        reason_facts = jsonb_build_object('step', CAST(:state AS text)),
        next_due_at = statement_timestamp(), updated_at = statement_timestamp()
    FROM legs l WHERE i.hash = l.intent_hash AND i.state = 'submitted'
    RETURNING i.hash, i.swapper, l.bid_hash
    """
)
