"""Specify the event calendar: `spec/market.md` section 8, `spec/risk.md` section 2.6."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.calendar import CalendarError, krx_calendar
from kats_core.market.events import (
    BOK_SECTORS,
    SCHEDULES,
    Audience,
    EventCalendar,
    EventDay,
    EventOrigin,
    EventType,
    MarketEvent,
    TradingAction,
    day_from_text,
    decides_for_all,
    ex_dividend_date,
    expiry,
    generate,
    last_cum_dividend,
    manual_event,
)
from kats_core.model.kinds import Style
from kats_core.testing import proposal

KRX = krx_calendar()
T, A = EventType, TradingAction
RULES = EventCalendar(KRX)
YEARS = range(1996, 2028)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def swing(**changes: Any) -> Audience:
    usual: dict[str, Any] = {"symbol": "005930", "sector": "전기전자", "style": Style.SWING, "sits_out": True}
    return Audience(**(usual | changes))


def intraday(**changes: Any) -> Audience:
    return swing(**({"style": Style.DAY, "sits_out": False} | changes))


def hedge(**changes: Any) -> Audience:
    """A swing strategy that does not sit events out: inverse funds, reversals."""
    return swing(**({"sits_out": False} | changes))


def on(text: str, of: EventType, **changes: Any) -> EventCalendar:
    return EventCalendar(KRX, [manual_event(KRX, date=day(text), of=of, **changes)])


def dates(of: EventType, year: int) -> list[str]:
    return [f"{event.first:%m-%d}" for event in generate(KRX, year) if event.type is of]


class TestGenerated:
    @pytest.mark.parametrize(
        ("year", "expected"),
        [
            (2026, "01-08 02-12 03-12 04-09 05-14 06-11 07-09 08-13 09-10 10-08 11-12 12-10"),
            (2027, "01-14 02-11 03-11 04-08 05-12 06-10 07-08 08-12 09-09 10-14 11-11 12-09"),
        ],
    )
    def test_expiries(self, year: int, expected: str) -> None:
        """Second Thursdays, the session before where they are closed; each quarter's is that of futures too."""
        assert [f"{expiry(KRX, year, month):%m-%d}" for month in range(1, 13)] == expected.split()
        quarterly = dates(T.FUTURES_EXPIRY, year)
        assert quarterly == [text for text in expected.split() if int(text[:2]) in (3, 6, 9, 12)]
        assert sorted(quarterly + dates(T.OPTION_EXPIRY, year)) == expected.split()

    def test_fomc_of_december_2026(self) -> None:
        """Statement on US 12-09: the event on session 12-09, the reaction on 12-10, which is also an expiry."""
        assert "12-09" in dates(T.FOMC, 2026)
        assert {event.type for event in RULES.on(day("2026-12-10")).events} == {T.FUTURES_EXPIRY, T.FOMC_REACTION}

    def test_fomc_on_a_closed_day_is_the_session_before(self) -> None:
        """US 2024-05-01 is Labor Day in Korea: the event on 04-30, the reaction on 05-02."""
        assert "04-30" in dates(T.FOMC, 2024)
        assert "05-02" in dates(T.FOMC_REACTION, 2024)

    def test_published_schedules(self) -> None:
        """Eight decisions a year of each bank; those of FOMC in 2027 are tentative."""
        for of, schedule in SCHEDULES.items():
            for year, own in schedule.items():
                assert len(own.days) == 8
                assert len(dates(of, year)) == 8
                assert own.source.text
        assert all(event.estimated for event in generate(KRX, 2027) if event.type is T.FOMC)

    @pytest.mark.parametrize(("year", "expected"), [(2025, "12-29"), (2026, "12-29"), (2027, "12-29"), (2024, "12-27")])
    def test_year_end_dividend(self, year: int, expected: str) -> None:
        """One session before the last one of the year; the last session with it is one earlier."""
        assert dates(T.EX_DIVIDEND, year) == [expected]
        assert ex_dividend_date(KRX, dt.date(year, 12, 31)) == day(f"{year}-{expected}")

    def test_record_dates_of_companies(self) -> None:
        """A record date that is a session counts itself."""
        assert ex_dividend_date(KRX, day("2026-04-10")) == day("2026-04-09")
        assert last_cum_dividend(KRX, day("2026-04-10")) == day("2026-04-08")
        assert last_cum_dividend(KRX, day("2025-12-31")) == day("2025-12-26")

    @pytest.mark.parametrize(
        ("year", "expected", "estimated"),
        [
            (2024, "02-29 05-31 08-30 11-25", False),
            (2025, "02-28 05-30 08-26 11-24", False),
            (2026, "02-27 05-29 08-31 11-30", True),
        ],
    )
    def test_rebalancing(self, year: int, expected: str, estimated: bool) -> None:
        """Announced days, else the last session of the month, estimated."""
        assert dates(T.MSCI, year) == expected.split()
        assert {event.estimated for event in generate(KRX, year) if event.type is T.MSCI} == {estimated}

    def test_earnings_seasons(self) -> None:
        """Four spans, each from its first to its last session."""
        spans = [(e.date, e.first, e.last) for e in generate(KRX, 2026) if e.type is T.EARNINGS_SEASON]
        assert [(f"{d:%m-%d}", f"{a:%m-%d}", f"{b:%m-%d}") for d, a, b in spans] == [
            ("01-15", "01-15", "02-13"),
            ("04-15", "04-15", "05-15"),
            ("07-15", "07-15", "08-14"),
            ("10-15", "10-15", "11-13"),
        ]

    def test_eves_of_long_holidays(self) -> None:
        """Seollal, Chuseok and the turn of the year 2026/27 close four days or more."""
        assert dates(T.HOLIDAY_EVE, 2026) == ["02-13", "09-23", "12-30"]

    @pytest.mark.parametrize("year", YEARS)
    def test_every_event_acts_on_sessions(self, year: int) -> None:
        """Whatever the year, an event begins and ends on a session; its own day may be another."""
        for event in generate(KRX, year):
            assert KRX.is_session(event.first)
            assert KRX.is_session(event.last)

    def test_outside_the_calendar_nothing_is_generated(self) -> None:
        """And no session there can be asked about."""
        assert generate(KRX, 2028) == generate(KRX, 1990) == ()
        with pytest.raises(CalendarError):
            RULES.on(day("2028-01-04"))


class TestEffects:
    def test_option_expiry(self) -> None:
        """Half the size, 10 points more cash, nothing after 14:00."""
        effect = RULES.on(day("2026-10-08")).effect(intraday())
        assert (effect.action, effect.extra_cash, effect.size_multiplier()) == (A.REDUCE, 0.10, 0.5)
        assert (effect.entries_from, effect.entries_until) == (None, dt.time(14))

    def test_a_day_of_two_events(self) -> None:
        """2026-12-10: strictest action, largest cash, both time limits; never the sum."""
        effect = RULES.on(day("2026-12-10")).effect(intraday())
        assert (effect.action, effect.extra_cash) == (A.REDUCE, 0.20)
        assert (effect.entries_from, effect.entries_until) == (dt.time(9, 30), dt.time(14))
        assert set(effect.types) == {T.FUTURES_EXPIRY, T.FOMC_REACTION}

    def test_fomc_stops_those_that_sit_out(self) -> None:
        """Swing strategies enter nothing; the others half."""
        events = RULES.on(day("2026-12-09"))
        assert events.effect(swing()).halted_by == (T.FOMC,)
        assert events.effect(swing()).size_multiplier() == 0
        assert {events.effect(one()).action for one in (hedge, intraday)} == {A.REDUCE}
        assert events.effect(intraday()).extra_cash == 0.20

    @pytest.mark.parametrize("sector", sorted(BOK_SECTORS))
    def test_rate_decisions_close_the_sectors_that_they_move(self, sector: str) -> None:
        """Nothing there, all else normal with 10 points more cash; an unknown sector may be one of them."""
        events = RULES.on(day("2026-11-26"))
        assert events.effect(intraday(sector=sector)).halted_by == (T.BOK,)
        assert events.effect(intraday(sector=None)).action is A.HALT
        other = events.effect(intraday())
        assert (other.action, other.extra_cash) == (A.NORMAL, 0.10)

    def test_ex_dividend_stops_those_that_trade_gaps(self) -> None:
        """The fall at the open is the dividend."""
        events = RULES.on(day("2026-12-29"))
        assert events.effect(intraday(trades_gaps=True)).halted_by == (T.EX_DIVIDEND,)
        assert events.effect(intraday()).action is events.effect(swing()).action is A.NORMAL

    def test_holiday_eve_is_for_those_who_hold_over_it(self) -> None:
        """Swing strategies halve, also those that sit nothing out; day strategies do not."""
        events = RULES.on(day("2026-09-23"))
        assert [events.effect(one()).action for one in (swing, hedge, intraday)] == [A.REDUCE, A.REDUCE, A.NORMAL]

    def test_earnings_stop_one_symbol_from_two_sessions_before(self) -> None:
        """Only swing strategies, only that symbol, until the day of the report."""
        calendar = on("2026-11-05", T.EARNINGS, symbol="005930")
        halted = [
            d for d in KRX.sessions(day("2026-10-30"), day("2026-11-10")) if calendar.on(d).effect(swing()).halted_by
        ]
        assert halted == [day("2026-11-03"), day("2026-11-04"), day("2026-11-05")]
        events = calendar.on(day("2026-11-05"))
        assert events.effect(swing(symbol="000660")).action is A.NORMAL
        assert events.effect(intraday()).action is A.NORMAL

    def test_a_report_in_january_acts_in_december(self) -> None:
        """The two sessions before it lie in the year before."""
        calendar = on("2027-01-04", T.EARNINGS, symbol="005930")
        assert calendar.on(day("2026-12-29")).effect(swing()).halted_by == (T.EARNINGS,)

    def test_short_selling_rules_act_for_five_sessions(self) -> None:
        """The resumption of 2025-03-31: to 04-04."""
        calendar = on("2025-03-31", T.SHORT_SELL)
        acting = [
            d
            for d in KRX.sessions(day("2025-03-28"), day("2025-04-08"))
            if T.SHORT_SELL in calendar.on(d).effect(intraday()).types
        ]
        assert (acting[0], acting[-1], len(acting)) == (day("2025-03-31"), day("2025-04-04"), 5)

    def test_types_that_are_switched_off_do_not_act(self) -> None:
        """A stage may count only some types."""
        events = RULES.on(day("2026-12-10"))
        effect = events.effect(intraday(), types=[T.FOMC_REACTION])
        assert (effect.types, effect.extra_cash, effect.entries_until) == ((T.FOMC_REACTION,), 0.10, None)
        assert events.effect(intraday(), types=[]).extra_cash == 0

    def test_a_free_day_has_no_effect(self) -> None:
        """Normal, no extra cash, no clock."""
        effect = RULES.on(day("2026-11-03")).effect(swing(), types=set(T) - {T.EARNINGS_SEASON})
        assert (effect.action, effect.extra_cash, effect.types, effect.size_multiplier()) == (A.NORMAL, 0.0, (), 1.0)


class TestOperator:
    def test_a_row_takes_the_place_of_the_generated_one(self) -> None:
        """Same day, type and symbol: the operator's action counts for everybody."""
        calendar = on("2026-12-09", T.FOMC, action=A.REDUCE, extra_cash=0.05)
        (event,) = calendar.on(day("2026-12-09")).events
        assert event.origin is EventOrigin.MANUAL
        assert calendar.on(day("2026-12-09")).effect(swing()).action is A.REDUCE
        assert calendar.on(day("2026-12-09")).effect(swing()).extra_cash == 0.05

    def test_a_row_may_take_an_event_away(self) -> None:
        """Not active: neither it nor the generated one acts."""
        calendar = on("2026-10-08", T.OPTION_EXPIRY, is_active=False)
        assert T.OPTION_EXPIRY not in {event.type for event in calendar.on(day("2026-10-08")).events}

    def test_a_confirmed_day_replaces_an_estimate_of_its_month(self) -> None:
        """MSCI announces 2026-11-24: the last session of November is no event any more."""
        calendar = on("2026-11-24", T.MSCI)
        found = [event for event in calendar.between(day("2026-11-01"), day("2026-11-30")) if event.type is T.MSCI]
        assert [(event.first, event.estimated) for event in found] == [(day("2026-11-24"), False)]

    def test_a_row_of_another_symbol_leaves_the_market_s_event_alone(self) -> None:
        """Both act."""
        calendar = on("2026-10-08", T.OPTION_EXPIRY, symbol="005930", action=A.HALT)
        assert calendar.on(day("2026-10-08")).effect(swing()).action is A.HALT
        assert calendar.on(day("2026-10-08")).effect(swing(symbol="000660")).action is A.REDUCE

    def test_a_custom_event_does_what_it_says(self) -> None:
        """To everybody, day strategies included."""
        calendar = on("2026-11-03", T.CUSTOM, name="US election", action=A.HALT, extra_cash=0.3)
        for one in (swing, hedge, intraday):
            effect = calendar.on(day("2026-11-03")).effect(one())
            assert (effect.action, effect.extra_cash, effect.halted_by) == (A.HALT, 0.3, (T.CUSTOM,))

    def test_a_year_without_dates_keeps_more_cash(self) -> None:
        """2027 has no dates of the Bank of Korea: 5 points on every day, until the operator adds one."""
        assert RULES.years_missing(2027) == (T.BOK,)
        assert RULES.years_missing(2026) == ()
        assert RULES.years_missing(2020) == (T.FOMC, T.BOK)
        assert RULES.on(day("2027-03-02")).effect(intraday()).extra_cash == 0.05
        assert RULES.on(day("2027-03-11")).effect(intraday()).extra_cash == 0.20
        added = on("2027-01-14", T.BOK)
        assert added.years_missing(2027) == ()
        assert added.on(day("2027-03-02")).effect(intraday()).extra_cash == 0

    def test_the_warning_begins_in_december(self) -> None:
        """A month before the year does."""
        assert RULES.warns_of(day("2026-11-30")) == {}
        assert RULES.warns_of(day("2026-12-01")) == {2027: (T.BOK,)}
        assert RULES.warns_of(day("2027-06-01")) == {2027: (T.BOK,)}

    def test_fomc_of_the_operator_has_its_reaction(self) -> None:
        """One row a statement is enough."""
        calendar = on("2023-02-01", T.FOMC)
        assert {event.type for event in calendar.on(day("2023-02-02")).events} >= {T.FOMC_REACTION}
        moved = on("2027-07-21", T.FOMC)
        july = [e for e in moved.between(day("2027-07-01"), day("2027-07-31")) if e.type in (T.FOMC, T.FOMC_REACTION)]
        assert [f"{e.first:%m-%d}" for e in july] == ["07-21", "07-22"]


class TestFacts:
    @given(st.sampled_from(KRX.sessions(day("1997-01-02"), day("2027-12-30"))))
    def test_a_day_survives_the_way_through_a_fact(self, session: dt.date) -> None:
        """What a stage reads back is what was known, the same text for the same day."""
        known = RULES.on(session)
        assert day_from_text(known.as_text()) == known
        assert known.as_text() == EventCalendar(KRX).on(session).as_text()

    def test_a_symbol_sees_the_market_s_events_and_its_own(self) -> None:
        """Another one's earnings are not its business."""
        both = [manual_event(KRX, date=day("2026-11-12"), of=T.EARNINGS, symbol=s) for s in ("005930", "000660")]
        known = EventCalendar(KRX, both).on(day("2026-11-12"))
        assert known.symbols == ("000660", "005930")
        assert {event.symbol for event in known.of_symbol("005930").events} == {None, "005930"}
        assert {event.symbol for event in known.of_symbol("").events} == {None}

    def test_nonsense_is_refused(self) -> None:
        """Cash beyond the account, an end before its beginning, a text that is no day."""
        with pytest.raises(ValueError, match="fraction between 0 and 1"):
            manual_event(KRX, date=day("2026-11-03"), of=T.CUSTOM, extra_cash=30)
        with pytest.raises(ValueError, match="no span"):
            MarketEvent(date=day("2026-11-03"), type=T.CUSTOM, first=day("2026-11-04"), last=day("2026-11-03"))
        with pytest.raises(ValueError, match="JSON"):
            day_from_text("tomorrow")


@given(
    st.lists(st.sampled_from(generate(KRX, 2026)), max_size=6, unique=True),
    st.sampled_from([swing(), hedge(), intraday(), intraday(sector="은행", trades_gaps=True)]),
)
def test_more_events_never_loosen(events: list[MarketEvent], audience: Audience) -> None:
    """A further event keeps or raises the action and the cash, and keeps or narrows the hours."""
    effects = [
        EventDay(session=day("2026-11-03"), events=tuple(events[:count])).effect(audience)
        for count in range(len(events) + 1)
    ]
    for before, after in pairwise(effects):
        assert after.action.severity >= before.action.severity
        assert after.extra_cash >= before.extra_cash
        assert (after.entries_from or dt.time.min) >= (before.entries_from or dt.time.min)
        assert (after.entries_until or dt.time.max) <= (before.entries_until or dt.time.max)


def test_who_is_meant_is_told_only_where_it_differs() -> None:
    """Expiry is for all; FOMC and an ex-dividend day, which fakes gaps, are not, unless the operator has decided."""
    assert decides_for_all(manual_event(KRX, date=day("2026-10-08"), of=T.OPTION_EXPIRY))
    assert not decides_for_all(manual_event(KRX, date=day("2026-12-09"), of=T.FOMC))
    assert decides_for_all(manual_event(KRX, date=day("2026-12-09"), of=T.FOMC, action=A.REDUCE))
    assert not decides_for_all(manual_event(KRX, date=day("2026-12-29"), of=T.EX_DIVIDEND))
    assert decides_for_all(manual_event(KRX, date=day("2026-12-29"), of=T.EX_DIVIDEND, action=A.HALT))


def test_a_proposal_brings_the_traits_of_its_strategy() -> None:
    """What a stage asks about is what is proposed."""
    asked = Audience.of(proposal(symbol="000660"), "은행")
    assert (asked.symbol, asked.sector, asked.style, asked.sits_out) == ("000660", "은행", Style.SWING, True)
