"""Answer the services of charts: days, minutes, indices. Newest first, and never more rows than the broker gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from kats_core.market.calendar import krx_calendar
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.time import MINUTE, Nanos
from kats_core.simulator.calls import Call, answers, percent, quoted, rate_of, sign, told, ymd
from kats_core.simulator.catalogue import Row
from kats_core.simulator.gateway import Answer
from kats_core.simulator.history import DailyRow, by_period, daily_rows
from kats_core.simulator.quote import Quote
from kats_core.simulator.quotes import known_quote, moves, of_session
from kats_core.simulator.session import IndexCourse

_DAILY, _CHART, _INDEX_ROWS, _TODAY_MINUTES, _PAST_MINUTES = 30, 100, 50, 30, 120
_THOUSAND, _MILLION = 1_000, 1_000_000


@answers("inquire_daily_price")
def last_days(call: Call) -> Answer:
    """List the last thirty days, weeks or months."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output=[])
    rows = by_period(daily_rows(call.market, quote.instrument.symbol), call.text("FID_PERIOD_DIV_CODE", "D").upper())
    volumes = {row.day: before.volume for before, row in pairwise(rows)}
    return quoted(
        output=[
            call.row(
                "output",
                **_bar(row),
                prdy_vrss_vol_rate=rate_of(row.volume - volumes.get(row.day, 0), volumes.get(row.day, 0)),
                prdy_ctrt=rate_of(row.close - row.before, row.before),
                flng_cls_code="00",
            )
            for row in rows[::-1][:_DAILY]
        ]
    )


@answers("inquire_daily_itemchartprice")
def daily_chart(call: Call) -> Answer:
    """List the bars of a range, the newest hundred of them."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output1=call.row("output1"), output2=[])
    first = call.day("FID_INPUT_DATE_1", dt.date.min)
    last = call.day("FID_INPUT_DATE_2", call.market.day)
    every = daily_rows(call.market, quote.instrument.symbol)
    rows = by_period([row for row in every if first <= row.day <= last], call.text("FID_PERIOD_DIV_CODE", "D").upper())
    before = [row for row in every if row.day < call.market.day]
    shares = quote.instrument.listed_shares or 0
    head = call.row(
        "output1",
        **moves(quote),
        **of_session(quote),
        stck_prdy_clpr=quote.limits.base,
        acml_tr_pbmn=quote.value,
        hts_kor_isnm=quote.instrument.name,
        stck_shrn_iscd=quote.instrument.symbol,
        prdy_vol=quote.volume_before,
        stck_mxpr=quote.limits.upper,
        stck_llam=quote.limits.lower,
        stck_prdy_oprc=before[-1].open if before else 0,
        stck_prdy_hgpr=before[-1].high if before else 0,
        stck_prdy_lwpr=before[-1].low if before else 0,
        prdy_vrss_vol=quote.volume - quote.volume_before,
        vol_tnrt=percent(quote.volume, shares),
        lstn_stcn=shares,
        hts_avls=shares * quote.last // (100 * _MILLION),
    )
    listed = [
        call.row("output2", **_bar(row), acml_tr_pbmn=row.value, flng_cls_code="00", revl_issu_reas="00")
        for row in rows[::-1][:_CHART]
    ]
    return quoted(output1=head, output2=listed)


def _bar(row: DailyRow) -> dict[str, Any]:
    return {
        "stck_bsop_date": ymd(row.day),
        "stck_oprc": row.open,
        "stck_hgpr": row.high,
        "stck_lwpr": row.low,
        "stck_clpr": row.close,
        "acml_vol": row.volume,
        "prdy_vrss": row.close - row.before,
        "prdy_vrss_sign": sign(row.close - row.before),
    }


class MinuteRow(NamedTuple):
    """A minute with the value traded so far on its day."""

    start: Nanos
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int


def _minutes(call: Call, symbol: str, day: dt.date) -> list[MinuteRow]:
    """Return the minutes of a day as far as they are known, oldest first."""
    market = call.market
    session = market.session
    if session is not None and day == session.day:
        bars = session.bars
    elif day < market.day and krx_calendar().is_session(day):
        try:
            bars = market.source.minutes(day)
        except SourceError:
            return []
    else:
        return []
    if symbol not in bars.column:
        return []
    rows, value = [], 0
    for row in bars.rows_of[bars.column[symbol]].tolist():
        bar = bars.bar(row)
        if bar.end > market.now:
            break
        own = market.own_minutes.get((symbol, bar.start))
        value += bar.value + (own.value if own else 0)
        rows.append(
            MinuteRow(
                bar.start,
                bar.open,
                max(bar.high, own.high) if own else bar.high,
                min(bar.low, own.low) if own else bar.low,
                bar.close,
                bar.volume + (own.volume if own else 0),
                value,
            )
        )
    if session is not None and day == session.day:
        rows += _this_minute(call, symbol, rows, value)
    return rows


def _this_minute(call: Call, symbol: str, rows: list[MinuteRow], value: int) -> Iterator[MinuteRow]:
    """Yield the minute that runs, once something traded in it; until then the bar before repeats itself."""
    market, session = call.market, call.market.session
    start = market.now - market.now % MINUTE
    if session is None or not session.hours.open <= start <= session.hours.close:
        return
    trades = list(session.trades(symbol, start - 1, market.now))
    if trades:
        prices = [one.price for one in trades]
        volume = sum(one.quantity for one in trades)
        so_far = value + sum(one.price * one.quantity for one in trades)
        yield MinuteRow(start, prices[0], max(prices), min(prices), prices[-1], volume, so_far)
    elif rows:
        last = rows[-1]
        yield MinuteRow(start, last.close, last.close, last.close, last.close, last.volume, value)


@answers("inquire_time_itemchartprice")
def minutes_of_today(call: Call) -> Answer:
    """List thirty minutes of today up to a clock; before the first one, the first one."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output1=call.row("output1"), output2=[])
    clock = call.text("FID_INPUT_HOUR_1", "235959")
    rows = _minutes(call, quote.instrument.symbol, call.market.day)
    chosen = [row for row in rows if _clock(row.start) <= clock] or rows[:1]
    return quoted(output1=_head(call, quote), output2=[_minute(call, row) for row in chosen[::-1][:_TODAY_MINUTES]])


@answers("inquire_time_dailychartprice")
def minutes_of_days(call: Call) -> Answer:
    """List 120 minutes up to a clock of a past day, and on into the days before."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output1=call.row("output1"), output2=[])
    day = call.day("FID_INPUT_DATE_1", call.market.day)
    clock = call.text("FID_INPUT_HOUR_1", "235959")
    symbol = quote.instrument.symbol
    calendar = krx_calendar()
    rows = [row for row in _minutes(call, symbol, day) if _clock(row.start) <= clock][::-1]
    while len(rows) < _PAST_MINUTES and call.text("FID_PW_DATA_INCU_YN", "N").upper() == "Y":
        day = calendar.previous_session(day)
        more = _minutes(call, symbol, day)
        if not more:
            break
        rows += more[::-1]
    answer = quoted(output1=_head(call, quote), output2=[_minute(call, row) for row in rows[:_PAST_MINUTES]])
    return Answer(answer.body, 200, "D")


def _head(call: Call, quote: Quote) -> Row:
    return call.row(
        "output1",
        **moves(quote),
        stck_prdy_clpr=quote.limits.base,
        acml_tr_pbmn=quote.value,
        hts_kor_isnm=quote.instrument.name,
    )


def _minute(call: Call, row: MinuteRow) -> Row:
    return call.row(
        "output2",
        stck_bsop_date=ymd(time.session_date(row.start)),
        stck_cntg_hour=_clock(row.start),
        stck_prpr=row.close,
        stck_oprc=row.open,
        stck_hgpr=row.high,
        stck_lwpr=row.low,
        cntg_vol=row.volume,
        acml_tr_pbmn=row.value,
    )


def _clock(ts: Nanos) -> str:
    return time.clock(ts).strftime("%H%M%S")


_INDEX_NAMES = {"0001": ("KOSPI", "종합"), "1001": ("KOSDAQ", "KOSDAQ"), "2001": ("KOSPI200", "KOSPI200")}


class IndexRow(NamedTuple):
    """A day of an index; volume and value in the broker's thousands and millions."""

    day: dt.date
    open: float
    high: float
    low: float
    close: float
    value: int


def _index_rows(call: Call) -> list[IndexRow]:
    """Return the days of an index before today, oldest first."""
    name, _ = _INDEX_NAMES.get(call.symbol, ("", ""))
    series = call.market.panel.indices.get(name)
    if series is None:
        return []
    return [
        IndexRow(day, float(series.open[n]), float(series.high[n]), float(series.low[n]), float(series.close[n]),
                 int(series.value[n]) // _MILLION if series.value[n] == series.value[n] else 0)
        for n, day in enumerate(series.sessions)
        if day < call.market.day and series.close[n] == series.close[n]
    ]  # fmt: skip


def _course(call: Call) -> tuple[IndexCourse, int] | None:
    """Return an index's course and how many of its minutes are over."""
    session = call.market.session
    course = None if session is None else session.indices.get(call.symbol)
    return None if course is None else (course, int((course.ends <= call.market.now).sum()))


def _index_now(call: Call) -> IndexRow | None:
    found = _course(call)
    if found is None or not found[1]:
        return None
    course, place = found
    levels = [float(level) for level in course.level[:place]]
    return IndexRow(
        call.market.day, levels[0], max(levels), min(levels), levels[-1], int(course.value[place - 1]) // _MILLION
    )


def _index_volume(call: Call) -> int:
    found = _course(call)
    return 0 if found is None or not found[1] else int(found[0].volume[found[1] - 1]) // _THOUSAND


def _index_moves(call: Call, now: IndexRow, before: float) -> dict[str, Any]:
    return {
        "bstp_nmix_prpr": f"{now.close:.2f}",
        "bstp_nmix_prdy_vrss": f"{now.close - before:.2f}",
        "prdy_vrss_sign": sign(now.close - before),
        "bstp_nmix_prdy_ctrt": rate_of(now.close - before, before),
        "acml_vol": _index_volume(call),
        "acml_tr_pbmn": now.value,
        "bstp_nmix_oprc": f"{now.open:.2f}",
        "bstp_nmix_hgpr": f"{now.high:.2f}",
        "bstp_nmix_lwpr": f"{now.low:.2f}",
    }


def _counts(call: Call) -> dict[str, Any]:
    changes = [one.change for one in call.market.index_quotes(call.symbol)]
    return {
        "ascn_issu_cnt": sum(one > 0 for one in changes),
        "stnr_issu_cnt": sum(one == 0 for one in changes),
        "down_issu_cnt": sum(one < 0 for one in changes),
    }


@answers("inquire_index_price")
def index_price(call: Call) -> Answer:
    """Say where an index stands."""
    rows = _index_rows(call)
    now = _index_now(call) or (rows[-1] if rows else None)
    if now is None or not rows:
        return quoted(output=call.row("output"))
    before = rows[-1].close if now.day == call.market.day else rows[-2].close if len(rows) > 1 else now.open
    year = [row for row in [*rows, now] if row.day.year == now.day.year]
    top, bottom = max(year, key=lambda row: row.high), min(year, key=lambda row: row.low)
    output = call.row(
        "output",
        **_index_moves(call, now, before),
        **_counts(call),
        prdy_tr_pbmn=rows[-1].value,
        prdy_nmix_vrss_nmix_oprc=f"{now.open - before:.2f}",
        oprc_vrss_prpr_sign=sign(now.close - now.open),
        bstp_nmix_oprc_prdy_ctrt=rate_of(now.open - before, before),
        prdy_nmix_vrss_nmix_hgpr=f"{now.high - before:.2f}",
        hgpr_vrss_prpr_sign=sign(now.close - now.high),
        bstp_nmix_hgpr_prdy_ctrt=rate_of(now.high - before, before),
        prdy_clpr_vrss_lwpr=f"{now.low - before:.2f}",
        lwpr_vrss_prpr_sign=sign(now.close - now.low),
        prdy_clpr_vrss_lwpr_rate=rate_of(now.low - before, before),
        dryy_bstp_nmix_hgpr=f"{top.high:.2f}",
        dryy_hgpr_vrss_prpr_rate=rate_of(now.close - top.high, top.high),
        dryy_bstp_nmix_hgpr_date=ymd(top.day),
        dryy_bstp_nmix_lwpr=f"{bottom.low:.2f}",
        dryy_lwpr_vrss_prpr_rate=rate_of(now.close - bottom.low, bottom.low),
        dryy_bstp_nmix_lwpr_date=ymd(bottom.day),
    )
    return quoted(output=output)


@answers("inquire_daily_indexchartprice")
def index_chart(call: Call) -> Answer:
    """List the days of an index in a range, the newest fifty."""
    rows = _index_rows(call)
    now = _index_now(call)
    every = [*rows, *([now] if now is not None else [])]
    first, last = call.day("FID_INPUT_DATE_1", dt.date.min), call.day("FID_INPUT_DATE_2", call.market.day)
    listed = [
        call.row(
            "output2",
            stck_bsop_date=ymd(row.day),
            bstp_nmix_prpr=f"{row.close:.2f}",
            bstp_nmix_oprc=f"{row.open:.2f}",
            bstp_nmix_hgpr=f"{row.high:.2f}",
            bstp_nmix_lwpr=f"{row.low:.2f}",
            acml_vol=_index_volume(call) if row is now else 0,
            acml_tr_pbmn=row.value,
        )
        for row in every
        if first <= row.day <= last
    ]
    return quoted(output1=_index_head(call, every), output2=listed[::-1][:_INDEX_ROWS])


def _index_head(call: Call, every: list[IndexRow]) -> Row:
    if not every:
        return call.row("output1")
    now = every[-1]
    earlier = every[-2] if len(every) > 1 else now
    return call.row(
        "output1",
        **_index_moves(call, now, earlier.close),
        prdy_nmix=f"{earlier.close:.2f}",
        hts_kor_isnm=_INDEX_NAMES.get(call.symbol, ("", ""))[1],
        bstp_cls_code=call.symbol,
        futs_prdy_oprc=f"{earlier.open:.2f}",
        futs_prdy_hgpr=f"{earlier.high:.2f}",
        futs_prdy_lwpr=f"{earlier.low:.2f}",
    )


@answers("inquire_index_daily_price")
def index_days(call: Call) -> Answer:
    """List the days of an index back from a date, a hundred at most."""
    rows = _index_rows(call)
    now = _index_now(call)
    every = [*rows, *([now] if now is not None else [])]
    last = call.day("FID_INPUT_DATE_1", call.market.day)
    listed = []
    for n, row in enumerate(every):
        if row.day > last:
            break
        before = every[n - 1].close if n else row.open
        mean = sum(each.close for each in every[max(0, n - 19) : n + 1]) / len(every[max(0, n - 19) : n + 1])
        listed.append(
            call.row(
                "output2",
                stck_bsop_date=ymd(row.day),
                bstp_nmix_prpr=f"{row.close:.2f}",
                prdy_vrss_sign=sign(row.close - before),
                bstp_nmix_prdy_vrss=f"{row.close - before:.2f}",
                bstp_nmix_prdy_ctrt=rate_of(row.close - before, before),
                bstp_nmix_oprc=f"{row.open:.2f}",
                bstp_nmix_hgpr=f"{row.high:.2f}",
                bstp_nmix_lwpr=f"{row.low:.2f}",
                acml_tr_pbmn=row.value,
                d20_dsrt=percent(row.close, mean),
            )
        )
    head = call.row("output1")
    if every:
        before = every[-2].close if len(every) > 1 else every[-1].open
        head = call.row("output1", **_index_moves(call, every[-1], before), **_counts(call))
    return quoted(output1=head, output2=listed[::-1][:_CHART])


@answers("inquire_time_indexchartprice")
def index_minutes(call: Call) -> Answer:
    """List bars of an index of today, of as many minutes as asked for, 102 at most."""
    found = _course(call)
    every = [*_index_rows(call), *([now] if (now := _index_now(call)) is not None else [])]
    if found is None or not found[1]:
        return quoted(output1=_index_head(call, every), output2=[])
    course, place = found
    size = max(1, call.whole("FID_INPUT_HOUR_1", 60) // 60)
    rows = []
    for start in range(0, place, size):
        stop = min(start + size, place)
        levels = [float(level) for level in course.level[start:stop]]
        earlier = int(course.volume[start - 1]) if start else 0
        rows.append(
            call.row(
                "output2",
                stck_bsop_date=ymd(call.market.day),
                stck_cntg_hour=_clock(int(course.ends[start]) - MINUTE),
                bstp_nmix_prpr=f"{levels[-1]:.2f}",
                bstp_nmix_oprc=f"{levels[0]:.2f}",
                bstp_nmix_hgpr=f"{max(levels):.2f}",
                bstp_nmix_lwpr=f"{min(levels):.2f}",
                cntg_vol=(int(course.volume[stop - 1]) - earlier) // _THOUSAND,
                acml_tr_pbmn=int(course.value[stop - 1]) // _MILLION,
            )
        )
    return quoted(output1=_index_head(call, every), output2=rows[::-1][:102])


@answers("chk_holiday")
def holidays(call: Call) -> Answer:
    """List calendar days from a date on, twenty-four a page."""
    day = call.day("BASS_DT", call.market.day)
    if call.tr_cont.upper() == "N" and call.text("CTX_AREA_NK").strip().isdecimal():
        day = call.day("CTX_AREA_NK", day)
    calendar = krx_calendar()
    rows: list[Row] = []
    while len(rows) < 24 and day <= calendar.covered_through:
        is_open = call.market.declared.get(day, calendar.is_session(day))
        flag = "Y" if is_open else "N"
        rows.append(
            call.row(
                "output",
                bass_dt=ymd(day),
                wday_dvsn_cd=f"{day.isoweekday() % 7 + 1:02}",
                bzdy_yn=flag,
                tr_day_yn=flag,
                opnd_yn=flag,
                sttl_day_yn=flag,
            )
        )
        day += dt.timedelta(days=1)
    is_last = day > min(calendar.covered_through, call.market.day + dt.timedelta(days=183))
    keys = {"ctx_area_fk": ymd(call.market.day).ljust(20), "ctx_area_nk": ("" if is_last else ymd(day)).ljust(20)}
    return told(call, tr_cont="D" if is_last else "M", output=rows, **keys)
