"""Open intents whose auction is due, and the opening of it, set-based (design: The auction)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import Connection, Row, text

from intendly.adapters.db import outbox
from intendly.adapters.db.engine import Database
from intendly.adapters.db.intent_rows import intent_of
from intendly.domain.auction import MINE_MARGIN_S
from intendly.domain.auction_events import opened
from intendly.domain.deployment import Deployment
from intendly.domain.events import Change
from intendly.domain.opening import DueIntent, Opening
from intendly.domain.reasons import Reason, words
from intendly.services.auction_ports import Opened

RETIRE_LIMIT: Final = 500

# A nonce that the close saw as spent counts once the block in which it saw it is indexed: by then a fill of ours
# would be known, and the intent settled.
_RETIRE_SPENT = text("""
    WITH gone AS (
        SELECT i.hash FROM intents i CROSS JOIN chain_cursor c
        WHERE i.state = 'open' AND i.next_due_at <= statement_timestamp()
          AND (
              i.reason = 'nonce_spent' AND (i.reason_facts ->> 'seen_block_time')::bigint <= c.block_time
              OR EXISTS (SELECT FROM spent_nonces s WHERE s.swapper = i.swapper AND s.nonce = i.nonce)
          )
          AND NOT EXISTS (SELECT FROM fills f WHERE f.intent_hash = i.hash AND f.canonical)
        ORDER BY i.hash LIMIT :limit
        FOR NO KEY UPDATE OF i SKIP LOCKED
    ), moved AS (
        UPDATE intents i
        SET state = 'cancelled', reason = 'nonce_spent', reason_facts = '{}', next_due_at = NULL,
            version = version + 1, updated_at = statement_timestamp()
        FROM gone g WHERE i.hash = g.hash
        RETURNING i.hash, i.swapper, i.nonce
    ), spent AS (
        INSERT INTO spent_nonces (swapper, nonce) SELECT DISTINCT swapper, nonce FROM moved ON CONFLICT DO NOTHING
    )
    INSERT INTO outbox (kind, intent_hash, swapper, data)
    SELECT 'intent.cancelled', m.hash, m.swapper, jsonb_build_object('reason', 'nonce_spent', 'detail', :detail ::text)
    FROM moved m
""")

_DUE = text("""
    SELECT w.*, t.gas_fee
    FROM (
        SELECT i.*, row_number() OVER (PARTITION BY i.swapper ORDER BY i.next_due_at, i.hash) AS place
        FROM intents i CROSS JOIN chain_cursor c
        WHERE i.state = 'open' AND i.next_due_at <= statement_timestamp() AND i.reason <> 'nonce_spent'
          AND i.valid_from <= c.block_time AND i.deadline > c.block_time + :margin_s
    ) w
    LEFT JOIN tokens t ON t.address = w.token_out
    WHERE w.place <= :per_swapper
    ORDER BY w.next_due_at, w.hash LIMIT :limit
""")

_HOLD = text("""
    SELECT i.hash
    FROM intents i JOIN unnest(CAST(:intent_hash AS bytea[]), CAST(:version AS integer[])) AS x (hash, version)
        ON x.hash = i.hash AND x.version = i.version
    WHERE i.state = 'open'
    ORDER BY i.hash FOR NO KEY UPDATE OF i SKIP LOCKED
""")

# A solver that hears of auctions over the stream is asked by the opening itself.
_OPEN = text("""
    WITH input AS (
        SELECT * FROM unnest(
            CAST(:auction_id AS bytea[]), CAST(:secret AS bytea[]), CAST(:secret_hash AS bytea[]),
            CAST(:intent_hash AS bytea[]), CAST(:fee AS numeric[])
        ) AS x (auction_id, secret, secret_hash, intent_hash, fee)
    ), moved AS (
        UPDATE intents i
        SET next_due_at = NULL, reason = 'in_auction', reason_facts = '{}', version = version + 1,
            updated_at = statement_timestamp()
        FROM input x WHERE i.hash = x.intent_hash
    ), opened AS (
        INSERT INTO auctions (id, opened_at, closes_at, secret, secret_hash)
        SELECT auction_id, statement_timestamp(), statement_timestamp() + :window_ms * interval '1 millisecond',
               secret, secret_hash
        FROM input
        RETURNING id, (extract(epoch FROM opened_at) * 1000)::bigint AS opened_at,
                  (extract(epoch FROM closes_at) * 1000)::bigint AS closes_at
    ), linked AS (
        INSERT INTO auction_intents (auction_id, intent_hash, fee) SELECT auction_id, intent_hash, fee FROM input
    ), roster AS (
        SELECT x.auction_id, s.address, s.endpoint
        FROM input x JOIN solvers s ON s.active
        WHERE NOT EXISTS (SELECT FROM left_out l WHERE l.intent_hash = x.intent_hash AND l.solver = s.address)
    ), listed AS (
        INSERT INTO auction_solvers (auction_id, solver, asked_at)
        SELECT auction_id, address, CASE WHEN endpoint = '' THEN statement_timestamp() END FROM roster
    )
    SELECT o.id, o.opened_at, o.closes_at, r.solvers, coalesce(r.ask, false) AS ask
    FROM opened o
    LEFT JOIN (
        SELECT auction_id, array_agg(address ORDER BY address) AS solvers, bool_or(endpoint <> '') AS ask
        FROM roster GROUP BY auction_id
    ) r ON r.auction_id = o.id
""")

_POSTPONE = text("""
    UPDATE intents SET next_due_at = statement_timestamp() + make_interval(secs => :wait_s)
    WHERE hash = :hash AND state = 'open' AND next_due_at IS NOT NULL
""")


class OpeningStore:
    """`OpeningStore` of the ports, on PostgreSQL."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment

    def retire_spent(self) -> int:
        values = {"limit": RETIRE_LIMIT, "detail": words(Reason.NONCE_SPENT, {})}
        with self._database.transaction() as connection:
            return connection.execute(_RETIRE_SPENT, values).rowcount

    def due(self, limit: int, per_swapper: int) -> list[DueIntent]:
        values = {"limit": limit, "per_swapper": per_swapper, "margin_s": MINE_MARGIN_S}
        with self._database.transaction() as connection:
            return [self._due(row) for row in connection.execute(_DUE, values)]

    def open(self, openings: Sequence[Opening], window_ms: int) -> Opened:
        with self._database.transaction() as connection:
            held = _hold(connection, openings)
            going = {one.auction_id: one for one in openings if one.intent_hash in held}
            if not going:
                return Opened(0, ask=False)
            rows = connection.execute(_OPEN, _columns(list(going.values())) | {"window_ms": window_ms}).all()
            outbox.record(connection, [_told(row, going[Hash32(row.id)]) for row in rows])
        return Opened(len(rows), ask=any(row.ask for row in rows))

    def postpone(self, intent_hash: Hash32, wait_s: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(_POSTPONE, {"hash": bytes(intent_hash), "wait_s": wait_s})

    def _due(self, row: Row[Any]) -> DueIntent:
        return DueIntent(
            hash=Hash32(row.hash),
            intent=intent_of(row, self._deployment),
            version=row.version,
            gas_fee=None if row.gas_fee is None else int(row.gas_fee),
        )


def _hold(connection: Connection, openings: Sequence[Opening]) -> set[Hash32]:
    values = {
        "intent_hash": [bytes(one.intent_hash) for one in openings],
        "version": [one.version for one in openings],
    }
    return {Hash32(row.hash) for row in connection.execute(_HOLD, values)}


def _columns(openings: Sequence[Opening]) -> dict[str, list[Any]]:
    return {
        "auction_id": [bytes(one.auction_id) for one in openings],
        "secret": [bytes(one.secret) for one in openings],
        "secret_hash": [bytes(one.secret_hash) for one in openings],
        "intent_hash": [bytes(one.intent_hash) for one in openings],
        "fee": [one.fee for one in openings],
    }


def _told(row: Row[Any], opening: Opening) -> Change:
    return opened(opening, [Address(solver) for solver in row.solvers or ()], row.opened_at, row.closes_at)
