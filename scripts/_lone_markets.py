"""Write for each strategy a market of files on which it buys and sells, from the worked examples of its rules.

A market is the history that arms the strategy for `SESSION`, the bars on which it buys and is sold, and the reports, flows,
dividends, indices and listings that it reads. The prices of purchase and stop are known beforehand.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from kats_core.market.calendar import krx_calendar
from kats_core.testing import SESSION, DailyRow, path

Cell: TypeAlias = str | int | float | dt.date
Table: TypeAlias = Sequence[Sequence[Cell]]
"""Rows of a file, the names of its columns first."""

SYMBOL = "005930"
CROWD = tuple(f"10{n:03d}0" for n in range(50))
"""Companies that do nothing: among fewer than fifty nobody knows who is strong."""

QUIET: DailyRow = (10_000, 10_050, 9_950, 10_000, 100_000)
ASSUMED: Mapping[str, str | int] = {
    "regime": "BULL",
    "pulse": "UPTREND",
    "grade": "A",
    "stars": 4,
    "status": '"00"',
    "market": "KOSPI",
    "sector": "own",
}
"""What the files of most markets do not hold."""

MINUTES_OF_TRADING = 380
"""09:00 to 15:19; then the closing auction."""

CLOSING = dt.time(15, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoneMarket:
    """A market for one strategy. `history` ends on the eve of `SESSION`, `ahead` begins with it, `minutes` are of it."""

    strategy: str
    limit: int  # won; more is not paid
    stop: int
    exit_code: str
    history: Sequence[DailyRow]
    ahead: Sequence[DailyRow]
    minutes: Sequence[DailyRow] = ()
    symbol: str = SYMBOL
    assume: Mapping[str, str | int] = field(default_factory=dict)
    has_crowd: bool = False
    beside: Mapping[str, Table] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the files into a new folder."""
        folder.mkdir()
        tables = {"daily_raw.csv": self._daily(), **self.beside}
        if self.minutes:
            tables["minutes.csv"] = self._minutes()
        for name, rows in tables.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)

    def configuration(self) -> str:
        """Return the kats.yaml of an operator who has no broker: inputs that the files do not hold are assumed."""
        assumed = {**ASSUMED, **self.assume}
        return "version: 1\nassume:\n" + "".join(f"  {name}: {value}\n" for name, value in assumed.items())

    def _daily(self) -> Table:
        own = [*self.history, *self.ahead]
        rows = {self.symbol: own, **(dict.fromkeys(CROWD, [QUIET] * len(own)) if self.has_crowd else {})}
        days = sessions(-len(self.history), len(self.ahead))
        found = [(day, symbol, *bar) for symbol in sorted(rows) for day, bar in zip(days, rows[symbol], strict=True)]
        return [("date", "symbol", "open", "high", "low", "close", "volume"), *found]

    def _minutes(self) -> Table:
        close = self.ahead[0][3]
        quiet = [(close, close, close, close, 10_000)] * (MINUTES_OF_TRADING - len(self.minutes))
        opening = dt.datetime.combine(SESSION, dt.time(9))
        rows = [
            (opening + dt.timedelta(minutes=n), self.symbol, o, h, low, c, v, (h + low + c) * v // 3)
            for n, (o, h, low, c, v) in enumerate([*self.minutes, *quiet])
        ]
        auction = dt.datetime.combine(SESSION, CLOSING)
        at_close = (self.symbol, close, close, close, close, 10_000, 10_000 * close)
        return [("datetime", "symbol", "open", "high", "low", "close", "volume", "value"), *rows, (auction, *at_close)]


def sessions(first: int, count: int) -> list[dt.date]:
    """Return sessions from `first` on, counted from `SESSION`, and `count` from it on."""
    return [krx_calendar().shift(SESSION, n) for n in range(first, count)]


def split(bars: Iterable[DailyRow], minutes: int) -> list[DailyRow]:
    """Return minute bars that make up these longer ones: all happens in the first, and the rest stands still."""
    return list(
        chain.from_iterable(
            [(o, h, low, c, v - minutes + 1), *[(c, c, c, c, 1)] * (minutes - 1)] for o, h, low, c, v in bars
        )
    )


def lone_markets() -> tuple[LoneMarket, ...]:
    """Return a market for each strategy."""
    return (
        _sepa_momentum(),
        _gap_and_go(),
        _canslim_breakout(),
        _triple_screen(),
        _vwap_bounce(),
        _dead_cat_bounce(),
        _inverse_etf(),
        _range_trading(),
        _oversold_reversal(),
        _volatility_breakout(),
        _grid_trading(),
        _dividend_switching(),
    )


def _sepa_momentum() -> LoneMarket:
    """VCP-A: a daily bar passes the pivot of 38 600, the next one opens below the last low."""
    anchors = [
        (0, 12_000),
        (200, 20_000),
        (260, 40_000),
        (270, 32_000),
        (280, 38_800),
        (286, 35_000),
        (292, 38_400),
        (296, 36_900),
        (300, 38_000),
    ]
    return LoneMarket(
        strategy="sepa-momentum",
        limit=38_700,
        stop=36_650,
        exit_code="core:STOP",
        history=path(anchors, {(295, 300): 40_000}),
        ahead=[(38_100, 39_000, 38_000, 38_900, 300_000), (36_500, 36_800, 36_200, 36_400, 300_000)],
        has_crowd=True,
        beside={
            "quarters.csv": [
                ("symbol", "period_end", "filed", "eps_krw", "revenue_krw"),
                (SYMBOL, "2024-12-31", "2025-02-14", 1_000, 100),
                (SYMBOL, "2025-12-31", "2026-02-13", 1_200, 115),
            ]
        },
    )


def _gap_and_go() -> LoneMarket:
    """S2-1: buys the turn after the pullback of a gap of 3 %; the price then falls through the pullback."""
    bars = [
        (51_500, 51_900, 51_400, 51_800, 90_000),
        (51_800, 52_100, 51_700, 52_000, 60_000),
        (52_000, 52_300, 51_900, 52_200, 50_000),
        (52_200, 52_400, 52_000, 52_300, 40_000),
        (52_300, 52_300, 51_900, 52_000, 20_000),
        (52_000, 52_100, 51_800, 51_900, 15_000),
        (51_900, 52_000, 51_700, 51_800, 12_000),
        (51_800, 51_900, 51_700, 51_800, 10_000),
        (51_800, 51_900, 51_700, 51_900, 9_000),
        (51_900, 51_900, 51_700, 51_700, 8_000),
        (51_700, 51_800, 51_700, 51_800, 7_000),
        (51_800, 51_800, 51_600, 51_700, 7_000),
        (51_700, 51_800, 51_700, 51_800, 6_000),
        (51_800, 51_900, 51_700, 51_800, 6_000),
        (51_800, 51_800, 51_700, 51_700, 6_000),
        (51_700, 51_800, 51_700, 51_700, 6_000),
        (51_700, 51_800, 51_600, 51_700, 7_000),
        (51_700, 52_000, 51_700, 52_000, 16_000),
    ]
    return LoneMarket(
        strategy="gap-and-go",
        limit=52_100,
        stop=51_500,
        exit_code="core:STOP",
        history=[(49_500, 50_300, 49_000, 50_000, 1_000_000)] * 100,
        ahead=[(51_500, 52_400, 51_200, 51_300, 1_000_000)],
        minutes=[*bars, (52_000, 52_100, 52_000, 52_000, 20_000), (52_000, 52_000, 51_200, 51_300, 20_000)],
        assume={"regime": "STRONG_BULL", "grade": "B"},
    )


def _canslim_breakout() -> LoneMarket:
    """CUP-A in a rising market: a daily bar passes the rim of 49 250, the next one opens below the stop."""
    anchors = [
        (0, 20_000),
        (150, 30_000),
        (250, 50_000),
        (262, 42_000),
        (270, 39_000),
        (280, 38_000),
        (290, 39_000),
        (298, 42_000),
        (310, 49_000),
        (314, 47_000),
        (318, 47_500),
    ]
    history = path(anchors, {(311, 318): 60_000})
    days = sessions(-len(history), 2)
    value = [2_000 + 600 * n / len(days) for n in range(len(days))]
    return LoneMarket(
        strategy="canslim-breakout",
        limit=49_350,
        stop=45_450,
        exit_code="core:STOP",
        history=history,
        ahead=[(47_600, 49_900, 47_500, 49_800, 300_000), (45_000, 45_200, 44_800, 45_000, 300_000)],
        has_crowd=True,
        beside={
            "quarters.csv": [
                ("symbol", "period_end", "filed", "eps_krw"),
                (SYMBOL, "2024-12-31", "2025-02-14", 100),
                (SYMBOL, "2025-12-31", "2026-02-13", 125),
            ],
            "years.csv": [
                ("symbol", "fiscal_year", "filed", "eps_krw"),
                (SYMBOL, 2022, "2023-03-31", 100),
                (SYMBOL, 2023, "2024-03-29", 130),
                (SYMBOL, 2024, "2025-03-31", 200),
            ],
            "flows.csv": [
                ("date", "symbol", "inst_net_shares", "foreign_net_shares"),
                *((day, SYMBOL, 1_000, 0) for day in days[:-2]),
            ],
            "index.csv": [
                ("date", "index", "open", "high", "low", "close", "value"),
                *(
                    (day, "KOSPI", v, v * 1.004, v * 0.996, v, 10_000_000_000_000)
                    for day, v in zip(days, value, strict=True)
                ),
            ],
        },
    )


def _triple_screen() -> LoneMarket:
    """S4-1: a daily bar passes the setback's last high of 70 200, the next one falls through its low."""
    wave = [
        (70_000, 70_900, 69_900, 70_800, 1_200_000),
        (70_800, 71_300, 70_700, 71_200, 900_000),
        (71_200, 71_300, 70_300, 70_400, 800_000),
        (70_400, 70_500, 69_500, 69_800, 700_000),
        (69_800, 70_200, 69_300, 69_500, 650_000),
    ]
    return LoneMarket(
        strategy="triple-screen",
        limit=70_400,
        stop=69_200,
        exit_code="core:STOP",
        history=[*path([(0, 30_000), (300, 66_000), (430, 68_000), (455, 70_000)]), *wave],
        ahead=[(69_600, 70_800, 69_500, 70_600, 900_000), (70_000, 70_100, 68_900, 69_000, 900_000)],
        has_crowd=True,
    )


def _vwap_bounce() -> LoneMarket:
    """S5-1: buys at the average price; four bars later one closes below it."""
    bars = [
        (79_500, 79_900, 79_400, 79_800, 60_000),
        (79_800, 80_100, 79_700, 80_000, 45_000),
        (80_000, 80_300, 79_900, 80_200, 40_000),
        (80_200, 80_500, 80_100, 80_400, 35_000),
        (80_400, 80_500, 80_200, 80_300, 25_000),
        (80_300, 80_400, 80_100, 80_200, 20_000),
        (80_200, 80_300, 80_000, 80_100, 20_000),
        (80_100, 80_200, 79_900, 80_000, 18_000),
        (80_000, 80_100, 79_900, 80_000, 15_000),
        (80_000, 80_100, 79_900, 79_900, 15_000),
        (79_900, 80_100, 79_900, 80_100, 18_000),
        (80_100, 80_300, 80_000, 80_200, 22_000),
    ]
    history = [*[(79_000, 79_500, 78_500, 79_000, 1_000_000)] * 20, (79_000, 79_600, 78_900, 79_500, 1_000_000)]
    return LoneMarket(
        strategy="vwap-bounce",
        limit=80_300,
        stop=79_700,
        exit_code="core:VWAP_LOST",
        history=history,
        ahead=[(79_500, 80_500, 79_400, 79_900, 1_000_000)],
        minutes=split([*bars, (80_200, 80_200, 80_200, 80_200, 20_000), (80_200, 80_200, 79_900, 79_900, 20_000)], 3),
        beside={
            "flows.csv": [
                ("date", "symbol", "inst_net_shares", "foreign_net_shares"),
                *((day, SYMBOL, 50_000, 50_000) for day in sessions(-5, 0)),
            ]
        },
    )


def _dead_cat_bounce() -> LoneMarket:
    """B1-1: buys above the opening range of 94 200, and reaches 60 % of the fall."""
    before = [(110_800, 111_200, 110_400, 110_800, 1_000_000)] * 150
    falling = [(close + 300, close + 400, close - 100, close, 1_000_000) for close in range(110_500, 99_999, -300)]
    opening = [(93_500, 94_200, 92_400, 93_900, 400_000), *[(93_900, 94_000, 93_800, 93_900, 10_000)] * 29]
    return LoneMarket(
        strategy="dead-cat-bounce",
        limit=94_400,
        stop=92_600,
        exit_code="core:T1",
        history=[*before, *falling, (99_000, 99_500, 92_500, 93_000, 2_000_000)],
        ahead=[(93_500, 97_500, 92_400, 97_300, 2_000_000)],
        minutes=[
            *opening,
            (93_900, 94_300, 93_900, 94_300, 50_000),
            (94_300, 94_400, 94_300, 94_400, 50_000),
            (94_400, 97_500, 94_400, 97_300, 50_000),
        ],
        assume={"regime": "BEAR"},
        beside={"shares.csv": [("date", "symbol", "market_cap_krw"), (sessions(-1, 0)[0], SYMBOL, 5_000_000_000_000)]},
    )


def _inverse_etf() -> LoneMarket:
    """B2-1's broken KOSPI, which goes on falling; the fund rises by 5 % on the second day."""
    fund, bars, low = "114800", 260, 2_391.0
    close = [2_800 - 1.57 * n + 12 * (n % 2) for n in range(bars)]
    start = close[-20]
    close[-20:] = [start + (low + 8 - start) * n / 19 + 6 * ((bars - 20 + n) % 2) for n in range(20)]
    close[-2:] = low + 2, 2_380.0
    lows = [max(value - 1, low) for value in close[:-1]]
    kospi = [(value + 1, value + 5, lowest, value) for value, lowest in zip(close, [*lows, 2_379.0], strict=True)]
    kospi += [(2_375.0, 2_376.0, 2_350.0, 2_360.0), (2_355.0, 2_356.0, 2_290.0, 2_300.0)]
    index: list[tuple[Cell, ...]] = [("date", "index", "open", "high", "low", "close")]
    index += [(day, "KOSPI", *values) for day, values in zip(sessions(-bars, 2), kospi, strict=True)]
    return LoneMarket(
        strategy="inverse-etf",
        limit=4_545,
        stop=4_410,
        exit_code="core:T1",
        history=[(4_500, 4_560, 4_480, 4_530, 1_000_000)] * bars,
        ahead=[(4_540, 4_620, 4_530, 4_600, 1_000_000), (4_610, 4_820, 4_600, 4_800, 1_000_000)],
        symbol=fund,
        assume={"regime": "BEAR", "grade": "ETF"},
        beside={
            "index.csv": index,
            "funds.csv": [("symbol", "isin", "market", "leverage_inverse"), (fund, "KR7114800004", "KOSPI", "인버스")],
        },
    )


def _range_trading() -> LoneMarket:
    """B3-1: BOX-A turns at its floor of 10 040 and rises to 65 % of its width."""
    anchors = [
        (0, 10_500),
        (5, 10_100),
        (12, 10_850),
        (19, 10_100),
        (26, 10_850),
        (33, 10_100),
        (40, 10_850),
        (47, 10_100),
        (50, 10_250),
    ]
    quiet = [(10_250, 10_260, 10_200, 10_240, 5_000)] * 6
    return LoneMarket(
        strategy="range-trading",
        limit=10_190,
        stop=9_940,
        exit_code="core:T1",
        history=path(anchors),
        ahead=[(10_250, 10_650, 10_090, 10_640, 100_000)],
        minutes=split(
            [
                *quiet,
                (10_110, 10_190, 10_090, 10_180, 5_000),
                (10_180, 10_200, 10_180, 10_200, 50_000),
                (10_200, 10_650, 10_200, 10_640, 50_000),
            ],
            5,
        ),
        assume={"regime": "SIDEWAYS"},
    )


def _oversold_reversal() -> LoneMarket:
    """B4-1: turns up on volume; two bars later both targets are reached."""
    closes = [58_200]
    for n in range(119):
        closes.append(closes[-1] + (-600 if n % 3 == 2 else 1_200))
    history = [(close, close + 400, close - 400, close, 100_000) for close in closes[:0:-1]]
    quiet = [(58_500, 58_600, 57_900 if n == 0 else 58_300, 58_400, 6_000) for n in range(6)]
    return LoneMarket(
        strategy="oversold-reversal",
        limit=58_800,
        stop=57_500,
        exit_code="core:T2",
        history=[*history, (58_300, 58_700, 57_600, 58_200, 100_000)],
        ahead=[(58_500, 62_000, 57_900, 61_900, 200_000)],
        minutes=split(
            [
                *quiet,
                (58_400, 58_700, 58_400, 58_700, 9_800),
                (58_700, 58_800, 58_700, 58_800, 50_000),
                (58_800, 62_000, 58_800, 61_900, 50_000),
            ],
            5,
        ),
        assume={"regime": "BEAR", "sector": "통신"},
    )


def _volatility_breakout() -> LoneMarket:
    """VB-1: a daily bar passes half of the range above its open; sold before the close."""
    return LoneMarket(
        strategy="volatility-breakout",
        limit=25_500,
        stop=24_500,
        exit_code="core:TIME_EXIT",
        history=[(24_900, 25_600, 24_700, 25_400, 100_000)] * 10,
        ahead=[(25_000, 25_800, 24_900, 25_700, 100_000)],
    )


def _grid_trading() -> LoneMarket:
    """GR: a box from 19 400 to 21 000 whose highest buying level is bought, and sold a step higher on the next day."""
    anchors = [
        (0, 20_200),
        (6, 19_500),
        (13, 20_850),
        (20, 19_500),
        (27, 20_850),
        (34, 19_500),
        (41, 20_850),
        (48, 19_500),
        (55, 20_850),
        (62, 20_200),
    ]
    return LoneMarket(
        strategy="grid-trading",
        limit=20_000,
        stop=19_020,
        exit_code="core:T1",
        history=path(anchors),
        ahead=[(20_200, 20_250, 19_950, 20_000, 100_000), (20_050, 20_300, 20_050, 20_250, 100_000)],
        assume={"regime": "SIDEWAYS"},
    )


def _dividend_switching() -> LoneMarket:
    """DS-1: bought in the closing auction before the ex-date, on which the lowered targets are reached."""
    record = sessions(0, 3)[-1]
    return LoneMarket(
        strategy="dividend-switching",
        limit=45_200,
        stop=42_950,
        exit_code="core:T2",
        history=[(45_000, 45_300, 44_700, 45_000, 100_000)] * 70,
        ahead=[(45_000, 45_200, 44_800, 45_000, 100_000), (43_500, 45_900, 43_400, 45_800, 100_000)],
        beside={
            "dividends.csv": [
                ("symbol", "record_date", "announced", "dps_krw", "annual_dps_krw"),
                (SYMBOL, record, sessions(-30, 0)[0], 1_500, 1_500),
            ]
        },
    )
