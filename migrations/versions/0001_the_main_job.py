"""The tables of the main job (design: Tables).

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE auctions (
        id BYTEA NOT NULL,
        state TEXT DEFAULT 'open' NOT NULL,
        opened_at timestamptz NOT NULL,
        closes_at timestamptz NOT NULL,
        closed_at timestamptz,
        secret BYTEA NOT NULL,
        secret_hash BYTEA NOT NULL,
        winner BYTEA,
        reason TEXT DEFAULT '' NOT NULL,
        lease_token TEXT,
        leased_until timestamptz,
        attempts INTEGER DEFAULT '0' NOT NULL,
        PRIMARY KEY (id),
        CHECK (octet_length(id) = 32),
        CHECK (state IN ('open', 'closing', 'closed')),
        CHECK (octet_length(secret) = 32),
        CHECK (octet_length(secret_hash) = 32),
        CHECK (octet_length(winner) = 32)
    )
    """,

    """
    CREATE INDEX ix_auctions_closing ON auctions (leased_until) WHERE state = 'closing'
    """,

    """
    CREATE INDEX ix_auctions_due ON auctions (closes_at, id) WHERE state = 'open'
    """,

    """
    COMMENT ON COLUMN auctions.secret IS 'breaks ties; shown at the close'
    """,

    """
    COMMENT ON COLUMN auctions.winner IS 'the winning bid'
    """,

    """
    CREATE TABLE blocks (
        number BIGINT NOT NULL,
        hash BYTEA NOT NULL,
        parent_hash BYTEA NOT NULL,
        timestamp BIGINT NOT NULL,
        canonical BOOLEAN DEFAULT true NOT NULL,
        PRIMARY KEY (number, hash),
        CHECK (octet_length(hash) = 32),
        CHECK (octet_length(parent_hash) = 32)
    )
    """,

    """
    CREATE UNIQUE INDEX uq_blocks_canonical ON blocks (number) WHERE canonical
    """,

    """
    COMMENT ON COLUMN blocks.timestamp IS 'unix seconds'
    """,

    """
    CREATE TABLE chain_cursor (
        singleton BOOLEAN DEFAULT true NOT NULL,
        block_number BIGINT NOT NULL,
        block_hash BYTEA NOT NULL,
        block_time BIGINT NOT NULL,
        final_number BIGINT DEFAULT '0' NOT NULL,
        PRIMARY KEY (singleton),
        CHECK (singleton),
        CHECK (octet_length(block_hash) = 32)
    )
    """,

    """
    COMMENT ON COLUMN chain_cursor.block_number IS 'the newest indexed block'
    """,

    """
    CREATE TABLE deployment (
        singleton BOOLEAN DEFAULT true NOT NULL,
        chain_id BIGINT NOT NULL,
        genesis_hash BYTEA NOT NULL,
        settlement BYTEA NOT NULL,
        PRIMARY KEY (singleton),
        CHECK (singleton),
        CHECK (octet_length(genesis_hash) = 32),
        CHECK (octet_length(settlement) = 20)
    )
    """,

    """
    COMMENT ON TABLE deployment IS 'the one chain and contract that these rows are about'
    """,

    """
    CREATE TABLE events (
        number BIGINT NOT NULL,
        kind TEXT NOT NULL,
        intent_hash BYTEA,
        auction_id BYTEA,
        swapper BYTEA,
        solver BYTEA,
        data JSONB NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (number),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(swapper) = 20),
        CHECK (octet_length(solver) = 20)
    )
     PARTITION BY RANGE (number)
    """,

    """
    CREATE TABLE events_default PARTITION OF events DEFAULT
    """,

    """
    CREATE INDEX ix_events_auction ON events (auction_id, number)
    """,

    """
    CREATE INDEX ix_events_intent ON events (intent_hash, number)
    """,

    """
    CREATE INDEX ix_events_solver ON events (solver, number)
    """,

    """
    CREATE INDEX ix_events_swapper ON events (swapper, number)
    """,

    """
    COMMENT ON TABLE events IS 'dense numbers, in the order in which they were published'
    """,

    """
    CREATE TABLE failures (
        block_hash BYTEA NOT NULL,
        log_index INTEGER NOT NULL,
        block_number BIGINT NOT NULL,
        tx_hash BYTEA NOT NULL,
        bid_hash BYTEA NOT NULL,
        solver BYTEA NOT NULL,
        fault TEXT NOT NULL,
        step TEXT NOT NULL,
        reason BYTEA NOT NULL,
        canonical BOOLEAN DEFAULT true NOT NULL,
        PRIMARY KEY (block_hash, log_index),
        CHECK (octet_length(block_hash) = 32),
        CHECK (octet_length(tx_hash) = 32),
        CHECK (octet_length(bid_hash) = 32),
        CHECK (octet_length(solver) = 20),
        CHECK (octet_length(reason) = 32)
    )
    """,

    """
    CREATE INDEX ix_failures_bid ON failures (bid_hash)
    """,

    """
    COMMENT ON TABLE failures IS 'BundleFailed events'
    """,

    """
    CREATE TABLE fills (
        block_hash BYTEA NOT NULL,
        log_index INTEGER NOT NULL,
        block_number BIGINT NOT NULL,
        tx_hash BYTEA NOT NULL,
        intent_hash BYTEA NOT NULL,
        bid_hash BYTEA NOT NULL,
        swapper BYTEA NOT NULL,
        solver BYTEA NOT NULL,
        amount_out NUMERIC(78, 0) NOT NULL,
        fee NUMERIC(78, 0) NOT NULL,
        canonical BOOLEAN DEFAULT true NOT NULL,
        PRIMARY KEY (block_hash, log_index),
        CHECK (octet_length(block_hash) = 32),
        CHECK (octet_length(tx_hash) = 32),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (octet_length(bid_hash) = 32),
        CHECK (octet_length(swapper) = 20),
        CHECK (octet_length(solver) = 20),
        CHECK (amount_out >= 0 AND amount_out < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (fee >= 0 AND fee < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    CREATE INDEX ix_fills_intent ON fills (intent_hash)
    """,

    """
    CREATE UNIQUE INDEX uq_fills_canonical ON fills (intent_hash) WHERE canonical
    """,

    """
    COMMENT ON COLUMN fills.bid_hash IS 'zero: an open fill'
    """,

    """
    CREATE TABLE intents (
        hash BYTEA NOT NULL,
        swapper BYTEA NOT NULL,
        nonce NUMERIC(78, 0) NOT NULL,
        token_in BYTEA NOT NULL,
        amount_in NUMERIC(78, 0) NOT NULL,
        token_out BYTEA NOT NULL,
        min_amount_out NUMERIC(78, 0) NOT NULL,
        receiver BYTEA NOT NULL,
        deadline BIGINT NOT NULL,
        valid_from BIGINT NOT NULL,
        open_after BIGINT NOT NULL,
        partner BYTEA NOT NULL,
        partner_fee_bps INTEGER NOT NULL,
        app_data BYTEA NOT NULL,
        signature BYTEA NOT NULL,
        state TEXT DEFAULT 'open' NOT NULL,
        version INTEGER DEFAULT '1' NOT NULL,
        reason TEXT DEFAULT 'accepted' NOT NULL,
        reason_facts JSONB DEFAULT '{}' NOT NULL,
        next_due_at timestamptz DEFAULT statement_timestamp(),
        auctions_held INTEGER DEFAULT '0' NOT NULL,
        created_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        updated_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        PRIMARY KEY (hash),
        CHECK (octet_length(hash) = 32),
        CHECK (octet_length(swapper) = 20),
        CHECK (nonce >= 0 AND nonce < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (octet_length(token_in) = 20),
        CHECK (amount_in >= 0 AND amount_in < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (octet_length(token_out) = 20),
        CHECK (min_amount_out >= 0 AND min_amount_out < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (octet_length(receiver) = 20),
        CHECK (octet_length(partner) = 20),
        CHECK (octet_length(app_data) = 32),
        CHECK (state IN ('open', 'awarded', 'submitted', 'settled', 'cancelled', 'expired'))
    )
    """,

    """
    CREATE INDEX ix_intents_deadline ON intents (deadline) WHERE state IN ('open', 'awarded', 'submitted')
    """,

    """
    CREATE INDEX ix_intents_due ON intents (next_due_at) WHERE state = 'open' AND next_due_at IS NOT NULL
    """,

    """
    CREATE INDEX ix_intents_swapper ON intents (swapper, created_at DESC, hash DESC)
    """,

    """
    CREATE INDEX ix_intents_swapper_open ON intents (swapper) WHERE state IN ('open', 'awarded', 'submitted')
    """,

    """
    CREATE UNIQUE INDEX uq_intents_live_nonce ON intents (swapper, nonce) WHERE state IN ('awarded', 'submitted')
    """,

    """
    COMMENT ON COLUMN intents.reason IS 'a code of intendly.domain.reasons'
    """,

    """
    COMMENT ON COLUMN intents.next_due_at IS 'when an auction is due; null: one is under way'
    """,

    """
    CREATE TABLE lanes (
        address BYTEA NOT NULL,
        owner TEXT,
        token BIGINT DEFAULT '0' NOT NULL,
        leased_until timestamptz,
        next_nonce BIGINT NOT NULL,
        PRIMARY KEY (address),
        CHECK (octet_length(address) = 20)
    )
    """,

    """
    COMMENT ON COLUMN lanes.address IS 'the submitter key''s account'
    """,

    """
    COMMENT ON COLUMN lanes.token IS 'fencing: grows with each owner'
    """,

    """
    CREATE TABLE outbox (
        id BIGSERIAL NOT NULL,
        kind TEXT NOT NULL,
        intent_hash BYTEA,
        auction_id BYTEA,
        swapper BYTEA,
        solver BYTEA,
        data JSONB DEFAULT '{}' NOT NULL,
        at timestamptz DEFAULT statement_timestamp() NOT NULL,
        PRIMARY KEY (id),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(swapper) = 20),
        CHECK (octet_length(solver) = 20)
    )
    """,

    """
    COMMENT ON TABLE outbox IS 'changes whose event is not numbered yet'
    """,

    """
    COMMENT ON COLUMN outbox.solver IS 'set: for this solver only'
    """,

    """
    CREATE TABLE solvers (
        address BYTEA NOT NULL,
        signing_key BYTEA NOT NULL,
        endpoint TEXT NOT NULL,
        active BOOLEAN NOT NULL,
        block_number BIGINT NOT NULL,
        PRIMARY KEY (address),
        CHECK (octet_length(address) = 20),
        CHECK (octet_length(signing_key) = 20)
    )
    """,

    """
    COMMENT ON COLUMN solvers.endpoint IS 'empty: bids over the stream'
    """,

    """
    COMMENT ON COLUMN solvers.block_number IS 'of the newest registry event'
    """,

    """
    CREATE TABLE spent_nonces (
        swapper BYTEA NOT NULL,
        nonce NUMERIC(78, 0) NOT NULL,
        PRIMARY KEY (swapper, nonce),
        CHECK (octet_length(swapper) = 20),
        CHECK (nonce >= 0 AND nonce < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    COMMENT ON TABLE spent_nonces IS 'Permit2 nonces that the chain showed as used'
    """,

    """
    CREATE TABLE stream_head (
        singleton BOOLEAN DEFAULT true NOT NULL,
        epoch BIGINT NOT NULL,
        last BIGINT DEFAULT '0' NOT NULL,
        PRIMARY KEY (singleton),
        CHECK (singleton)
    )
    """,

    """
    CREATE TABLE tokens (
        address BYTEA NOT NULL,
        symbol TEXT NOT NULL,
        name TEXT NOT NULL,
        decimals INTEGER NOT NULL,
        gas_fee NUMERIC(78, 0),
        priced_block BIGINT,
        PRIMARY KEY (address),
        CHECK (octet_length(address) = 20),
        CHECK (gas_fee >= 0 AND gas_fee < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    COMMENT ON COLUMN tokens.gas_fee IS 'what one fill''s gas costs, in this token; null: not priced yet'
    """,

    """
    CREATE TABLE auction_intents (
        auction_id BYTEA NOT NULL,
        intent_hash BYTEA NOT NULL,
        fee NUMERIC(78, 0) NOT NULL,
        PRIMARY KEY (auction_id, intent_hash),
        FOREIGN KEY(auction_id) REFERENCES auctions (id),
        FOREIGN KEY(intent_hash) REFERENCES intents (hash),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (fee >= 0 AND fee < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    CREATE INDEX ix_auction_intents_intent ON auction_intents (intent_hash)
    """,

    """
    COMMENT ON COLUMN auction_intents.fee IS 'fixed at the opening; signed in each bid'
    """,

    """
    CREATE TABLE auction_solvers (
        auction_id BYTEA NOT NULL,
        solver BYTEA NOT NULL,
        asked_at timestamptz,
        answered_at timestamptz,
        answer TEXT,
        PRIMARY KEY (auction_id, solver),
        FOREIGN KEY(auction_id) REFERENCES auctions (id),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(solver) = 20),
        CHECK (answer IN ('bid', 'declined', 'failed'))
    )
    """,

    """
    CREATE INDEX ix_auction_solvers_unasked ON auction_solvers (auction_id) WHERE asked_at IS NULL
    """,

    """
    COMMENT ON COLUMN auction_solvers.asked_at IS 'when the HTTP request to it began; null: not asked yet'
    """,

    """
    COMMENT ON COLUMN auction_solvers.answer IS 'bid, declined or failed'
    """,

    """
    CREATE TABLE bids (
        hash BYTEA NOT NULL,
        auction_id BYTEA NOT NULL,
        solver BYTEA NOT NULL,
        executor BYTEA NOT NULL,
        valid_until BIGINT NOT NULL,
        data BYTEA NOT NULL,
        call_data_hash BYTEA NOT NULL,
        gas_limit INTEGER NOT NULL,
        penalty NUMERIC(78, 0) NOT NULL,
        signature BYTEA NOT NULL,
        received_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        fate TEXT DEFAULT 'live' NOT NULL,
        fate_detail TEXT DEFAULT '' NOT NULL,
        PRIMARY KEY (hash),
        CONSTRAINT uq_bids_auction_solver UNIQUE (auction_id, solver),
        FOREIGN KEY(auction_id) REFERENCES auctions (id),
        CHECK (octet_length(hash) = 32),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(solver) = 20),
        CHECK (octet_length(executor) = 20),
        CHECK (octet_length(call_data_hash) = 32),
        CHECK (penalty >= 0 AND penalty < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (fate IN ('live', 'won', 'lost', 'below_minimum', 'ineligible'))
    )
    """,

    """
    CREATE TABLE left_out (
        intent_hash BYTEA NOT NULL,
        solver BYTEA NOT NULL,
        bid_hash BYTEA NOT NULL,
        PRIMARY KEY (intent_hash, solver),
        FOREIGN KEY(intent_hash) REFERENCES intents (hash),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (octet_length(solver) = 20),
        CHECK (octet_length(bid_hash) = 32)
    )
    """,

    """
    COMMENT ON TABLE left_out IS 'solvers whose fill of this intent failed by their fault'
    """,

    """
    CREATE TABLE settlements (
        id BIGSERIAL NOT NULL,
        lane BYTEA NOT NULL,
        nonce BIGINT NOT NULL,
        state TEXT NOT NULL,
        calldata BYTEA NOT NULL,
        gas_limit BIGINT NOT NULL,
        block_number BIGINT,
        block_hash BYTEA,
        next_due_at timestamptz DEFAULT statement_timestamp(),
        failures INTEGER DEFAULT '0' NOT NULL,
        created_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        PRIMARY KEY (id),
        CONSTRAINT uq_settlements_lane_nonce UNIQUE (lane, nonce),
        FOREIGN KEY(lane) REFERENCES lanes (address),
        CHECK (octet_length(lane) = 20),
        CHECK (state IN ('reserved', 'signed', 'broadcast', 'mined', 'final', 'failed', 'replaced')),
        CHECK (octet_length(block_hash) = 32)
    )
    """,

    """
    CREATE INDEX ix_settlements_due ON settlements (next_due_at) WHERE next_due_at IS NOT NULL
    """,

    """
    COMMENT ON COLUMN settlements.state IS 'reserved, signed, broadcast, mined, final, failed or replaced'
    """,

    """
    COMMENT ON COLUMN settlements.next_due_at IS 'when to look at it again; null: nothing to do'
    """,

    """
    CREATE TABLE attempts (
        settlement_id BIGINT NOT NULL,
        n INTEGER NOT NULL,
        tx_hash BYTEA NOT NULL,
        raw BYTEA NOT NULL,
        max_fee_per_gas NUMERIC(78, 0) NOT NULL,
        max_priority_fee_per_gas NUMERIC(78, 0) NOT NULL,
        created_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        broadcast_at timestamptz,
        PRIMARY KEY (settlement_id, n),
        CONSTRAINT uq_attempts_tx_hash UNIQUE (tx_hash),
        FOREIGN KEY(settlement_id) REFERENCES settlements (id),
        CHECK (octet_length(tx_hash) = 32),
        CHECK (max_fee_per_gas >= 0 AND max_fee_per_gas < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (max_priority_fee_per_gas >= 0 AND max_priority_fee_per_gas < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    COMMENT ON COLUMN attempts.raw IS 'stored before it is broadcast'
    """,

    """
    CREATE TABLE awards (
        bid_hash BYTEA NOT NULL,
        auction_id BYTEA NOT NULL,
        transcript_root BYTEA NOT NULL,
        exclusive_until BIGINT NOT NULL,
        signature BYTEA,
        state TEXT DEFAULT 'due' NOT NULL,
        created_at timestamptz DEFAULT statement_timestamp() NOT NULL,
        PRIMARY KEY (bid_hash),
        FOREIGN KEY(bid_hash) REFERENCES bids (hash),
        FOREIGN KEY(auction_id) REFERENCES auctions (id),
        CHECK (octet_length(bid_hash) = 32),
        CHECK (octet_length(auction_id) = 32),
        CHECK (octet_length(transcript_root) = 32),
        CHECK (state IN ('due', 'submitted', 'filled', 'failed', 'lapsed'))
    )
    """,

    """
    CREATE INDEX ix_awards_due ON awards (created_at) WHERE state = 'due' AND signature IS NOT NULL
    """,

    """
    CREATE INDEX ix_awards_unsigned ON awards (created_at) WHERE state = 'due' AND signature IS NULL
    """,

    """
    COMMENT ON COLUMN awards.signature IS 'null: won, not signed yet, so not to be submitted'
    """,

    """
    COMMENT ON COLUMN awards.state IS 'due, submitted, filled, failed or lapsed'
    """,

    """
    CREATE TABLE bid_legs (
        bid_hash BYTEA NOT NULL,
        intent_hash BYTEA NOT NULL,
        position INTEGER NOT NULL,
        amount_out NUMERIC(78, 0) NOT NULL,
        fee NUMERIC(78, 0) NOT NULL,
        PRIMARY KEY (bid_hash, intent_hash),
        FOREIGN KEY(bid_hash) REFERENCES bids (hash) ON DELETE CASCADE,
        CHECK (octet_length(bid_hash) = 32),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (amount_out >= 0 AND amount_out < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
        CHECK (fee >= 0 AND fee < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    CREATE TABLE settlement_legs (
        settlement_id BIGINT NOT NULL,
        intent_hash BYTEA NOT NULL,
        bid_hash BYTEA NOT NULL,
        swapper BYTEA NOT NULL,
        nonce NUMERIC(78, 0) NOT NULL,
        live BOOLEAN DEFAULT true NOT NULL,
        PRIMARY KEY (settlement_id, intent_hash),
        FOREIGN KEY(settlement_id) REFERENCES settlements (id),
        FOREIGN KEY(intent_hash) REFERENCES intents (hash),
        CHECK (octet_length(intent_hash) = 32),
        CHECK (octet_length(bid_hash) = 32),
        CHECK (octet_length(swapper) = 20),
        CHECK (nonce >= 0 AND nonce < 115792089237316195423570985008687907853269984665640564039457584007913129639936)
    )
    """,

    """
    CREATE INDEX ix_settlement_legs_bid ON settlement_legs (bid_hash)
    """,

    """
    CREATE UNIQUE INDEX uq_settlement_legs_live ON settlement_legs (intent_hash) WHERE live
    """,

    """
    CREATE UNIQUE INDEX uq_settlement_legs_live_nonce ON settlement_legs (swapper, nonce) WHERE live
    """,

    """
    COMMENT ON COLUMN settlement_legs.nonce IS 'Permit2''s'
    """,

    """
    INSERT INTO stream_head (epoch) VALUES (extract(epoch FROM clock_timestamp())::bigint)
    """,
)

TABLES = (
    "settlement_legs",
    "bid_legs",
    "awards",
    "attempts",
    "settlements",
    "left_out",
    "bids",
    "auction_solvers",
    "auction_intents",
    "tokens",
    "stream_head",
    "spent_nonces",
    "solvers",
    "outbox",
    "lanes",
    "intents",
    "fills",
    "failures",
    "events",
    "deployment",
    "chain_cursor",
    "blocks",
    "auctions",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
