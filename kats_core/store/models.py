"""Define the tables. Each table of records has the columns of its record, under the same names, after `run_id`.

The run is part of every key. Times of the market are nanoseconds UTC as in the records, money is whole won, exact
quotients are text as in the records. Foreign keys forbid deletion of what is referred to, and are checked at the commit,
so that one transaction may put a whole run in the place of another.

A change here needs a new file in `migrations/versions` and a new `SCHEMA`; a test compares them.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from kats_core.model.labels import plain
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OperatorRecord,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    Record,
    SetupRecord,
    SignalRecord,
    TradeRecord,
    VerdictRecord,
)

SCHEMA = "0006"
"""The newest migration. A database with another version is migrated or, when it is newer, refused."""

_json = msgspec.json.Encoder(enc_hook=plain)


class JsonText(TypeDecorator[Any]):
    """JSON in a text column, encoded as on the wire; 1 and 1.0 stay what they were."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


class Word(TypeDecorator[str]):
    """A member of a fixed vocabulary, stored as its plain value; drivers treat enums in ways of their own."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else str(value)


class Reference(TypeDecorator[str]):
    """An id that may be absent: empty in a record, NULL in the table, where a foreign key leaves it alone."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value or None

    def process_result_value(self, value: Any, dialect: Dialect) -> str:
        return value or ""


class Moment(TypeDecorator[dt.datetime]):
    """An aware time, UTC in storage; SQLite keeps no zone, so it is given back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if not isinstance(value, dt.datetime):
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


Identifier: TypeAlias = Annotated[str, mapped_column(String(36))]
Instance: TypeAlias = Annotated[str, mapped_column(String(60))]
Symbol: TypeAlias = Annotated[str, mapped_column(String(10))]
Kind: TypeAlias = Annotated[str, mapped_column(Word(20))]
OwnedCode: TypeAlias = Annotated[str, mapped_column(String(100))]
Exact: TypeAlias = Annotated[str, mapped_column(Text)]
"""A quotient of two whole numbers, as text."""
Big: TypeAlias = Annotated[int, mapped_column(BigInteger)]
"""Won, shares, or nanoseconds."""
Json: TypeAlias = Annotated[Any, mapped_column(JsonText)]

_DEFERRED: dict[str, Any] = {"ondelete": "RESTRICT", "deferrable": True, "initially": "DEFERRED"}


class Base(DeclarativeBase):
    """What all tables share."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Integer,
        float: Float,
        bool: Boolean,
        str: String,
        dt.date: Date,
        dt.datetime: Moment,
    }


RunId: TypeAlias = Annotated[
    str, mapped_column(String(40), ForeignKey("runs.run_id", **_DEFERRED), primary_key=True, sort_order=-1)
]


def _signal() -> ForeignKeyConstraint:
    # The referring columns need an index, or every signal that a repeat removes scans the table.
    return ForeignKeyConstraint(["run_id", "signal_id"], ["signals.run_id", "signals.signal_id"], **_DEFERRED)


def _order() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["run_id", "order_id"], ["orders.run_id", "orders.order_id"], **_DEFERRED)


class RunRow(Base):
    """실행: one row a run, whether its decisions are here or in a folder."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "started"),)

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[Kind]
    config_hash: Mapped[str] = mapped_column(String(64))
    data_hash: Mapped[str] = mapped_column(String(64))
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    seed: Mapped[Big]
    started: Mapped[dt.datetime]
    capital: Mapped[Big]
    versions: Mapped[Json]
    ended: Mapped[dt.datetime | None]
    status: Mapped[Kind]
    notes: Mapped[Json]
    codes: Mapped[Json]
    instruments: Mapped[Json]
    folder: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[Json]
    configuration: Mapped[Json] = mapped_column(server_default="{}")


class SetupRow(Base):
    """대기 종목: candidates and what became of them."""

    __tablename__ = "setups"
    __table_args__ = (Index(None, "run_id", "symbol"),)

    run_id: Mapped[RunId]
    session: Mapped[dt.date] = mapped_column(primary_key=True)
    instance: Mapped[Instance] = mapped_column(primary_key=True)
    symbol: Mapped[Symbol] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Kind]
    code: Mapped[OwnedCode | None]
    rank: Mapped[int | None]
    trigger: Mapped[Json | None]
    level: Mapped[Big | None]
    asked: Mapped[int]
    numbers: Mapped[Json]
    facts: Mapped[Json]


class SignalRow(Base):
    """신호: every signal, the refused ones too."""

    __tablename__ = "signals"
    __table_args__ = (Index(None, "run_id", "session"), Index(None, "run_id", "symbol"))

    run_id: Mapped[RunId]
    signal_id: Mapped[Identifier] = mapped_column(primary_key=True)
    session: Mapped[dt.date]
    ts: Mapped[Big]
    instance: Mapped[Instance]
    symbol: Mapped[Symbol]
    slot: Mapped[int]
    sequence: Mapped[int]
    purpose: Mapped[Kind]
    trigger_price: Mapped[Big]
    reference: Mapped[Big]
    entry_limit: Mapped[Big]
    chase_cap: Mapped[Big]
    stop: Mapped[Big]
    position_hint: Mapped[float]
    risk_per_share: Mapped[Exact]
    numbers: Mapped[Json]
    facts: Mapped[Json]
    status: Mapped[Kind]
    code: Mapped[OwnedCode | None]
    quantity: Mapped[Big | None]


class VerdictRow(Base):
    """리스크 판정: each stage's answer with what it read, and the stages that were not reached."""

    __tablename__ = "risk_verdicts"
    __table_args__ = (_signal(),)

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    signal_id: Mapped[Identifier] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    stage: Mapped[Instance] = mapped_column(primary_key=True)
    plugin: Mapped[Instance]
    decision: Mapped[Kind]
    quantity_before: Mapped[Big | None]
    quantity_after: Mapped[Big | None]
    code: Mapped[OwnedCode | None]
    detail: Mapped[Json]
    until: Mapped[Big | None]
    facts: Mapped[Json]
    limits: Mapped[Json]


class OrderRow(Base):
    """주문: orders as they were created; their events say what followed."""

    __tablename__ = "orders"
    __table_args__ = (_signal(), Index(None, "run_id", "session"), Index(None, "run_id", "signal_id"))

    run_id: Mapped[RunId]
    order_id: Mapped[Identifier] = mapped_column(primary_key=True)
    number: Mapped[Big]
    signal_id: Mapped[str | None] = mapped_column(Reference(36))
    session: Mapped[dt.date]
    ts: Mapped[Big]
    instance: Mapped[Instance]
    symbol: Mapped[Symbol]
    slot: Mapped[int]
    purpose: Mapped[Kind]
    side: Mapped[Kind]
    order_type: Mapped[Kind]
    quantity: Mapped[Big]
    limit: Mapped[Big | None]
    trigger: Mapped[Big | None]
    reason: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[Big | None]
    reserved: Mapped[Big]


class OrderEventRow(Base):
    """주문 이력: the steps of each order, append only."""

    __tablename__ = "order_events"
    __table_args__ = (_order(),)

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_id: Mapped[Identifier] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    ts: Mapped[Big]
    event: Mapped[str] = mapped_column(String(40))
    before: Mapped[Kind]
    after: Mapped[Kind]
    filled_quantity: Mapped[Big]
    filled_amount: Mapped[Big]
    code: Mapped[OwnedCode | None]


class FillRow(Base):
    """체결: executions with their costs."""

    __tablename__ = "fills"
    __table_args__ = (_order(), Index(None, "run_id", "order_id"))

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fill_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    order_id: Mapped[Identifier]
    sequence: Mapped[int]
    ts: Mapped[Big]
    instance: Mapped[Instance]
    symbol: Mapped[Symbol]
    slot: Mapped[int]
    side: Mapped[Kind]
    price: Mapped[Big]
    quantity: Mapped[Big]
    amount: Mapped[Big]
    commission: Mapped[Big]
    tax: Mapped[Big]


class TradeRow(Base):
    """매매: positions from entry to flat, numbered within the run."""

    __tablename__ = "trades"
    __table_args__ = (_signal(), Index(None, "run_id", "signal_id"), Index(None, "run_id", "symbol"))

    run_id: Mapped[RunId]
    trade_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signal_id: Mapped[str | None] = mapped_column(Reference(36))
    instance: Mapped[Instance]
    symbol: Mapped[Symbol]
    slot: Mapped[int]
    opened_at: Mapped[Big]
    closed_at: Mapped[Big]
    opened_on: Mapped[dt.date]
    closed_on: Mapped[dt.date]
    quantity: Mapped[Big]
    bought_amount: Mapped[Big]
    sold_amount: Mapped[Big]
    commission: Mapped[Big]
    tax: Mapped[Big]
    net_profit: Mapped[Big]
    initial_risk: Mapped[Exact]
    r_multiple: Mapped[float | None]
    exit_code: Mapped[OwnedCode]
    is_path_dependent: Mapped[bool]
    dividend: Mapped[Big] = mapped_column(server_default="0")


class PositionRow(Base):
    """보유 종목: positions at the end of each session."""

    __tablename__ = "positions"
    __table_args__ = (_signal(), Index(None, "run_id", "signal_id"), Index(None, "run_id", "symbol"))

    run_id: Mapped[RunId]
    session: Mapped[dt.date] = mapped_column(primary_key=True)
    instance: Mapped[Instance] = mapped_column(primary_key=True)
    symbol: Mapped[Symbol] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[Big]
    cost: Mapped[Exact]
    average: Mapped[Exact]
    stop: Mapped[Big]
    last: Mapped[Big]
    market_value: Mapped[Big]
    opened_at: Mapped[Big]
    signal_id: Mapped[str | None] = mapped_column(Reference(36))
    code: Mapped[OwnedCode | None]


class EquityRow(Base):
    """일별 자산: the account at the end of each session, and the regime that it was in."""

    __tablename__ = "equity"

    run_id: Mapped[RunId]
    session: Mapped[dt.date] = mapped_column(primary_key=True)
    equity: Mapped[Big]
    cash: Mapped[Big]
    market_value: Mapped[Big]
    exposure: Mapped[float]
    receivable: Mapped[Big] = mapped_column(server_default="0")
    regime: Mapped[Kind | None]


class FaultRow(Base):
    """오류: plugins that raised and invariants that had to be defended, numbered within the run."""

    __tablename__ = "faults"

    run_id: Mapped[RunId]
    fault_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts: Mapped[Big]
    owner: Mapped[str] = mapped_column(String(100))
    code: Mapped[OwnedCode]
    symbol: Mapped[Symbol]
    text: Mapped[str] = mapped_column(Text)


class OperatorRow(Base):
    """운영자 명령: what people ordered the running process to do, numbered within the run."""

    __tablename__ = "operator_orders"

    run_id: Mapped[RunId]
    operator_order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts: Mapped[Big]
    verb: Mapped[Kind]
    instance: Mapped[Instance]
    symbol: Mapped[Symbol]
    who: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)


class AccountStateRow(Base):
    """계좌 상태: the account as it stood at the run's last commit; `memory` is `engine.memory.encode`."""

    __tablename__ = "account_state"

    run_id: Mapped[RunId]
    session: Mapped[dt.date]
    ts: Mapped[Big]
    memory: Mapped[str] = mapped_column(Text)
    broker: Mapped[Json | None]


class RiskStateRow(Base):
    """리스크 상태: what each stage remembered at the run's last commit; `core` has E_day, E_month and E_peak."""

    __tablename__ = "risk_state"

    run_id: Mapped[RunId]
    stage: Mapped[Instance] = mapped_column(primary_key=True)
    position: Mapped[int]
    plugin: Mapped[Instance]
    session: Mapped[dt.date]
    ts: Mapped[Big]
    is_parked: Mapped[bool]
    faults: Mapped[int]
    state: Mapped[Json | None]


ROWS: dict[type[Record], type[Base]] = {
    SetupRecord: SetupRow,
    SignalRecord: SignalRow,
    VerdictRecord: VerdictRow,
    OrderRecord: OrderRow,
    OrderEventRecord: OrderEventRow,
    FillRecord: FillRow,
    TradeRecord: TradeRow,
    PositionRecord: PositionRow,
    EquityRecord: EquityRow,
    FaultRecord: FaultRow,
    OperatorRecord: OperatorRow,
}
"""The table of each kind of record; what refers comes after what it refers to."""

NUMBERED: dict[type[Record], str] = {
    TradeRecord: "trade_id",
    FaultRecord: "fault_id",
    OperatorRecord: "operator_order_id",
}
"""Records without a name of their own get the next number of the run."""


def table_of(rows: type[Base]) -> Table:
    """Return the table behind a mapped class."""
    table = rows.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{rows.__name__} maps no table")
    return table
