"""Create runs and the tables of their records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("data_hash", sa.String(length=64), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capital", sa.BigInteger(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("instruments", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "equity",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("cash", sa.BigInteger(), nullable=False),
        sa.Column("market_value", sa.BigInteger(), nullable=False),
        sa.Column("exposure", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_equity_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "session", name="pk_equity"),
    )
    op.create_table(
        "faults",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("fault_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_faults_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "fault_id", name="pk_faults"),
    )
    op.create_table(
        "setups",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_setups_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "session", "instance", "symbol", "slot", name="pk_setups"),
    )
    op.create_index("ix_setups_run_id_symbol", "setups", ["run_id", "symbol"])
    op.create_table(
        "signals",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("trigger_price", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.BigInteger(), nullable=False),
        sa.Column("entry_limit", sa.BigInteger(), nullable=False),
        sa.Column("chase_cap", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("position_hint", sa.Float(), nullable=False),
        sa.Column("risk_per_share", sa.Text(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_signals_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "signal_id", name="pk_signals"),
    )
    op.create_index("ix_signals_run_id_session", "signals", ["run_id", "session"])
    op.create_index("ix_signals_run_id_symbol", "signals", ["run_id", "symbol"])
    op.create_table(
        "orders",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=True),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("order_type", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=True),
        sa.Column("trigger", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "signal_id"],
            ["signals.run_id", "signals.signal_id"],
            name="fk_orders_run_id_signals",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_orders_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_run_id_session", "orders", ["run_id", "session"])
    op.create_index("ix_orders_run_id_signal_id", "orders", ["run_id", "signal_id"])
    op.create_table(
        "positions",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("average", sa.Text(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("market_value", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=True),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id", "signal_id"],
            ["signals.run_id", "signals.signal_id"],
            name="fk_positions_run_id_signals",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_positions_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "session", "instance", "symbol", "slot", name="pk_positions"),
    )
    op.create_index("ix_positions_run_id_signal_id", "positions", ["run_id", "signal_id"])
    op.create_index("ix_positions_run_id_symbol", "positions", ["run_id", "symbol"])
    op.create_table(
        "risk_verdicts",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("quantity_before", sa.BigInteger(), nullable=True),
        sa.Column("quantity_after", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "signal_id"],
            ["signals.run_id", "signals.signal_id"],
            name="fk_risk_verdicts_run_id_signals",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "signal_id", "attempt", "stage", name="pk_risk_verdicts"),
    )
    op.create_table(
        "trades",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("trade_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=True),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("bought_amount", sa.BigInteger(), nullable=False),
        sa.Column("sold_amount", sa.BigInteger(), nullable=False),
        sa.Column("commission", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("net_profit", sa.BigInteger(), nullable=False),
        sa.Column("initial_risk", sa.Text(), nullable=False),
        sa.Column("r_multiple", sa.Float(), nullable=True),
        sa.Column("exit_code", sa.String(length=100), nullable=False),
        sa.Column("is_path_dependent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "signal_id"],
            ["signals.run_id", "signals.signal_id"],
            name="fk_trades_run_id_signals",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
            name="fk_trades_run_id_runs",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "trade_id", name="pk_trades"),
    )
    op.create_index("ix_trades_run_id_signal_id", "trades", ["run_id", "signal_id"])
    op.create_index("ix_trades_run_id_symbol", "trades", ["run_id", "symbol"])
    op.create_table(
        "fills",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("fill_id", sa.String(length=80), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("symbol", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("commission", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "order_id"],
            ["orders.run_id", "orders.order_id"],
            name="fk_fills_run_id_orders",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "fill_id", name="pk_fills"),
    )
    op.create_index("ix_fills_run_id_order_id", "fills", ["run_id", "order_id"])
    op.create_table(
        "order_events",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("filled_quantity", sa.BigInteger(), nullable=False),
        sa.Column("filled_amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id", "order_id"],
            ["orders.run_id", "orders.order_id"],
            name="fk_order_events_run_id_orders",
            ondelete="RESTRICT",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("run_id", "order_id", "sequence", name="pk_order_events"),
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    op.drop_table("order_events")
    op.drop_table("fills")
    op.drop_table("trades")
    op.drop_table("risk_verdicts")
    op.drop_table("positions")
    op.drop_table("orders")
    op.drop_table("signals")
    op.drop_table("setups")
    op.drop_table("faults")
    op.drop_table("equity")
    op.drop_table("runs")
