"""Measure screening: a whole market on one evening, on generated data or on a file of daily bars.

```
python benchmarks/screening.py
python benchmarks/screening.py PATH/TO/adj_2023_2025.parquet
```

The first evening of a month measures the whole month. A panel is warm when its sums and extremes exist: after one screen.
The reference in the same run is the trend template of one evening by plain loops over symbols with numpy.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import _machine
import numpy as np

from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.screening.screener import Screener
from kats_core.market.tables import FLOWS, QUARTERS, SHARES, SideTable
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Scope

SYMBOLS, SESSIONS = 2_000, 520


def generated() -> Panel:
    """Return 2,000 companies over two years with shares, flows and quarters."""
    draws = np.random.default_rng(7)
    calendar = krx_calendar()
    sessions = calendar.sessions(dt.date(2023, 6, 1), dt.date(2025, 12, 30))[-SESSIONS:]
    days, shape = np.array(sessions, dtype="datetime64[D]"), (SESSIONS, SYMBOLS)
    close = np.rint(20_000 * np.exp(np.cumsum(draws.normal(0, 0.02, shape), axis=0))).astype(np.int64)
    volume = np.rint(1_000_000 * np.exp(draws.normal(0, 0.5, shape))).astype(np.int64)
    high, low = close + close // 50, close - close // 50
    symbols = tuple(f"{n:05d}0" for n in range(1, SYMBOLS + 1))
    ends = np.array(["2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30"])
    tables = (
        _table(SHARES, symbols, days[:1], listed_shares=draws.uniform(1e7, 5e8, SYMBOLS)),
        _table(
            FLOWS,
            symbols,
            days,
            inst_net_shares=draws.normal(0, 1e5, days.size * SYMBOLS),
            foreign_net_shares=draws.normal(0, 1e5, days.size * SYMBOLS),
        ),
        _table(
            QUARTERS,
            symbols,
            ends.astype("datetime64[D]"),
            delay=45,
            **{
                name: draws.normal(1e10, 3e9, ends.size * SYMBOLS)
                for name in ("revenue_krw", "operating_profit_krw", "net_income_krw")
            },
        ),
    )
    return Panel(
        sessions=tuple(sessions),
        next_session=(*sessions[1:], None),
        instruments=tuple(Instrument(symbol=s, sector=f"{int(s) % 300 // 10}") for s in symbols),
        present=np.ones(shape, dtype=np.bool_),
        open=close,
        high=high,
        low=low,
        close=close,
        volume=volume,
        value=close * volume,
        scope=Scope.RAW,
        tables={table.name: table for table in tables},
    )


def _table(
    name: str, symbols: tuple[str, ...], periods: np.ndarray, delay: int = 0, **columns: np.ndarray
) -> SideTable:
    period = np.tile(periods, len(symbols))
    return SideTable(
        name=name,
        symbols=symbols,
        symbol=np.repeat(np.arange(len(symbols), dtype=np.int32), len(periods)),
        period=period,
        available_from=period + delay,
        columns=columns,
        source="generated",
    )


def of_file(path: Path) -> Panel:
    """Return the daily bars of a file, with whatever the source knows beside them."""
    from kats_core.sources.files import FilesParams, build

    source = build(FilesParams(paths=(str(path),)))
    return replace(source.history(None, None), tables=source.tables(), indices=source.indices())


def plain_template(panel: Panel, row: int) -> int:
    """Count passes of the checks on averages and extremes, one symbol after the other."""
    passed = 0
    for j in range(len(panel.symbols)):
        own = np.flatnonzero(panel.present[: row + 1, j])
        close, high, low = panel.close[own, j], panel.high[own, j], panel.low[own, j]
        if own.size < 221:
            continue
        short, middle, long_ = close[-50:].mean(), close[-150:].mean(), close[-200:].mean()
        passed += int(close[-1] > short) + int(close[-1] > middle) + int(close[-1] > long_)
        passed += int(short > middle > long_) + int(long_ > close[-221:-21].mean())
        passed += int(close[-1] >= 1.3 * low[-252:].min()) + int(close[-1] >= 0.75 * high[-252:].max())
    return passed


def timed(what: str, work: Callable[[], object]) -> float:
    """Do the work, print and return its seconds."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    print(f"{what:<58}{seconds:8.3f} s")
    return seconds


def main() -> None:
    """Print the figures of one market."""
    _machine.print_header(numpy=np.__version__)
    panel = of_file(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else generated()
    last = len(panel.sessions) - 1
    first_of_month = min(
        t for t, s in enumerate(panel.sessions) if s.replace(day=1) == panel.sessions[last].replace(day=1)
    )
    print(
        f"{len(panel.symbols):,} symbols, {len(panel.sessions):,} sessions, tables: {', '.join(panel.tables) or 'none'}"
    )
    screener = Screener(panel, ScreenRules(rank_by="auto"))
    timed("cold: the first screen, all sums and extremes", lambda: screener.on_evening(first_of_month - 1))
    timed("warm: one evening of a month not yet measured", lambda: screener.on_evening(last))
    timed("warm: another evening of that month", lambda: screener.on_evening(last - 1))
    timed("reference: the trend template alone, symbol by symbol", lambda: plain_template(panel, last))
    timed("all evenings of the panel", lambda: [screener.on_evening(t) for t in range(len(panel.sessions))])


if __name__ == "__main__":
    main()
