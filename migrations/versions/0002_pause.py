"""The pause of the venue.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE pause (
            singleton BOOLEAN DEFAULT true NOT NULL,
            reason TEXT NOT NULL,
            since timestamptz DEFAULT statement_timestamp() NOT NULL,
            PRIMARY KEY (singleton),
            CHECK (singleton)
        )
        """
    )
    op.execute("COMMENT ON TABLE pause IS 'one row while the venue is paused'")


def downgrade() -> None:
    op.execute("DROP TABLE pause")
