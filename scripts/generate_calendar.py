"""Write the shipped calendar, kats_core/market/_calendar_data.py, from public packages and our corrections.

    python scripts/generate_calendar.py            write the file
    python scripts/generate_calendar.py --check    fail when the file is not what this script writes

Needs exchange_calendars and holidays. Closures: to 2000 exchange_calendars, which alone knows the exchange's own closing
days; since 2001 `holidays`, which was right on every one of them. Where the two differ and the difference is not listed
below, the script stops: a person decides and lists it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import exchange_calendars
import holidays

from kats_core.market.sessions import regular_clocks

TARGET = Path(__file__).parents[1] / "kats_core" / "market" / "_calendar_data.py"
COVERED_FROM = dt.date(1995, 5, 2)
COVERED_THROUGH = dt.date(2027, 12, 31)
HOLIDAYS_RELIABLE_FROM = dt.date(2001, 1, 1)

# Weekdays that were no session although exchange_calendars says so; confirmed by the KOSPI's daily record.
CLOSED_BEFORE_2001 = {
    "1995-06-27": "local elections",
    "1995-12-28": "first of the three closing days at the end of the year",
    "1996-04-11": "National Assembly election",
    "1998-06-04": "local elections",
}

# Both packages leave Saturdays out. Until 1998-12-05 each was a session but these; from the KOSPI's daily record.
CLOSED_SATURDAYS = {
    "1995-09-09": "Chuseok",
    "1995-12-30": "end of the year",
    "1996-09-28": "Chuseok",
    "1996-11-23": "reason not known: two independent price series have no trade; the price limit changed on the Monday after",
    "1996-12-28": "end of the year",
    "1997-02-08": "Seollal",
    "1997-03-01": "Independence Movement Day",
    "1997-04-05": "Arbor Day",
    "1998-06-06": "Memorial Day",
    "1998-08-15": "Liberation Day",
    "1998-10-03": "National Foundation Day",
}

# Since 2001 the packages differ on these days; `holidays` is right that they are closed.
CLOSED_ONLY_IN_HOLIDAYS = {
    "2026-06-03": "local elections",
    "2026-07-17": "Constitution Day, a holiday again by a law in effect since 2026-05-11",
    "2027-05-03": "substitute for Labor Day; derived, the exchange has not published its list",
    "2027-07-19": "substitute for Constitution Day; derived, the exchange has not published its list",
}

# Opening and closing clock where exchange_calendars is silent or wrong; None means usual hours.
HOURS: dict[str, tuple[str | None, str]] = {
    "1998-01-03": ("10:30-11:30", "first session of the year, a Saturday; derived from the rule, no notice found"),
    "1999-12-28": ("10:00-13:00", "last session before the turn of 2000, shortened (press of 1999-12-26 and 12-27)"),
    "2000-01-04": ("10:00-13:00", "first session of 2000, shortened (press of 1999-12-26)"),
    "2021-11-18": ("10:00-16:30", "college entrance exam; the package's list ends in 2020"),
    "2022-11-17": ("10:00-16:30", "college entrance exam"),
    "2023-11-16": ("10:00-16:30", "college entrance exam"),
    "2024-11-14": ("10:00-16:30", "college entrance exam"),
    "2025-11-13": ("10:00-16:30", "college entrance exam"),
    "2026-11-19": ("10:00-16:30", "college entrance exam"),
    "2027-11-18": ("10:00-16:30", "college entrance exam, planned"),
    "2027-12-30": (None, "the package takes the last session for the first of 2028"),
}
# 2017-11-16 stays: the exam was postponed by an earthquake the evening before, but the exchange kept the announced hours
# (press of 2017-11-15 and 11-16) and moved them again on the exam's new day, 11-23.

# What the names of `holidays` mean to the exchange; the first that a name contains counts. `Closure` has the texts.
REASONS = (
    ("Alternative holiday", "SUBSTITUTE"),
    ("End of Year", "YEAR_END"),
    ("Election", "ELECTION"),
    ("Temporary Public Holiday", "TEMPORARY"),
    ("Armed Forces Day", "TEMPORARY"),
    ("FIFA World Cup", "TEMPORARY"),
    ("New Year's Day", "NEW_YEAR"),
    ("Korean New Year", "SEOLLAL"),
    ("Chuseok", "CHUSEOK"),
    ("Independence Movement Day", "MARCH_FIRST"),
    ("Tree Planting Day", "ARBOR"),
    ("Workers' Day", "LABOR"),
    ("Labor Day", "LABOR"),
    ("Children's Day", "CHILDREN"),
    ("Buddha's Birthday", "BUDDHA"),
    ("Memorial Day", "MEMORIAL"),
    ("Constitution Day", "CONSTITUTION"),
    ("Liberation Day", "LIBERATION"),
    ("National Foundation Day", "FOUNDATION"),
    ("Hangul Day", "HANGUL"),
    ("Christmas Day", "CHRISTMAS"),
)

# Before 2001 `holidays` names public holidays only; these were the exchange's own.
REASONS_BEFORE_2001 = {
    **dict.fromkeys(("1995-12-28", "1995-12-29", "1995-12-30", "1996-12-28", "1996-12-30", "1996-12-31"), "YEAR_END"),
    **dict.fromkeys(("1997-12-29", "1997-12-30", "1997-12-31", "1998-12-29", "1998-12-30", "1998-12-31"), "YEAR_END"),
    **dict.fromkeys(("1999-12-29", "1999-12-30", "1999-12-31", "2000-12-27", "2000-12-28", "2000-12-29"), "YEAR_END"),
    **dict.fromkeys(("1996-05-01", "1997-05-01", "1998-05-01", "2000-05-01"), "LABOR"),
    "1996-11-23": "UNKNOWN",
    "2000-01-03": "TEMPORARY",  # computers were to be looked after at the turn of 2000
}

SOURCES = {
    COVERED_FROM: "exchange_calendars XKRX; public holidays by the package holidays; corrections below",
    HOLIDAYS_RELIABLE_FROM: "the package holidays, financial_holidays XKRX; corrections below",
}
"""Where the closed days from a day on are from."""

PACKAGE = "exchange_calendars XKRX"

PUBLISHED_THROUGH = dt.date(2026, 12, 31)
"""The exchange publishes the closed days of a year in its last weeks; what lies beyond is derived from the law."""

HEADER = '''"""Hold the sessions of the Korea Exchange as data; kats_core.market.calendar reads it.

Written by scripts/generate_calendar.py, where every correction has its reason. Do not edit: change the script.
"""
'''


def closed_days() -> list[dt.date]:
    """Return every day without a session that is a weekday, or a Saturday while Saturdays were sessions."""
    exchange = _exchange_calendar()
    financial = holidays.financial_holidays("XKRX", years=range(COVERED_FROM.year, COVERED_THROUGH.year + 1))
    in_exchange = {stamp.date() for stamp in exchange.sessions}
    explained = _dates(CLOSED_BEFORE_2001) | _dates(CLOSED_SATURDAYS)
    disputed = _dates(CLOSED_ONLY_IN_HOLIDAYS)
    closed = []
    for day in _days():
        if day.weekday() > 4:
            is_closed = day in explained  # Sundays, and Saturdays after 1998-12-05, need no mention
        elif day < HOLIDAYS_RELIABLE_FROM:
            is_closed = day in explained or day not in in_exchange
        else:
            is_closed = day in financial
            if is_closed == (day in in_exchange) and day not in disputed:
                raise SystemExit(f"{day}: the packages disagree; find out who is right and list it in this script")
        if is_closed:
            closed.append(day)
    return closed


def reasons(closed: list[dt.date]) -> dict[dt.date, str]:
    """Return why each day is closed, as the name of a `Closure`."""
    public = holidays.country_holidays("KR", years=range(COVERED_FROM.year, 2001), language="en_US")
    financial = holidays.financial_holidays("XKRX", years=range(2001, COVERED_THROUGH.year + 1), language="en_US")
    found = {}
    for day in closed:
        name = financial.get(day) if day >= HOLIDAYS_RELIABLE_FROM else public.get(day, "")
        known = [reason for part, reason in REASONS if part in name]
        own = REASONS_BEFORE_2001.get(day.isoformat())
        if own is None and not known:
            raise SystemExit(f"{day}: closed for {name!r}, which has no reason here: list it in this script")
        found[day] = own or known[0]
    return found


def corrections() -> dict[str, str]:
    """Return the closed days that a package does not know, each with its reason."""
    return dict(sorted((CLOSED_BEFORE_2001 | CLOSED_SATURDAYS | CLOSED_ONLY_IN_HOLIDAYS).items()))


def special_hours(closed: set[dt.date]) -> dict[dt.date, tuple[str, str]]:
    """Return the opening and closing clocks of sessions off the usual hours of their period, each with its source."""
    found = {}
    schedule = _exchange_calendar().schedule
    for stamp, opening, closing in zip(schedule.index, schedule["open"], schedule["close"], strict=True):
        day = stamp.date()
        clocks = tuple(moment.tz_convert("Asia/Seoul").time() for moment in (opening, closing))
        if COVERED_FROM <= day <= COVERED_THROUGH and day not in closed and clocks != regular_clocks(day):
            found[day] = "-".join(f"{clock:%H:%M}" for clock in clocks), PACKAGE
    for text, (hours, reason) in HOURS.items():
        day = dt.date.fromisoformat(text)
        if hours is None:
            del found[day]
        else:
            found[day] = hours, reason
    return dict(sorted(found.items()))


def render() -> str:
    """Return the text of the data module; the same for the same packages and corrections."""
    closed = closed_days()
    why = reasons(closed)
    lines = [HEADER, f'COVERED_FROM = "{COVERED_FROM}"', f'COVERED_THROUGH = "{COVERED_THROUGH}"', ""]
    lines += [
        "# The exchange had published its closed days to here when this was written; later ones follow from the law."
    ]
    lines += [f'PUBLISHED_THROUGH = "{PUBLISHED_THROUGH}"', ""]
    lines += ["# Weekdays without a session, and such Saturdays while Saturdays were sessions: month, day and reason."]
    lines += ["CLOSED = {"]
    for year in range(COVERED_FROM.year, COVERED_THROUGH.year + 1):
        entries = " ".join(f"{day:%m%d}:{why[day]}" for day in closed if day.year == year)
        lines += [f"    {year}: (", *(f'        "{part}"' for part in _wrapped(entries)), "    ),"]
    lines += [
        "}",
        "",
        "# Where the closed days from a day on are from, and those that the package does not know.",
        "CLOSED_SOURCES = {",
        *(f'    "{day}": "{source}",' for day, source in SOURCES.items()),
        "}",
        "CLOSED_CORRECTIONS = {",
        *(f'    "{day}": "{reason}",' for day, reason in corrections().items()),
        "}",
        "",
        "# Opening and closing clock of the sessions off the usual hours of their period, and where they are from.",
        "SPECIAL_HOURS = {",
    ]
    lines += [f'    "{day}": ("{hours}", "{source}"),' for day, (hours, source) in special_hours(set(closed)).items()]
    return "\n".join([*lines, "}", ""])


def main() -> int:
    """Write or check the data module."""
    parser = argparse.ArgumentParser(description="Write the shipped calendar of the Korea Exchange.")
    parser.add_argument("--check", action="store_true", help="only compare the file with what would be written")
    text = render()
    if not parser.parse_args().check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(
        f"{TARGET.name} is not what this script writes: run it without --check and look at the difference",
        file=sys.stderr,
    )
    return 1


def _wrapped(entries: str) -> list[str]:
    """Return the entries in lines; each but the last ends in the space that joins it to the next."""
    parts = textwrap.wrap(entries, 106)
    return [f"{part} " for part in parts[:-1]] + parts[-1:]


def _exchange_calendar() -> exchange_calendars.ExchangeCalendar:
    return exchange_calendars.get_calendar("XKRX", start=f"{COVERED_FROM.year}-01-01", end=COVERED_THROUGH.isoformat())


def _days() -> Iterator[dt.date]:
    return map(dt.date.fromordinal, range(COVERED_FROM.toordinal(), COVERED_THROUGH.toordinal() + 1))


def _dates(reasons: dict[str, str]) -> set[dt.date]:
    return {dt.date.fromisoformat(day) for day in reasons}


if __name__ == "__main__":
    sys.exit(main())
