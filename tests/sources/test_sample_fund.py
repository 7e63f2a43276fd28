"""The sample market's inverse fund: it goes as the KOSPI does, the other way round, on the ticks of funds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.rules import symbol_rules
from kats_core.model.kinds import InstrumentKind, Scope
from kats_core.sources.sample.market import SampleSource

SOURCE = SampleSource(7, 4_000)
DAY = dt.date(2025, 9, 18)


def column() -> int:
    return [one.symbol for one in SOURCE.instruments(DAY)].index("114800")


def test_the_fund_is_listed_as_what_it_is() -> None:
    """A fund of KOSPI that moves once, the other way round; the strategy's default code."""
    instrument = SOURCE.instruments(DAY)[column()]
    assert (instrument.kind, instrument.leverage) == (InstrumentKind.ETF, -1)
    assert [one.symbol for one in SOURCE.instruments(DAY)] == sorted(one.symbol for one in SOURCE.instruments(DAY))


def test_it_changes_by_the_index_s_change_with_the_sign_turned() -> None:
    """Every day, to a tick: it is reset daily."""
    panel, kospi = SOURCE.history(None, None), SOURCE.indices()["KOSPI"]
    close, index = panel.close[:, column()], kospi.on(panel.sessions, "close")
    own, other = close[1:] / close[:-1] - 1, index[1:] / index[:-1] - 1
    assert (np.abs(own + other) <= 6 / close[:-1]).all()


@pytest.mark.parametrize("day", [dt.date(2023, 12, 15), dt.date(2023, 12, 18), DAY])
def test_its_prices_keep_the_ticks_and_limits_of_funds(day: dt.date) -> None:
    """Flat ticks of five won before 18 December 2023, since then one won below 2 000."""
    panel = SOURCE.history(None, day)
    j, base = column(), int(panel.close[-2, column()])
    rules = symbol_rules(panel.instruments[j], base, day, Scope.RAW)
    bars = SOURCE.minutes(day)
    rows = bars.rows_of[bars.column["114800"]]
    for price in {*bars.open[rows].tolist(), *bars.high[rows].tolist(), *bars.low[rows].tolist()}:
        assert rules.ticks.is_on_tick(price)
        assert rules.limits.contains(price)


@pytest.mark.parametrize("day", SOURCE.daily_sessions()[5::400])
def test_within_a_session_it_mirrors_the_index(day: dt.date) -> None:
    """At the end of each minute, to a tick; and its minutes add up to its day."""
    bars, course = SOURCE.minutes(day), SOURCE.index_minutes(day)["KOSPI"]
    rows = bars.rows_of[bars.column["114800"]]
    hours = krx_calendar().hours(day)
    panel = SOURCE.history(None, day)
    kospi, j = SOURCE.indices()["KOSPI"], column()
    before, base = kospi.close[kospi.sessions.index(day) - 1], panel.close[-2, j]
    ends = course.points[1:][course.at[1:] <= hours.close_auction]
    mirrored = base * (2 - ends / before)
    assert (np.abs(bars.close[rows][: len(ends)] - mirrored) <= 6).all()
    assert (bars.volume[rows].sum(), bars.value[rows].sum()) == (panel.volume[-1, j], panel.value[-1, j])
    assert (bars.open[rows][0], bars.close[rows][-1]) == (panel.open[-1, j], panel.close[-1, j])


def test_it_trades_enough_to_be_bought() -> None:
    """More than the ten billion won a day that screening asks of a fund."""
    panel = SOURCE.history(None, None)
    assert float(np.median(panel.value[:, column()])) > 30e9
    assert int(panel.value[:, column()].min()) > 10e9
