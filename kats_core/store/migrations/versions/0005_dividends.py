"""Keep the dividends of trades, and those that are not paid yet at the end of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; runs that are there booked no dividends."""
    op.add_column("trades", sa.Column("dividend", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("equity", sa.Column("receivable", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns and what they hold."""
    op.drop_column("equity", "receivable")
    op.drop_column("trades", "dividend")
