"""Keep the account and the state of the risk stages, for a process that goes on with an interrupted run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["run_id"],
        ["runs.run_id"],
        name=f"fk_{table}_run_id_runs",
        ondelete="RESTRICT",
        initially="DEFERRED",
        deferrable=True,
    )


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "account_state",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("broker", sa.Text(), nullable=True),
        _run("account_state"),
        sa.PrimaryKeyConstraint("run_id", name="pk_account_state"),
    )
    op.create_table(
        "risk_state",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("is_parked", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        _run("risk_state"),
        sa.PrimaryKeyConstraint("run_id", "stage", name="pk_risk_state"),
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    op.drop_table("risk_state")
    op.drop_table("account_state")
