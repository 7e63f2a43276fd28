"""Decide for inverse ETF: whether the KOSPI has broken down, whether it goes on falling, and when that has gone far enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kats_core.api import (
    REGIME,
    BoolArray,
    Code,
    Column,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    FloatArray,
    IndexSeries,
    Indicators,
    Management,
    Never,
    NotYet,
    Panel,
    Portion,
    Position,
    Reasons,
    Regime,
    Setup,
    Setups,
    Target,
    TargetKind,
    Tick,
    TimeExit,
    TimeExitKind,
    View,
    index_change,
    index_has_fallen,
    is_above_vwap,
    price_entry,
    signal_for,
    to_fraction,
)
from kats_strategy_inverse_etf import BARS_NEEDED, INDEX, InverseCode, Params

ASKED_EVERY_S = 10
MOST_STARS = 3
SHORT, LONG = 50, 200
"""Sessions of the averages below which the index lies in a downtrend."""

TOLERANCE = 1e-9
_Value = TypeVar("_Value", bound=np.generic)


class InverseEtf:
    """A bet on a falling market without selling short. Keeps no state: everything it knows is in the setup and the view."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._chase = 1 + to_fraction(params.chase_bar)
        self._stop = 1 - to_fraction(params.stop_frac)
        self._twice = frozenset(params.symbols_2x)

    def arm(self, panel: Panel) -> Setups:
        """Arm the listed funds after sessions on which the KOSPI was falling and broke its support."""
        listed = self._params.listed_symbols()
        is_listed = np.array([symbol in listed for symbol in panel.symbols], dtype=np.bool_)
        index = _Index(panel, self._params.support_days)
        reasons = Reasons(panel)
        reasons.require(index.of_all(is_listed[None, :]), CoreCode.NOT_IN_UNIVERSE)
        reasons.require(panel.present, CoreCode.STALE_DATA)
        for holds, code in index.conditions(self._params.rsi_floor):
            reasons.require(index.of_all(holds[:, None]), code)
        multiple = np.array([2 if symbol in self._twice else 1 for symbol in panel.symbols], dtype=np.int64)
        numbers: dict[str, Column] = {"prev_close": panel.close, "multiple": index.of_all(multiple[None, :])}
        numbers |= {name: index.of_all(column[:, None]) for name, column in index.told.items()}
        return Setups(reasons.cells, reasons.codes, numbers, lambda _: Tick(ASKED_EVERY_S))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy while the KOSPI stands below its last close and the fund above its average price of the day."""
        if self._is_for_other_fund(view, setup):
            return Never(InverseCode.OTHER_FUND)
        if index_change(view) is None:
            return NotYet(CoreCode.INPUT_MISSING)
        if not (index_has_fallen(view) and is_above_vwap(view)):
            return NotYet(CoreCode.NO_BREAKOUT)
        chase_cap = view.ticks.rdn(view.last * self._chase)
        entry = price_entry(view, chase_cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        is_twice = setup.numbers["multiple"] == 2
        sessions = self._params.max_sessions_2x if is_twice else self._params.max_sessions_1x
        exits = ExitPlan(
            stop=view.ticks.rup(entry.limit * self._stop),
            targets=(Target(TargetKind.FRACTION, self._params.target_frac, Portion.ALL),),
            time_exit=TimeExit(TimeExitKind.SESSIONS, sessions),
        )
        return signal_for(setup, self._params, entry, chase_cap=chase_cap, exits=exits, most_stars=MOST_STARS)

    def _is_for_other_fund(self, view: View, setup: Setup) -> bool:
        """Tell whether funds of the other multiple are bought: twice the move in a strong bear market, where one is armed."""
        if not self._params.allow_2x:
            return False
        has_twice = any(one.numbers["multiple"] == 2 for one in view.setups)
        wants_twice = has_twice and view.fact(REGIME).value == Regime.STRONG_BEAR
        return wants_twice is not (setup.numbers["multiple"] == 2)

    def manage(self, view: View, position: Position) -> Management:
        """Sell at the end-of-day check when the KOSPI is oversold, or back above its 50-day average."""
        tail, change = view.index(INDEX), index_change(view)
        if tail is None or change is None or not tail.close:
            return None
        closes = np.array([*tail.close, tail.close[-1] * (1 + change)])
        today = Indicators({"close": closes}, np.ones(len(closes), dtype=np.bool_))
        has_recovered = closes[-1] > today.sma("close", SHORT)[-1] + TOLERANCE
        is_oversold = today.rsi(14)[-1] < self._params.rsi_floor - TOLERANCE
        return Exit(InverseCode.OVERSOLD_TAKE) if has_recovered or is_oversold else None


class _Index:
    """The index on the panel's sessions: what it must show for a fund to be armed, and what of it is stored."""

    def __init__(self, panel: Panel, support_days: int) -> None:
        self._shape = panel.present.shape
        index = panel.indices.get(INDEX)
        row = {} if index is None else {session: t for t, session in enumerate(index.sessions)}
        self._rows = np.array([row.get(session, -1) for session in panel.sessions], dtype=np.int64)
        self._columns = {} if index is None else _columns(index, support_days)

    @property
    def told(self) -> dict[str, FloatArray]:
        """What a setup stores of the index."""
        return {f"index_{name}": self._on_panel(name) for name in ("close", "sma50", "sma200", "rsi", "support")}

    def conditions(self, rsi_floor: float) -> Iterator[tuple[BoolArray, Code]]:
        """Yield by session what must hold, and the reason where it does not."""
        yield self._rows >= 0, CoreCode.INPUT_MISSING
        yield self._rows >= BARS_NEEDED - 1, CoreCode.WARMUP
        close, line, signal = (self._on_panel(name) for name in ("close", "macd", "macd_signal"))
        averages = self._on_panel("sma50"), self._on_panel("sma200")
        yield (close < averages[0] - TOLERANCE) & (close < averages[1] - TOLERANCE), InverseCode.ABOVE_MA
        yield (line < -TOLERANCE) & (line < signal - TOLERANCE), InverseCode.MACD_UP
        yield close < self._on_panel("support") - TOLERANCE, InverseCode.SUPPORT_HOLDS
        yield self._on_panel("rsi") > rsi_floor + TOLERANCE, InverseCode.OVERSOLD

    def of_all(self, values: npt.NDArray[_Value]) -> npt.NDArray[_Value]:
        """Return values of each session, or of each symbol, for every cell of the panel."""
        return np.broadcast_to(values, self._shape)

    def _on_panel(self, name: str) -> FloatArray:
        column = self._columns.get(name)
        if column is None or not len(column):
            return np.full(len(self._rows), np.nan)
        return np.where(self._rows >= 0, column[self._rows], np.nan)


def _columns(index: IndexSeries, support_days: int) -> dict[str, FloatArray]:
    known = index.indicators
    macd = known.macd()
    return {
        "close": index.close,
        "sma50": known.sma("close", SHORT),
        "sma200": known.sma("close", LONG),
        "macd": macd.line,
        "macd_signal": macd.signal,
        "support": known.ago(1).lowest("low", support_days),
        "rsi": known.rsi(14),
    }
