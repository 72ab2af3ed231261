"""Indexes by measure: what is not sent yet, fills by block; those that no statement uses go (docs/queries.md).

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_settlements_unsent ON settlements (lane, nonce) WHERE state IN ('reserved', 'signed')")
    op.execute("CREATE INDEX ix_fills_block ON fills (block_number) WHERE canonical")
    op.execute("DROP INDEX ix_fills_intent")
    op.execute("DROP INDEX ix_auction_solvers_unasked")
    op.execute("DROP INDEX ix_failures_bid")
    op.execute("DROP INDEX ix_events_solver")


def downgrade() -> None:
    op.execute("CREATE INDEX ix_events_solver ON events (solver, number)")
    op.execute("CREATE INDEX ix_failures_bid ON failures (bid_hash)")
    op.execute("CREATE INDEX ix_auction_solvers_unasked ON auction_solvers (auction_id) WHERE asked_at IS NULL")
    op.execute("CREATE INDEX ix_fills_intent ON fills (intent_hash)")
    op.execute("DROP INDEX ix_fills_block")
    op.execute("DROP INDEX ix_settlements_unsent")
