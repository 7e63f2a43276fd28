"""Write the records of the stream: each field of the broker's layout by its name, as text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from kats_core.kis.wire import layouts
from kats_core.kis.wire.layouts import LAYOUTS, Profile
from kats_core.market.phases import SessionPhase
from kats_core.model import time
from kats_core.model.kinds import Side
from kats_core.model.time import Nanos
from kats_core.simulator.calls import hms, percent, rate_of, sign, ymd
from kats_core.simulator.exchange.board import Board, Stage
from kats_core.simulator.exchange.desk import BRANCH, Notice, Told
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.exchange.kinds import condition_of
from kats_core.simulator.keys import ClientKeys
from kats_core.simulator.market import Market
from kats_core.simulator.quote import Quote

Fields: TypeAlias = dict[str, str]

_HOUR_CLASSES = {Stage.OPENING: "B", Stage.INTERRUPTED: "C", Stage.CLOSING: "A"}
_NULL = "(null)"
_CURRENT_TRADE = 47
_RECORDS_SINCE, _NOTICE_SINCE = dt.date(2026, 9, 14), dt.date(2025, 3, 4)
"""The first days of today's trades and books, and, about, of today's notices."""
_STATUS_OK, _STATUS_HALTED = "55", "58"
_ACCEPTED = {Told.ACCEPTED: "1", Told.CONFIRMED: "2", Told.FILLED: "2", Told.ENDED: "3", Told.REFUSED: "1"}
PHASE_CODES = {
    SessionPhase.OPENING_AUCTION: "110",
    SessionPhase.CONTINUOUS: "112",
    SessionPhase.CLOSING_AUCTION: "121",
    SessionPhase.AFTER_CLOSE_PRICE: "129",
}
SYMBOL_STREAMS = frozenset({layouts.KRX_TRADES, layouts.KRX_BOOK, layouts.KRX_EXPECTED, layouts.KRX_STATUS})
"""The streams of a stock that this market fills."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How many fields the records have that changed over the years: trades, KRX books, notices."""

    trade: int = _CURRENT_TRADE
    book: int = 63
    notice: int = 26

    @classmethod
    def parse(cls, text: str) -> Widths:
        """Read `47/63/26`; raises ValueError for widths that the broker never had."""
        try:
            trade, book, notice = (int(part) for part in text.split("/"))
        except ValueError:
            raise ValueError(f"widths {text!r}: expected three numbers as in 47/63/26") from None
        found = cls(trade, book, notice)
        for stream, width in ((layouts.KRX_TRADES, trade), (layouts.KRX_BOOK, book), (layouts.NOTICES, notice)):
            known = sorted({len(names) for names in LAYOUTS[stream].names.values()})
            if width not in known:
                raise ValueError(f"widths {text!r}: {stream} never had {width} fields, only {known}")
        return found

    @classmethod
    def on(cls, day: dt.date) -> Widths:
        """Return the widths that were on the wire on a day."""
        notice = 26 if day >= _NOTICE_SINCE else 23
        return cls(notice=notice) if day >= _RECORDS_SINCE else cls(46, 59, notice)

    def names(self, stream: str) -> tuple[str, ...]:
        """Return the names of a stream's fields."""
        layout = LAYOUTS[stream]
        asked = {
            layouts.KRX_TRADES: self.trade,
            layouts.KRX_BOOK: self.book,
            layouts.NOTICES: self.notice,
            layouts.VPS_NOTICES: self.notice,
        }.get(stream)
        if asked is not None:
            return next(names for names in layout.names.values() if len(names) == asked)
        return layout.names[Profile.CURRENT if self.trade == _CURRENT_TRADE else Profile.SAMPLE]

    def record(self, stream: str, fields: Fields) -> list[str]:
        """Return the fields in their order."""
        return [fields.get(name, "") for name in self.names(stream)]


def trade_fields(quote: Quote, board: Board, printed: Printed, *, is_evening: bool) -> Fields:
    """Return a trade record."""
    aggressor = "3" if printed.aggressor is None else "1" if printed.aggressor is Side.BUY else "5"
    return {
        **_session_so_far(quote, board, printed.price, printed.ts),
        "STCK_CNTG_HOUR": hms(printed.ts),
        "CNTG_VOL": str(printed.quantity),
        "CCLD_DVSN": aggressor,
        "CNTG_CLS_CODE": aggressor,
        "NEW_MKOP_CLS_CODE": "30" if is_evening else "20",
        "HOUR_CLS_CODE": "0",
        "MARKET_CLS_CODE": "3" if is_evening else "2",
    }


def expected_fields(quote: Quote, board: Board, price: int, quantity: int, ts: Nanos) -> Fields:
    """Return a record of what an auction would trade now."""
    change = price - quote.limits.base
    return {
        **_session_so_far(quote, board, price, ts),
        "STCK_CNTG_HOUR": hms(ts),
        "STCK_PRPR": str(price),
        "PRDY_VRSS_SIGN": sign(change),
        "PRDY_VRSS": str(change),
        "PRDY_CTRT": rate_of(change, quote.limits.base),
        "ASKP1": str(price),
        "BIDP1": str(price),
        "CNTG_VOL": str(quantity),
        "CNTG_CLS_CODE": "1",
        "NEW_MKOP_CLS_CODE": "00",
        "HOUR_CLS_CODE": _HOUR_CLASSES.get(board.stage, "0"),
    }


def _session_so_far(quote: Quote, board: Board, price: int, ts: Nanos) -> Fields:
    asks, bids = board.displayed(Side.SELL), board.displayed(Side.BUY)
    base = quote.limits.base
    change = price - base
    shares = quote.instrument.listed_shares or 0
    return {
        "MKSC_SHRN_ISCD": quote.instrument.symbol,
        "STCK_PRPR": str(price),
        "PRDY_VRSS_SIGN": sign(change, quote),
        "PRDY_VRSS": str(change),
        "PRDY_CTRT": rate_of(change, base),
        "WGHN_AVRG_STCK_PRC": f"{quote.average:.2f}",
        "STCK_OPRC": str(quote.open),
        "STCK_HGPR": str(quote.high),
        "STCK_LWPR": str(quote.low),
        "ASKP1": str(asks[0].price if asks else 0),
        "BIDP1": str(bids[0].price if bids else 0),
        "ACML_VOL": str(quote.volume),
        "ACML_TR_PBMN": str(quote.value),
        "SELN_CNTG_CSNU": str(quote.sales),
        "SHNU_CNTG_CSNU": str(quote.purchases),
        "NTBY_CNTG_CSNU": str(quote.purchases - quote.sales),
        "CTTR": f"{quote.strength:.2f}",
        "SELN_CNTG_SMTN": str(quote.sold),
        "SHNU_CNTG_SMTN": str(quote.bought),
        "SHNU_RATE": f"{quote.bought / quote.volume:.2f}" if quote.volume else "0.00",
        "PRDY_VOL_VRSS_ACML_VOL_RATE": percent(quote.volume, quote.volume_before),
        "OPRC_HOUR": hms(quote.opened) or "000000",
        "OPRC_VRSS_PRPR_SIGN": sign(price - quote.open if quote.open else 0),
        "OPRC_VRSS_PRPR": str(price - quote.open if quote.open else 0),
        "HGPR_HOUR": hms(quote.high_at) or "000000",
        "HGPR_VRSS_PRPR_SIGN": sign(price - quote.high if quote.high else 0),
        "HGPR_VRSS_PRPR": str(price - quote.high if quote.high else 0),
        "LWPR_HOUR": hms(quote.low_at) or "000000",
        "LWPR_VRSS_PRPR_SIGN": sign(price - quote.low if quote.low else 0),
        "LWPR_VRSS_PRPR": str(price - quote.low if quote.low else 0),
        "BSOP_DATE": _day(ts),
        "TRHT_YN": "Y" if board.stage is Stage.HALTED else "N",
        "ASKP_RSQN1": str(asks[0].size if asks else 0),
        "BIDP_RSQN1": str(bids[0].size if bids else 0),
        "TOTAL_ASKP_RSQN": str(sum(level.size for level in asks)),
        "TOTAL_BIDP_RSQN": str(sum(level.size for level in bids)),
        "VOL_TNRT": percent(quote.volume, shares),
        "PRDY_SMNS_HOUR_ACML_VOL": "0",
        "PRDY_SMNS_HOUR_ACML_VOL_RATE": "0.00",
        "MRKT_TRTM_CLS_CODE": "",
        "VI_STND_PRC": str(board.reference),
        "DUMMY": "",
    }


def book_fields(quote: Quote, board: Board, ts: Nanos, *, is_evening: bool) -> Fields:
    """Return a record of the order book, with what an auction would trade where one is on."""
    asks, bids = board.displayed(Side.SELL), board.displayed(Side.BUY)
    fields: Fields = {}
    for name, levels in (("ASKP", asks), ("BIDP", bids)):
        for n in range(1, 11):
            level = levels[n - 1] if n <= len(levels) else None
            fields[f"{name}{n}"] = str(level.price if level else 0)
            fields[f"{name}_RSQN{n}"] = str(level.size if level else 0)
    found = board.expected()
    price, quantity = found or (0, 0)
    change = price - quote.limits.base
    middle = (asks[0].price + bids[0].price) // 2 if asks and bids else 0
    return fields | {
        "MKSC_SHRN_ISCD": quote.instrument.symbol,
        "BSOP_HOUR": hms(ts),
        "HOUR_CLS_CODE": _HOUR_CLASSES.get(board.stage, "0"),
        "TOTAL_ASKP_RSQN": str(sum(level.size for level in asks)),
        "TOTAL_BIDP_RSQN": str(sum(level.size for level in bids)),
        "OVTM_TOTAL_ASKP_RSQN": "0",
        "OVTM_TOTAL_BIDP_RSQN": "0",
        "ANTC_CNPR": str(price),
        "ANTC_CNQN": str(quantity),
        "ANTC_VOL": str(quantity),
        "ANTC_CNTG_VRSS": str(change),
        "ANTC_CNTG_VRSS_SIGN": sign(change),
        "ANTC_CNTG_PRDY_CTRT": rate_of(change, quote.limits.base),
        "ACML_VOL": str(quote.volume),
        "TOTAL_ASKP_RSQN_ICDC": "0",
        "TOTAL_BIDP_RSQN_ICDC": "0",
        "OVTM_TOTAL_ASKP_ICDC": "0",
        "OVTM_TOTAL_BIDP_ICDC": "0",
        "STCK_DEAL_CLS_CODE": "0",
        "MID_PRC": str(middle),
        "KMID_PRC": str(middle),
        "MIDP_TOTAL_RSQN": "0",
        "KMID_TOTAL_RSQN": "0",
        "MIDP_CLS_CODE": "0",
        "KMID_CLS_CODE": "0",
        "MARKET_CLS_CODE": "3" if is_evening else "2",
    }


def status_fields(board: Board, *, phase: str = "", reason: str = "") -> Fields:
    """Return a record of the market's operation."""
    is_halted = board.stage is Stage.HALTED
    return {
        "MKSC_SHRN_ISCD": board.symbol,
        "TRHT_YN": "Y" if is_halted else "N",
        "TR_SUSP_REAS_CNTT": reason or _NULL,
        "MKOP_CLS_CODE": phase,
        "ANTC_MKOP_CLS_CODE": "",
        "MRKT_TRTM_CLS_CODE": "",
        "DIVI_APP_CLS_CODE": "",
        "ISCD_STAT_CLS_CODE": _STATUS_HALTED if is_halted else _STATUS_OK,
        "VI_CLS_CODE": "Y" if board.stage is Stage.INTERRUPTED else "N",
        "OVTM_VI_CLS_CODE": "N",
        "EXCH_CLS_CODE": "1",
    }


def notice_fields(notice: Notice, keys: ClientKeys) -> Fields:
    """Return a notice of an order or a fill; numbers are padded with zeros here."""
    ticket = notice.ticket
    is_fill = notice.told is Told.FILLED
    name = ticket.instrument.name
    return {
        "CUST_ID": keys.hts_id,
        "ACNT_NO": ticket.account.number + ticket.account.product,
        "ODER_NO": f"{ticket.number:010}",
        "OODER_NO": "" if ticket.original is None else f"{ticket.original:010}",
        "SELN_BYOV_CLS": "02" if ticket.side is Side.BUY else "01",
        "RCTF_CLS": ticket.act.value if not is_fill else "0",
        "ODER_KIND": ticket.division.code,
        "ODER_COND": condition_of(ticket.division.kind),
        "STCK_SHRN_ISCD": ticket.instrument.symbol,
        "CNTG_QTY": f"{notice.quantity:010}",
        "CNTG_UNPR": f"{notice.price:09}",
        "STCK_CNTG_HOUR": hms(notice.ts),
        "RFUS_YN": "1" if notice.told is Told.REFUSED else "0",
        "CNTG_YN": "2" if is_fill else "1",
        "ACPT_YN": _ACCEPTED[notice.told],
        "BRNC_NO": BRANCH,
        "ODER_QTY": f"{ticket.quantity:09}",
        "ACNT_NAME": ticket.account.holder,
        "ORD_COND_PRC": f"{ticket.trigger:09}",
        "ORD_EXG_GB": "3" if ticket.venue == "SOR" else "1",
        "POPUP_YN": "Y",
        "FILLER": "",
        "CNTG_ISNM": name,
        "CRDT_CLS": "10",
        "CRDT_LOAN_DATE": "",
        "CNTG_ISNM40": name,
        "ODER_PRC": f"{ticket.price:09}",
    }


def index_fields(market: Market, code: str, ts: Nanos) -> Fields | None:
    """Return a record of an index, None before its first value of the session."""
    session = market.session
    course = None if session is None else session.indices.get(code)
    place = 0 if course is None else int((course.ends <= ts).sum())
    if session is None or course is None or not place:
        return None
    values = [float(level) for level in course.level[:place]]
    now, opened, high, low = values[-1], values[0], max(values), min(values)
    before = course.before
    moved = [one.last - one.limits.base for one in market.index_quotes(code)]
    return {
        "BSTP_CLS_CODE": code,
        "BSOP_HOUR": hms(ts),
        "PRPR_NMIX": f"{now:.2f}",
        "PRDY_VRSS_SIGN": sign(now - before),
        "BSTP_NMIX_PRDY_VRSS": f"{now - before:.2f}",
        "ACML_VOL": str(int(course.volume[place - 1]) // 1_000),
        "ACML_TR_PBMN": str(int(course.value[place - 1]) // 1_000_000),
        "PCAS_VOL": str((int(course.volume[place - 1]) - (int(course.volume[place - 2]) if place > 1 else 0)) // 1_000),
        "PCAS_TR_PBMN": str(
            (int(course.value[place - 1]) - (int(course.value[place - 2]) if place > 1 else 0)) // 1_000_000
        ),
        "PRDY_CTRT": rate_of(now - before, before),
        "OPRC_NMIX": f"{opened:.2f}",
        "NMIX_HGPR": f"{high:.2f}",
        "NMIX_LWPR": f"{low:.2f}",
        "OPRC_VRSS_NMIX_PRPR": f"{now - opened:.2f}",
        "OPRC_VRSS_NMIX_SIGN": sign(now - opened),
        "HGPR_VRSS_NMIX_PRPR": f"{now - high:.2f}",
        "HGPR_VRSS_NMIX_SIGN": sign(now - high),
        "LWPR_VRSS_NMIX_PRPR": f"{now - low:.2f}",
        "LWPR_VRSS_NMIX_SIGN": sign(now - low),
        "PRDY_CLPR_VRSS_OPRC_RATE": rate_of(opened - before, before),
        "PRDY_CLPR_VRSS_HGPR_RATE": rate_of(high - before, before),
        "PRDY_CLPR_VRSS_LWPR_RATE": rate_of(low - before, before),
        "UPLM_ISSU_CNT": "0",
        "ASCN_ISSU_CNT": str(sum(one > 0 for one in moved)),
        "STNR_ISSU_CNT": str(sum(one == 0 for one in moved)),
        "DOWN_ISSU_CNT": str(sum(one < 0 for one in moved)),
        "LSLM_ISSU_CNT": "0",
        "QTQT_ASCN_ISSU_CNT": "0",
        "QTQT_DOWN_ISSU_CNT": "0",
        "TICK_VRSS": "0",
    }


def _day(ts: Nanos) -> str:
    return ymd(time.session_date(ts))
