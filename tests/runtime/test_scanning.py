"""Strategies that judge a session's minutes at once: asked where they marked, told what they found, the same decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.api import Above, Exit, Management, NotYet, OnBar, OpeningRangeHigh, Position, Scan, View
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.record import FaultRecord, SetupRecord
from kats_core.testing import panel as panel_of

if TYPE_CHECKING:
    from conftest import Desk, House

DAY = (25_000, 25_600, 24_700, 25_400, 100_000)
SYMBOL, OTHER = "005930", "000660"
SESSION = dt.date(2026, 3, 4)

Scanning = Callable[[MinuteBars], Any]


def minutes_of(prices: dict[str, list[int]]) -> MinuteBars:
    """One bar a minute from 09:00, of one price each; 0 where the symbol does not trade."""
    symbols = tuple(sorted(prices))
    first = time.at(SESSION, dt.time(9))
    cells = sorted(
        (first + n * time.MINUTE, j, price)
        for j, symbol in enumerate(symbols)
        for n, price in enumerate(prices[symbol])
        if price
    )
    start, symbol, price = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    volume = np.full(len(cells), 100_000)
    return MinuteBars(
        session=SESSION,
        symbols=symbols,
        symbol=symbol.astype(np.int32),
        start=start,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=volume,
        value=volume * price,
        is_auction=np.zeros(len(cells), dtype=np.bool_),
    )


def even(bars: MinuteBars) -> Scan:
    """Mark prices whose hundreds are even, and tell the price."""
    return Scan(bars.close // 100 % 2 == 0, {"price": bars.close, "gap": np.where(bars.close > 25_400, 1.5, np.nan)})


def desk_of(house: type[House], scanning: Scanning, **changes: Any) -> tuple[Desk, Any]:
    """A desk of one strategy that waits for each minute and scans."""

    @dataclass(slots=True)
    class Scanner(house.Manager):  # type: ignore[misc, name-defined]
        def scan(self, bars: MinuteBars) -> Scan:
            answer: Scan = scanning(bars)
            return answer

    strategy = Scanner(cap=0, stop=95, waiting=changes.pop("waiting", lambda level: OnBar(1)), **changes)
    return house.Desk(strategies=(house.instance(strategy, manage_every_min=1, needs_minute_bars=True),)), strategy


def history(*symbols: str) -> Panel:
    return panel_of({symbol: [DAY] * 6 for symbol in symbols})


def test_it_is_asked_only_at_the_minutes_that_it_marked(house: type[House]) -> None:
    """The second and the fourth; what it found there is in the view, without what is no number."""
    desk, strategy = desk_of(house, even, confirming=lambda view, setup: NotYet(CoreCode.NO_BREAKOUT))
    desk.play(history(SYMBOL), [minutes_of({SYMBOL: [25_300, 25_400, 25_500, 25_600, 25_700]})])
    assert [view.scanned for view in strategy.seen] == [{"price": 25_400}, {"price": 25_600, "gap": 1.5}]
    assert desk.kept(SetupRecord)[-1].asked == 2


def test_it_manages_with_what_it_found_at_each_minute(house: type[House]) -> None:
    """Held from 09:02 on; at 25 700, which it did not mark, it wants out."""
    found: list[object] = []

    def managing(view: View, position: Position) -> Management:
        found.append((view.scanned or {}).get("price"))
        return Exit(CoreCode.TIME_EXIT) if found[-1] == 25_700 else None

    desk, _ = desk_of(house, even, managing=managing)
    desk.play(history(SYMBOL), [minutes_of({SYMBOL: [25_300, 25_400, 25_400, 25_700, 25_500, 25_500]})])
    assert found == [25_400, 25_700]
    assert [(side, quantity) for side, _, quantity in desk.fills] == [("BUY", 100), ("SELL", 100)]


def test_a_level_that_the_bars_before_it_make_is_still_known(house: type[House]) -> None:
    """The highest of the first two minutes is 25 500, although it marked neither."""
    desk, strategy = desk_of(
        house,
        lambda bars: Scan(bars.start >= time.at(SESSION, dt.time(9, 3))),
        waiting=lambda level: Above(OpeningRangeHigh(2)),
        confirming=lambda view, setup: NotYet(CoreCode.NO_BREAKOUT),
    )
    desk.play(history(SYMBOL), [minutes_of({SYMBOL: [25_500, 25_400, 25_600, 25_450, 25_600]})])
    assert [view.last for view in strategy.seen] == [25_600]
    assert desk.kept(SetupRecord)[-1].level == 25_500


@pytest.mark.parametrize(
    ("scanning", "text"),
    [
        pytest.param(lambda bars: 1 / 0, "ZeroDivisionError", id="it raises"),
        pytest.param(lambda bars: bars.close > 0, "expected Scan", id="it answers something else"),
        pytest.param(
            lambda bars: Scan(np.ones(1, dtype=np.bool_)), "one cell for each of 3 bars", id="a row is missing"
        ),
        pytest.param(lambda bars: Scan(bars.close), "expected bool", id="its rows are numbers"),
        pytest.param(
            lambda bars: Scan(bars.close > 0, {"x": bars.close[:1]}), "x has the shape", id="a number is missing"
        ),
    ],
)
def test_one_that_cannot_scan_is_named_and_asked_nowhere(house: type[House], scanning: Scanning, text: str) -> None:
    """The session goes on without it."""
    desk, strategy = desk_of(house, scanning)
    desk.play(history(SYMBOL), [minutes_of({SYMBOL: [25_400, 25_400, 25_400]})])
    assert strategy.seen == []
    (fault,) = desk.kept(FaultRecord)
    assert (fault.owner, fault.code) == ("buyer", "core:STRATEGY_ERROR")
    assert fault.text.startswith("scan: ")
    assert text in fault.text


PRICES = st.lists(st.sampled_from([0, 25_000, 25_100, 25_300, 25_400, 25_500, 25_700, 25_900]), min_size=1, max_size=25)


@given(one=PRICES, two=PRICES, is_range=st.booleans())
@settings(max_examples=60, deadline=None)
def test_dense_feeding_decides_the_same(house: type[House], one: list[int], two: list[int], is_range: bool) -> None:
    """Every bar fed, or only the marked ones and those of what is held: the same records, byte for byte."""

    def managing(view: View, position: Position) -> Management:
        return Exit(CoreCode.TIME_EXIT) if (view.scanned or {}).get("price") == 25_700 else None

    def log(dense: bool) -> object:
        waiting = (lambda level: Above(OpeningRangeHigh(3))) if is_range else (lambda level: OnBar(2))
        desk, _ = desk_of(house, even, managing=managing, waiting=waiting)
        bars = minutes_of({SYMBOL: [25_400, *one], OTHER: [25_300, *two]})
        return desk.play(history(SYMBOL, OTHER), [bars], dense=dense).log

    assert log(dense=True) == log(dense=False)
