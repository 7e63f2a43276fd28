"""Answer the services about what is listed, and about reports that companies have filed by now."""

from __future__ import annotations

import datetime as dt
from typing import Any

from kats_core.market.calendar import krx_calendar
from kats_core.market.tables import DIVIDENDS, QUARTERS, YEARS
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.simulator.calls import Call, answers, hms, quoted, rate_of, ymd
from kats_core.simulator.catalogue import Row
from kats_core.simulator.gateway import Answer

BOARDS = {Market.KOSPI: "STK", Market.KOSDAQ: "KSQ", Market.KONEX: "KNX"}
GROUPS = {
    InstrumentKind.STOCK: "ST",
    InstrumentKind.ETF: "EF",
    InstrumentKind.ETN: "EN",
    InstrumentKind.ELW: "EW",
}
_EXCHANGES = {Market.KOSPI: "02", Market.KOSDAQ: "03", Market.KONEX: "01"}
_HUNDRED_MILLION = 100_000_000
_NOT_PROVIDED = "99.99"
_MOST_REPORTS = 20
_YEAR_END = 12


def standard_code(symbol: str) -> str:
    """Return a stock's twelve-character code with its check digit."""
    text = f"KR7{symbol}00"
    digits = "".join(str(int(letter, 36)) for letter in text)
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if n % 2 == 0 else 1)
        total += value // 10 + value % 10
    return f"{text}{(10 - total % 10) % 10}"


def _instrument(call: Call) -> Instrument | None:
    symbol = call.text("PDNO").removeprefix("A")
    return next((one for one in call.market.instruments() if one.symbol == symbol), None)


@answers("search_stock_info")
def stock(call: Call) -> Answer:
    """Say what is known of a stock; nothing here trades on the second venue."""
    one = _instrument(call)
    if one is None:
        return quoted(output=call.row("output"))
    quote = call.market.quote(one.symbol)
    last = quote.last if quote is not None else 0
    base = quote.limits.base if quote is not None else 0
    names = _names(one)
    output = call.service.row(
        "output",
        names
        | {
            "mket_id_cd": BOARDS[one.market],
            "scty_grp_id_cd": GROUPS[one.kind],
            "excg_dvsn_cd": _EXCHANGES[one.market],
            "setl_mmdd": "1231",
            "lstg_stqt": one.listed_shares or 0,
            "stck_kind_cd": "101",
            "thdt_clpr": last,
            "bfdy_clpr": base,
            "clpr_chng_dt": ymd(call.market.day),
            "sbst_pric": base * 8 // 10,
            "idx_bztp_lcls_cd_name": "시가총액규모",
            "idx_bztp_mcls_cd_name": one.sector or "",
            "idx_bztp_scls_cd_name": one.sector or "",
            "std_idst_clsf_cd_name": one.sector or "",
            "cptt_trad_tr_psbl_yn": "N",
            "nxt_tr_stop_yn": "N",
        },
    )
    return quoted(output=output)


@answers("search_info")
def product(call: Call) -> Answer:
    """Say what kind of product a code is."""
    one = _instrument(call)
    if one is None:
        return quoted(output=call.row("output"))
    more = {"shtn_pdno": one.symbol, "prdt_clsf_name": "주식", "ivst_prdt_type_cd_name": "주식"}
    return quoted(output=call.service.row("output", _names(one) | more))


def _names(one: Instrument) -> dict[str, Any]:
    return {
        "pdno": f"00000A{one.symbol}",
        "prdt_type_cd": "300",
        "prdt_name": one.name,
        "prdt_name120": one.name,
        "prdt_abrv_name": one.name,
        "std_pdno": standard_code(one.symbol),
    }


@answers("market_time")
def business_days(call: Call) -> Answer:
    """List the business days around today."""
    calendar, today = krx_calendar(), call.market.day
    near = calendar.previous_session(today), calendar.next_session(today)
    days = [calendar.previous_session(near[0]), near[0], today, near[1], calendar.next_session(near[1])]
    dates = {f"date{n}": ymd(day) for n, day in enumerate(days, start=1)}
    return quoted(output1=call.row("output1", **dates, today=ymd(today), time=hms(call.market.now),
                                   s_time="090000", e_time="153000"))  # fmt: skip


@answers("ksdinfo_dividend")
def dividends(call: Call) -> Answer:
    """List the cash dividends that are known by now and have their record date between two days."""
    table, wanted = call.market.panel.tables.get(DIVIDENDS), call.text("SHT_CD")
    span = call.day("F_DT", dt.date.min), call.day("T_DT", dt.date.max)
    rows = []
    for instrument in call.market.instruments():
        own = None if table is None else table.rows_of.get(instrument.symbol)
        if table is None or own is None or wanted not in ("", instrument.symbol):
            continue
        for n in range(own.start, own.stop):
            record, known = table.period[n].astype(dt.date), table.available_from[n].astype(dt.date)
            if span[0] <= record <= span[1] and known < call.market.day:
                rows.append(_dividend(call, instrument, record, float(table.columns["dps_krw"][n])))
    return quoted(output1=rows)


def _dividend(call: Call, one: Instrument, record: dt.date, won: float) -> Row:
    return call.row(
        "output1",
        record_date=ymd(record),
        sht_cd=one.symbol,
        isin_name=one.name,
        divi_kind="결산" if record.month == _YEAR_END else "분기",
        per_sto_divi_amt=f"{won:.0f}",
        stk_kind="보통",
    )


def _reports(call: Call) -> list[dict[str, Any]]:
    """Return the reports of a stock that are out by now, newest first; quarters are cumulative within their year."""
    is_yearly = call.text("FID_DIV_CLS_CODE", "0") == "0"
    table = call.market.panel.tables.get(YEARS if is_yearly else QUARTERS)
    symbol = call.symbol
    if table is None or symbol not in table.rows_of:
        return []
    rows = table.rows_of[symbol]
    found = []
    sums: dict[int, dict[str, float]] = {}
    for n in range(rows.start, rows.stop):
        end, known = table.period[n].astype(dt.date), table.available_from[n].astype(dt.date)
        values = {name: float(column[n]) for name, column in table.columns.items()}
        if not is_yearly:
            year = sums.setdefault(end.year, dict.fromkeys(values, 0.0))
            for name, value in values.items():
                year[name] += value
            values = dict(year)
        if known < call.market.day:
            found.append({"end": end, **values})
    return found[::-1][:_MOST_REPORTS]


@answers("finance_income_statement")
def income_statement(call: Call) -> Answer:
    """List income statements in units of a hundred million won; what is not provided prints 99.99."""
    rows = [
        call.row(
            "output",
            stac_yymm=one["end"].strftime("%Y%m"),
            sale_account=f"{one['revenue_krw'] / _HUNDRED_MILLION:.2f}",
            depr_cost=_NOT_PROVIDED,
            sell_mang=_NOT_PROVIDED,
            bsop_prti=f"{one['operating_profit_krw'] / _HUNDRED_MILLION:.2f}",
            bsop_non_ernn=_NOT_PROVIDED,
            bsop_non_expn=_NOT_PROVIDED,
            op_prfi=f"{one['operating_profit_krw'] / _HUNDRED_MILLION:.2f}",
            thtr_ntin=f"{one['net_income_krw'] / _HUNDRED_MILLION:.2f}",
        )
        for one in _reports(call)
    ]
    return quoted(output=rows)


@answers("finance_financial_ratio")
def financial_ratios(call: Call) -> Answer:
    """List growth and earnings per share; growth is 0 against a loss."""
    reports = _reports(call)
    by_end = {one["end"]: one for one in reports}
    return quoted(output=[_ratios(call, one, by_end.get(_a_year_before(one["end"]))) for one in reports])


def _ratios(call: Call, one: dict[str, Any], before: dict[str, Any] | None) -> Row:
    return call.row(
        "output",
        stac_yymm=one["end"].strftime("%Y%m"),
        grs=_growth(one, before, "revenue_krw"),
        bsop_prfi_inrt=_growth(one, before, "operating_profit_krw"),
        ntin_inrt=_growth(one, before, "net_income_krw"),
        eps=f"{one['eps_krw']:.2f}",
    )


@answers("finance_growth_ratio")
def growth_ratios(call: Call) -> Answer:
    """List the growth of sales and operating profit."""
    reports = _reports(call)
    by_end = {one["end"]: one for one in reports}
    rows = []
    for one in reports:
        before = by_end.get(_a_year_before(one["end"]))
        rows.append(
            call.row(
                "output",
                stac_yymm=one["end"].strftime("%Y%m"),
                grs=_growth(one, before, "revenue_krw"),
                bsop_prfi_inrt=_growth(one, before, "operating_profit_krw"),
            )
        )
    return quoted(output=rows)


def _a_year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1)


def _growth(one: dict[str, Any], before: dict[str, Any] | None, name: str) -> str:
    if before is None or before[name] <= 0:
        return "0.00"
    return rate_of(one[name] - before[name], before[name])
