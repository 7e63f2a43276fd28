"""Answer the services about an account: open orders, executions, balances, what can be bought and sold, realised profit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from kats_core.model.kinds import Market as Board
from kats_core.model.kinds import Side
from kats_core.simulator.calls import COMPLETE, Call, answers, hms, nothing, paged, percent, told, ymd
from kats_core.simulator.catalogue import Row
from kats_core.simulator.exchange.accounts import Account, Booked, Holding
from kats_core.simulator.exchange.desk import BRANCH, Act, Ticket
from kats_core.simulator.exchange.kinds import DIVISIONS
from kats_core.simulator.gateway import Answer

_BUY, _SELL = "02", "01"
_SIDE_NAMES = {
    (Side.BUY, Act.ORDER): "현금매수",
    (Side.SELL, Act.ORDER): "현금매도",
    (Side.BUY, Act.AMENDMENT): "매수정정*",
    (Side.SELL, Act.AMENDMENT): "매도정정*",
    (Side.BUY, Act.CANCELLATION): "매수취소*",
    (Side.SELL, Act.CANCELLATION): "매도취소*",
}
_BOARDS = {Board.KOSPI: "02", Board.KOSDAQ: "03", Board.KONEX: "01"}


@answers("inquire_psbl_rvsecncl")
def open_orders(call: Call) -> Answer:
    """List the orders that can be amended or cancelled, newest first."""
    wanted = {"1": Side.SELL, "2": Side.BUY}.get(call.text("INQR_DVSN_2", "0"))
    tickets = [one for one in call.market.desk.open_tickets(call.account) if wanted in (None, one.side)]
    page = paged(call, tickets[::-1], 50)
    rows = [
        call.row(
            "output",
            **_identity(one),
            rvse_cncl_dvsn_name=_SIDE_NAMES[one.side, Act.ORDER],
            ord_qty=one.quantity,
            ord_unpr=one.price,
            ord_tmd=hms(one.at),
            tot_ccld_qty=one.filled,
            tot_ccld_amt=one.amount,
            psbl_qty=one.left,
            excg_id_dvsn_name="한국거래소",
            stpm_cndt_pric=one.trigger,
        )
        for one in page.rows
    ]
    return told(call, page.code, page.tr_cont, output=rows, **page.keys)


@answers("inquire_daily_ccld")
def daily_executions(call: Call) -> Answer:
    """List orders and what became of them; the totals are those of the whole range, whatever else is asked for."""
    today = call.market.day
    first, last = call.day("INQR_STRT_DT", today), call.day("INQR_END_DT", today)
    in_range = [
        one for one in call.market.desk.tickets.values() if one.account is call.account and first <= one.session <= last
    ]
    chosen = [one for one in in_range if _is_asked(call, one)]
    if call.text("INQR_DVSN", "00") != "01":
        chosen.reverse()
    page = paged(call, chosen, 15 if call.is_mock else 100)
    totals = _totals(call, in_range)
    rows = [_execution(call, one) for one in page.rows]
    if not chosen:
        return nothing(call, output1=[], output2=totals, **page.keys)
    return told(call, page.code, page.tr_cont, output1=rows, output2=totals, **page.keys)


def _is_asked(call: Call, one: Ticket) -> bool:
    side = {"01": Side.SELL, "02": Side.BUY}.get(call.text("SLL_BUY_DVSN_CD", "00"))
    number = call.whole("ODNO")
    symbol = call.text("PDNO")
    executed = call.text("CCLD_DVSN", "00")
    return (
        side in (None, one.side)
        and number in (0, one.number)
        and symbol in ("", one.instrument.symbol)
        and (executed == "00" or (one.filled > 0 if executed == "01" else one.left > 0))
    )


def _execution(call: Call, one: Ticket) -> Row:
    average = Fraction(one.amount, one.filled) if one.filled else Fraction(0)
    return call.row(
        "output1",
        **_identity(one),
        ord_dt=ymd(one.session),
        sll_buy_dvsn_cd_name=_SIDE_NAMES[one.side, one.act],
        ord_qty=one.quantity,
        ord_unpr=one.price,
        ord_tmd=hms(one.at),
        tot_ccld_qty=one.filled,
        avg_prvs=_decimal(average),
        cncl_yn="Y" if one.act is Act.CANCELLATION or (one.cancelled and not one.left) else "N",
        tot_ccld_amt=one.amount,
        ordr_empno="OpnAPI",
        cncl_cfrm_qty=one.cancelled,
        rmn_qty=one.left,
        rjct_qty=one.refused,
        ccld_cndt_name="없음",
        inqr_ip_addr="010.000.000.001",
        cpbc_ordp_ord_rcit_dvsn_cd="1",
        cpbc_ordp_infm_mthd_dvsn_cd="0",
        infm_tmd="" if one.informed is None else hms(one.informed),
        prdt_type_cd="300",
        cpbc_ordp_mtrl_dvsn_cd="00",
        ord_orgno="00000",
        stpm_cndt_pric=one.trigger,
    )


def _identity(one: Ticket) -> dict[str, Any]:
    """Return the fields that say which order a row is about."""
    return {
        "ord_gno_brno": BRANCH,
        "odno": f"{one.number:010}",
        "orgn_odno": "" if one.original is None else f"{one.original:010}",
        "ord_dvsn_name": one.division.name,
        "ord_dvsn_cd": one.division.code,
        "pdno": one.instrument.symbol,
        "prdt_name": one.instrument.name,
        "sll_buy_dvsn_cd": _BUY if one.side is Side.BUY else _SELL,
        "excg_dvsn_cd": "12" if one.venue == "SOR" else _BOARDS[one.instrument.market],
        "excg_id_dvsn_cd": one.venue,
    }


def _totals(call: Call, tickets: list[Ticket]) -> Row:
    filled = sum(one.filled for one in tickets)
    amount = sum(one.amount for one in tickets)
    costs = sum(one.costs.commission + one.costs.tax for one in tickets)
    return call.row(
        "output2",
        tot_ord_qty=sum(one.quantity for one in tickets if one.act is Act.ORDER),
        tot_ccld_qty=filled,
        tot_ccld_amt=amount,
        prsm_tlex_smtl=costs,
        pchs_avg_pric=_decimal(Fraction(amount, filled) if filled else Fraction(0), 4),
    )


@answers("inquire_balance")
def balance(call: Call) -> Answer:
    """List what is held and how much cash there is on which day; the second block is a list of one."""
    held = list(call.account.holdings.items())
    page = paged(call, held, 20 if call.is_mock else 50)
    rows = [_held(call, symbol, holding) for symbol, holding in page.rows]
    summary = _summary(call)
    if not held:
        return nothing(call, output1=[], output2=[summary], **page.keys)
    return told(call, page.code, page.tr_cont, output1=rows, output2=[summary], **page.keys)


@answers("inquire_balance_rlz_pl")
def balance_with_profit(call: Call) -> Answer:
    """List what is held, with the profit realised today."""
    held = list(call.account.holdings.items())
    page = paged(call, held, 50)
    names = call.service.blocks["output1"].fields.keys()
    rows = [call.service.row("output1", _only(_holding(call, symbol, one), names)) for symbol, one in page.rows]
    known = call.service.blocks["output2"].fields.keys()
    today = [one for one in call.account.booked if one.day == call.account.day]
    realised = sum(one.realised for one in today if one.side is Side.SELL)
    cost = sum(one.amount - one.realised for one in today if one.side is Side.SELL)
    values = _only(_sums(call), known)
    extra = {
        "rlzt_pfls": realised,
        "rlzt_erng_rt": percent(realised, cost),
        "real_evlu_pfls": _sums(call)["evlu_pfls_smtl_amt"],
    }
    summary = call.service.row("output2", values | _only(extra, known))
    return told(call, page.code, page.tr_cont, output1=rows, output2=[summary], **page.keys)


def _only(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _held(call: Call, symbol: str, holding: Holding) -> Row:
    return call.service.row("output1", _holding(call, symbol, holding))


def _holding(call: Call, symbol: str, holding: Holding) -> dict[str, Any]:
    market, account = call.market, call.account
    quote = market.quote(symbol)
    name = next((one.name for one in market.instruments() if one.symbol == symbol), "")
    price = _price(call, symbol)
    value = price * holding.quantity
    base = price if quote is None else quote.limits.base
    margin = market.desk.margins.get(symbol, Fraction(1))
    return {
        "pdno": symbol,
        "prdt_name": name,
        "trad_dvsn_name": "현금",
        "bfdy_buy_qty": holding.bought_before,
        "bfdy_sll_qty": holding.sold_before,
        "thdt_buyqty": holding.bought_today,
        "thdt_sll_qty": holding.sold_today,
        "hldg_qty": holding.quantity,
        "ord_psbl_qty": account.sellable(symbol, market.desk.committed(account)),
        "pchs_avg_pric": _decimal(holding.average, 4),
        "pchs_amt": holding.cost,
        "prpr": price,
        "evlu_amt": value,
        "evlu_pfls_amt": value - holding.cost,
        "evlu_pfls_rt": percent(value - holding.cost, holding.cost),
        "evlu_erng_rt": "0.00000000",
        "fltt_rt": f"{(price - base) / base * 100:.8f}" if base else "0.00000000",
        "bfdy_cprs_icdc": price - base,
        "item_mgna_rt_name": f"{int(margin * 100)}%",
        "grta_rt_name": "45%",
        "sbst_pric": price * 8 // 10,
        "stck_loan_unpr": "0.0000",
    }


def _price(call: Call, symbol: str) -> int:
    """Return the price at which a holding is valued: the last one, on a day without session the last close."""
    quote = call.market.quote(symbol)
    if quote is not None:
        return quote.last
    panel = call.market.panel
    column = panel.column.get(symbol)
    rows = (
        [] if column is None else [row for row in range(len(panel.sessions)) if panel.sessions[row] < call.market.day]
    )
    for row in reversed(rows):
        if column is not None and panel.present[row, column]:
            return int(panel.close[row, column])
    return 0


def _sums(call: Call) -> dict[str, Any]:
    account = call.account
    value = sum(_price(call, symbol) * one.quantity for symbol, one in account.holdings.items())
    cost = sum(one.cost for one in account.holdings.values())
    today = [one for one in account.booked if one.day == account.day]
    earlier = sorted({one.day for one in account.booked if one.day < account.day})
    before = [one for one in account.booked if earlier and one.day == earlier[-1]]
    whole = value + account.cash_on(2)
    return {
        "dnca_tot_amt": account.cash,
        # Tomorrow's cash does not know today's purchases: that is why it must not be spent.
        "nxdy_excc_amt": account.cash_on(1),
        "prvs_rcdl_excc_amt": account.cash_on(2),
        "bfdy_buy_amt": _amount(before, Side.BUY),
        "thdt_buy_amt": _amount(today, Side.BUY),
        "bfdy_sll_amt": _amount(before, Side.SELL),
        "thdt_sll_amt": _amount(today, Side.SELL),
        "bfdy_tlex_amt": sum(one.commission + one.tax for one in before),
        "thdt_tlex_amt": sum(one.commission + one.tax for one in today),
        "scts_evlu_amt": value,
        "tot_evlu_amt": whole,
        "nass_amt": whole,
        "pchs_amt_smtl_amt": cost,
        "evlu_amt_smtl_amt": value,
        "evlu_pfls_smtl_amt": value - cost,
        "bfdy_tot_asst_evlu_amt": account.opening_cash,
        "asst_icdc_amt": whole - account.opening_cash,
        "asst_icdc_erng_rt": "0.00000000",
    }


def _summary(call: Call) -> Row:
    return call.service.row("output2", _sums(call))


def _amount(booked: Iterable[Booked], side: Side) -> int:
    return sum(one.amount for one in booked if one.side is side)


@answers("inquire_psbl_order")
def orderable(call: Call) -> Answer:
    """Say how much of a stock can be bought, without owing anything (`nrcvb`) and at most."""
    market, account = call.market, call.account
    committed = market.desk.committed(account)
    free, margin_cash = max(0, account.free_cash(committed)), max(0, account.margin_cash(committed))
    symbol = call.text("PDNO")
    board = market.board(symbol) if symbol else None
    division = DIVISIONS.get(call.text("ORD_DVSN", "01"))
    price = call.whole("ORD_UNPR")
    if board is not None and (price <= 0 or (division is not None and not division.needs_price)):
        price = board.limits.upper
    # A limit order's kind does not apply the margin rate of the stock.
    margin = market.desk.margins.get(symbol, Fraction(1)) if call.text("ORD_DVSN", "01") != "00" else Fraction(1)
    if not account.uses_margin:
        margin = Fraction(1)
    most = margin_cash * margin.denominator // margin.numerator
    output = call.row(
        "output",
        ord_psbl_cash=max(0, min(free, account.cash_on(0))),
        ruse_psbl_amt=max(0, min(account.unsettled_proceeds, free)),
        psbl_qty_calc_unpr=price,
        nrcvb_buy_amt=_without_costs(account, free),
        nrcvb_buy_qty=_affordable(account, free, price),
        max_buy_amt=_without_costs(account, most),
        max_buy_qty=_affordable(account, most, price),
    )
    return told(call, COMPLETE, output=output)


def _affordable(account: Account, cash: int, price: int) -> int:
    """Return how many shares cash pays, commission included."""
    if price <= 0:
        return 0
    quantity = cash // price
    while quantity and account.cost_of(quantity, price) > cash:
        quantity -= 1
    return quantity


def _without_costs(account: Account, cash: int) -> int:
    """Return the value of shares that cash pays for beside their commission."""
    return max(0, cash - account.commission_on(cash) - 1) if cash else 0


@answers("inquire_psbl_sell")
def sellable(call: Call) -> Answer:
    """Say how much of a holding can be sold; both names of the block are served."""
    symbol = call.text("PDNO")
    holding = call.account.holdings.get(symbol)
    if holding is None:
        return nothing(call, output1=call.row("output1"), output=call.row("output1"))
    known = _holding(call, symbol, holding)
    row = call.row(
        "output1",
        **_only(known, ("pdno", "prdt_name", "ord_psbl_qty", "pchs_avg_pric", "pchs_amt")),
        buy_qty=holding.bought_today,
        sll_qty=holding.sold_today,
        cblc_qty=holding.quantity,
        now_pric=known["prpr"],
        evlu_amt=known["evlu_amt"],
        evlu_pfls_amt=known["evlu_pfls_amt"],
        evlu_pfls_rt=known["evlu_pfls_rt"],
    )
    return told(call, COMPLETE, output1=row, output=row)


@answers("inquire_account_balance")
def assets(call: Call) -> Answer:
    """List twenty kinds of assets in their fixed order, of which this broker keeps three: shares, cash, all."""
    sums = _sums(call)
    value, cash = int(sums["scts_evlu_amt"]), int(sums["prvs_rcdl_excc_amt"])
    whole = value + cash
    rows = [call.row("output1") for _ in range(20)]
    for place, part, cost in ((0, value, int(sums["pchs_amt_smtl_amt"])), (17, cash, cash), (19, whole, 0)):
        values = {
            "pchs_amt": cost,
            "evlu_amt": part,
            "evlu_pfls_amt": part - cost if place == 0 else 0,
            "real_nass_amt": part,
            "whol_weit_rt": percent(part, whole),
        }
        rows[place] = call.service.row("output1", _only(values, call.service.blocks["output1"].fields))
    values = {"pchs_amt_smtl": sums["pchs_amt_smtl_amt"], "nass_tot_amt": whole, "evlu_amt_smtl": value, "dncl_amt": cash,
              "evlu_pfls_amt_smtl": sums["evlu_pfls_smtl_amt"], "tot_asst_amt": whole, "tot_dncl_amt": cash}  # fmt: skip
    summary = call.service.row("output2", _only(values, call.service.blocks["output2"].fields))
    return told(call, COMPLETE, "D", output1=rows, output2=summary)


@answers("intgr_margin")
def integrated_margin(call: Call) -> Answer:
    """Say how much cash may be spent on stocks of which margin class."""
    committed = call.market.desk.committed(call.account)
    free = max(0, call.account.free_cash(committed))
    names = ("stck_cash_ord_psbl_amt", "stck_cash100_max_ord_psbl_amt", "stck_itgr_cash100_ord_psbl_amt", "dncl_amt")
    values = _only(dict.fromkeys(names, free), call.service.blocks["output"].fields)
    return told(call, COMPLETE, output=call.service.row("output", values))


@answers("inquire_period_trade_profit")
def profit_by_stock(call: Call) -> Answer:
    """List what was traded by day and stock with its real costs: the only service that has them."""
    rows = [_profit(call, day, symbol, several) for (day, symbol), several in _grouped(call).items()]
    page = paged(call, rows if call.text("SORT_DVSN", "00") == "01" else rows[::-1], 50)
    known = call.service.blocks["output2"].fields
    sums = {
        name: sum(int(row[name]) for row in rows)
        for name in ("sll_qty", "sll_amt", "buy_qty", "buy_amt", "rlzt_pfls", "fee", "tl_tax")
    }
    values = {
        "sll_qty_smtl": sums["sll_qty"],
        "sll_tr_amt_smtl": sums["sll_amt"],
        "sll_fee_smtl": sums["fee"],
        "sll_tltx_smtl": sums["tl_tax"],
        "buyqty_smtl": sums["buy_qty"],
        "buy_tr_amt_smtl": sums["buy_amt"],
        "tot_qty": sums["sll_qty"] + sums["buy_qty"],
        "tot_tr_amt": sums["sll_amt"] + sums["buy_amt"],
        "tot_fee": sums["fee"],
        "tot_tltx": sums["tl_tax"],
        "tot_rlzt_pfls": sums["rlzt_pfls"],
    }
    summary = call.service.row("output2", _only(values, known))
    return told(call, page.code, page.tr_cont, output1=list(page.rows), output2=summary, **page.keys)


def _grouped(call: Call) -> dict[tuple[dt.date, str], list[Booked]]:
    first, last = call.day("INQR_STRT_DT", dt.date.min), call.day("INQR_END_DT", dt.date.max)
    symbol = call.text("PDNO")
    found: dict[tuple[dt.date, str], list[Booked]] = {}
    for one in call.account.booked:
        if first <= one.day <= last and symbol in ("", one.symbol):
            found.setdefault((one.day, one.symbol), []).append(one)
    return found


def _profit(call: Call, day: dt.date, symbol: str, several: list[Booked]) -> Row:
    sold, bought = _amount(several, Side.SELL), _amount(several, Side.BUY)
    sold_quantity = sum(one.quantity for one in several if one.side is Side.SELL)
    bought_quantity = sum(one.quantity for one in several if one.side is Side.BUY)
    fee, tax = sum(one.commission for one in several), sum(one.tax for one in several)
    of_sales = sum(one.commission + one.tax for one in several if one.side is Side.SELL)
    realised = sum(one.realised for one in several) - of_sales
    values = {
        "trad_dt": ymd(day),
        "pdno": symbol,
        "prdt_name": next((one.name for one in call.market.instruments() if one.symbol == symbol), ""),
        "trad_dvsn_name": "현금",
        "hldg_qty": call.account.holdings[symbol].quantity if symbol in call.account.holdings else 0,
        "buy_qty": bought_quantity,
        "buy_amt": bought,
        "sll_qty": sold_quantity,
        "sll_amt": sold,
        "sll_pric": sold // sold_quantity if sold_quantity else 0,
        "rlzt_pfls": realised,
        "pfls_rt": percent(realised, sold - realised) if sold else "0.00",
        "fee": fee,
        "tl_tax": tax,
    }
    return call.service.row("output1", _only(values, call.service.blocks["output1"].fields))


@answers("inquire_period_profit")
def profit_by_day(call: Call) -> Answer:
    """List the realised profit by day."""
    by_day: dict[dt.date, list[Booked]] = {}
    for (day, _), several in _grouped(call).items():
        by_day.setdefault(day, []).extend(several)
    names = call.service.blocks["output1"].fields
    rows = []
    for day, several in by_day.items():
        fee, tax = sum(one.commission for one in several), sum(one.tax for one in several)
        realised = sum(one.realised for one in several)
        sold = _amount(several, Side.SELL)
        values = {
            "trad_dt": ymd(day),
            "buy_amt": _amount(several, Side.BUY),
            "sll_amt": sold,
            "rlzt_pfls": realised - fee - tax,
            "fee": fee,
            "tl_tax": tax,
            "pfls_rt": percent(realised - fee - tax, sold - realised) if sold else "0.00",
        }
        rows.append(call.service.row("output1", _only(values, names)))
    page = paged(call, rows if call.text("SORT_DVSN", "00") == "01" else rows[::-1], 50)
    known = call.service.blocks["output2"].fields
    totals = {
        "tot_rlzt_pfls": sum(int(row["rlzt_pfls"]) for row in rows),
        "tot_fee": sum(int(row["fee"]) for row in rows),
        "tot_tltx": sum(int(row["tl_tax"]) for row in rows),
    }
    summary = call.service.row("output2", _only(totals, known))
    return told(call, page.code, page.tr_cont, output1=list(page.rows), output2=summary, **page.keys)


def _decimal(value: Fraction, places: int | None = None) -> str:
    """Return an average: with some decimals, or as many as it has, four at most."""
    if places is not None:
        return f"{float(value):.{places}f}"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.4f}"
