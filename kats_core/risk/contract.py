"""State what a risk stage is: `check` answers for one proposal, `on_event` keeps state and may only reduce risk.

A stage shrinks or refuses, never enlarges. It reads inputs through the context, which notes what was read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec
from pydantic import BaseModel

from kats_core.market.sessions import SessionHours
from kats_core.market.vi import ViTerms
from kats_core.model.fact import Fact
from kats_core.model.kinds import Purpose, Severity, Style, TradingState
from kats_core.model.labels import Code, Labelled
from kats_core.model.order import Order
from kats_core.model.position import Position
from kats_core.model.record import TradeRecord
from kats_core.model.setup import Numbers
from kats_core.model.time import Nanos
from kats_core.model.verdict import Proposal, Verdict
from kats_core.risk.exposure import Exposure
from kats_core.risk.limits import Limits
from kats_core.risk.reservation import Reservation


class Phase(Labelled):
    """Where in the pipeline a stage may stand."""

    SIZE = "size", "수량 결정", "sets the quantity, exactly one, first"
    FREE = "free", "자유", "anywhere between"
    CASH = "cash", "현금", "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTraits:
    """What the core must know about a stage. `after` and `before` name plugins that must come earlier or later.

    `needs` are inputs that exist only after asking (`kats_core.model.fact`); the engine fetches them first.
    """

    phase: Phase = Phase.FREE
    applies_to: frozenset[Purpose] = frozenset({Purpose.ENTRY, Purpose.PYRAMID, Purpose.GRID, Purpose.MANUAL})
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class StageContext(Protocol):
    """An unchanging picture of account and market for one proposal."""

    @property
    def now(self) -> Nanos:
        """The instant of the decision."""

    @property
    def hours(self) -> SessionHours:
        """The session and its clock."""

    @property
    def limits(self) -> Limits:
        """The shared caps; what a stage reads here is noted in its verdict."""

    @property
    def positions(self) -> Sequence[Position]:
        """All open positions."""

    @property
    def open_orders(self) -> Sequence[Order]:
        """All live orders."""

    @property
    def reservations(self) -> Sequence[Reservation]:
        """Room held for live entry orders."""

    @property
    def exposure(self) -> Exposure:
        """What positions and reservations use already; measured once for all stages."""

    def last_price(self, symbol: str) -> int | None:
        """Return the price at which a held symbol is valued, won; None where there is none."""

    def fact(self, name: str) -> Fact:
        """Return an input of the proposal's symbol, or of the market; noted in the verdict."""


class EquityMarked(msgspec.Struct, frozen=True, gc=False):
    """The account was valued; all in won, None where it is not known.

    `equity_day` is the equity at 08:50, `cash_flow` deposits less withdrawals since; `equity_month` the equity at 08:50 of
    the month's first session, `month_flow` likewise; `equity_peak` the highest closing equity since the last baseline,
    `realised_month` the net profit of what was sold this month.
    """

    ts: Nanos
    equity: int
    equity_day: int | None
    cash_flow: int
    equity_month: int | None = None
    month_flow: int = 0
    equity_peak: int | None = None
    realised_month: int | None = None


class SessionBegan(msgspec.Struct, frozen=True, gc=False):
    """08:50 of a session: daily state starts anew."""

    ts: Nanos
    session: dt.date


class TradeClosed(msgspec.Struct, frozen=True, gc=False):
    """A position became flat."""

    ts: Nanos
    trade: TradeRecord


class ResumeAsked(msgspec.Struct, frozen=True, gc=False):
    """A person asks to trade again after a halt: why it came to that, and a report to show for it where one is asked for."""

    ts: Nanos
    cause: str
    reference: str = ""


StageEvent: TypeAlias = EquityMarked | SessionBegan | TradeClosed | ResumeAsked


@dataclass(frozen=True, slots=True)
class CancelEntries:
    """Cancel all live entry orders."""

    code: Code


@dataclass(frozen=True, slots=True)
class Flatten:
    """Sell all positions, or those of strategies with one style, or those that are worth less than they cost."""

    code: Code
    style: Style | None = None
    only_losing: bool = False


@dataclass(frozen=True, slots=True)
class ProtectProfits:
    """Raise the stop of every position that is worth more than it cost to where it breaks even."""

    code: Code


@dataclass(frozen=True, slots=True)
class ResetPeak:
    """Measure drawdown from today's equity on; only after a person allowed trading again."""

    code: Code


@dataclass(frozen=True, slots=True)
class SetState:
    """Lower the trading state until the next session; a stage can never raise it."""

    state: TradingState
    code: Code


@dataclass(frozen=True, slots=True)
class Tell:
    """Notify people."""

    severity: Severity
    code: Code
    detail: Numbers = field(default_factory=dict)


Action: TypeAlias = CancelEntries | Flatten | ProtectProfits | SetState | ResetPeak | Tell


class RiskStage(Protocol):
    """What every stage has."""

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Judge the proposal; changes no state."""


@runtime_checkable
class ListeningStage(Protocol):
    """A stage that keeps state from events."""

    def on_event(self, event: StageEvent) -> Sequence[Action]:
        """Note what happened; answer actions that reduce risk."""


@runtime_checkable
class StatefulStage(Protocol):
    """A stage whose state survives a restart."""

    def dump(self) -> Mapping[str, Any]:
        """Return the state as values that JSON can hold: text keys, lists, finite numbers."""

    def load(self, state: Mapping[str, Any], trades: Sequence[TradeRecord]) -> None:
        """Restore the state; a restart never loosens anything."""


@runtime_checkable
class ViWatchingStage(Protocol):
    """A stage that says how carefully interruptions are watched; where several say so, the strictest counts."""

    @property
    def vi_terms(self) -> ViTerms:
        """The time of observation after a VI and the zone before one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlugin:
    """What a risk stage registers; the fields are those of `StrategyPlugin`."""

    name: str
    summary: tuple[str, str]
    params: type[BaseModel]
    traits: StageTraits
    codes: tuple[type[Code], ...]
    build: Callable[[Any], RiskStage]
