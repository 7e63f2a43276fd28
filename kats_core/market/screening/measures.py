"""Measure what screening reads of a panel, for any of its rows: means, highs, returns, volumes, market caps, flows.

Every n counts a symbol's own bars. Sums are exact integers kept from the first bar on, so a row costs the same wherever
it lies, and the same number comes out whether rows are asked for one by one or all at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from weakref import ref

import numpy as np

from kats_core.market.arrays import FloatArray, Int64Array
from kats_core.market.panel import Panel
from kats_core.market.rolling import running_total, window_highest, window_lowest
from kats_core.market.screening.flows import LONG_FLOW, SHORT_FLOW, FlowSums
from kats_core.market.screening.growth import KnownRows
from kats_core.market.tables import FLOWS, SHARES, SideTable
from kats_core.model.kinds import Scope

UP_DOWN_BARS = 50
YEAR_BARS = 252


@dataclass(frozen=True)
class Measures:
    """A panel, ready to be measured; what has been computed is kept."""

    panel: Panel
    _kept: dict[str, Int64Array] = field(default_factory=dict, repr=False)
    _nets: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(panel: Panel) -> Measures:
        """Return the measures of a panel, the same ones to all who ask while somebody holds them."""
        known = panel.kept.get("screening measures")
        found: Measures | None = None if known is None else known()
        if found is None:
            found = Measures(panel)
            panel.kept["screening measures"] = ref(found)
        return found

    def close(self, rows: slice) -> FloatArray:
        """Return the closes of sessions with a bar, NaN elsewhere."""
        return np.where(self.panel.present[rows], self.panel.close[rows].astype(np.float64), np.nan)

    def bars(self, rows: slice) -> FloatArray:
        """Return the number of own bars; NaN on a session without one."""
        return np.where(self.panel.present[rows], self.panel.own_bars[rows].astype(np.float64), np.nan)

    def mean(self, name: str, n: int, rows: slice, back: int = 0) -> FloatArray:
        """Return the mean of a column over `n` own bars that end `back` bars ago; NaN where they do not exist."""
        return self._sum(self._cumulated(name), n, rows, back) / n

    def earlier_close(self, k: int, rows: slice) -> FloatArray:
        """Return the close `k` own bars before."""
        number = self.panel.own_bars[rows].astype(np.int64)
        found = _at(self._closes, number - 1 - k)
        return np.where(self.panel.present[rows] & (number > k), found.astype(np.float64), np.nan)

    def highest(self, rows: slice, fewest: int) -> FloatArray:
        """Return the highest high of 252 own bars, of fewer where there are at least `fewest`."""
        return self._extreme("high", rows, fewest)

    def lowest(self, rows: slice, fewest: int) -> FloatArray:
        """Return the lowest low of 252 own bars, of fewer where there are at least `fewest`."""
        return self._extreme("low", rows, fewest)

    def up_and_down_volume(self, rows: slice) -> tuple[FloatArray, FloatArray]:
        """Return the shares traded on rising and on falling days among the last 50 own bars."""
        up, down = (self._sum(self._cumulated(name), UP_DOWN_BARS, rows, 0, spare=1) for name in ("up", "down"))
        return up, down

    def market_cap(self, rows: slice) -> FloatArray:
        """Return market caps in won; NaN where they are not known.

        As traded: the last shares known times the close. On adjusted prices those do not match, since a later split has
        already lowered them: there the exchange's own market cap of the record's day moves with the price since then.
        """
        table = self.panel.tables.get(SHARES)
        if table is None or not len(table):
            return np.full(self.panel.present[rows].shape, np.nan)
        last = self._shares_known.last(self.panel.sessions[rows], self.panel.symbols)
        at, close = np.maximum(last, 0), self.close(rows)
        by_shares = _column(table, "listed_shares")[at] * close
        moved = _column(table, "market_cap_krw")[at] / self._close_of_record[at] * close
        first, second = (by_shares, moved) if self.panel.scope is Scope.RAW else (moved, np.full_like(moved, np.nan))
        return np.where(last >= 0, np.where(np.isfinite(first), first, second), np.nan)

    def flows(self, rows: slice) -> FlowSums:
        """Return net buying over the last sessions with a bar, from what was final that evening."""
        table = self.panel.tables.get(FLOWS)
        if table is None:
            nothing = np.full(self.panel.present[rows].shape, np.nan)
            return FlowSums(nothing, nothing, nothing, nothing, nothing)
        traded = "value" if _in_won(table) else "volume"
        return FlowSums(
            inst5=self._flow("inst", SHORT_FLOW, rows),
            foreign5=self._flow("foreign", SHORT_FLOW, rows),
            inst20=self._flow("inst", LONG_FLOW, rows),
            foreign_sold=self._flow("foreign_sold", SHORT_FLOW, rows),
            traded=self._sum(self._cumulated(traded), SHORT_FLOW, rows, 0),
        )

    @property
    def is_flow_in_won(self) -> bool:
        """Whether net buying is in won, not in shares."""
        return _in_won(self.panel.tables[FLOWS])

    def _flow(self, who: str, n: int, rows: slice) -> FloatArray:
        """Return a sum over n own bars, NaN where one of them is not known."""
        total = self._sum(self._cumulated(who), n, rows, 0)
        known = self._sum(self._cumulated(f"{who}_known"), n, rows, 0)
        return np.where(known == n, total, np.nan)

    def _sum(self, cumulated: Int64Array, n: int, rows: slice, back: int, spare: int = 0) -> FloatArray:
        number = self.panel.own_bars[rows].astype(np.int64) - back
        high, low = _at(cumulated, number), _at(cumulated, number - n)
        exists = self.panel.present[rows] & (number >= n + spare)
        return np.where(exists, (high - low).astype(np.float64), np.nan)

    def _extreme(self, name: str, rows: slice, fewest: int) -> FloatArray:
        kept = self._kept.get(f"extreme {name}")
        if kept is None:
            extreme = window_highest if name == "high" else window_lowest
            kept = self._kept[f"extreme {name}"] = extreme(self._derived(name), YEAR_BARS)
        number = self.panel.own_bars[rows].astype(np.int64)
        found = _at(kept, number - 1)
        return np.where(self.panel.present[rows] & (number >= fewest), found.astype(np.float64), np.nan)

    def _cumulated(self, name: str) -> Int64Array:
        """Return sums of a column's own bars from the first on, with a zero before them."""
        kept = self._kept.get(f"sum {name}")
        if kept is None:
            values = self._derived(name)
            kept = running_total(np.concatenate([np.zeros((1, values.shape[1]), dtype=np.int64), values]))
            self._kept[f"sum {name}"] = kept
        return kept

    @cached_property
    def _closes(self) -> Int64Array:
        """The closes with each symbol's own bars pushed together; of other columns sums and extremes are kept alone."""
        return self._pack(self.panel.close)

    def _derived(self, name: str) -> Int64Array:
        """Return a column with each symbol's own bars pushed together."""
        if name == "close":
            return self._closes
        if name in ("up", "down"):
            close, volume = self._closes, self._derived("volume")
            change = np.zeros_like(close)
            change[1:] = np.diff(close, axis=0)
            return np.where(change > 0 if name == "up" else change < 0, volume, 0)
        if name.endswith("_known"):
            return self._pack(np.isfinite(self._net(name)).astype(np.int64))
        if name == "foreign_sold":
            return self._pack((self._net(name) < 0).astype(np.int64))
        if name in ("inst", "foreign"):
            return self._pack(np.nan_to_num(self._net(name)).astype(np.int64))
        return self._pack(getattr(self.panel, name))

    def _net(self, name: str) -> FloatArray:
        table = self.panel.tables[FLOWS]
        who = name.partition("_")[0]
        if who not in self._nets:
            unit = "krw" if _in_won(table) else "shares"
            self._nets[who] = table.daily(f"{who}_net_{unit}", self.panel.symbols, self.panel.sessions)
        return self._nets[who]

    def _pack(self, values: Int64Array) -> Int64Array:
        return values if self.panel.present.all() else self.panel.bars.pack(values)

    @cached_property
    def _shares_known(self) -> KnownRows:
        return KnownRows(self.panel.tables[SHARES])

    @cached_property
    def _close_of_record(self) -> FloatArray:
        """The close of each record's day of the table of shares, or the last one before it; NaN where there is none."""
        table = self.panel.tables[SHARES]
        columns = np.array([self.panel.column.get(symbol, -1) for symbol in table.symbols])[table.symbol]
        days = np.array(self.panel.sessions, dtype="datetime64[D]")
        rows = np.searchsorted(days, table.period, side="right") - 1
        inside = (rows >= 0) & (columns >= 0)
        number = np.where(inside, self.panel.own_bars[np.maximum(rows, 0), columns], 0)
        close = self._closes[np.maximum(number - 1, 0), columns]
        return np.where(number > 0, close.astype(np.float64), np.nan)


def _in_won(table: SideTable) -> bool:
    return "inst_net_krw" in table.columns


def _column(table: SideTable, name: str) -> FloatArray:
    return table.columns.get(name, np.full(len(table), np.nan))


def _at(values: Int64Array, number: Int64Array) -> Int64Array:
    """Return, by column, the values in rows that are asked for by their number; the first row's before it."""
    if not values.size:
        return np.zeros_like(number)
    places = np.maximum(number, 0) * values.shape[1] + np.arange(values.shape[1])
    return np.asarray(np.take(values.ravel(), places, mode="clip"))
