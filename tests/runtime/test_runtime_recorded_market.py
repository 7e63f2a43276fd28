"""One recorded day of the real market, played as `kats run --data` plays it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.model.record import FaultRecord, SetupRecord, SetupStatus
from kats_core.sources.files import FilesParams, build

if TYPE_CHECKING:
    from conftest import Desk, House

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MINUTES = DATA / "minute"
DAILY = DATA / "daily" / "adj_2023_2025.parquet"
OCTOBER_21 = dt.date(2025, 10, 21)
OCTOBER_15 = dt.date(2025, 10, 15)

pytestmark = [pytest.mark.realdata, pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")]


@cache
def market(session: dt.date, with_daily: bool = True) -> tuple[Panel, MinuteBars]:
    paths = (str(MINUTES), str(DAILY)) if with_daily else (str(MINUTES),)
    source = build(FilesParams(paths=paths))
    return source.history(None, session), source.minutes(session)


def played(house: type[House], session: dt.date, dense: bool = False, with_daily: bool = True) -> Desk:
    panel, minutes = market(session, with_daily)
    desk = house.Desk(strategies=(house.breakout(),), stages=house.real_stages(), session=session)
    return desk.play(panel, [minutes], dense=dense)


def outcome(desk: Desk) -> Counter[str]:
    """How many candidates were armed, and why the others were not."""
    first = {record.symbol: record for record in reversed(desk.kept(SetupRecord))}
    return Counter(record.code or "armed" for record in first.values())


@pytest.mark.parametrize(("session", "candidates"), [(OCTOBER_21, 32), (OCTOBER_15, 22)])
def test_the_candidates_of_a_day_are_those_that_moved_the_day_before(
    house: type[House], session: dt.date, candidates: int
) -> None:
    """Ten are armed, the rest is NOT_SELECTED; together they are what passes every condition before the ranks."""
    found = outcome(played(house, session))
    assert found["armed"] == 10
    assert found["armed"] + found["core:NOT_SELECTED"] == candidates


def test_every_symbol_of_the_data_has_a_reason(house: type[House]) -> None:
    """Nothing of history or session goes without a record, and no plugin failed."""
    panel, minutes = market(OCTOBER_21)
    desk = played(house, OCTOBER_21)
    assert {record.symbol for record in desk.kept(SetupRecord)} == {*panel.symbols, *minutes.symbols}
    kept = Counter((record.symbol, record.status) for record in desk.kept(SetupRecord))
    assert set(kept.values()) == {1}
    armed = {r.symbol for r in desk.kept(SetupRecord) if r.status is SetupStatus.ARMED}
    assert armed == {r.symbol for r in desk.kept(SetupRecord) if r.status in (SetupStatus.FIRED, SetupStatus.UNFIRED)}
    assert desk.kept(FaultRecord) == []


def test_minutes_alone_know_too_little_of_the_days_before(house: type[House]) -> None:
    """The tickers change from day to day, so nearly all lack one of their last five sessions."""
    found = outcome(played(house, OCTOBER_21, with_daily=False))
    lacking = found["core:RECENT_HALT"] + found["core:STALE_DATA"]
    assert lacking / found.total() > 0.9


@pytest.mark.parametrize("session", [OCTOBER_21, OCTOBER_15])
def test_a_recorded_day_gives_the_same_bytes_again_and_when_every_bar_is_fed(
    house: type[House], session: dt.date
) -> None:
    """Twice, and dense."""
    once = played(house, session).log
    assert played(house, session).log == once
    assert played(house, session, dense=True).log == once
