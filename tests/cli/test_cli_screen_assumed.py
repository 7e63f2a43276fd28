"""What `kats screen` says of values that nobody measured: they are labelled as assumed, on the page and for programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kats_core.market.calendar import krx_calendar

EVERYTHING = {
    "regime": "BULL",
    "pulse": "UPTREND",
    "grade": "B",
    "stars": 4,
    "status": "00",
    "market": "KOSPI",
    "sector": "own",
}


def bars(kats: Any, symbols: tuple[str, ...] = ("005930", "000660"), last: dt.date = dt.date(2025, 6, 17)) -> None:
    """Write 150 daily bars of some symbols and nothing else: `data/raw_daily.csv`."""
    calendar = krx_calendar()
    days = [calendar.shift(last, -n) for n in range(149, -1, -1)]
    rows = (
        f"{day},{symbol},{price},{price + 500},{price - 500},{price},2000000"
        for n, day in enumerate(days)
        for symbol in symbols
        for price in [60_000 + 100 * (n % 7)]
    )
    (kats.folder / "data").mkdir(exist_ok=True)
    kats.write("data/raw_daily.csv", "date,symbol,open,high,low,close,volume\n" + "\n".join(rows) + "\n")


def test_bars_alone_leave_the_market_assumed(kats: Any) -> None:
    """Regime and pulse carry the label beside their value, and one line names everything that is assumed."""
    bars(kats)
    korean = kats("screen", "--data", "data", "--day", "2025-06-18").out
    assert "일반 상승장 (가정)" in korean
    assert "시장 맥박 상승 추세 (가정)" in korean
    english = kats("screen", "--data", "data", "--day", "2025-06-18", "--lang", "en").out
    assert "bull (assumed)" in english
    assert "pulse uptrend (assumed)" in english
    for name, value in EVERYTHING.items():
        assert f"{name}={value}" in english


def test_stars_that_are_assumed_are_marked_in_the_list(kats: Any) -> None:
    """Each with an asterisk that is explained below; those that follow from the data have none."""
    bars(kats)
    english = kats("screen", "--data", "data", "--day", "2025-06-18", "--lang", "en").out
    assert "4*" in english
    assert "* assumed" in english
    kats.configure()
    assert "*" not in kats("screen", "--lang", "en").out


def test_a_symbol_shows_which_of_its_values_are_assumed(kats: Any) -> None:
    """Status, stars, board, sector, and the grade that a run takes instead of the screen's."""
    bars(kats)
    told = kats("screen", "--data", "data", "--day", "2025-06-18", "--symbol", "005930", "--lang", "en").out
    (status,) = (line for line in told.splitlines() if " Q6 " in line)
    assert "assumed" in status
    assert "005930 · KOSPI (assumed) · a sector of its own (assumed)" in told
    assert "B (assumed)" in told
    assert "4 (assumed)" in told
    assert "bull (assumed)" in told
    assert "the strategy is not for this regime (assumed)" in told
    korean = kats("screen", "--data", "data", "--day", "2025-06-18", "--symbol", "005930").out
    assert "코스피 (가정) · 종목별 업종 (가정)" in korean


def test_programs_are_told_what_is_assumed(kats: Any) -> None:
    """Beside the values, whose keys stay as they were."""
    bars(kats)
    arguments = ("screen", "--data", "data", "--day", "2025-06-18", "--json")
    found = kats(*arguments).json
    assert (found["regime"], found["pulse"], found["assumed"]) == ("BULL", "UPTREND", EVERYTHING)
    one = kats(*arguments, "--symbol", "005930").json
    assert one["assumed"] == {**EVERYTHING, "stars.BULL": 4, "stars.FLOW": 4}
    listed = [symbol for one in found["lists"] for symbol in one["symbols"]]
    assert listed
    assert all({"status": "00", "stars.FLOW": 4}.items() <= symbol["assumed"].items() for symbol in listed)
    assert one["checks"]["Q6"] == {**one["checks"]["Q6"], "passed": True, "note": "ASSUMED", "assumed": True}
    assert not one["checks"]["Q2"]["assumed"]
    assert one["strategies"]["gap-and-go"] == {
        "armed": False,
        "rank": None,
        "code": "core:REGIME_OFF",
        "assumed": True,
    }


@pytest.mark.parametrize("symbol", [None, "990070"])
def test_a_market_that_tells_everything_assumes_nothing(kats: Any, symbol: str | None) -> None:
    """No label where every value was measured."""
    kats.configure()
    more = () if symbol is None else ("--symbol", symbol)
    assert "assumed" not in kats("screen", *more, "--lang", "en").out
    assert kats("screen", *more, "--json").json["assumed"] == {}
