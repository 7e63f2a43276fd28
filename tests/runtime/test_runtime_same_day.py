"""The same day gives the same decisions in `kats backtest` on minute bars and in `kats run --data`, to the byte."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kats_core.config import Resolved, resolve
from kats_core.journal.caveats import BarsPlayed
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.command import Notify
from kats_core.model.record import FillRecord, OrderRecord, Record, SetupRecord, SetupStatus, VerdictRecord
from kats_core.model.time import Nanos
from kats_core.model.wire import encode_record
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.play import Finished, Plan, Request, plan, play
from kats_core.runtime.session_bars import Bars
from kats_core.store.run import Run, RunStatus

if TYPE_CHECKING:
    from conftest import House

DATA = Path(__file__).parents[2].parent / "shared" / "data"
OCTOBER_21 = dt.date(2025, 10, 21)
IDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Kept:
    """A recorder that keeps everything in memory, and a watcher that looks away."""

    records: list[Record] = field(default_factory=list)
    silent: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def begin(self, run: Run) -> None: ...

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, SetupRecord) and record.status is SetupStatus.NOT_ARMED:
                self.silent[str(record.session), record.instance, record.symbol] = record.code or ""
            else:
                self.records.append(record)

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Any, codes: Sequence[str]
    ) -> None:
        for t, j in np.argwhere(reasons).tolist():
            self.silent[str(sessions[t]), instance, symbols[j]] = codes[reasons[t, j] - 1]

    def commit(self) -> None: ...

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None: ...

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None: ...

    def on_record(self, record: Record) -> None: ...

    def on_notice(self, notice: Notify) -> None: ...

    def on_clock(self, now: Nanos) -> None: ...

    @property
    def decisions(self) -> bytes:
        """The log; ids, which are made of the run's own id, are numbered as they appear."""
        numbers: dict[bytes, bytes] = {}
        log = b"\n".join(map(encode_record, self.records))
        return IDS.sub(lambda found: numbers.setdefault(found[0], b"#%d" % len(numbers)), log)

    def count(self, kind: type[Record]) -> int:
        return sum(isinstance(record, kind) for record in self.records)


def written(folder: Path, panel: Panel, minutes: Sequence[MinuteBars]) -> Path:
    """Files of the market: daily bars as traded, minute bars."""
    folder.mkdir()
    lines = ["symbol,date,open,high,low,close,volume"]
    for j, symbol in enumerate(panel.symbols):
        for t in np.flatnonzero(panel.present[:, j]).tolist():
            columns = (panel.open, panel.high, panel.low, panel.close, panel.volume)
            cells = ",".join(str(column[t, j]) for column in columns)
            lines.append(f"{symbol},{panel.sessions[t]},{cells}")
    (folder / "daily_raw.csv").write_text("\n".join(lines) + "\n")
    if not minutes:
        return folder
    rows = []
    for bars in minutes:
        values = dict.fromkeys(bars.symbols, 0)
        for row in range(len(bars)):
            bar = bars.bar(row)
            values[bar.symbol] += bar.value
            at = f"{time.session_date(bar.start)} {time.clock(bar.start):%H:%M:%S}"
            rows.append(
                f"{bar.symbol},{at},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume},{values[bar.symbol]}"
            )
    header = "symbol,datetime,open,high,low,close,volume,cum_value"
    (folder / "minutes.csv").write_text("\n".join([header, *sorted(rows)]) + "\n")
    return folder


def resolved(home: Path, *paths: Path) -> Resolved:
    """Two breakouts behind the nine stages on these files."""
    overrides = {
        "data": {"use": "files", "params": {"paths": [str(path) for path in paths]}},
        "strategies": [
            {"use": "volatility-breakout"},
            {"use": "volatility-breakout", "as": "early", "params": {"k": 0.3}},
        ],
    }
    return resolve(None, overrides=overrides, file_data=True, environ={"KATS_HOME": str(home)}, cwd=home)


def played(chosen: Resolved, request: Request) -> tuple[Kept, Finished, Plan]:
    kept, planned = Kept(), plan(chosen, request)
    return kept, play(planned, kept, kept, lambda: dt.datetime.now(dt.UTC)), planned


def both(chosen: Resolved, days: Sequence[dt.date], bars: Bars) -> tuple[Kept, Kept]:
    """The same sessions as a run and as a backtest."""
    as_run, _, _ = played(chosen, Request(kind=RunKind.RUN, first=days[0], days=len(days)))
    as_backtest, _, _ = played(chosen, Request(kind=RunKind.BACKTEST, first=days[0], last=days[-1], bars=bars))
    return as_run, as_backtest


@pytest.fixture(scope="module")
def market(house: type[House]) -> tuple[Panel, list[MinuteBars]]:
    """Eight symbols; minutes of all in the last three sessions."""
    panel = house.random_panel(11, 40, 8, gap=0.01)
    return panel, [house.random_minutes(11 + n, panel, day, gap=0.05) for n, day in enumerate(panel.sessions[-3:])]


@pytest.mark.parametrize("bars", [Bars.AUTO, Bars.MINUTE])
def test_three_days_of_files_decide_alike(tmp_path: Path, market: tuple[Panel, list[MinuteBars]], bars: Bars) -> None:
    """Setups, signals, the whole verdict trail, orders, fills, trades, equity; and why what was not armed was not."""
    panel, minutes = market
    files = written(tmp_path / "data", panel, minutes)
    as_run, as_backtest = both(resolved(tmp_path, files), panel.sessions[-3:], bars)
    assert as_run.count(VerdictRecord) > 9
    assert as_run.count(FillRecord) > 2
    assert as_backtest.decisions == as_run.decisions
    assert as_backtest.silent == as_run.silent


def test_a_symbol_without_minutes_is_played_on_its_daily_bar(
    tmp_path: Path, market: tuple[Panel, list[MinuteBars]]
) -> None:
    """Unless minutes are forced; and sessions without any minutes are those of daily bars."""
    panel, minutes = market
    lacking = frozenset(panel.symbols[:4])
    files = written(tmp_path / "data", panel, [bars.without(lacking) for bars in minutes])
    chosen = resolved(tmp_path, files)
    week = Request(kind=RunKind.BACKTEST, first=panel.sessions[-6], last=panel.sessions[-1])
    kept, finished, planned = played(chosen, week)
    assert finished.caveats.bars == BarsPlayed(daily=3, mixed=3)
    traded = {
        order.symbol for order in kept.records if isinstance(order, OrderRecord) and order.session in planned.by_minute
    }
    assert traded & lacking
    assert traded - lacking
    forced, finished, _ = played(chosen, replace(week, bars=Bars.MINUTE))
    assert finished.caveats.bars == BarsPlayed(chosen="minute", minute=3)
    assert not {order.symbol for order in forced.records if isinstance(order, OrderRecord)} & lacking
    daily, finished, _ = played(chosen, replace(week, bars=Bars.DAILY))
    assert finished.caveats.bars == BarsPlayed(chosen="daily", daily=6)
    assert len({kept.decisions, forced.decisions, daily.decisions}) == 3


def test_forced_bars_are_another_run(tmp_path: Path, market: tuple[Panel, list[MinuteBars]]) -> None:
    """What gives other decisions has another id."""
    panel, minutes = market
    chosen = resolved(tmp_path, written(tmp_path / "data", panel, minutes))
    last = panel.sessions[-1]
    plans = [plan(chosen, Request(kind=RunKind.BACKTEST, first=last, last=last, bars=bars)) for bars in Bars]
    assert len({one.app.run_id for one in plans}) == 3


def test_minutes_that_are_not_there_cannot_be_forced(tmp_path: Path, market: tuple[Panel, list[MinuteBars]]) -> None:
    """The message says of which days there are any."""
    panel, minutes = market
    chosen = resolved(tmp_path, written(tmp_path / "data", panel, minutes))
    early = panel.sessions[3]
    with pytest.raises(
        SourceError, match=f"no minute bars from {early} to {early}: the data have {panel.sessions[-3]} to "
    ):
        plan(chosen, Request(kind=RunKind.BACKTEST, first=early, last=early, bars=Bars.MINUTE))
    daily = resolved(tmp_path, written(tmp_path / "daily", panel, []))
    with pytest.raises(SourceError, match="the data hold no minute bars: "):
        plan(daily, Request(kind=RunKind.BACKTEST, bars=Bars.MINUTE))


def test_minutes_on_another_scale_than_adjusted_daily_bars_are_not_mixed_in(
    tmp_path: Path, market: tuple[Panel, list[MinuteBars]]
) -> None:
    """Half the price after a later split: the daily bar is played, and the result says of how many."""
    panel, _ = market
    day = panel.sessions[-1]
    row = panel.row[day]
    quiet = [j for j in range(len(panel.symbols)) if panel.present[row, j]]
    start = time.at(day, dt.time(9, 0))
    prices = np.array([int(panel.open[row, j]) * (2 if j == quiet[0] else 1) for j in quiet], dtype=np.int64)
    volume = np.full(len(quiet), 1_000)
    bars = MinuteBars(
        session=day,
        symbols=tuple(panel.symbols[j] for j in quiet),
        symbol=np.arange(len(quiet), dtype=np.int32),
        start=np.full(len(quiet), start),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=volume,
        value=volume * prices,
        is_auction=np.zeros(len(quiet), dtype=np.bool_),
    )
    files = written(tmp_path / "data", panel, [bars])
    (files / "daily_raw.csv").rename(files / "daily_adjusted.csv")
    _, finished, planned = played(resolved(tmp_path, files), Request(kind=RunKind.BACKTEST, first=day, last=day))
    assert planned.panel.scope.value == "ADJUSTED"
    assert finished.caveats.ticks_approximate
    assert finished.caveats.bars == BarsPlayed(mixed=1, off_scale=1)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
@pytest.mark.parametrize(
    ("names", "bars"),
    [(("minute",), Bars.AUTO), (("minute", "daily/adj_2023_2025.parquet"), Bars.MINUTE)],
    ids=["minutes alone", "with the days before"],
)
def test_a_recorded_day_decides_alike(tmp_path: Path, names: Sequence[str], bars: Bars) -> None:
    """The default stages; with daily bars before it ten symbols are armed and some are bought."""
    chosen = resolved(tmp_path, *(DATA / name for name in names))
    as_run, as_backtest = both(chosen, [OCTOBER_21], bars)
    assert as_backtest.decisions == as_run.decisions
    assert as_backtest.silent == {key: code for key, code in as_run.silent.items() if key in as_backtest.silent}
    if bars is Bars.MINUTE:
        assert as_run.count(FillRecord) > 2
