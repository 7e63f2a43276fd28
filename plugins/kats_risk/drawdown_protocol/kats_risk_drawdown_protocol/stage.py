"""Measure day, month and drawdown exactly, act when a level is reached, and cut what the month leaves to risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from kats_core.api import (
    EQUITY_MONTH,
    REALISED_MONTH,
    SECOND,
    STARS,
    Action,
    CancelEntries,
    Code,
    EquityMarked,
    Flatten,
    Numbers,
    Proposal,
    ProtectProfits,
    Ratio,
    ResetPeak,
    ResumeAsked,
    Room,
    SessionBegan,
    SetState,
    Severity,
    StageContext,
    StageEvent,
    Style,
    Tell,
    TradeClosed,
    TradeRecord,
    TradingState,
    Verdict,
    fit,
    reject,
    to_ratio,
)
from kats_risk_drawdown_protocol import DrawdownCode, Params
from kats_risk_drawdown_protocol.ladder import (
    BLACK_AT,
    DAY_FLATTEN_AT,
    FULL,
    HALF,
    RECENT,
    RED_AT,
    YELLOW_AT,
    Ladder,
    Level,
)

CODES: dict[Level, Code] = {
    Level.REDUCED: DrawdownCode.DRAWDOWN_REDUCED,
    Level.YELLOW: DrawdownCode.DRAWDOWN_YELLOW,
    Level.ORANGE: DrawdownCode.DRAWDOWN_ORANGE,
    Level.RED: DrawdownCode.DRAWDOWN_RED,
    Level.BLACK: DrawdownCode.DRAWDOWN_BLACK,
}
STARS_IN_RECOVERY = 4


class Change(NamedTuple):
    """A change of equity and what it is measured by, won."""

    won: int
    base: int

    @classmethod
    def since(cls, base: int | None, equity: int, flow: int) -> Change | None:
        """Return the change since `base`, deposits removed; None when it cannot be told."""
        return cls(equity - base - flow, base) if base is not None and base > 0 else None

    def __float__(self) -> float:
        """Return the change as a fraction of the base."""
        return self.won / self.base

    def has_lost(self, limit: Ratio) -> bool:
        """Tell whether a loss of `limit`, a fraction of the base, is reached; in whole numbers, so it is exact."""
        return self.won * limit.denominator <= -limit.numerator * self.base


class Calm(NamedTuple):
    """From what losses are measured, and what equity and realised profit have to stay above so that no level is reached."""

    bases: tuple[int | None, ...]
    equity: int
    realised: int

    @classmethod
    def of(cls, event: EquityMarked, day: Sequence[Ratio], month: Ratio, drawdown: Sequence[Ratio]) -> Calm:
        """Return where it is calm, given an event of which all bases are known and the limits of each period."""
        day_base, month_base, peak = event.equity_day or 0, event.equity_month or 0, event.equity_peak or 0
        levels = [
            *(day_base + event.cash_flow + _loss(day_base, limit) for limit in day),
            month_base + event.month_flow + _loss(month_base, month),
            *(peak + _loss(peak, limit) for limit in drawdown),
        ]
        return cls(_bases(event), max(levels), _loss(month_base, month))

    def holds(self, event: EquityMarked) -> bool:
        """Tell whether an event, measured from the same, reaches no level."""
        realised = event.realised_month
        return (
            event.equity > self.equity
            and realised is not None
            and realised > self.realised
            and _bases(event) == self.bases
        )


def _bases(event: EquityMarked) -> tuple[int | None, ...]:
    return event.equity_day, event.cash_flow, event.equity_month, event.month_flow, event.equity_peak


def _loss(base: int, limit: Ratio) -> int:
    """Return the smallest change that has not lost more than a fraction of a base: `Change.has_lost` from there down."""
    return -limit.numerator * base // limit.denominator


class DrawdownProtocol:
    """The stage of losses that add up. Its state is the ladder; what it measures from is the core's."""

    def __init__(self, params: Params) -> None:
        self._month_limit = to_ratio(params.monthly_loss_limit)
        self._reduce_at = to_ratio(params.green_reduce_at)
        self._green_scale = to_ratio(params.green_scale)
        self._ladder = Ladder()
        self._is_unarmed = True
        self._calm: Calm | None = None

    def check(self, proposal: Proposal, context: StageContext) -> Verdict:
        """Refuse on the ladder, scale after losses, and cut to what the month's limit leaves to risk."""
        ladder, level = self._ladder, self._ladder.level
        if level >= Level.YELLOW and not self._may_prove_itself():
            return reject(CODES[level])
        equity_month, realised = context.fact(EQUITY_MONTH).value, context.fact(REALISED_MONTH).value
        if self._is_unarmed or not (isinstance(equity_month, int) and isinstance(realised, int)):
            return reject(DrawdownCode.PNL_UNKNOWN)
        if ladder.quarters < FULL and 2 * sum(ladder.recent) < len(ladder.recent):
            stars = context.fact(STARS).value
            if not (isinstance(stars, int) and stars >= STARS_IN_RECOVERY):
                return reject(DrawdownCode.CONFIDENCE_LOW, {"wins": sum(ladder.recent), "of": len(ladder.recent)})

        loss, at_risk = max(0, -realised), context.exposure.risk
        room, unit = self._room(equity_month, loss, at_risk)
        detail: Numbers = {"month_loss": loss, "open_risk": float(at_risk), "room": room / unit}
        if not room > 0:
            return reject(DrawdownCode.MONTHLY_LIMIT, detail)
        part, whole = self._scale()
        detail["scale"] = part / whole
        risk = proposal.risk_per_share
        rooms = (
            Room(DrawdownCode.DRAWDOWN_SCALE, (proposal.quantity or 0) * part // whole),
            Room(DrawdownCode.MONTHLY_ROOM, room * risk.denominator // (unit * risk.numerator)),
        )
        verdict = fit(proposal, rooms, detail, least_krw=context.limits.min_order_krw)
        return reject(DrawdownCode.TOO_SMALL, verdict.detail) if verdict.quantity == 0 else verdict

    def on_event(self, event: StageEvent) -> Sequence[Action]:
        """Climb the ladder with losses, leave it with time and by a person."""
        match event:
            case SessionBegan(_, session):
                self._ladder.begin_session(session)
                return self._block(self._ladder.level) if self._ladder.level >= Level.YELLOW else ()
            case EquityMarked():
                return self._mark(event)
            case TradeClosed(_, trade):
                self._ladder.count(trade.net_profit)
            case ResumeAsked():
                return self._resume(event)
        return ()

    def dump(self) -> Mapping[str, Any]:
        """Return the ladder."""
        return self._ladder.dump()

    def load(self, state: Mapping[str, Any], trades: Sequence[TradeRecord]) -> None:
        """Restore the ladder; the worse of two levels, the smaller of two sizes, and the trades' own record count."""
        self._ladder.restore(state)
        signs = tuple(trade.net_profit > 0 for trade in trades[-RECENT:])
        if len(signs) > len(self._ladder.recent) or sum(signs) < sum(self._ladder.recent):
            self._ladder.recent = signs

    def _may_prove_itself(self) -> bool:
        """Tell whether only a halt whose time is over stands in the way; then small paper trades show the way back."""
        return max(self._ladder.day, self._ladder.month) < Level.YELLOW and self._ladder.is_on_trial

    def _room(self, equity_month: int, loss: int, at_risk: int | Fraction) -> tuple[int, int]:
        """Return what the month's limit leaves to risk, in whole parts of a won, and how many of those are a won."""
        part, whole = self._month_limit
        unit = whole * at_risk.denominator
        return equity_month * part * at_risk.denominator - loss * unit - at_risk.numerator * whole, unit

    def _scale(self) -> tuple[int, int]:
        """Return what is left of a size, as parts of a whole."""
        part, whole = self._green_scale if self._ladder.day == Level.REDUCED else (1, 1)
        quarters = HALF if self._ladder.halt else self._ladder.quarters
        return part * quarters, whole * FULL

    def _mark(self, event: EquityMarked) -> Sequence[Action]:
        calm = self._calm
        if calm is not None and calm.holds(event):
            self._is_unarmed = False
            return ()
        day = Change.since(event.equity_day, event.equity, event.cash_flow)
        month = Change.since(event.equity_month, event.equity, event.month_flow)
        drawdown = Change.since(event.equity_peak, event.equity, 0)
        self._is_unarmed = day is None or month is None or drawdown is None or event.realised_month is None
        if day is None or month is None or drawdown is None:
            return ()
        self._calm = Calm.of(event, (self._reduce_at, YELLOW_AT, DAY_FLATTEN_AT), self._month_limit, (RED_AT, BLACK_AT))
        lost_alone = Change(event.realised_month or 0, month.base).has_lost(self._month_limit)
        risen = self._ladder.rise(
            self._day_level(day),
            Level.ORANGE if month.has_lost(self._month_limit) or lost_alone else Level.GREEN,
            Level.BLACK if drawdown.has_lost(BLACK_AT) else Level.RED if drawdown.has_lost(RED_AT) else Level.GREEN,
        )
        actions: list[Action] = []
        if risen is not None:
            actions += self._act(risen, {"day": float(day), "month": float(month), "drawdown": float(drawdown)})
        if day.has_lost(DAY_FLATTEN_AT) and not self._ladder.is_day_flattened:
            self._ladder.is_day_flattened = True
            actions.append(Flatten(DrawdownCode.DRAWDOWN_YELLOW, Style.DAY))
        return actions

    def _day_level(self, day: Change) -> Level:
        if day.has_lost(YELLOW_AT):
            return Level.YELLOW
        return Level.REDUCED if day.has_lost(self._reduce_at) else Level.GREEN

    def _act(self, level: Level, numbers: Numbers) -> Sequence[Action]:
        code = CODES[level]
        if level is Level.REDUCED:
            return (Tell(Severity.WARNING, code, numbers),)
        sales: tuple[Action, ...] = ()
        if level is Level.ORANGE:
            sales = (Flatten(code, Style.DAY), Flatten(code, only_losing=True), ProtectProfits(code))
        elif level >= Level.RED:
            sales = (Flatten(code),)
        return (*self._block(level), *sales, Tell(Severity.CRITICAL, code, numbers))

    def _block(self, level: Level) -> Sequence[Action]:
        """Return what ends buying on a level; a halt on trial buys, but only what `check` lets through."""
        if self._may_prove_itself():
            return ()
        return CancelEntries(CODES[level]), SetState(TradingState.REDUCING, CODES[level])

    def _resume(self, event: ResumeAsked) -> Sequence[Action]:
        ladder = self._ladder
        if not ladder.halt:
            return ()
        ladder.cause = event.cause or ladder.cause
        lacks = ladder.lacking(event.reference) if ladder.cause else ["the cause of the halt"]
        if lacks:
            return (Tell(Severity.WARNING, DrawdownCode.RESUME_TOO_EARLY, {"lacking": "; ".join(lacks)}),)
        if not ladder.approve(event.ts // SECOND):
            return (Tell(Severity.WARNING, DrawdownCode.RESUME_AGAIN),)
        return (
            ResetPeak(DrawdownCode.RESUMED),
            Tell(Severity.CRITICAL, DrawdownCode.RESUMED, {"cause": ladder.cause}),
        )
