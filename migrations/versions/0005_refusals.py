"""Why an answer was refused is kept beside it.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE auction_solvers ADD COLUMN refusal TEXT")
    op.execute("COMMENT ON COLUMN auction_solvers.refusal IS 'a code: what was wrong with an answer that failed'")


def downgrade() -> None:
    op.execute("ALTER TABLE auction_solvers DROP COLUMN refusal")
