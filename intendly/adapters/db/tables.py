"""The tables as SQLAlchemy sees them. migrations/ makes them; a test holds the two together.

Times are timestamptz by the database's clock; block times are bigint unix seconds. Amounts are in the token's
smallest unit. design: Tables.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intendly.adapters.db.types import AddressType, AmountType, BytesType, HashType

metadata = MetaData()
_now = func.statement_timestamp()
_moment = DateTime(timezone=True)

deployment = Table(
    "deployment",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis_hash", HashType, nullable=False),
    Column("settlement", AddressType, nullable=False),
    comment="the one chain and contract that these rows are about",
)

pause = Table(
    "pause",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("reason", Text, nullable=False),
    Column("since", _moment, nullable=False, server_default=_now),
    comment="one row while the venue is paused",
)

tokens = Table(
    "tokens",
    metadata,
    Column("address", AddressType, primary_key=True),
    Column("symbol", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("gas_fee", AmountType, comment="what one fill's gas costs, in this token; null: not priced yet"),
    Column("priced_block", BigInteger),
)

solvers = Table(
    "solvers",
    metadata,
    Column("address", AddressType, primary_key=True),
    Column("signing_key", AddressType, nullable=False),
    Column("endpoint", Text, nullable=False, comment="empty: bids over the stream"),
    Column("active", Boolean, nullable=False),
    Column("block_number", BigInteger, nullable=False, comment="of the newest registry event"),
)

intents = Table(
    "intents",
    metadata,
    Column("hash", HashType, primary_key=True),
    Column("swapper", AddressType, nullable=False),
    Column("nonce", AmountType, nullable=False),
    Column("token_in", AddressType, nullable=False),
    Column("amount_in", AmountType, nullable=False),
    Column("token_out", AddressType, nullable=False),
    Column("min_amount_out", AmountType, nullable=False),
    Column("receiver", AddressType, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("open_after", BigInteger, nullable=False),
    Column("partner", AddressType, nullable=False),
    Column("partner_fee_bps", Integer, nullable=False),
    Column("app_data", HashType, nullable=False),
    Column("signature", BytesType, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("reason", Text, nullable=False, server_default="accepted", comment="a code of intendly.domain.reasons"),
    Column("reason_facts", JSONB, nullable=False, server_default="{}"),
    Column("next_due_at", _moment, server_default=_now, comment="when an auction is due; null: one is under way"),
    Column("auctions_held", Integer, nullable=False, server_default="0"),
    Column("created_at", _moment, nullable=False, server_default=_now),
    Column("updated_at", _moment, nullable=False, server_default=_now),
)
Index("ix_intents_due", intents.c.next_due_at, postgresql_where=text("state = 'open' AND next_due_at IS NOT NULL"))
Index("ix_intents_swapper", intents.c.swapper, intents.c.created_at.desc(), intents.c.hash.desc())
Index(
    "ix_intents_swapper_open",
    intents.c.swapper,
    postgresql_where=text("state IN ('open', 'awarded', 'submitted')"),
)
Index("ix_intents_deadline", intents.c.deadline, postgresql_where=text("state IN ('open', 'awarded', 'submitted')"))
Index(
    "uq_intents_live_nonce",
    intents.c.swapper,
    intents.c.nonce,
    unique=True,
    postgresql_where=text("state IN ('awarded', 'submitted')"),
)

spent_nonces = Table(
    "spent_nonces",
    metadata,
    Column("swapper", AddressType, nullable=False),
    Column("nonce", AmountType, nullable=False),
    PrimaryKeyConstraint("swapper", "nonce"),
    comment="Permit2 nonces that the chain showed as used",
)

left_out = Table(
    "left_out",
    metadata,
    Column("intent_hash", HashType, ForeignKey("intents.hash"), nullable=False),
    Column("solver", AddressType, nullable=False),
    Column("bid_hash", HashType, nullable=False),
    PrimaryKeyConstraint("intent_hash", "solver"),
    comment="solvers whose fill of this intent failed by their fault",
)

auctions = Table(
    "auctions",
    metadata,
    Column("id", HashType, primary_key=True),
    Column("state", Text, nullable=False, server_default="open"),
    Column("opened_at", _moment, nullable=False),
    Column("closes_at", _moment, nullable=False),
    Column("closed_at", _moment),
    Column("secret", HashType, nullable=False, comment="breaks ties; shown at the close"),
    Column("secret_hash", HashType, nullable=False),
    Column("winner", HashType, comment="the winning bid"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("lost_detail", Text, nullable=False, server_default="", comment="why its bids lost that are live still"),
    Column("lease_token", Text),
    Column("leased_until", _moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
)
Index("ix_auctions_due", auctions.c.closes_at, auctions.c.id, postgresql_where=text("state = 'open'"))
Index("ix_auctions_closing", auctions.c.leased_until, postgresql_where=text("state = 'closing'"))

auction_intents = Table(
    "auction_intents",
    metadata,
    Column("auction_id", HashType, ForeignKey("auctions.id"), nullable=False),
    Column("intent_hash", HashType, ForeignKey("intents.hash"), nullable=False),
    Column("fee", AmountType, nullable=False, comment="fixed at the opening; signed in each bid"),
    PrimaryKeyConstraint("auction_id", "intent_hash"),
)
Index("ix_auction_intents_intent", auction_intents.c.intent_hash)

auction_solvers = Table(
    "auction_solvers",
    metadata,
    Column("auction_id", HashType, ForeignKey("auctions.id"), nullable=False),
    Column("solver", AddressType, nullable=False),
    Column("asked_at", _moment, comment="when the HTTP request to it began; null: not asked yet"),
    Column("answered_at", _moment),
    Column("answer", Text, comment="bid, declined or failed"),
    Column("refusal", Text, comment="a code: what was wrong with an answer that failed"),
    PrimaryKeyConstraint("auction_id", "solver"),
)

bids = Table(
    "bids",
    metadata,
    Column("hash", HashType, primary_key=True),
    Column("auction_id", HashType, ForeignKey("auctions.id"), nullable=False),
    Column("solver", AddressType, nullable=False),
    Column("executor", AddressType, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("data", BytesType, nullable=False),
    Column("call_data_hash", HashType, nullable=False),
    Column("gas_limit", Integer, nullable=False),
    Column("penalty", AmountType, nullable=False),
    Column("signature", BytesType, nullable=False),
    Column("received_at", _moment, nullable=False, server_default=_now),
    Column("fate", Text, nullable=False, server_default="live", comment="adapters/db/fates.py reads it"),
    Column("fate_detail", Text, nullable=False, server_default=""),
    UniqueConstraint("auction_id", "solver", name="uq_bids_auction_solver"),
)

bid_legs = Table(
    "bid_legs",
    metadata,
    Column("bid_hash", HashType, ForeignKey("bids.hash", ondelete="CASCADE"), nullable=False),
    Column("intent_hash", HashType, nullable=False),
    Column("position", Integer, nullable=False),
    Column("amount_out", AmountType, nullable=False),
    Column("fee", AmountType, nullable=False),
    PrimaryKeyConstraint("bid_hash", "intent_hash"),
)

awards = Table(
    "awards",
    metadata,
    Column("bid_hash", HashType, ForeignKey("bids.hash"), primary_key=True),
    Column("auction_id", HashType, ForeignKey("auctions.id"), nullable=False),
    Column("transcript_root", HashType, nullable=False),
    Column("exclusive_until", BigInteger, nullable=False),
    Column("signature", BytesType, comment="null: won, not signed yet, so not to be submitted"),
    Column("state", Text, nullable=False, server_default="due", comment="due, submitted, filled, failed or lapsed"),
    Column("created_at", _moment, nullable=False, server_default=_now),
)
Index("ix_awards_due", awards.c.created_at, postgresql_where=text("state = 'due' AND signature IS NOT NULL"))
Index("ix_awards_unsigned", awards.c.created_at, postgresql_where=text("state = 'due' AND signature IS NULL"))

lanes = Table(
    "lanes",
    metadata,
    Column("address", AddressType, primary_key=True, comment="the submitter key's account"),
    Column("owner", Text),
    Column("token", BigInteger, nullable=False, server_default="0", comment="fencing: grows with each owner"),
    Column("leased_until", _moment),
    Column("next_nonce", BigInteger, nullable=False),
)

settlements = Table(
    "settlements",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("lane", AddressType, ForeignKey("lanes.address"), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="reserved, signed, broadcast, mined, final, failed or replaced"),
    Column("calldata", BytesType, nullable=False),
    Column("gas_limit", BigInteger, nullable=False),
    Column("block_number", BigInteger),
    Column("block_hash", HashType),
    Column("next_due_at", _moment, server_default=_now, comment="when to look at it again; null: nothing to do"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("created_at", _moment, nullable=False, server_default=_now),
    UniqueConstraint("lane", "nonce", name="uq_settlements_lane_nonce"),
)
Index("ix_settlements_due", settlements.c.next_due_at, postgresql_where=text("next_due_at IS NOT NULL"))
Index(
    "ix_settlements_unsent",
    settlements.c.lane,
    settlements.c.nonce,
    postgresql_where=text("state IN ('reserved', 'signed')"),
)

settlement_legs = Table(
    "settlement_legs",
    metadata,
    Column("settlement_id", BigInteger, ForeignKey("settlements.id"), nullable=False),
    Column("intent_hash", HashType, ForeignKey("intents.hash"), nullable=False),
    Column("bid_hash", HashType, nullable=False),
    Column("swapper", AddressType, nullable=False),
    Column("nonce", AmountType, nullable=False, comment="Permit2's"),
    Column("live", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("settlement_id", "intent_hash"),
)
Index("uq_settlement_legs_live", settlement_legs.c.intent_hash, unique=True, postgresql_where=text("live"))
Index(
    "uq_settlement_legs_live_nonce",
    settlement_legs.c.swapper,
    settlement_legs.c.nonce,
    unique=True,
    postgresql_where=text("live"),
)
Index("ix_settlement_legs_bid", settlement_legs.c.bid_hash)

attempts = Table(
    "attempts",
    metadata,
    Column("settlement_id", BigInteger, ForeignKey("settlements.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("tx_hash", HashType, nullable=False),
    Column("raw", BytesType, nullable=False, comment="stored before it is broadcast"),
    Column("max_fee_per_gas", AmountType, nullable=False),
    Column("max_priority_fee_per_gas", AmountType, nullable=False),
    Column("created_at", _moment, nullable=False, server_default=_now),
    Column("broadcast_at", _moment),
    PrimaryKeyConstraint("settlement_id", "n"),
    UniqueConstraint("tx_hash", name="uq_attempts_tx_hash"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, nullable=False),
    Column("hash", HashType, nullable=False),
    Column("parent_hash", HashType, nullable=False),
    Column("timestamp", BigInteger, nullable=False, comment="unix seconds"),
    Column("canonical", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("number", "hash"),
)
Index("uq_blocks_canonical", blocks.c.number, unique=True, postgresql_where=text("canonical"))

chain_cursor = Table(
    "chain_cursor",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("block_number", BigInteger, nullable=False, comment="the newest indexed block"),
    Column("block_hash", HashType, nullable=False),
    Column("block_time", BigInteger, nullable=False),
    Column("final_number", BigInteger, nullable=False, server_default="0"),
)

fills = Table(
    "fills",
    metadata,
    Column("block_hash", HashType, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("tx_hash", HashType, nullable=False),
    Column("intent_hash", HashType, nullable=False),
    Column("bid_hash", HashType, nullable=False, comment="zero: an open fill"),
    Column("swapper", AddressType, nullable=False),
    Column("solver", AddressType, nullable=False),
    Column("amount_out", AmountType, nullable=False),
    Column("fee", AmountType, nullable=False),
    Column("canonical", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("block_hash", "log_index"),
)
Index("ix_fills_block", fills.c.block_number, postgresql_where=text("canonical"))
Index("uq_fills_canonical", fills.c.intent_hash, unique=True, postgresql_where=text("canonical"))

failures = Table(
    "failures",
    metadata,
    Column("block_hash", HashType, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("tx_hash", HashType, nullable=False),
    Column("bid_hash", HashType, nullable=False),
    Column("solver", AddressType, nullable=False),
    Column("fault", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("reason", HashType, nullable=False),
    Column("canonical", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("block_hash", "log_index"),
    comment="BundleFailed events",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("intent_hash", HashType),
    Column("auction_id", HashType),
    Column("swapper", AddressType),
    Column("solver", AddressType, comment="set: for this solver only"),
    Column("data", JSONB, nullable=False, server_default="{}"),
    Column("at", _moment, nullable=False, server_default=_now),
    comment="changes whose event is not numbered yet",
)

stream_head = Table(
    "stream_head",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False, server_default="0"),
)

events = Table(
    "events",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("intent_hash", HashType),
    Column("auction_id", HashType),
    Column("swapper", AddressType),
    Column("solver", AddressType),
    Column("data", JSONB, nullable=False),
    Column("at", _moment, nullable=False),
    postgresql_partition_by="RANGE (number)",
    comment="dense numbers, in the order in which they were published",
)
Index("ix_events_intent", events.c.intent_hash, events.c.number)
Index("ix_events_swapper", events.c.swapper, events.c.number)
Index("ix_events_auction", events.c.auction_id, events.c.number)
