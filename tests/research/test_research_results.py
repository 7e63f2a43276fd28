"""What a run left behind is put together again: trades with their fills, levels and circumstances, figures, a chart's bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.journal import statistics
from kats_core.market.tables import IndexSeries
from kats_core.model.record import EquityRecord, Record, TradeRecord
from kats_core.model.signal import Target, TargetKind
from kats_core.research import charted, market
from kats_core.research.compare import decisions
from kats_core.research.configuration import flattened
from kats_core.research.metrics import By, drawdowns, grouped, measure, months
from kats_core.research.results import Results, Story, read_results
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.run import Run, RunStatus

if TYPE_CHECKING:
    from conftest import Desk, House

STARTED = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
STEPS = (Target(TargetKind.FRACTION, 0.01), Target(TargetKind.FRACTION, 0.02))


def kept(folder: Path, records: Iterable[Record]) -> Results:
    """Record a run and read it back."""
    run = Run(
        run_id="test",
        kind="backtest",
        config_hash="c",
        data_hash="d",
        first_day=dt.date(2026, 3, 4),
        last_day=dt.date(2026, 3, 6),
        seed=0,
        started=STARTED,
        capital=100_000_000,
    )
    recorder = FolderRecorder(folder, clock=lambda: STARTED)
    recorder.begin(run)
    for record in records:
        recorder.write([record])
    recorder.commit()
    recorder.finish(RunStatus.DONE, {})
    return read_results(folder)


def two_days(house: type[House]) -> Desk:
    """A desk that reached one of two targets, kept the rest over night and lost it at the stop."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(targets=STEPS, stop=24_500, flags=frozenset())),))
    desk.begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("09:32", 25_450, 25_800, 25_450, 25_700).minute("15:19", 25_700)
    desk.next_session(base=25_700).minute("09:00", 25_700).minute("09:01", 25_700, 25_700, 24_400, 24_450)
    return desk.close()


def test_a_trade_comes_with_all_that_belongs_to_it(house: type[House], tmp_path: Path) -> None:
    """Its fills from entry to flat, what it waited for, its stop over night, the target it reached."""
    desk = two_days(house)
    results = kept(tmp_path / "run", desk.records)
    (story,) = results.stories
    assert [(str(fill.side), fill.price, fill.quantity) for fill in story.fills] == desk.fills
    assert sum(fill.quantity for fill in story.fills) == 2 * story.trade.quantity
    assert story.setup is not None
    assert story.setup.numbers["level"] == 25_450
    assert story.signal is not None
    assert (story.signal.stop, story.number) == (24_500, 1)
    assert [day for day, _ in story.stops] == [house.SESSION]
    assert charted._targets(story) == [25_800]
    assert results.held == ()


def test_figures_of_the_run_are_those_of_its_records(house: type[House], tmp_path: Path) -> None:
    """The same functions on the same trades and days."""
    desk = two_days(house)
    metrics = measure(kept(tmp_path / "run", desk.records), {})
    assert metrics.statistics == statistics.measure(desk.kept(TradeRecord), desk.kept(EquityRecord), 100_000_000)
    assert (metrics.execution.filled, metrics.execution.partial_frac, metrics.benchmark) == (1, 0.0, None)
    assert metrics.caveats is None
    assert [(group.name, group.count) for group in metrics.groups["strategy"]] == [("buyer", 1)]


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=50))
def test_the_deepest_of_the_drawdowns_is_the_max_drawdown(values: list[int]) -> None:
    """Two ways to the same figure."""
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(len(values))]
    worst = statistics.max_drawdown(list(zip(days, map(float, values), strict=True)))
    assert worst is not None
    assert min(drawdowns(values)) == pytest.approx(worst.frac)
    assert max(drawdowns(values)) <= 0


def test_j8_months_are_compounded_from_their_days() -> None:
    """Daily returns of 0.01, -0.005 and 0.002 make 0.0069599, in one month or in two."""
    for first in (dt.date(2026, 3, 2), dt.date(2026, 3, 30)):
        equity, value = [], 1_000_000_000_000.0
        for n, daily in enumerate((0.01, -0.005, 0.002)):
            value *= 1 + daily
            day = first + dt.timedelta(days=n)
            equity.append(EquityRecord(session=day, equity=round(value), cash=0, market_value=0, exposure=0.0))
        found = months(equity, 1_000_000_000_000)
        assert statistics.compounded(month.return_frac for month in found) == pytest.approx(0.0069599, abs=5e-8)
        assert [month.month for month in found] == ([3] if first.day == 2 else [3, 4])


def story(number: int, profit: int, symbol: str = "005930", opened: dt.date = dt.date(2026, 3, 4)) -> Story:
    trade = TradeRecord(
        signal_id=str(number),
        instance="vb",
        symbol=symbol,
        slot=0,
        opened_at=0,
        closed_at=number,
        opened_on=opened,
        closed_on=opened,
        quantity=1,
        bought_amount=1,
        sold_amount=1,
        commission=0,
        tax=0,
        net_profit=profit,
        initial_risk="1",
        r_multiple=None,
        exit_code="core:STOP",
    )
    return Story(
        number=number, trade=trade, regime=None, grade=None, signal=None, setup=None, orders=(), fills=(), stops=()
    )


@given(st.lists(st.integers(-100, 100), max_size=60), st.integers(0, 40))
def test_charted_trades_are_few_and_hold_the_extremes(profits: list[int], most: int) -> None:
    """At most so many, in their order; the worst, the best and the latest are among them."""
    stories = [story(n, profit) for n, profit in enumerate(profits, 1)]
    chosen = charted.chosen(stories, most)
    numbers = [one.number for one in chosen]
    assert len(chosen) == min(most, len(stories))
    assert numbers == sorted(set(numbers))
    if most >= 4 and stories:
        found = {one.trade.net_profit for one in chosen}
        assert {min(profits), max(profits)} <= found
        assert stories[-1].number in numbers


def test_groups_hold_every_trade_once() -> None:
    """What nothing read has a group too."""
    stories = [story(1, 5), story(2, -7), story(3, 1)]
    for by in By:
        groups = grouped(stories, by)
        assert sum(group.count for group in groups) == 3
        assert sum(group.profit for group in groups) == -1
    assert [group.name for group in grouped(stories, By.REGIME)] == [""]


def test_candles_around_trades_come_back_as_they_were(house: type[House], tmp_path: Path) -> None:
    """Only what a chart shows is kept, each bar once, and a chart shows whole windows."""
    panel = house.random_panel(seed=3, sessions=200, symbols=3)
    days = [panel.sessions[t] for t in (60, 62, 150) if panel.present[t, 0]]
    market.write_candles(tmp_path, panel, [story(n, 0, panel.symbols[0], day).trade for n, day in enumerate(days, 1)])
    found = market.read_candles(tmp_path)
    assert set(found) == {panel.symbols[0]}
    candles = found[panel.symbols[0]]
    rows = [panel.row[market.day_of(int(day))] for day in candles.days]
    assert rows == sorted(set(rows))
    assert candles.close.tolist() == panel.close[rows, 0].tolist()
    own = np.flatnonzero(panel.present[:, 0])
    for day in days:
        place = int(np.searchsorted(own, panel.row[day]))
        window = own[max(0, place - market.BARS_BEFORE) : place + 1 + market.BARS_AFTER]
        shown = candles.days[candles.around(day, day)].tolist()
        assert shown == [market.day_number(panel.sessions[t]) for t in window]


def test_no_trades_leave_no_candles(house: type[House], tmp_path: Path) -> None:
    """An empty file is a file that can be read."""
    panel = house.random_panel(seed=3, sessions=10, symbols=2)
    market.write_candles(tmp_path, panel, [])
    market.write_indices(tmp_path, panel, panel.sessions[0], panel.sessions[-1])
    assert (market.read_candles(tmp_path), market.read_indices(tmp_path)) == ({}, {})
    assert market.read_candles(tmp_path / "nowhere") == {}


def index_of(days: Sequence[dt.date], closes: Sequence[float]) -> IndexSeries:
    column = np.array(closes)
    return IndexSeries("KOSPI", tuple(days), column, column, column, column, column, "test")


def test_the_benchmark_starts_from_the_close_before(house: type[House], tmp_path: Path) -> None:
    """A day without a value is a gap, not a zero."""
    panel = house.random_panel(seed=3, sessions=6, symbols=1)
    days = panel.sessions
    panel = replace(panel, indices={"KOSPI": index_of(days, [100, 200, 210, float("nan"), 190, 220])})
    market.write_indices(tmp_path, panel, days[2], days[5])
    index = market.read_indices(tmp_path)["KOSPI"]
    assert index.before(days[2]) == 200
    assert index.on(days[2:]) == [210, None, 190, 220]


def test_a_configuration_is_laid_out_flat() -> None:
    """Entries of a list go by their names, and their order is a value of its own."""
    found = flattened({"capital": 1, "risk": [{"use": "a", "params": {}}, {"use": "b", "as": "c", "params": {"x": 2}}]})
    assert found == {
        "capital": 1,
        "risk (order)": ["a", "c"],
        "risk[a].use": "a",
        "risk[a].params": {},
        "risk[c].use": "b",
        "risk[c].as": "c",
        "risk[c].params.x": 2,
    }


def test_a_decision_is_the_last_word_on_a_candidate(house: type[House]) -> None:
    """A signal outweighs the setup that it came from; days outside are left out."""
    desk = two_days(house)
    found = decisions(desk.records, house.SESSION, house.SESSION)
    ((key, decided),) = found.items()
    assert key == (house.SESSION, "buyer", house.SYMBOL, 0)
    assert (decided.status, decided.quantity) == ("ORDERED", 100)
    assert decisions(desk.records, dt.date(2000, 1, 1), dt.date(2000, 1, 2)) == {}
