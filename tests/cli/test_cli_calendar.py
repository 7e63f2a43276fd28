"""`kats calendar` and `kats events`: what is open, what is known beforehand, in both languages and for programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kats_core.cli import scheduling

EVENTS = """
events:
  - {date: 2026-12-17, type: EARNINGS, symbol: "005930", name: Q4}
  - {date: 2026-12-14, type: CUSTOM, name: index change, action: HALT, extra_cash: 0.3}
"""


def test_a_month_shows_sessions_closed_days_and_special_hours(kats: Any) -> None:
    """With reasons, in the language of the screen."""
    english = kats("calendar", "--month", "2026-11", "--lang", "en").out
    assert "21 sessions" in english
    for text in ("10:00-16:30", "college entrance exam", "option expiry", "MSCI rebalancing", "Mon"):
        assert text in english
    korean = kats("calendar", "--month", "2026-02", "--lang", "ko").out
    for text in ("거래일 17일", "설날 연휴", "연휴 전일", "금통위", "월"):
        assert text in korean


def test_a_month_as_json(kats: Any) -> None:
    """A day says whether it is a session, when it opens, why it is closed, and what happens."""
    found = kats("calendar", "--month", "2026-12", "--json").json
    days = {day["date"]: day for day in found["days"]}
    assert (found["month"], found["sessions"], len(days), found["is_published"]) == ("2026-12", 21, 31, True)
    assert days["2026-12-25"]["closed_for"] == "CHRISTMAS"
    assert days["2026-12-10"] == {
        "date": "2026-12-10",
        "is_session": True,
        "closed_for": None,
        "open": "09:00",
        "close": "15:30",
        "hours": None,
        "events": ["FUTURES_EXPIRY", "FOMC_REACTION"],
    }
    assert found["years_missing"] == {"2027": ["BOK"]}


def test_a_year_that_is_not_published_is_told(kats: Any) -> None:
    """Closed days of 2027 follow from the law, and the Bank of Korea's dates are missing."""
    found = kats("calendar", "--month", "2027-07", "--lang", "en").out
    assert "has not published its closed days of 2027" in found
    assert "no dates in 2027: Bank of Korea" in found


def test_without_a_month_it_is_this_one(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day in Korea decides."""
    monkeypatch.setattr(scheduling, "today", lambda: dt.date(2026, 5, 31))
    assert kats("calendar", "--json").json["month"] == "2026-05"
    assert kats("events", "--json").json["from"] == "2026-05-31"


def test_events_of_a_span(kats: Any) -> None:
    """What acts between two days, with what it does."""
    found = kats("events", "--from", "2026-12-01", "--to", "2026-12-31", "--json").json["events"]
    assert [(event["first"], event["type"], event["action"]) for event in found] == [
        ("2026-12-09", "FOMC", "HALT"),
        ("2026-12-10", "FUTURES_EXPIRY", "REDUCE"),
        ("2026-12-10", "FOMC_REACTION", "REDUCE"),
        ("2026-12-29", "EX_DIVIDEND", "NORMAL"),
        ("2026-12-30", "HOLIDAY_EVE", "REDUCE"),
    ]
    assert (found[1]["entries_until"], found[2]["entries_from"], found[1]["extra_cash"]) == ("14:00", "09:30", 0.2)


def test_whom_an_event_concerns_is_told_in_the_language_of_the_screen(kats: Any) -> None:
    """An ex-dividend day forbids what trades gaps (market.md 8.2), and the Bank of Korea's day some sectors."""
    span = ("--from", "2026-11-26", "--to", "2026-12-31")
    english = " ".join(kats("events", *span, "--lang", "en").out.split())
    assert "gap trades none, others normal" in english
    assert all(sector in english for sector in ("none in finance", "banks", "insurance", "construction"))
    assert not any("가" <= letter <= "힣" for letter in english)
    korean = kats("events", *span, "--lang", "ko").out
    assert "갭 매매 전략 진입 금지, 그 외 정상" in korean
    assert "금융, 은행, 증권" in korean
    by_type = {event["type"]: event for event in kats("events", *span, "--json", "--lang", "en").json["events"]}
    assert by_type["EX_DIVIDEND"]["is_for_all"] is False
    assert by_type["EX_DIVIDEND"]["effect"] == "gap trades none, others normal"


def test_the_operator_s_events_are_among_them(kats: Any) -> None:
    """From the file that kats.yaml names; a symbol sees the market's and its own."""
    kats.write("kats.yaml", "events: events.yaml\n")
    kats.write("events.yaml", EVENTS)
    span = ("--from", "2026-12-11", "--to", "2026-12-18")
    assert [e["symbol"] for e in kats("events", *span, "--json").json["events"]] == [None, "005930"]
    assert [e["type"] for e in kats("events", *span, "--symbol", "000660", "--json").json["events"]] == ["CUSTOM"]
    english = kats("events", *span, "--lang", "en").out
    for text in ("events: 2", "index change", "no entries", "005930 Q4", "swing none in the symbol", "+30%", "manual"):
        assert text in english
    assert "사용자" not in english
    assert "진입 금지" in kats("events", *span, "--lang", "ko").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("calendar", "--month", "2026-13"), "--month 2026-13: no month"),
        (("calendar", "--month", "2028-01"), "--month 2028-01: the calendar covers 1995-05-02 to 2027-12-31"),
        (("calendar", "--month", "1995-04"), "--month 1995-04"),
        (("events", "--from", "soon"), "--from soon: no day"),
        (("events", "--to", "1990-01-03"), "--to 1990-01-03: the calendar covers 1995-05-02 to 2027-12-31"),
        (("events", "--symbol", "FOO"), "--symbol FOO: no code, expected six letters or digits as in 005930"),
        (("events", "--from", "2026-12-31", "--to", "2026-12-01"), "--from 2026-12-31 is after --to 2026-12-01"),
        (("events", "--from", "2026-12-31", "--to", "2028-12-01"), "--to 2028-12-01: the calendar covers"),
    ],
)
def test_bad_input_ends_with_two(kats: Any, arguments: tuple[str, ...], said: str) -> None:
    """One line, what was found and what is there."""
    answer = kats(*arguments, "--lang", "en")
    assert answer.code == 2
    assert said in answer.err


def test_the_first_month_of_the_calendar_is_shown_as_far_as_it_goes(kats: Any) -> None:
    """The table begins on its second day, and days before are not claimed; events of its first days are asked for without naming one before."""
    found = kats("calendar", "--month", "1995-05", "--json").json
    assert (found["month"], found["days"][0]["date"], len(found["days"])) == ("1995-05", "1995-05-02", 30)
    shown = kats("calendar", "--month", "1995-05")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("1995-05 · ")
    assert kats("events", "--to", "1995-05-10", "--json").json["from"] == "1995-05-02"


def test_the_nearest_symbol_of_which_there_are_events_is_offered(kats: Any) -> None:
    """What was typed is no code, but one is close."""
    kats.write("kats.yaml", "events: events.yaml\n")
    kats.write("events.yaml", EVENTS.replace("005930", "000660"))
    answer = kats("events", "--symbol", "00660", "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert "--symbol 00660: no code, expected six letters or digits as in 000660" in answer.err


def test_a_broken_file_of_events_is_named(kats: Any) -> None:
    """With file, line and what was meant; nothing is shown as if it were not there."""
    kats.write("kats.yaml", "events: events.yaml\n")
    kats.write("events.yaml", "events:\n  - {date: 2026-12-17, type: EARNING}\n")
    for verb in ("calendar", "events"):
        answer = kats(verb)
        assert answer.code == 2
        assert "events.yaml:2:30" in answer.err
        assert "EARNINGS" in answer.err


def test_saturdays_were_sessions_of_the_morning(kats: Any) -> None:
    """Until 1998."""
    saturdays = kats("calendar", "--month", "1995-06", "--json").json["days"]
    assert [day["hours"] for day in saturdays if day["date"] == "1995-06-03"] == ["SATURDAY"]
