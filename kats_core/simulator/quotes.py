"""Answer the services about current prices, order books, trades, interruptions and flows."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from typing import Any

import numpy as np

from kats_core.market.tables import FLOWS
from kats_core.model.kinds import Side
from kats_core.simulator.calls import (
    Call,
    answers,
    board_name,
    hms,
    percent,
    quoted,
    rate_of,
    sign,
    ymd,
)
from kats_core.simulator.catalogue import Row
from kats_core.simulator.exchange.board import Board, Stage
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.gateway import Answer
from kats_core.simulator.history import own_history, year_range
from kats_core.simulator.market import Viewed
from kats_core.simulator.quote import Quote

_MOST_ROWS = 30
_HUNDRED_MILLION = 100_000_000
_ELSEWHERE = frozenset({"NX"})
"""Market codes of a venue on which nothing of this market is listed."""


def known_quote(call: Call) -> Quote | None:
    """Return the quote asked for, None for a stock that is not listed here."""
    return None if call.text("FID_COND_MRKT_DIV_CODE", "J").upper() in _ELSEWHERE else call.market.quote(call.symbol)


def moves(quote: Quote) -> dict[str, Any]:
    """Return the fields of a quote that many replies share."""
    return {
        "stck_prpr": quote.last,
        "prdy_vrss": quote.change,
        "prdy_vrss_sign": sign(quote.change, quote),
        "prdy_ctrt": rate_of(quote.change, quote.limits.base),
        "acml_vol": quote.volume,
    }


def of_session(quote: Quote) -> dict[str, Any]:
    """Return open, high and low, 0 before the first trade."""
    return {"stck_oprc": quote.open, "stck_hgpr": quote.high, "stck_lwpr": quote.low}


@answers("inquire_price")
def price(call: Call) -> Answer:
    """Say what a stock costs now; of one that is not listed, nothing, as the broker does."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output=call.row("output", iscd_stat_cls_code="00", mrkt_warn_cls_code="00", vi_cls_code="N",
                                      ovtm_vi_cls_code="N", mang_issu_cls_code="N"))  # fmt: skip
    one, limits = quote.instrument, quote.limits
    board = call.market.board(one.symbol)
    shares = one.listed_shares or 0
    history = own_history(call.market, one.symbol)
    year = year_range(history, quote)
    margin = call.market.desk.margins.get(one.symbol, 1)
    is_halted = board is not None and board.stage is Stage.HALTED
    output = call.row(
        "output",
        **moves(quote),
        **of_session(quote),
        iscd_stat_cls_code="58" if is_halted else "55",
        marg_rate=f"{float(margin * 100):.2f}",
        rprs_mrkt_kor_name=board_name(one.market),
        bstp_kor_isnm=one.sector or "",
        temp_stop_yn="Y" if is_halted else "N",
        crdt_able_yn="Y",
        grmn_rate_cls_code="40",
        acml_tr_pbmn=quote.value,
        prdy_vrss_vol_rate=percent(quote.volume, quote.volume_before),
        stck_mxpr=limits.upper,
        stck_llam=limits.lower,
        stck_sdpr=limits.base,
        wghn_avrg_stck_prc=f"{quote.average:.2f}",
        aspr_unit=board.ticks.tick(quote.last) if board is not None else 0,
        hts_deal_qty_unit_val=one.lot_size,
        rstc_wdth_prc=limits.width,
        stck_sspr=limits.base * 8 // 10,
        lstn_stcn=shares,
        hts_avls=shares * quote.last // _HUNDRED_MILLION,
        stac_month="12",
        vol_tnrt=percent(quote.volume, shares),
        ssts_yn="Y",
        stck_shrn_iscd=one.symbol,
        vi_cls_code="Y" if board is not None and board.stage is Stage.INTERRUPTED else "N",
        ovtm_vi_cls_code="N",
        mrkt_warn_cls_code="00",
        mang_issu_cls_code="N",
        fcam_cnnm="",
        cpfn_cnnm="",
        apprch_rate="",
        **year,
    )
    return quoted(output=output)


@answers("inquire_price_2")
def price_with_flags(call: Call) -> Answer:
    """Say what a stock costs now, with the flags of its standing."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output=call.row("output", mrkt_warn_cls_code="00", vi_cls_code="N"))
    one, limits = quote.instrument, quote.limits
    board = call.market.board(one.symbol)
    margin = call.market.desk.margins.get(one.symbol, 1)
    opened, high, low = quote.open or quote.last, quote.high or quote.last, quote.low or quote.last
    output = call.row(
        "output",
        **moves(quote),
        **of_session(quote),
        rprs_mrkt_kor_name=board_name(one.market),
        bstp_kor_isnm=one.sector or "",
        crdt_able_yn="Y",
        stck_mxpr=limits.upper,
        stck_llam=limits.lower,
        stck_sdpr=limits.base,
        stck_prdy_clpr=limits.base,
        marg_rate=f"{float(margin * 100):.2f}",
        oprc_vrss_prpr=quote.last - opened,
        oprc_vrss_prpr_sign=sign(quote.last - opened),
        prdy_clpr_vrss_oprc_rate=rate_of(opened - limits.base, limits.base),
        hgpr_vrss_prpr=quote.last - high,
        hgpr_vrss_prpr_sign=sign(quote.last - high),
        prdy_clpr_vrss_hgpr_rate=rate_of(high - limits.base, limits.base),
        lwpr_vrss_prpr=quote.last - low,
        lwpr_vrss_prpr_sign=sign(quote.last - low),
        prdy_clpr_vrss_lwpr_rate=rate_of(low - limits.base, limits.base),
        acml_tr_pbmn=quote.value,
        prdy_vrss_vol_rate=percent(quote.volume, quote.volume_before),
        prdy_vol=quote.volume_before,
        mrkt_warn_cls_code="00",
        vi_cls_code="Y" if board is not None and board.stage is Stage.INTERRUPTED else "N",
        trht_yn="Y" if board is not None and board.stage is Stage.HALTED else "N",
    )
    return quoted(output=output)


@answers("intstock_multprice")
def prices(call: Call) -> Answer:
    """Say what up to thirty stocks cost."""
    rows = []
    for n in range(1, _MOST_ROWS + 1):
        symbol = call.text(f"FID_INPUT_ISCD_{n}")
        quote = call.market.quote(symbol) if symbol else None
        if quote is not None:
            rows.append(_slot(call, quote))
    return quoted(output=rows)


def _slot(call: Call, quote: Quote) -> Row:
    one, limits = quote.instrument, quote.limits
    board = call.market.board(one.symbol)
    asks = board.displayed(Side.SELL) if board is not None else ()
    bids = board.displayed(Side.BUY) if board is not None else ()
    return call.row(
        "output",
        kospi_kosdaq_cls_name=board_name(one.market),
        hour_cls_code="0",
        inter_shrn_iscd=one.symbol,
        inter_kor_isnm=one.name,
        inter2_prpr=quote.last,
        inter2_prdy_vrss=quote.change,
        prdy_vrss_sign=sign(quote.change, quote),
        prdy_ctrt=rate_of(quote.change, limits.base),
        acml_vol=quote.volume,
        inter2_oprc=quote.open,
        inter2_hgpr=quote.high,
        inter2_lwpr=quote.low,
        inter2_llam=limits.lower,
        inter2_mxpr=limits.upper,
        inter2_askp=asks[0].price if asks else 0,
        inter2_bidp=bids[0].price if bids else 0,
        seln_rsqn=asks[0].size if asks else 0,
        shnu_rsqn=bids[0].size if bids else 0,
        total_askp_rsqn=sum(level.size for level in asks),
        total_bidp_rsqn=sum(level.size for level in bids),
        acml_tr_pbmn=quote.value,
        inter2_prdy_clpr=limits.base,
        oprc_vrss_hgpr_rate=rate_of(quote.high - quote.open, quote.open),
        inter2_sdpr=limits.base,
    )


@answers("inquire_asking_price_exp_ccn")
def asking_prices(call: Call) -> Answer:
    """Show the order book, and what an auction would trade."""
    quote = known_quote(call)
    board = None if quote is None else call.market.board(quote.instrument.symbol)
    if quote is None or board is None:
        return quoted(output1=call.row("output1"), output2=call.row("output2", vi_cls_code="N"))
    values: dict[str, Any] = {}
    totals = {}
    for name, side in (("askp", Side.SELL), ("bidp", Side.BUY)):
        levels = board.displayed(side)
        totals[name] = sum(level.size for level in levels)
        for n, level in enumerate(levels, start=1):
            values[f"{name}{n}"], values[f"{name}_rsqn{n}"] = level.price, level.size
    output1 = call.row(
        "output1",
        **values,
        aspr_acpt_hour=hms(call.market.now),
        total_askp_rsqn=totals["askp"],
        total_bidp_rsqn=totals["bidp"],
        ntby_aspr_rsqn=totals["bidp"] - totals["askp"],
        new_mkop_cls_code=_operation(board),
    )
    return quoted(output1=output1, output2=_expected(call, quote, board))


def _operation(board: Board) -> str:
    if board.stage in (Stage.OPENING, Stage.CLOSING):
        return "00"
    return "20" if board.stage in (Stage.CONTINUOUS, Stage.INTERRUPTED, Stage.HALTED) else "31"


def _expected(call: Call, quote: Quote, board: Board) -> Row:
    found = board.expected()
    at, quantity = found or (0, 0)
    change = at - quote.limits.base if found else 0
    return call.row(
        "output2",
        antc_mkop_cls_code="311" if board.stage is Stage.OPENING else "121" if board.stage is Stage.CLOSING else "",
        stck_prpr=quote.last,
        **of_session(quote),
        stck_sdpr=quote.limits.base,
        antc_cnpr=at,
        antc_cntg_vrss_sign=sign(change),
        antc_cntg_vrss=change,
        antc_cntg_prdy_ctrt=rate_of(change, quote.limits.base),
        antc_vol=quantity,
        stck_shrn_iscd=quote.instrument.symbol,
        vi_cls_code="Y" if board.stage is Stage.INTERRUPTED else "N",
    )


def _recent(call: Call, quote: Quote) -> list[Printed]:
    """Return the last trades, newest first: those that were played, else those of the street's last minutes."""
    symbol, session = quote.instrument.symbol, call.market.session
    played = list(call.market.recent.get(symbol, ()))
    if len(played) >= _MOST_ROWS or session is None:
        return played[::-1][:_MOST_ROWS]
    since = played[0].ts if played else call.market.now + 1
    street = [
        Printed(one.ts, one.symbol, one.price, one.quantity, one.aggressor, one.is_auction)
        for one in session.trades(symbol, since - 600 * 1_000_000_000, since - 1)
    ]
    return [*street, *played][::-1][:_MOST_ROWS]


@answers("inquire_ccnl")
def last_trades(call: Call) -> Answer:
    """List the last trades, newest first."""
    quote = known_quote(call)
    rows = [] if quote is None else [
        call.row(
            "output",
            stck_cntg_hour=hms(one.ts),
            stck_prpr=one.price,
            prdy_vrss=one.price - quote.limits.base,
            prdy_vrss_sign=sign(one.price - quote.limits.base),
            cntg_vol=one.quantity,
            tday_rltv=f"{quote.strength:.2f}",
            prdy_ctrt=rate_of(one.price - quote.limits.base, quote.limits.base),
        )
        for one in _recent(call, quote)
    ]  # fmt: skip
    return quoted(output=rows)


@answers("inquire_time_itemconclusion")
def trades_by_time(call: Call) -> Answer:
    """List today's trades up to a clock, newest first."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output1=call.row("output1"), output2=[])
    until = call.text("FID_INPUT_HOUR_1", "235959")
    volume, rows = quote.volume, []
    for one in _recent(call, quote):
        if hms(one.ts) <= until:
            change = one.price - quote.limits.base
            rows.append(
                call.row(
                    "output2",
                    stck_cntg_hour=hms(one.ts),
                    stck_pbpr=one.price,
                    prdy_vrss=change,
                    prdy_vrss_sign=sign(change),
                    prdy_ctrt=rate_of(change, quote.limits.base),
                    askp=one.price,
                    bidp=one.price,
                    tday_rltv=f"{quote.strength:.2f}",
                    acml_vol=volume,
                    cnqn=one.quantity,
                )
            )
        volume -= one.quantity
    head = call.row(
        "output1",
        **moves(quote),
        prdy_vol=quote.volume_before,
        rprs_mrkt_kor_name=board_name(quote.instrument.market),
    )
    return quoted(output1=head, output2=rows)


@answers("inquire_vi_status")
def interruptions(call: Call) -> Answer:
    """List the last thirty interruptions, newest first."""
    symbol = call.symbol
    session = call.market.session
    found = list(call.market.interruptions)
    if session is not None:
        played = {(one.symbol, one.began) for one in found}
        for name, pauses in session.pauses.items():
            quote = call.market.quotes[name]
            found += [
                Viewed(name, one.begins, one.ends if one.ends <= call.market.now else None, True, True,
                       quote.reference, quote.reference)
                for one in pauses
                if one.begins <= call.market.now and (name, one.begins) not in played
            ]  # fmt: skip
    found = sorted((one for one in found if symbol in ("", one.symbol)), key=lambda one: one.began, reverse=True)
    counts: dict[str, int] = {}
    rows = []
    for one in reversed(found):
        counts[one.symbol] = counts.get(one.symbol, 0) + 1
        rows.append(_interruption(call, one, counts[one.symbol]))
    return quoted(output=rows[::-1][:_MOST_ROWS])


def _interruption(call: Call, one: Viewed, count: int) -> Row:
    quote = call.market.quotes[one.symbol]
    difference = rate_of(one.trigger - one.reference, one.reference)
    return call.row(
        "output",
        hts_kor_isnm=quote.instrument.name,
        mksc_shrn_iscd=one.symbol,
        vi_cls_code="N" if one.ended is not None else "Y",
        bsop_date=ymd(call.market.day),
        cntg_vi_hour=hms(one.began),
        vi_cncl_hour="" if one.ended is None else hms(one.ended),
        vi_kind_code="1" if one.is_static else "2",
        vi_prc=one.trigger,
        vi_stnd_prc=one.reference if one.is_static else 0,
        vi_dprt=difference if one.is_static else "0.00",
        vi_dmc_stnd_prc=0 if one.is_static else one.reference,
        vi_dmc_dprt="0.00" if one.is_static else difference,
        vi_count=count,
    )


@answers("inquire_investor")
def investors(call: Call) -> Answer:
    """List net buying of the last thirty sessions; today's is blank until the close."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output=[])
    rows = [_blank_today(call, quote), *_flows_until(call, quote, call.market.day, "output")]
    return quoted(output=rows[:_MOST_ROWS])


@answers("investor_trade_by_stock_daily")
def investors_by_day(call: Call) -> Answer:
    """List net buying back from a day, until yesterday."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output1=call.row("output1"), output2=[])
    until = call.day("FID_INPUT_DATE_1", call.market.day)
    now = call.row(
        "output1", **moves(quote), prdy_vol=quote.volume_before, rprs_mrkt_kor_name=board_name(quote.instrument.market)
    )
    return quoted(output1=now, output2=_flows_until(call, quote, until, "output2"))


def _flows_until(call: Call, quote: Quote, until: dt.date, block: str) -> list[Row]:
    """Return the rows of at most thirty past sessions up to a day, newest first."""
    symbol = quote.instrument.symbol
    history = own_history(call.market, symbol)
    end = bisect_right(history.sessions, until)
    start = max(0, end - _MOST_ROWS)
    sessions = history.sessions[start:end]
    flows = call.market.panel.tables.get(FLOWS)
    nets: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {}
    if flows is not None and sessions:
        for who, column in (("orgn", "inst_net_shares"), ("frgn", "foreign_net_shares")):
            if column in flows.columns:
                nets[who] = flows.daily(column, [symbol], sessions)[:, 0]
    rows = []
    for n in reversed(range(start, end)):
        net = {who: int(column[n - start]) for who, column in nets.items() if column[n - start] == column[n - start]}
        net["prsn"] = -sum(net.values())
        rows.append(
            _flows(call, block, history.sessions[n], history.close[n], history.close_before(n), net, history.volume[n])
        )
    return rows


def _blank_today(call: Call, quote: Quote) -> Row:
    names = call.service.blocks["output"].fields
    return call.service.row(
        "output",
        dict.fromkeys(names, "")
        | {
            "stck_bsop_date": ymd(call.market.day),
            "stck_clpr": quote.last,
            "prdy_vrss": quote.change,
            "prdy_vrss_sign": sign(quote.change, quote),
        },
    )


def _flows(call: Call, block: str, day: dt.date, close: int, before: int, net: dict[str, int], volume: int) -> Row:
    values: dict[str, Any] = {
        "stck_bsop_date": ymd(day),
        "stck_clpr": close,
        "prdy_vrss": close - before,
        "prdy_vrss_sign": sign(close - before),
    }
    for who, shares in net.items():
        bought = (volume + shares) // 2
        for name, quantity in (("ntby", shares), ("shnu", bought), ("seln", bought - shares)):
            values[f"{who}_{name}_{'qty' if name == 'ntby' else 'vol'}"] = quantity
            values[f"{who}_{name}_tr_pbmn"] = quantity * close // 1_000_000
    return call.service.row(block, values)


@answers("etf_inquire_price")
def fund_price(call: Call) -> Answer:
    """Say what a fund costs now; of its net asset value this market knows nothing."""
    quote = known_quote(call)
    if quote is None:
        return quoted(output=call.row("output", vi_cls_code="N"))
    one, limits = quote.instrument, quote.limits
    opened, high, low = quote.open or quote.last, quote.high or quote.last, quote.low or quote.last
    year = {
        name: value for name, value in year_range(own_history(call.market, one.symbol), quote).items() if "dryy" in name
    }
    board = call.market.board(one.symbol)
    output = call.row(
        "output",
        **moves(quote),
        **of_session(quote),
        **year,
        prdy_vol=quote.volume_before,
        stck_mxpr=limits.upper,
        stck_llam=limits.lower,
        stck_prdy_clpr=limits.base,
        prdy_clpr_vrss_oprc_rate=rate_of(opened - limits.base, limits.base),
        prdy_clpr_vrss_hgpr_rate=rate_of(high - limits.base, limits.base),
        prdy_clpr_vrss_lwpr_rate=rate_of(low - limits.base, limits.base),
        stck_sdpr=limits.base,
        stck_sspr=limits.base * 8 // 10,
        crcd="KRW",
        bstp_kor_isnm=one.sector or "",
        vi_cls_code="Y" if board is not None and board.stage is Stage.INTERRUPTED else "N",
        lstn_stcn=one.listed_shares or 0,
        etf_trc_ert_mltp=f"{one.leverage:.2f}",
        stck_lstn_date=ymd(one.listed),
    )
    return quoted(output=output)
