"""Lay what was announced of dividends over a panel: by cell the next one, and one that has just gone ex."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np

from kats_core.api import DIVIDENDS, FloatArray, Int64Array, Panel, Payout, Scope, krx_calendar, payouts

NONE = -1
"""Sessions to or since an ex-date that nobody has announced."""

REMEMBERED = 1
"""Sessions behind an ex-date on which a bounce may still be armed."""


@dataclass(frozen=True)
class Announced:
    """Dividends as they were known after each session, shape of the panel; won a share, NaN where not stated.

    `sessions_to_ex`: from the next session to the ex-date, 0 when that is the ex-date itself; `dps` and `annual` are that
    dividend's. `sessions_since`: from the ex-date to this session, at most `REMEMBERED`; `paid` is what went ex.
    """

    sessions_to_ex: Int64Array
    dps: FloatArray
    annual: FloatArray
    sessions_since: Int64Array
    paid: FloatArray


def announced(panel: Panel) -> Announced:
    """Return what the panel's table of dividends says; nothing where prices are not as they were traded."""
    shape, known = panel.present.shape, _payouts(panel)
    if not known:
        none, unknown = np.broadcast_to(np.int64(NONE), shape), np.broadcast_to(np.float64(np.nan), shape)
        return Announced(none, unknown, unknown, none, unknown)
    to_ex, since = np.full(shape, NONE, dtype=np.int64), np.full(shape, NONE, dtype=np.int64)
    dps, annual, paid = (np.full(shape, np.nan) for _ in range(3))
    here, armed_for = _numbers(panel)
    # The nearest is written last; of announcements of the same record date the newest.
    for payout in sorted(known, key=lambda one: one.ex_date, reverse=True):
        j, goes_ex = panel.column[payout.symbol], _number(payout.ex_date)
        first = bisect_left(panel.sessions, payout.known_from)
        ahead = slice(first, bisect_right(armed_for, goes_ex))
        to_ex[ahead, j], dps[ahead, j], annual[ahead, j] = goes_ex - armed_for[ahead], payout.dps, payout.annual_dps
        if payout.known_from < payout.ex_date:
            behind = slice(max(first, bisect_left(here, goes_ex)), bisect_right(here, goes_ex + REMEMBERED))
            since[behind, j], paid[behind, j] = here[behind] - goes_ex, payout.dps
    return Announced(to_ex, dps, annual, since, paid)


def _payouts(panel: Panel) -> list[Payout]:
    table = panel.tables.get(DIVIDENDS)
    if table is None or panel.scope is not Scope.RAW:
        return []
    return [payout for payout in payouts(table, krx_calendar()) if payout.symbol in panel.column]


def _numbers(panel: Panel) -> tuple[Int64Array, Int64Array]:
    """Return the number of each session among all sessions, and of the one that it arms; one beyond all for none."""
    here = [_number(day) for day in panel.sessions]
    following = [len(_sessions()) if day is None else _number(day) for day in panel.next_session]
    return np.array(here, dtype=np.int64), np.array(following, dtype=np.int64)


def _number(day: dt.date) -> int:
    return bisect_left(_sessions(), day)


@cache
def _sessions() -> list[dt.date]:
    calendar = krx_calendar()
    return calendar.sessions(calendar.covered_from, calendar.covered_through)
