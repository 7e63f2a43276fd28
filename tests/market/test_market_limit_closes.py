"""Hold the price limits against what was traded: every listed share of whole days, and raw daily bars."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from kats_core.market.limits import ListingPhase, limit_arrays, limits_of_day
from kats_core.market.ticks import tick_table
from kats_core.model.kinds import InstrumentKind, Market

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MARKETS = {"KOSPI": Market.KOSPI, "KOSDAQ": Market.KOSDAQ, "KOSDAQ GLOBAL": Market.KOSDAQ, "KONEX": Market.KONEX}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.exists(), reason="the market data lie beside the repository and are not published"),
]


@dataclass
class Count:
    """What the closes of many days say about the limits."""

    closes: int = 0
    upper: int = 0
    lower: int = 0
    outside: list[str] = field(default_factory=list)

    def take(self, day: dt.date, market: Market, symbols: np.ndarray, base: np.ndarray, close: np.ndarray) -> None:
        """Count the closes of one market on one day."""
        lower, upper = limit_arrays(base, day, market)
        self.closes += close.size
        self.upper += int((close == upper).sum())
        self.lower += int((close == lower).sum())
        for i in np.flatnonzero((close > upper) | (close < lower)):
            self.outside.append(f"{day} {symbols[i]} base {base[i]} close {close[i]} limits {lower[i]} {upper[i]}")

    def __str__(self) -> str:
        found = f"{self.closes:,} closes: {self.upper} at the upper limit, {self.lower} at the lower"
        return "\n".join([f"{found}, {len(self.outside)} outside", *self.outside])


def counted(name: str) -> Count:
    """Count the traded closes of a snapshot file; its change is against the base price, so the base is exact."""
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = parquet.read_table(DATA / "snapshots" / f"{name}.parquet").to_pandas()
    frame = frame[frame["change"].notna() & (frame["volume"] > 0)]
    count = Count()
    for (day, board), rows in frame.groupby(["date", "market"]):
        close = rows["close"].to_numpy(np.int64)
        base = close - rows["change"].to_numpy(np.int64)
        count.take(day, MARKETS[board], rows["symbol"].to_numpy(), base, close)
    return count


@pytest.mark.parametrize(
    ("name", "upper", "lower"), [("krx_all_janfeb_2021_2025", 300, 10), ("krx_all_weekly_2020_2025", 30, 1)]
)
def test_closes_of_whole_days_keep_to_the_limits(name: str, upper: int, lower: int) -> None:
    """Of all closes at most one in 5 000 lies outside: first days of listings, re-listings and delisting sales."""
    count = counted(name)
    print(f"\n{name}: {count}")  # noqa: T201 - read with pytest -s
    assert count.upper >= upper
    assert count.lower >= lower
    assert len(count.outside) <= count.closes / 5_000


def test_the_lower_limit_is_not_the_mirror_image() -> None:
    """Where the official lower limit and 70 % of the base differ, falls end at the official one and never beyond."""
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = parquet.read_table(DATA / "snapshots" / "krx_all_janfeb_2021_2025.parquet").to_pandas()
    frame = frame[(frame["volume"] > 0) & (frame["market"] != "KONEX")]
    official = beyond = 0
    for (day, board), rows in frame.groupby(["date", "market"]):
        close = rows["close"].to_numpy(np.int64)
        base = close - rows["change"].to_numpy(np.int64)
        lower, _ = limit_arrays(base, day, MARKETS[board])
        mirror = tick_table(day, MARKETS[board], InstrumentKind.STOCK).rup_array(-(-base * 7 // 10))
        differs = lower > mirror
        for prices in (close, rows["low"].to_numpy(np.int64)):
            official += int((differs & (prices == lower)).sum())
            beyond += int((differs & (prices < lower) & (prices >= mirror)).sum())
    print(f"\nwhere the two rules differ: {official} closes and lows at the official limit, {beyond} beyond it")  # noqa: T201 - read with pytest -s
    assert official >= 10
    assert beyond == 0


@pytest.mark.parametrize(
    ("day", "symbol", "offer", "close"),
    [("2023-12-22", "017860", 100_000, 400_000), ("2025-01-24", "373160", 13_000, 7_800)],
)
def test_first_days_that_ended_at_their_limits(day: str, symbol: str, offer: int, close: int) -> None:
    """One listing closed its first day at 400 % of the offer price, one at 60 %."""
    limits = limits_of_day(
        offer, dt.date.fromisoformat(day), Market.KOSPI, ListingPhase.FIRST_DAY, InstrumentKind.STOCK
    )
    assert limits is not None
    assert close in (limits.lower, limits.upper)


def test_raw_daily_bars_keep_to_the_limits_of_the_day_before() -> None:
    """64 large caps over four years: only days whose base price was not the close before (splits, spin-offs) lie outside."""
    parquet = pytest.importorskip("pyarrow.parquet")
    boards = parquet.read_table(DATA / "snapshots" / "krx_all_janfeb_2021_2025.parquet", columns=["symbol", "market"])
    market_of = {row["symbol"]: MARKETS[row["market"]] for row in boards.to_pylist()}
    frame = (
        parquet.read_table(DATA / "daily" / "raw_top100_2021_2025.parquet").to_pandas().sort_values(["symbol", "date"])
    )
    frame = frame[frame["volume"] > 0]
    base = frame.groupby("symbol")["close"].shift()
    count = Count()
    known = frame.assign(base=base, market=frame["symbol"].map(market_of)).dropna(subset=["base", "market"])
    for (day, market), rows in known.groupby(["date", "market"]):
        base_of_day = rows["base"].to_numpy(np.int64)
        for column in ("close", "high", "low"):
            count.take(day, market, rows["symbol"].to_numpy(), base_of_day, rows[column].to_numpy(np.int64))
    print(f"\nraw daily bars (close, high, low): {count}")  # noqa: T201 - read with pytest -s
    assert count.upper >= 10
    assert {line.split(" base")[0] for line in count.outside} == {
        "2021-11-29 017670",
        "2022-04-06 042700",
        "2024-10-31 278470",
        "2025-11-24 207940",
    }
