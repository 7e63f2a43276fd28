"""Cross of two moving averages of minute closes, 20 over 60, as a strategy plugin: the workload of B3.

It remembers the closes that it is shown, each completed minute from 09:15 on, and begins anew when one is missing.
"""

from __future__ import annotations

import datetime as dt
from collections import deque

import numpy as np

from kats_core.api import (
    Category,
    Code,
    Confirmation,
    CoreCode,
    Exit,
    ExitPlan,
    Grade,
    Management,
    NotYet,
    OnBar,
    Panel,
    Position,
    Profile,
    Reasons,
    Regime,
    Setup,
    Setups,
    Signal,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    TimeExit,
    TimeExitKind,
    View,
    hookimpl,
    price_entry,
)

FAST, SLOW = 20, 60
OUT_BY = dt.time(15, 15)


class CrossCode(Code, owner="sma-cross"):
    """Why it does not buy, and why it sells."""

    NO_CROSS = "교차 없음", "the averages did not cross"
    CROSSED_BELOW = "하향 교차", "the fast average fell below the slow one"


class Averages:
    """Two moving averages of closes that come one by one, and where the fast one stood before."""

    def __init__(self) -> None:
        self._closes: deque[int] = deque(maxlen=SLOW)
        self._fast = self._slow = self.end = 0
        self._above: bool | None = None
        self.crossed_up = self.crossed_down = False

    def add(self, start: int, end: int, close: int) -> None:
        """Take the close of a minute; one that was taken already changes nothing."""
        if end == self.end:
            return
        if start != self.end:
            self.__init__()  # type: ignore[misc]  # a minute is missing
        closes, self.end = self._closes, end
        if len(closes) == SLOW:
            self._slow -= closes[0]
        if len(closes) >= FAST:
            self._fast -= closes[-FAST]
        closes.append(close)
        self._fast += close
        self._slow += close
        if len(closes) < SLOW:
            return
        before, self._above = self._above, self._fast * SLOW > self._slow * FAST
        self.crossed_up = before is False and self._above
        self.crossed_down = before is True and not self._above


class SmaCross:
    """Buys when the fast average rises above the slow one, sells when it falls below."""

    def __init__(self, params: StrategyParams) -> None:
        self._params = params
        self._averages: dict[str, Averages] = {}

    def arm(self, panel: Panel) -> Setups:
        """Arm every symbol that traded."""
        reasons = Reasons(panel)
        reasons.require(np.asarray(panel.present), CoreCode.STALE_DATA)
        return Setups(reasons.cells, reasons.codes, {}, lambda numbers: OnBar(1))

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy at the completion of the minute in which the averages cross."""
        if not self._seen(view, setup.symbol).crossed_up:
            return NotYet(CrossCode.NO_CROSS)
        cap = view.ticks.up(view.last, 3)
        entry = price_entry(view, cap, self._params.slip_ticks)
        if isinstance(entry, NotYet):
            return entry
        return Signal(
            trigger_price=view.last,
            reference=entry.reference,
            entry_limit=entry.limit,
            chase_cap=cap,
            exits=ExitPlan(stop=view.ticks.rdn(view.last * 96 // 100), time_exit=TimeExit(TimeExitKind.CLOCK, OUT_BY)),
            position_hint=self._params.position_hint,
            slip_ticks=self._params.slip_ticks,
        )

    def manage(self, view: View, position: Position) -> Management:
        """Sell at the completion of the minute in which they cross back."""
        return Exit(CrossCode.CROSSED_BELOW) if self._seen(view, position.symbol).crossed_down else None

    def _seen(self, view: View, symbol: str) -> Averages:
        averages, bar = self._averages.setdefault(symbol, Averages()), view.bar
        if bar is not None:
            averages.add(bar.start, bar.end, bar.close)
        return averages


TRAITS = StrategyTraits(
    code="XX",
    style=Style.DAY,
    category=Category.NEUTRAL,
    profile=Profile.FLOW,
    regimes=frozenset({Regime.BULL}),
    windows=((dt.time(9, 15), dt.time(15, 10)),),
    grades=frozenset({Grade.B}),
    ttl_s=60,
    manage_every_min=1,
    needs_minute_bars=True,
    side_limited=False,
)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register the strategy."""
    return StrategyPlugin(
        name="sma-cross",
        summary=("이동평균 교차 (벤치마크)", "crossing of moving averages, for benchmarks"),
        params=StrategyParams,
        traits=TRAITS,
        codes=(CrossCode,),
        build=SmaCross,
    )
