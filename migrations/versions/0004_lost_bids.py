"""Why bids lost is written once for their auction.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE auctions ADD COLUMN lost_detail TEXT DEFAULT '' NOT NULL")
    op.execute("COMMENT ON COLUMN auctions.lost_detail IS 'why its bids lost that are live still'")
    op.execute("COMMENT ON COLUMN bids.fate IS 'adapters/db/fates.py reads it'")


def downgrade() -> None:
    """What a bid's fate is by its auction is written into the bid."""
    op.execute("""
        UPDATE bids b SET fate = CASE WHEN b.hash = a.winner THEN 'won' ELSE 'lost' END,
            fate_detail = CASE WHEN b.hash = a.winner THEN '' ELSE a.lost_detail END
        FROM auctions a WHERE a.id = b.auction_id AND a.state = 'closed' AND b.fate = 'live'
    """)
    op.execute("COMMENT ON COLUMN bids.fate IS NULL")
    op.execute("ALTER TABLE auctions DROP COLUMN lost_detail")
