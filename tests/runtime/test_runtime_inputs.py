"""The registry of inputs: who is asked first, what an assumption may fill, what stays missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from kats_core.config import Assume
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import market_conditions
from kats_core.market.events import EventCalendar, EventType, day_from_text, manual_event
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.market.tables import DIVIDENDS, IndexSeries, SideTable
from kats_core.model import fact
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, Grade, Market, Regime
from kats_core.model.time import Nanos
from kats_core.runtime.inputs import (
    Answer,
    Assumed,
    Column,
    Dividends,
    Given,
    Inputs,
    Listed,
    MarketState,
    Scheduled,
    SessionInputs,
)
from kats_core.testing import panel as panel_of

SESSION = dt.date(2026, 3, 4)
SYMBOLS = ("000001", "000002", "000003")
AT = 8
ASSUME = Assume(regime=Regime.BULL, grade=Grade.B, stars=4, sector="own")


@dataclass(frozen=True)
class Fixed:
    """A provider that answers the same every day."""

    answers: tuple[Answer, ...]

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Answer."""
        return self.answers


def stars(*values: float, answers: tuple[bool, ...] | None = None) -> Column:
    marked = None if answers is None else np.array(answers)
    return Column(fact.STARS, np.array(values), AT, FactSource.DERIVED, marked)


def known(*answers: Answer, assume: Assume = ASSUME) -> SessionInputs:
    return Inputs(SYMBOLS, (Fixed(answers), Assumed(assume, SYMBOLS))).of_session(SESSION, AT)


def test_a_provider_goes_before_the_assumption() -> None:
    """What data say wins over what the operator wrote for data that say nothing."""
    found = known(Fact(fact.REGIME, "BEAR", AT, FactSource.DERIVED)).get(fact.REGIME)
    assert (found.value, found.source) == ("BEAR", FactSource.DERIVED)


def test_what_nobody_provides_is_assumed() -> None:
    """And labelled so."""
    found = known().get(fact.GRADE, "000002")
    assert (found.value, found.source) == ("B", FactSource.ASSUMED)


def test_what_nobody_knows_or_assumes_is_missing() -> None:
    """In both ways of asking."""
    inputs = known(assume=Assume())
    assert inputs.get(fact.REGIME).is_missing
    assert list(inputs.texts(fact.GRADE)) == [None] * 3
    assert np.isnan(inputs.numbers(fact.STARS)).all()


def test_an_assumption_does_not_fill_what_a_provider_could_not_compute() -> None:
    """A symbol whose stars are unknown does not get the assumed four: it does not trade."""
    inputs = known(stars(5, np.nan, 3))
    assert inputs.get(fact.STARS, "000002").is_missing
    assert inputs.get(fact.STARS, "000002").as_of == AT
    np.testing.assert_array_equal(inputs.numbers(fact.STARS), [5, np.nan, 3])


def test_an_assumption_stands_for_symbols_of_which_a_provider_does_not_speak() -> None:
    """A list of sectors that knows two symbols of three leaves the third to `assume`."""
    inputs = known(stars(5, np.nan, 3, answers=(True, False, True)))
    assert [inputs.get(fact.STARS, symbol).value for symbol in SYMBOLS] == [5, 4, 3]
    assert [inputs.get(fact.STARS, symbol).source.value for symbol in SYMBOLS] == ["derived", "assumed", "derived"]
    np.testing.assert_array_equal(inputs.numbers(fact.STARS), [5, 4, 3])


def test_a_missing_fact_of_the_market_is_an_answer_too() -> None:
    """A regime that cannot be known is not the assumed one."""
    assert known(fact.missing(fact.REGIME)).get(fact.REGIME).is_missing


def test_what_a_source_says_of_a_symbol_goes_before_what_it_says_of_the_market() -> None:
    """In whatever order it says them."""
    inputs = known(Fact(fact.GRADE, "C", AT, FactSource.FEED), Fact(fact.GRADE, "A", AT, FactSource.FEED, "000002"))
    assert list(inputs.texts(fact.GRADE)) == ["C", "A", "C"]
    assert [inputs.get(fact.GRADE, symbol).value for symbol in SYMBOLS] == ["C", "A", "C"]


def test_own_sectors_are_one_for_each_symbol() -> None:
    """`assume: {sector: own}`."""
    assert list(known().texts(fact.SECTOR)) == list(SYMBOLS)
    assert known().get(fact.SECTOR, "000003").value == "000003"


def test_facts_are_built_for_the_symbols_that_matter_alone() -> None:
    """One a name for the market, and one for each of the given symbols where symbols may differ."""
    facts = known(stars(5, np.nan, 3)).facts(["000002"])
    assert [(f.name, f.symbol, f.value) for f in facts if f.symbol] == [
        (fact.STARS, "000002", None),
        (fact.SECTOR, "000002", "000002"),
    ]
    assert {f.name: f.value for f in facts if not f.symbol} == {
        fact.STARS: None,
        fact.REGIME: "BULL",
        fact.GRADE: "B",
        fact.SECTOR: None,
    }


def test_the_list_of_instruments_tells_boards_and_sectors_where_it_knows_them() -> None:
    """A board that was only supposed is not told as known."""
    listed = (
        Instrument(symbol="000001", market=Market.KOSDAQ, sector="제약"),
        Instrument(symbol="000002", is_market_known=False),
    )
    day = (25_000, 25_600, 24_700, 25_400, 100_000)
    panel = panel_of({"000001": [day], "000002": [day]}, instruments=listed)
    assume = Assume(market=Market.KOSPI)
    inputs = Inputs(panel.symbols, (Listed(panel), Assumed(assume, panel.symbols))).of_session(SESSION, AT)
    assert [inputs.get(fact.MARKET, symbol).source.value for symbol in panel.symbols] == ["file", "assumed"]
    assert list(inputs.texts(fact.MARKET)) == ["KOSDAQ", "KOSPI"]
    assert list(inputs.texts(fact.SECTOR)) == ["제약", None]


def test_people_are_told_what_is_derived_and_what_is_assumed_instead() -> None:
    """An assumption that a provider covers is not in use, so it is not told."""
    registry = Inputs(SYMBOLS, (Fixed((stars(5, 4, 3),)), Assumed(ASSUME, SYMBOLS)))
    assert registry.told(SESSION) == {
        FactSource.DERIVED: ["stars"],
        FactSource.ASSUMED: ["sector=own", "regime=BULL", "grade=B"],
    }


def conditions(closes: list[float], until: dt.date = SESSION) -> MarketState:
    calendar = krx_calendar()
    sessions = tuple(calendar.shift(SESSION, lag) for lag in range(-len(closes), 0))
    column = np.array(closes)
    series = IndexSeries("KOSPI", sessions, column, column, column, column, column, "test")
    found = market_conditions({"KOSPI": series}, None, calendar, until, RegimeParams(), PulseParams())
    assert found is not None
    return MarketState(found, calendar)


RISING = [2000.0 + n for n in range(260)]


def test_the_state_of_the_market_is_that_of_the_evening_before() -> None:
    """Derived, and as old as the last close."""
    inputs = Inputs(SYMBOLS, (conditions(RISING), Assumed(ASSUME, SYMBOLS))).of_session(SESSION, AT)
    found = {name: inputs.get(name) for name in (fact.REGIME, fact.PULSE, fact.INDEX_CLOSE, fact.INDEX_CHANGE)}
    assert {name: one.value for name, one in found.items()} == {
        fact.REGIME: "BULL",
        fact.PULSE: "UPTREND",
        fact.INDEX_CLOSE: 2259.0,
        fact.INDEX_CHANGE: 2259 / 2258 - 1,
    }
    close = krx_calendar().hours(krx_calendar().shift(SESSION, -1)).close
    assert {(one.as_of, one.source) for one in found.values()} == {(close, FactSource.DERIVED)}


def test_the_day_itself_does_not_tell_its_own_state() -> None:
    """A crash on the session is known on the next one."""
    crashed = Inputs(SYMBOLS, (conditions([*RISING, 1000.0]),))
    eve = krx_calendar().shift(SESSION, -1)
    assert crashed.of_session(eve, AT).get(fact.REGIME).value == "BULL"
    assert crashed.of_session(SESSION, AT).get(fact.REGIME).value == "BEAR"


def test_an_index_that_cannot_tell_is_not_replaced_by_an_assumption() -> None:
    """Too short a history, or one that ended days ago: the regime is unknown, the rest missing."""
    short = Inputs(SYMBOLS, (conditions(RISING[:100]), Assumed(ASSUME, SYMBOLS)))
    assert short.of_session(SESSION, AT).get(fact.REGIME).value == "UNKNOWN"
    later = krx_calendar().shift(SESSION, 3)
    old = Inputs(SYMBOLS, (conditions(RISING, later), Assumed(ASSUME, SYMBOLS))).of_session(later, AT)
    assert old.get(fact.REGIME).value == "UNKNOWN"
    assert old.get(fact.PULSE).is_missing
    assert old.get(fact.INDEX_CHANGE).is_missing


def test_before_the_first_value_of_the_index_nothing_is_known() -> None:
    """Not assumed either."""
    early = dt.date(2020, 1, 3)
    inputs = Inputs(SYMBOLS, (conditions(RISING), Assumed(ASSUME, SYMBOLS))).of_session(early, AT)
    assert inputs.get(fact.REGIME).is_missing


@pytest.mark.parametrize("values", [np.array([True, None, 2.5], dtype=np.object_), np.array([1, 2, 3])])
def test_cells_become_plain_values(values: np.ndarray) -> None:
    """No numpy scalar leaves the registry: facts are stored and compared."""
    column = Column("own", values, AT, FactSource.DERIVED)
    inputs = Inputs(SYMBOLS, (Fixed((column,)), Given(()))).of_session(SESSION, AT)
    found = [inputs.get("own", symbol).value for symbol in SYMBOLS]
    assert found == values.tolist()
    assert {type(value).__module__ for value in found} == {"builtins"}


def test_events_are_one_fact_of_the_market_and_one_of_each_symbol_with_its_own() -> None:
    """A symbol without events of its own reads the market's; nobody builds a fact for each of two thousand."""
    krx, session = krx_calendar(), dt.date(2026, 12, 10)
    report = manual_event(krx, date=session, of=EventType.EARNINGS, symbol="000002")
    inputs = Inputs(SYMBOLS, (Scheduled(EventCalendar(krx, [report])),)).of_session(session, AT)
    types = {
        symbol: {event.type for event in day_from_text(str(inputs.get(fact.EVENTS, symbol).value)).events}
        for symbol in SYMBOLS
    }
    market = {EventType.FUTURES_EXPIRY, EventType.FOMC_REACTION}
    assert types == {"000001": market, "000002": market | {EventType.EARNINGS}, "000003": market}
    assert len(inputs.facts(SYMBOLS)) == 4


def test_a_day_outside_the_calendar_has_no_events() -> None:
    """Missing, which is not the same as none."""
    provider = Scheduled(EventCalendar(krx_calendar()))
    assert Inputs(SYMBOLS, (provider,)).of_session(dt.date(2028, 1, 4), AT).get(fact.EVENTS).is_missing


def test_the_index_tells_what_its_200_day_average_will_be_measured_by() -> None:
    """The mean of 200 closes, and of the 199 that stand beside today's in the next one."""
    inputs = Inputs(SYMBOLS, (conditions(RISING),)).of_session(SESSION, AT)
    assert inputs.get(fact.INDEX_MA200).value == pytest.approx(sum(RISING[-200:]) / 200)
    assert inputs.get(fact.INDEX_MA199).value == pytest.approx(sum(RISING[-199:]) / 199)
    short = Inputs(SYMBOLS, (conditions(RISING[:199]),)).of_session(SESSION, AT)
    assert short.get(fact.INDEX_MA200).is_missing


def dividends(*rows: tuple[str, str, float]) -> Dividends:
    """Dividends of one symbol: (record date, announced, won a share)."""
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    table = SideTable(
        name=DIVIDENDS,
        symbols=SYMBOLS,
        symbol=np.zeros(len(rows), dtype=np.int32),
        period=np.array([row[0] for row in ordered], dtype="datetime64[D]"),
        available_from=np.array([row[1] for row in ordered], dtype="datetime64[D]"),
        columns={"dps_krw": np.array([row[2] for row in ordered])},
        source="test",
    )
    return Dividends(table, krx_calendar())


def going_ex(provider: Dividends, day: str) -> object:
    return Inputs(SYMBOLS, (provider,)).of_session(dt.date.fromisoformat(day), AT).get(fact.DIVIDEND, SYMBOLS[0]).value


def test_a_dividend_goes_ex_one_session_before_its_record_date() -> None:
    """Year-end 2025: the exchange is closed on the 31st, the last session is the 30th, the ex-date the 29th."""
    year_end = dividends(("2025-12-31", "2025-12-10", 1_500))
    assert [going_ex(year_end, day) for day in ("2025-12-26", "2025-12-29", "2025-12-30")] == [None, 1_500, None]
    assert going_ex(dividends(("2026-03-05", "2026-02-10", 700)), "2026-03-04") == 700


def test_a_dividend_is_known_by_what_was_announced_before_its_ex_date() -> None:
    """The newest announcement before it counts; one that comes later, or no amount, does not."""
    changed = dividends(("2026-03-05", "2026-02-10", 700), ("2026-03-05", "2026-03-03", 800))
    assert going_ex(changed, "2026-03-04") == 800
    late = dividends(("2026-03-05", "2026-02-10", 700), ("2026-03-05", "2026-03-04", 800))
    assert going_ex(late, "2026-03-04") == 700
    assert going_ex(dividends(("2026-03-05", "2026-03-04", 800)), "2026-03-04") is None
    assert going_ex(dividends(("2026-03-05", "2026-02-10", float("nan"))), "2026-03-04") is None
