"""The SQL of closing auctions (adapters/db/closings.py)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

# A bid being placed holds the auction FOR SHARE: such an auction is passed over and taken by the next tick.
CLAIM_DUE: Final = text("""
    WITH due AS (
        SELECT id FROM auctions WHERE state = 'open' AND closes_at <= statement_timestamp()
        ORDER BY closes_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), released AS (
        SELECT id FROM auctions
        WHERE state = 'closing' AND leased_until <= statement_timestamp() AND attempts = 0
        ORDER BY leased_until, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE auctions a
    SET state = 'closing', lease_token = :token, attempts = attempts + 1,
        leased_until = statement_timestamp() + make_interval(secs => :lease_s)
    FROM (SELECT id FROM due UNION ALL SELECT id FROM released LIMIT :limit) x
    WHERE a.id = x.id
    RETURNING a.id, a.attempts
""")

CLAIM_AGAIN: Final = text("""
    WITH due AS (
        SELECT id FROM auctions
        WHERE state = 'closing' AND leased_until <= statement_timestamp()
          AND attempts BETWEEN 1 AND :attempts_max - 1
        ORDER BY leased_until, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE auctions a
    SET lease_token = :token, attempts = attempts + 1,
        leased_until = statement_timestamp() + make_interval(secs => :lease_s)
    FROM due d WHERE a.id = d.id
    RETURNING a.id, a.attempts
""")

READ: Final = text("""
    SELECT a.id, a.secret, (extract(epoch FROM a.closes_at) * 1000)::bigint AS closes_at, ai.fee, i.*,
           (SELECT count(*) FROM auction_solvers r WHERE r.auction_id = a.id) AS roster_size,
           live.nonce_taken, live.taken, coalesce(c.block_time, 0) AS block_time
    FROM auctions a
    JOIN auction_intents ai ON ai.auction_id = a.id
    JOIN intents i ON i.hash = ai.intent_hash
    LEFT JOIN chain_cursor c ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(o.nonce = i.nonce), false) AS nonce_taken,
               coalesce(sum(o.amount_in) FILTER (WHERE o.token_in = i.token_in), 0) AS taken
        FROM intents o
        WHERE o.swapper = i.swapper AND o.state IN ('awarded', 'submitted') AND o.hash <> i.hash
    ) live
    WHERE a.id = ANY(CAST(:ids AS bytea[])) AND a.state = 'closing' AND a.lease_token = :token
    ORDER BY a.id
""")

BIDS: Final = text("""
    SELECT b.auction_id, b.hash, b.solver, b.executor, l.amount_out::text, l.fee::text, b.valid_until,
        coalesce(s.active, false) AS active
    FROM bids b
    JOIN bid_legs l ON l.bid_hash = b.hash
    LEFT JOIN solvers s ON s.address = b.solver
    WHERE b.auction_id = ANY(CAST(:ids AS bytea[]))
    ORDER BY b.auction_id, b.hash
""")

HOLD_INTENTS: Final = text("""
    SELECT hash, version FROM intents WHERE hash = ANY(CAST(:hashes AS bytea[])) ORDER BY hash FOR NO KEY UPDATE
""")

HOLD_AUCTIONS: Final = text("""
    SELECT id FROM auctions
    WHERE id = ANY(CAST(:ids AS bytea[])) AND state = 'closing' AND lease_token = :token
    ORDER BY id FOR NO KEY UPDATE
""")

# Awarded intents wait for their settlement, the others for their next auction.
CLOSE: Final = text("""
    WITH moved AS (
        UPDATE intents i
        SET state = x.state, reason = x.reason, reason_facts = x.facts::jsonb, version = version + 1,
            auctions_held = auctions_held + 1, updated_at = statement_timestamp(),
            next_due_at = statement_timestamp() + make_interval(secs => x.wait_s)
        FROM unnest(
            CAST(:moving AS bytea[]), CAST(:state AS text[]), CAST(:intent_reason AS text[]), CAST(:facts AS text[]),
            CAST(:wait_s AS double precision[])
        ) AS x (hash, state, reason, facts, wait_s)
        WHERE i.hash = x.hash
    ), closed AS (
        UPDATE auctions a
        SET state = 'closed', closed_at = statement_timestamp(), winner = x.winner, reason = x.reason,
            lease_token = NULL, leased_until = NULL
        FROM unnest(CAST(:id AS bytea[]), CAST(:winner AS bytea[]), CAST(:reason AS text[])) AS x (id, winner, reason)
        WHERE a.id = x.id
    )
    INSERT INTO awards (bid_hash, auction_id, transcript_root, exclusive_until)
    SELECT * FROM unnest(
        CAST(:bid_hash AS bytea[]), CAST(:auction_id AS bytea[]), CAST(:transcript_root AS bytea[]),
        CAST(:exclusive_until AS bigint[])
    )
""")

# Most bids of an auction share a fate, so that only the others are named. Each solver is told of its own.
DECIDE_BIDS: Final = text("""
    WITH most AS (
        UPDATE bids b SET fate = x.fate, fate_detail = x.detail
        FROM unnest(CAST(:id AS bytea[]), CAST(:fate AS text[]), CAST(:detail AS text[])) AS x (id, fate, detail)
        WHERE b.auction_id = x.id AND b.hash <> ALL(CAST(:own_hash AS bytea[]))
        RETURNING b.hash, b.auction_id, b.solver, b.fate, b.fate_detail
    ), others AS (
        UPDATE bids b SET fate = x.fate, fate_detail = x.detail
        FROM unnest(CAST(:own_hash AS bytea[]), CAST(:own_fate AS text[]), CAST(:own_detail AS text[]))
            AS x (hash, fate, detail)
        WHERE b.hash = x.hash
        RETURNING b.hash, b.auction_id, b.solver, b.fate, b.fate_detail
    )
    INSERT INTO outbox (kind, intent_hash, auction_id, solver, data)
    SELECT 'bid.decided', l.intent_hash, d.auction_id, d.solver, jsonb_build_object(
        'bid_hash', '0x' || encode(d.hash, 'hex'), 'fate', d.fate, 'detail', d.fate_detail,
        'amount_out', l.amount_out::text
    )
    FROM (SELECT * FROM most UNION ALL SELECT * FROM others) d JOIN bid_legs l ON l.bid_hash = d.hash
""")

RELEASE: Final = text("""
    UPDATE auctions SET attempts = greatest(attempts - 1, 0),
        leased_until = statement_timestamp() + make_interval(secs => :wait_s)
    WHERE id = ANY(CAST(:ids AS bytea[])) AND state = 'closing' AND lease_token = :token
""")

DEFER: Final = text("""
    UPDATE auctions SET leased_until = statement_timestamp() + make_interval(secs => :wait_s)
    WHERE id = :id AND state = 'closing' AND lease_token = :token
""")
