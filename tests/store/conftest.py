"""Runs and records for the tests of the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kats_core.model.fact import Fact
from kats_core.model.kinds import Decision, FactSource, OrderState, OrderType, Purpose, Regime, Side
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OperatorRecord,
    OperatorVerb,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    Record,
    SetupRecord,
    SetupStatus,
    SignalRecord,
    SignalStatus,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.setup import Above, Fixed
from kats_core.model.time import at
from kats_core.store.database import Database, open_database
from kats_core.store.run import Run

FIRST = dt.date(2026, 7, 1)
EQUITY = Fact("equity", 100_000_000, 0, FactSource.DERIVED)
STAGES = ("position-sizer", "daily-kill-switch", "margin-guard")


def records_of(session: dt.date, symbol: str = "005930", profit: int = 1_000) -> list[Record]:
    """A candidate of each kind, and one of every record."""
    name = f"{session.isoformat()}-{symbol}"
    open_at = at(session, dt.time(9, 31))
    common: dict[str, Any] = {"instance": "vb", "symbol": symbol}
    setups = [
        SetupRecord(
            session=session,
            status=SetupStatus.ARMED,
            rank=1,
            trigger=Above(Fixed(71_000)),
            level=71_000,
            numbers={"range": 2_400, "k": 0.5},
            facts=(EQUITY,),
            **common,
        ),
        SetupRecord(session=session, status=SetupStatus.FIRED, asked=3, **common),
        SetupRecord(session=session, instance="vb", symbol="000660", status=SetupStatus.NOT_ARMED, code="core:WARMUP"),
    ]
    signal = SignalRecord(
        signal_id=name,
        session=session,
        ts=open_at,
        slot=0,
        sequence=1,
        purpose=Purpose.ENTRY,
        trigger_price=71_000,
        reference=71_000,
        entry_limit=71_100,
        chase_cap=71_500,
        stop=69_000,
        position_hint=0.2,
        risk_per_share="4671/2",
        numbers={},
        facts=(EQUITY,),
        status=SignalStatus.PROPOSED,
        **common,
    )
    verdicts = [
        VerdictRecord(
            signal_id=name,
            attempt=1,
            position=position,
            stage=stage,
            plugin=stage,
            decision=Decision.APPROVE,
            quantity_before=None if position == 1 else 100,
            quantity_after=100,
            code=None,
            detail={"risk_frac": 0.02},
            until=None,
            facts=(EQUITY, Fact("regime", "BULL", 0, FactSource.ASSUMED)),
            limits={"min_order_krw": 300_000},
        )
        for position, stage in enumerate(STAGES, 1)
    ]
    return [
        *setups,
        signal,
        *verdicts,
        msgspec.structs.replace(signal, facts=(), status=SignalStatus.ORDERED, quantity=100),
        OrderRecord(
            order_id=f"order-{name}",
            number=session.toordinal(),
            signal_id=name,
            session=session,
            ts=open_at,
            slot=0,
            purpose=Purpose.ENTRY,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=100,
            limit=71_100,
            trigger=None,
            reason="",
            **common,
        ),
        OrderEventRecord(
            order_id=f"order-{name}",
            sequence=1,
            ts=open_at,
            event="filled",
            before=OrderState.SUBMITTED,
            after=OrderState.FILLED,
            filled_quantity=100,
            filled_amount=7_100_000,
        ),
        FillRecord(
            fill_id=f"fill-{name}",
            order_id=f"order-{name}",
            sequence=1,
            ts=open_at,
            slot=0,
            side=Side.BUY,
            price=71_000,
            quantity=100,
            amount=7_100_000,
            commission=1_065,
            tax=0,
            **common,
        ),
        TradeRecord(
            signal_id=name,
            slot=0,
            opened_at=open_at,
            closed_at=open_at + 1,
            opened_on=session,
            closed_on=session,
            quantity=100,
            bought_amount=7_100_000,
            sold_amount=7_110_000,
            commission=2_131,
            tax=14_220,
            net_profit=profit,
            initial_risk="200000",
            r_multiple=profit / 200_000,
            exit_code="core:T1",
            **common,
        ),
        PositionRecord(
            session=session,
            slot=0,
            quantity=100,
            cost="7100000",
            average="71000",
            stop=69_000,
            last=71_000,
            market_value=7_100_000,
            opened_at=open_at,
            signal_id=name,
            **common,
        ),
        EquityRecord(
            session=session,
            equity=100_001_000,
            cash=100_001_000,
            market_value=0,
            exposure=0.07,
            regime=Regime.BULL,
        ),
        FaultRecord(ts=open_at, owner="vb", code="core:STRATEGY_ERROR", symbol=symbol, text="ZeroDivisionError"),
        OperatorRecord(ts=open_at, verb=OperatorVerb.HALT, who="kim", reason="점검"),
        OperatorRecord(ts=open_at + 1, verb=OperatorVerb.FLATTEN, symbol=symbol, who="kim"),
        OperatorRecord(ts=open_at + 2, verb=OperatorVerb.RESUME, who="kim", cause="MARKET", reference="runs/1"),
    ]


@pytest.fixture
def session_records() -> Callable[..., list[Record]]:
    return records_of


@pytest.fixture
def run() -> Run:
    return Run(
        run_id="1a2b3c4d-0000-5000-8000-000000000000",
        kind="sample",
        config_hash="c",
        data_hash="d",
        first_day=FIRST,
        last_day=FIRST + dt.timedelta(days=1),
        seed=7,
        started=dt.datetime(2026, 7, 2, 18, 0, 0, 123_456, tzinfo=dt.UTC),
        capital=100_000_000,
        versions={"kats-core": "0.1.0"},
        notes=("assumed: regime=BULL",),
        codes={"core:WARMUP": ("이력 부족", "too little history")},
        instruments={"005930": "삼성전자"},
    )


@pytest.fixture
def clock() -> Callable[[], dt.datetime]:
    return lambda: dt.datetime(2026, 7, 2, 18, 1, tzinfo=dt.UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'home' / 'kats.db'}") as opened:
        yield opened
