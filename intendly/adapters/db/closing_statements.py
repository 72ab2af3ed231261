"""The SQL of closing auctions (adapters/db/closings.py)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from intendly.adapters.db.prepared import Prepared

# A bid being placed holds the auction FOR SHARE: such an auction is passed over and taken by the next tick.
CLAIM_DUE: Final = Prepared("""
    WITH due AS (
        SELECT id FROM auctions WHERE state = 'open' AND closes_at <= statement_timestamp()
        ORDER BY closes_at, id LIMIT CAST(:limit AS bigint) FOR NO KEY UPDATE SKIP LOCKED
    ), released AS (
        SELECT id FROM auctions
        WHERE state = 'closing' AND leased_until <= statement_timestamp() AND attempts = 0
        ORDER BY leased_until, id LIMIT CAST(:limit AS bigint) FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE auctions a
    SET state = 'closing', lease_token = CAST(:token AS text), attempts = attempts + 1,
        leased_until = statement_timestamp() + make_interval(secs => CAST(:lease_s AS float8))
    FROM (SELECT id FROM due UNION ALL SELECT id FROM released LIMIT CAST(:limit AS bigint)) x
    WHERE a.id = x.id
    RETURNING a.id, a.attempts
""")

CLAIM_AGAIN: Final = Prepared("""
    WITH due AS (
        SELECT id FROM auctions
        WHERE state = 'closing' AND leased_until <= statement_timestamp()
          AND attempts BETWEEN 1 AND CAST(:attempts_max AS integer) - 1
        ORDER BY leased_until, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE auctions a
    SET lease_token = CAST(:token AS text), attempts = attempts + 1,
        leased_until = statement_timestamp() + make_interval(secs => CAST(:lease_s AS float8))
    FROM due d WHERE a.id = d.id
    RETURNING a.id, a.attempts
""")

# The bids of an auction are one row, whose lists are all in one order: rows cost more than what they hold.
READ: Final = Prepared("""
    SELECT a.id, a.secret, (extract(epoch FROM a.closes_at) * 1000)::bigint AS closes_at, ai.fee, i.*,
           (SELECT count(*) FROM auction_solvers r WHERE r.auction_id = a.id) AS roster_size,
           live.nonce_taken, live.taken, coalesce(c.block_time, 0) AS block_time, bids.*
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
    CROSS JOIN LATERAL (
        SELECT string_agg(b.hash, '') AS bid_hashes, string_agg(b.solver, '') AS bid_solvers,
               string_agg(b.executor, '') AS bid_executors, string_agg(l.amount_out::text, ',') AS bid_amounts_out,
               string_agg(l.fee::text, ',') AS bid_fees, array_agg(b.valid_until) AS bid_valid_until,
               array_agg(b.solver IN (SELECT address FROM solvers WHERE active)) AS bid_active
        FROM bids b JOIN bid_legs l ON l.bid_hash = b.hash
        WHERE b.auction_id = a.id
    ) bids
    WHERE a.id = ANY(CAST(:ids AS bytea[])) AND a.state = 'closing' AND a.lease_token = CAST(:token AS text)
    ORDER BY a.id
""")

# Intents before auctions, as everywhere; the count makes the auctions wait for the intents.
HOLD: Final = Prepared("""
    WITH of_intents AS (
        SELECT hash FROM intents WHERE hash = ANY(CAST(:intent_hash AS bytea[])) ORDER BY hash FOR NO KEY UPDATE
    ), of_auctions AS (
        SELECT id FROM auctions
        WHERE id = ANY(CAST(:id AS bytea[])) AND (SELECT count(*) FROM of_intents) >= 0
        ORDER BY id FOR NO KEY UPDATE
    )
    SELECT count(*) FROM of_auctions
""")

# Runs behind HOLD, so that it sees what stands once all is held. Awarded intents wait for their settlement, the others
# for their next auction.
RECORD: Final = Prepared("""
    WITH input AS MATERIALIZED (
        SELECT x.*, i.swapper
        FROM unnest(
            CAST(:id AS bytea[]), CAST(:intent_hash AS bytea[]), CAST(:version AS integer[]), CAST(:winner AS bytea[]),
            CAST(:reason AS text[]), CAST(:lost AS text[]), CAST(:own AS text[]), CAST(:closed AS text[]),
            CAST(:moves_to AS text[]), CAST(:facts AS text[]), CAST(:wait_s AS integer[]), CAST(:kind AS text[]),
            CAST(:told AS text[]), CAST(:transcript_root AS bytea[]), CAST(:exclusive_until AS bigint[])
        ) WITH ORDINALITY AS x (
            id, intent_hash, version, winner, reason, lost, own, closed, moves_to, facts, wait_s, kind, told,
            transcript_root, exclusive_until, position
        )
        JOIN auctions a ON a.id = x.id AND a.state = 'closing' AND a.lease_token = CAST(:token AS text)
        JOIN intents i ON i.hash = x.intent_hash AND i.version = x.version
    ), moved AS (
        UPDATE intents i
        SET state = x.moves_to, reason = x.reason, reason_facts = x.facts::jsonb, version = i.version + 1,
            auctions_held = auctions_held + 1, updated_at = statement_timestamp(),
            next_due_at = statement_timestamp() + make_interval(secs => x.wait_s)
        FROM input x WHERE i.hash = x.intent_hash AND x.moves_to IS NOT NULL
    ), closed AS (
        UPDATE auctions a
        SET state = 'closed', closed_at = statement_timestamp(), winner = x.winner, reason = x.reason,
            lost_detail = x.lost, lease_token = NULL, leased_until = NULL
        FROM input x WHERE a.id = x.id
    ), decided AS (
        UPDATE bids b SET fate = o.fate, fate_detail = o.detail
        FROM input x CROSS JOIN LATERAL jsonb_to_recordset(x.own::jsonb) AS o (hash text, fate text, detail text)
        WHERE b.hash = decode(o.hash, 'hex')
    ), awarded AS (
        INSERT INTO awards (bid_hash, auction_id, transcript_root, exclusive_until)
        SELECT winner, id, transcript_root, exclusive_until FROM input WHERE winner IS NOT NULL
    ), told AS (
        INSERT INTO outbox (kind, intent_hash, auction_id, swapper, data)
        SELECT kind, intent_hash, id, swapper, data::jsonb
        FROM (
            SELECT position, 1 AS place, 'auction.closed' AS kind, intent_hash, id, swapper, closed AS data FROM input
            UNION ALL
            SELECT position, 2, kind, intent_hash, id, swapper, told FROM input WHERE kind IS NOT NULL
        ) c
        ORDER BY position, place
    )
    SELECT id FROM input
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
