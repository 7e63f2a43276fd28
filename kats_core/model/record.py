"""Hold the decision log: one record for each thing that was decided or happened.

The engine emits records with `Persist`; a recorder writes them as they are, one JSON object a line or one row a record.
Records hold no wall-clock time and nothing random, so the same run gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import msgspec

from kats_core.model.fact import Fact
from kats_core.model.kinds import Decision, OrderState, OrderType, Purpose, Regime, Side
from kats_core.model.labels import Labelled
from kats_core.model.setup import Numbers, Trigger
from kats_core.model.time import Nanos


class SetupStatus(Labelled):
    """What became of a candidate in a session."""

    ARMED = "ARMED", "대기", "armed"
    NOT_ARMED = "NOT_ARMED", "미대기", "not armed"
    FIRED = "FIRED", "신호 발생", "fired"
    UNFIRED = "UNFIRED", "신호 없음", "never fired"


class SetupRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="setup"):
    """A candidate of one strategy in one session; a later record with the same key replaces the status and the code."""

    session: dt.date
    instance: str
    symbol: str
    slot: int = 0
    status: SetupStatus
    code: str | None = None
    rank: int | None = None
    trigger: Trigger | None = None
    level: int | None = None
    asked: int = 0
    numbers: Numbers = {}
    facts: tuple[Fact, ...] = ()


class SignalStatus(Labelled):
    """What became of a signal."""

    PROPOSED = "PROPOSED", "심사 중", "in the pipeline"
    ORDERED = "ORDERED", "주문", "ordered"
    REJECTED = "REJECTED", "거절", "rejected"
    DEFERRED = "DEFERRED", "보류", "deferred"


class SignalRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="signal"):
    """A signal with all that was proposed; a later record with the same `signal_id` replaces status and code."""

    signal_id: str
    session: dt.date
    ts: Nanos
    instance: str
    symbol: str
    slot: int
    sequence: int
    purpose: Purpose
    trigger_price: int
    reference: int
    entry_limit: int
    chase_cap: int
    stop: int
    position_hint: float
    risk_per_share: str
    numbers: Numbers
    facts: tuple[Fact, ...]
    status: SignalStatus
    code: str | None = None
    quantity: int | None = None


class VerdictRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="verdict"):
    """One stage's answer with what it read; the engine's own last check has the stage `core`."""

    signal_id: str
    attempt: int
    position: int
    stage: str
    plugin: str
    decision: Decision
    quantity_before: int | None
    quantity_after: int | None
    code: str | None
    detail: Numbers
    until: Nanos | None
    facts: tuple[Fact, ...]
    limits: Numbers


class OrderRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="order"):
    """An order as it was created."""

    order_id: str
    number: int
    signal_id: str
    session: dt.date
    ts: Nanos
    instance: str
    symbol: str
    slot: int
    purpose: Purpose
    side: Side
    order_type: OrderType
    quantity: int
    limit: int | None
    trigger: int | None
    reason: str
    expires_at: Nanos | None = None
    reserved: int = 0


class OrderEventRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="order_event"):
    """One step of an order; replaying an order's steps gives its row."""

    order_id: str
    sequence: int
    ts: Nanos
    event: str
    before: OrderState
    after: OrderState
    filled_quantity: int
    filled_amount: int
    code: str | None = None


class FillRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="fill"):
    """An execution with its costs."""

    fill_id: str
    order_id: str
    sequence: int
    ts: Nanos
    instance: str
    symbol: str
    slot: int
    side: Side
    price: int
    quantity: int
    amount: int
    commission: int
    tax: int


class TradeRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="trade"):
    """A position from entry to flat. `r_multiple` is None when the entry filled at or under its stop.

    `dividend` is what went ex meanwhile, after tax; `net_profit` holds it.
    """

    signal_id: str
    instance: str
    symbol: str
    slot: int
    opened_at: Nanos
    closed_at: Nanos
    opened_on: dt.date
    closed_on: dt.date
    quantity: int
    bought_amount: int
    sold_amount: int
    commission: int
    tax: int
    net_profit: int
    initial_risk: str
    r_multiple: float | None
    exit_code: str
    is_path_dependent: bool = False
    """Entry and exit, or stop and target, lay inside one bar."""
    dividend: int = 0


class PositionRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="position"):
    """A position at the end of a session."""

    session: dt.date
    instance: str
    symbol: str
    slot: int
    quantity: int
    cost: str
    average: str
    stop: int
    last: int
    market_value: int
    opened_at: Nanos
    signal_id: str
    code: str | None = None
    """Why it is still open although it should not be: the data ended before the session did."""


class EquityRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="equity"):
    """The account at the end of a session; `equity` is cash, holdings and `receivable`, the dividends not paid yet.

    `regime` was in force during the session, None where it was not known.
    """

    session: dt.date
    equity: int
    cash: int
    market_value: int
    exposure: float
    """Invested share of equity at the end-of-day check, before clock exits."""
    receivable: int = 0
    regime: Regime | None = None


class OperatorVerb(Labelled):
    """What a person orders."""

    HALT = "HALT", "거래 중단", "halt"
    REDUCE = "REDUCE", "매수 중단", "no more buying"
    FLATTEN = "FLATTEN", "전량 매도", "sell all"
    RESUME = "RESUME", "거래 재개", "resume"
    RELOAD = "RELOAD", "설정 변경", "configuration changed"


class OperatorRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="operator"):
    """What a person ordered the running process to do, for an instance, a symbol, or both empty for everything."""

    ts: Nanos
    verb: OperatorVerb
    instance: str = ""
    symbol: str = ""
    who: str
    reason: str = ""
    cause: str = ""
    reference: str = ""


class FaultRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="fault"):
    """A plugin raised or answered nonsense, or an invariant had to be defended."""

    ts: Nanos
    owner: str
    code: str
    symbol: str = ""
    text: str = ""


Record: TypeAlias = (
    SetupRecord
    | SignalRecord
    | VerdictRecord
    | OrderRecord
    | OrderEventRecord
    | FillRecord
    | TradeRecord
    | PositionRecord
    | EquityRecord
    | FaultRecord
    | OperatorRecord
)
