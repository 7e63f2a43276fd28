"""Give strategies what the screen measures of each symbol, for the whole history of a panel.

The screener judges a month at a time for the session at hand; here all rows that the panel is asked for are measured once, a
part after the other, and only what strategies read is kept with the panel; rows before them hold nothing. Thresholds are
those of the panel, which a run takes from `universe:` and `pulse:`. Point in time like
the screen itself, and read-only since strategies share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.panel import Panel
from kats_core.market.regime import RegimeParams
from kats_core.market.screening import flows, trend
from kats_core.market.screening.canslim import LETTERS, letters
from kats_core.market.screening.measures import Measures
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.screener import Screener
from kats_core.market.tables import QUARTERS

_CELLS_AT_ONCE = 400_000

T = TypeVar("T")


class ReportGrowth(NamedTuple):
    """Growth of the latest quarter known on the same one a year before, as fractions; arrays in the shape of the panel.

    NaN where there is no such number. `is_missing`: because a report is; otherwise because a year before there was a loss.
    """

    eps: FloatArray
    revenue: FloatArray
    is_missing: BoolArray


@dataclass(frozen=True)
class Canslim:
    """The letters of CAN SLIM; arrays in the shape of the panel. `score` counts those that pass, 0 to 7."""

    score: npt.NDArray[np.int8]
    _letters: BoolArray

    def passes(self, letter: str) -> BoolArray:
        """Tell where a letter passes: C, A, N, S, L, I or M."""
        return np.asarray(self._letters[LETTERS.index(letter)])


class _Trend(NamedTuple):
    score: npt.NDArray[np.int8]
    strength: FloatArray


def flow_signs(panel: Panel) -> npt.NDArray[np.int8]:
    """Return what foreigners and institutions did together over five sessions, shape of the panel (`spec/market.md` 3.7).

    1 where both bought, -1 where they sold, 0 otherwise and where it is not known.
    """
    return _kept(panel, "flow signs", lambda: _measured_flows(panel))


def trend_scores(panel: Panel) -> npt.NDArray[np.int8]:
    """Return how many of the eight checks of the trend template each cell passes (`spec/market.md` 3.4)."""
    return _trend(panel).score


def relative_strength(panel: Panel) -> FloatArray:
    """Return the percentile of the weighted return over a year among the session's companies; NaN where it is missing."""
    return _trend(panel).strength


def report_growth(panel: Panel) -> ReportGrowth:
    """Return the growth of earnings and revenue that the reports known after each close show (`spec/market.md` 3.5)."""
    return _kept(panel, "growth", lambda: _measured_growth(panel))


def canslim(panel: Panel) -> Canslim:
    """Return the seven letters of CAN SLIM (`spec/market.md` 3.6). M is the KOSPI's pulse; without the index nobody passes."""
    return _kept(panel, "canslim", lambda: _measured_letters(panel))


def _kept(panel: Panel, name: str, measure: Callable[[], T]) -> T:
    key = f"screening {name} from {panel.asked_from}"
    if key not in panel.kept:
        panel.kept[key] = measure()
    found: T = panel.kept[key]
    return found


def _trend(panel: Panel) -> _Trend:
    return _kept(panel, "trend", lambda: _measured_trend(panel))


def _measured_flows(panel: Panel) -> npt.NDArray[np.int8]:
    measures, rules = Measures.of(panel), _rules(panel)
    result = np.zeros(panel.present.shape, dtype=np.int8)
    for rows in _parts(panel):
        result[rows] = flows.signs(measures.flows(rows), rules)
    return _shared(result)


def _measured_trend(panel: Panel) -> _Trend:
    screener = Screener(panel, _rules(panel))
    score, strength = np.zeros(panel.present.shape, dtype=np.int8), np.full(panel.present.shape, np.nan)
    for rows in _parts(panel):
        inputs = screener.trend_inputs(rows)
        trend.template(inputs, screener.rules).sum(axis=0, dtype=np.int8, out=score[rows])
        strength[rows] = inputs.strength
    return _Trend(_shared(score), _shared(strength))


def _measured_growth(panel: Panel) -> ReportGrowth:
    if QUARTERS not in panel.tables:
        nothing = np.broadcast_to(np.float64(np.nan), panel.present.shape)
        return ReportGrowth(nothing, nothing, np.broadcast_to(np.True_, panel.present.shape))
    screener = Screener(panel, _rules(panel))
    eps, revenue = np.full(panel.present.shape, np.nan), np.full(panel.present.shape, np.nan)
    is_missing = np.ones(panel.present.shape, dtype=np.bool_)
    for rows in _parts(panel):
        quarters, _ = screener.reports(rows)
        eps[rows], revenue[rows] = quarters.eps, quarters.revenue
        is_missing[rows] = quarters.is_missing | ~quarters.has_year_before
    return ReportGrowth(_shared(eps), _shared(revenue), _shared(is_missing))


def _measured_letters(panel: Panel) -> Canslim:
    screener = Screener(panel, _rules(panel), uptrend=_uptrend(panel))
    strength = relative_strength(panel)
    passed = np.zeros((len(LETTERS), *panel.present.shape), dtype=np.bool_)
    for rows in _parts(panel):
        reports, sums = screener.reports(rows), screener.measures.flows(rows)
        passed[:, rows] = letters(screener.canslim_inputs(rows, strength[rows], reports, sums), screener.rules)
    return Canslim(_shared(passed.sum(axis=0, dtype=np.int8)), _shared(passed))


def _uptrend(panel: Panel) -> BoolArray | None:
    """Return, by session, whether the market's pulse is UPTREND; it needs no breadth, so the panel is not counted."""
    if not panel.sessions:
        return None
    calendar, last = krx_calendar(), panel.sessions[-1]
    conditions = market_conditions(panel.indices, None, calendar, last, RegimeParams(), panel.thresholds.pulse)
    return None if conditions is None else conditions.is_uptrend(panel.sessions)


def _rules(panel: Panel) -> ScreenRules:
    return panel.thresholds.universe


def _parts(panel: Panel) -> Iterator[slice]:
    """Yield the rows that a panel is asked for, so many at a time that what is measured of them stays small."""
    days, symbols = panel.present.shape
    step = max(1, _CELLS_AT_ONCE // max(1, symbols))
    for first in range(panel.asked_from, days, step):
        yield slice(first, min(first + step, days))


def _shared(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    values.flags.writeable = False
    return values
