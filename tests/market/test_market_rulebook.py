"""Specify the tables of exchange rules: dated, oldest first, each row with its source."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import kats_core.market
from kats_core.market import _calendar_data
from kats_core.market.dated import Certainty, Dated, MarketRuleError, Source
from kats_core.market.rulebook import rule_tables
from kats_core.market.settlement import settlement_date, settlement_days

SURE = Source("a guide", Certainty.CONFIRMED)


def found_in(value: object) -> Iterator[Dated[Any]]:
    if isinstance(value, Dated):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from found_in(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from found_in(item)


@pytest.mark.parametrize("table", rule_tables(), ids=lambda table: table.name)
def test_every_row_has_a_source(table: Dated[Any]) -> None:
    """Whoever doubts a number can see where it comes from and how well it is known."""
    assert table.name
    for row in table.rows:
        assert len(row.source.text) > 10
        assert isinstance(row.source.certainty, Certainty)


def test_every_day_of_the_calendar_has_a_source() -> None:
    """Closed days by the period from which a package is believed or by their own correction, special hours each by itself."""
    begins = min(_calendar_data.CLOSED_SOURCES)
    assert begins <= _calendar_data.COVERED_FROM
    closed = {f"{year}{day[:4]}" for year, days in _calendar_data.CLOSED.items() for day in days.split()}
    assert {day.replace("-", "") for day in _calendar_data.CLOSED_CORRECTIONS} <= closed
    assert all(source.strip() for source in _calendar_data.CLOSED_SOURCES.values())
    assert all(reason.strip() for reason in _calendar_data.CLOSED_CORRECTIONS.values())
    assert all(source.strip() for _, source in _calendar_data.SPECIAL_HOURS.values())


def test_no_table_is_left_out_of_the_rulebook() -> None:
    """Every dated table of the market's modules is listed, under a name of its own."""
    modules = (
        importlib.import_module(f"kats_core.market.{m.name}") for m in pkgutil.iter_modules(kats_core.market.__path__)
    )
    defined = {
        id(table): table.name for module in modules for value in vars(module).values() for table in found_in(value)
    }
    listed = {id(table): table.name for table in rule_tables()}
    assert defined == listed
    assert len(set(listed.values())) == len(listed)


def test_a_source_says_something() -> None:
    """An empty source is none."""
    with pytest.raises(ValueError, match="needs a source"):
        Source(" ", Certainty.CONFIRMED)


def test_rows_stand_in_their_order() -> None:
    """A table out of order, or with two rows of one day, is refused; a row holds until the next one."""
    first, second = dt.date(2020, 1, 1), dt.date(2021, 1, 1)
    table = Dated("numbers", [(first, 1, SURE), (second, 2, SURE)])
    assert [table.on(day) for day in (first, dt.date(2020, 12, 31), second)] == [1, 1, 2]
    assert table.row(second).source is SURE
    with pytest.raises(MarketRuleError, match="numbers is not known on 2019-12-31"):
        table.on(dt.date(2019, 12, 31))
    for rows in ([(second, 2, SURE), (first, 1, SURE)], [(first, 1, SURE), (first, 2, SURE)], []):
        with pytest.raises(ValueError, match="oldest first"):
            Dated("numbers", rows)


@pytest.mark.parametrize(
    ("traded", "settled"),
    [
        ("2026-12-30", "2027-01-05"),
        ("2026-12-28", "2026-12-30"),
        ("2026-03-05", "2026-03-09"),
        ("2027-12-28", "2027-12-30"),
    ],
)
def test_settlement_counts_sessions(traded: str, settled: str) -> None:
    """T+2: a trade of the year's last session is settled on the second one of the next year."""
    assert settlement_date(dt.date.fromisoformat(traded)) == dt.date.fromisoformat(settled)
    assert settlement_days(dt.date.fromisoformat(traded)) == 2


def test_settlement_beyond_the_calendar_is_not_guessed() -> None:
    """The last sessions of the table settle on days that it does not know."""
    assert settlement_date(dt.date(2027, 12, 29)) is None
