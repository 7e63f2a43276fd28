"""Keep the regime that was in force with the account at the end of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of sessions that are there nobody wrote down the regime."""
    op.add_column("equity", sa.Column("regime", sa.String(length=20), nullable=True))


def downgrade() -> None:
    """Drop the column and what it holds."""
    op.drop_column("equity", "regime")
