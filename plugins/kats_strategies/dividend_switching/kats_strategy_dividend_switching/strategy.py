"""Decide for dividend switching: whose dividend to capture, which fall to buy, and when another dividend pays more."""

from __future__ import annotations

import datetime as dt

import numpy as np

from kats_core.api import (
    At,
    BoolArray,
    Confirmation,
    CoreCode,
    Entry,
    Exit,
    ExitPlan,
    Management,
    NotYet,
    Numbers,
    Panel,
    Portion,
    Position,
    Reasons,
    Setup,
    Setups,
    Signal,
    Target,
    TargetKind,
    Tick,
    TimeExit,
    TimeExitKind,
    Trigger,
    View,
    is_above_vwap,
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_dividend_switching import DividendCode, Params
from kats_strategy_dividend_switching.dividends import Announced, announced

CAPTURE, BOUNCE = 1, 2
"""Why a symbol is armed, the number `mode` of its setup: the dividend lies ahead, or has just gone ex."""

CAPTURE_AT = dt.time(15, 20)
CAPTURE_CHASE = 1 + to_fraction(0.005)
CAPTURE_STARS = 4

BOUNCE_EVERY_S = 10
BOUNCE_CHASE = 1 + to_fraction(0.01)
BOUNCE_STARS = 3
BOUNCE_SESSIONS = 5

TOLERANCE = 1e-9


class DividendSwitching:
    """Dividends captured, then rotated. Keeps no state: everything it knows is in the setup, the view and the position."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._of_bounce = params.model_copy(update={"position_hint": params.bounce_hint})
        self._capture_stop, self._bounce_stop = (
            1 - to_fraction(params.capture_stop),
            1 - to_fraction(params.bounce_stop),
        )

    def arm(self, panel: Panel) -> Setups:
        """Arm what pays enough soon, and what fell too far as it went ex."""
        params, known, close = self._params, announced(panel), panel.close
        is_soon = (known.sessions_to_ex >= 1) & (known.sessions_to_ex <= params.days_before)
        is_bounce = (known.sessions_since >= 0) & ~is_soon
        net = known.dps * (1 - params.dividend_tax)
        reasons = Reasons(panel)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        is_stated = np.isfinite(known.dps) & np.isfinite(known.annual)
        reasons.require(is_bounce | is_stated, DividendCode.FUNDAMENTALS_MISSING)
        reasons.require(is_bounce | (known.sessions_to_ex >= 1), DividendCode.TOO_LATE)
        reasons.require(is_bounce | (known.sessions_to_ex <= params.days_before), DividendCode.TOO_EARLY)
        pays = (known.annual >= params.min_yield * close - TOLERANCE) & (
            net >= params.min_net_event * close - TOLERANCE
        )
        reasons.require(is_bounce | pays, DividendCode.YIELD)
        self._require_trend(reasons, panel, is_bounce)
        is_oversold = panel.indicators.rsi(14) < params.bounce_rsi - TOLERANCE
        reasons.require(~is_bounce | is_oversold, CoreCode.NOT_OVERSOLD)
        reasons.require(~is_bounce | _fell_by_the_dividend(panel, known), DividendCode.DROP)
        dps = np.where(is_bounce, known.paid, known.dps)
        numbers = {
            "mode": np.where(is_bounce, BOUNCE, CAPTURE),
            "prev_close": close,
            "dps": dps,
            "net_yield": np.divide(dps * (1 - params.dividend_tax), close, out=np.zeros(dps.shape), where=close > 0),
            "sessions_to_ex": np.where(is_bounce, -known.sessions_since, known.sessions_to_ex),
        }
        return Setups(reasons.cells, reasons.codes, numbers, _trigger)

    def _require_trend(self, reasons: Reasons, panel: Panel, is_bounce: BoolArray) -> None:
        days = self._params.trend_days
        if days > 0:
            reasons.require(is_bounce | (panel.bars_since_break >= days), CoreCode.WARMUP)
            average = panel.indicators.sma("close", days)
            reasons.require(is_bounce | (panel.close >= average - TOLERANCE), CoreCode.BELOW_MA)

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Capture with one order into the closing auction; buy a bounce once it trades above its close and its average."""
        return self._capture(view, setup) if setup.numbers["mode"] == CAPTURE else self._bounce(view, setup)

    def _capture(self, view: View, setup: Setup) -> Signal:
        params, limit = self._params, view.ticks.rdn(view.last * CAPTURE_CHASE)
        sessions = int(setup.numbers["sessions_to_ex"]) + params.max_sessions_after_ex
        exits = ExitPlan(
            stop=view.ticks.rup(limit * self._capture_stop),
            targets=_targets(params.capture_t1, params.capture_t2),
            time_exit=TimeExit(TimeExitKind.SESSIONS, sessions),
        )
        entry = Entry(view.last, limit)
        return signal_for(
            setup, params, entry, chase_cap=limit, exits=exits, most_stars=CAPTURE_STARS, closing_auction=True
        )

    def _bounce(self, view: View, setup: Setup) -> Confirmation:
        if view.now >= view.hours.close_auction:
            return NotYet(CoreCode.OUT_OF_WINDOW)  # the closing auction is the other mode's window
        prev_close = int(setup.numbers["prev_close"])
        if not (view.last > prev_close and is_above_vwap(view)):
            return NotYet(CoreCode.NO_BOUNCE)
        params, chase_cap = self._of_bounce, view.ticks.rdn(prev_close * BOUNCE_CHASE)
        entry = price_entry(view, chase_cap, params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        exits = ExitPlan(
            stop=view.ticks.rup(entry.limit * self._bounce_stop),
            targets=_targets(params.bounce_t1, params.bounce_t2),
            time_exit=TimeExit(TimeExitKind.SESSIONS, BOUNCE_SESSIONS),
        )
        return signal_for(setup, params, entry, chase_cap=chase_cap, exits=exits, most_stars=BOUNCE_STARS)

    def manage(self, view: View, position: Position) -> Management:
        """Give up a dividend that has gone ex, and shares above what they cost less it, for a higher one that finds no place."""
        has_collected = position.dividends > 0 and view.last > position.exit_average
        if not has_collected or view.free_places > 0:
            return None
        own = float(position.dividends / position.cost) * (1 - self._params.dividend_tax)
        others = (s for s in view.setups if s.numbers["mode"] == CAPTURE and s.symbol != position.symbol)
        best = max((float(one.numbers["net_yield"]) for one in others), default=0.0)
        return Exit(DividendCode.SWITCHING) if best > own + TOLERANCE else None


def _fell_by_the_dividend(panel: Panel, known: Announced) -> BoolArray:
    """Tell where the close of the ex-date lay at least the dividend below the close before."""
    fall = np.full(panel.close.shape, np.nan)
    both = panel.present[1:] & panel.present[:-1]
    fall[1:] = np.where(both, panel.close[:-1] - panel.close[1:], np.nan)
    of_the_day_before = np.full(fall.shape, np.nan)
    of_the_day_before[1:] = fall[:-1]
    return np.asarray(np.where(known.sessions_since == 0, fall, of_the_day_before) >= known.paid - TOLERANCE)


def _targets(first: float, second: float) -> tuple[Target, ...]:
    return Target(TargetKind.FRACTION, first), Target(TargetKind.FRACTION, second, Portion.ALL)


def _trigger(numbers: Numbers) -> Trigger:
    return At(CAPTURE_AT) if numbers["mode"] == CAPTURE else Tick(BOUNCE_EVERY_S)
