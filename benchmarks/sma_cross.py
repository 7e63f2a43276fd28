"""Cross of two moving averages of minute closes, 20 over 60, as a strategy plugin: the workload of B3.

Averages begin anew with each session. The strategy scans: of a session's minutes it is asked only at those in which the
averages cross, and while it holds.
"""

from __future__ import annotations

import datetime as dt

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
    MinuteBars,
    NotYet,
    OnBar,
    Panel,
    Position,
    Profile,
    Reasons,
    Regime,
    Scan,
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


class SmaCross:
    """Buys when the fast average rises above the slow one, sells when it falls below."""

    def __init__(self, params: StrategyParams) -> None:
        self._params = params

    def arm(self, panel: Panel) -> Setups:
        """Arm every symbol that traded."""
        reasons = Reasons(panel)
        reasons.require(np.asarray(panel.present), CoreCode.STALE_DATA)
        return Setups(reasons.cells, reasons.codes, {}, lambda numbers: OnBar(1))

    def scan(self, bars: MinuteBars) -> Scan:
        """Find where the averages of each symbol's session cross, upwards (1) and downwards (-1)."""
        crossed = np.zeros(len(bars), dtype=np.int64)
        for rows in bars.rows_of:
            if len(rows) > SLOW:
                total = np.cumsum(np.append(0, bars.close[rows]))
                fast, slow = (total[SLOW:] - total[SLOW - n : len(total) - n] for n in (FAST, SLOW))
                crossed[rows[SLOW:]] = np.diff((fast * SLOW > slow * FAST).astype(np.int64))
        return Scan(crossed > 0, {"crossed": crossed})

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy at the completion of the minute in which the averages cross."""
        if _crossed(view) <= 0:
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
        return Exit(CrossCode.CROSSED_BELOW) if _crossed(view) < 0 else None


def _crossed(view: View) -> int:
    return 0 if view.scanned is None else int(view.scanned["crossed"])


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
