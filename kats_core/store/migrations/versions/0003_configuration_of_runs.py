"""Keep the configuration that a run was played with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the runs that are there nobody knows it."""
    op.add_column("runs", sa.Column("configuration", sa.Text(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the column and what it holds."""
    op.drop_column("runs", "configuration")
