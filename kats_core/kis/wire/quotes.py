"""Ask for prices, candles, indices, interruptions, the flows of investors, and what is traded most.

Money is won and quantities are shares, whatever unit the broker writes: market caps come in hundred millions, values of
investors in millions. A price of zero is none. Unknown symbols are answered with zeros, which is no answer here.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Generic, Self

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import A, Answer, Ask, Out
from kats_core.kis.wire.values import (
    CODE,
    HUNDRED_MILLIONS,
    LATER_CLOCK,
    MILLIONS,
    PRICE,
    QUANTITY,
    THOUSANDS,
    coded,
)
from kats_core.kis.wire.venues import OF_QUOTES, Venue
from kats_core.market.vi import ListedVi
from kats_core.model import time as kst

MOST_SYMBOLS: Final = 30


class Period(enum.StrEnum):
    """How long a candle lasts."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    YEAR = "Y"


_PERIODS = coded("period", {period.value: period for period in Period})
# The same parameter means the opposite in the two services.
_ADJUSTED_CHART = coded("0 or 1", {"0": True, "1": False})
_INDEX_MARKET = {"FID_COND_MRKT_DIV_CODE": "U"}


class AskSymbol(Ask[A], Generic[A], frozen=True, kw_only=True):
    """Ask something about a symbol at a venue."""

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class Quote(Block, frozen=True, kw_only=True):
    """What is known of a symbol now. Before the first trade `price` is the previous close and there is no `open`.

    Since 2026-09-14 it goes on with the after-market until 20:00.
    """

    symbol: Annotated[str, Named("stck_shrn_iscd")]
    price: Annotated[int, Named("stck_prpr", PRICE)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    open: Annotated[int | None, Named("stck_oprc", PRICE)]
    high: Annotated[int | None, Named("stck_hgpr", PRICE)]
    low: Annotated[int | None, Named("stck_lwpr", PRICE)]
    base: Annotated[int | None, Named("stck_sdpr", PRICE)]
    upper_limit: Annotated[int | None, Named("stck_mxpr", PRICE)]
    lower_limit: Annotated[int | None, Named("stck_llam", PRICE)]
    tick: Annotated[int | None, Named("aspr_unit", PRICE)]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]
    average: Annotated[Decimal | None, Named("wghn_avrg_stck_prc")]
    status: Annotated[str, Named("iscd_stat_cls_code")]
    warning: Annotated[str, Named("mrkt_warn_cls_code")]
    is_stopped: Annotated[bool | None, Named("temp_stop_yn")]
    is_vi: Annotated[bool | None, Named("vi_cls_code")]
    is_overheated: Annotated[bool | None, Named("short_over_yn")]
    is_delisting_sale: Annotated[bool | None, Named("sltr_yn")]
    is_caution: Annotated[bool | None, Named("invt_caful_yn")]
    board: Annotated[str, Named("rprs_mrkt_kor_name")]
    sector: Annotated[str, Named("bstp_kor_isnm")]
    margin_percent: Annotated[Decimal | None, Named("marg_rate")]
    listed_shares: Annotated[int | None, Named("lstn_stcn", QUANTITY)]
    market_cap: Annotated[int | None, Named("hts_avls", HUNDRED_MILLIONS)]
    per: Annotated[Decimal | None, Named("per")]
    pbr: Annotated[Decimal | None, Named("pbr")]
    eps: Annotated[Decimal | None, Named("eps")]
    bps: Annotated[Decimal | None, Named("bps")]
    high_52w: Annotated[int | None, Named("w52_hgpr", PRICE)]
    high_52w_on: Annotated[dt.date | None, Named("w52_hgpr_date")]
    low_52w: Annotated[int | None, Named("w52_lwpr", PRICE)]
    low_52w_on: Annotated[dt.date | None, Named("w52_lwpr_date")]
    foreign_net: Annotated[int | None, Named("frgn_ntby_qty")]
    program_net: Annotated[int | None, Named("pgtr_ntby_qty")]


class Price(Answer, frozen=True):
    """The answer to what a symbol costs."""

    quote: Annotated[Quote, Out("output")]


class AskPrice(AskSymbol[Price], frozen=True, kw_only=True):
    """Ask what a symbol costs."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PRICE


class PriceRow(Block, frozen=True, kw_only=True):
    """One symbol of several. Places that were not used come back without a symbol."""

    symbol: Annotated[str, Named("inter_shrn_iscd")]
    name: Annotated[str, Named("inter_kor_isnm")]
    price: Annotated[int | None, Named("inter2_prpr", PRICE)]
    change: Annotated[int | None, Named("inter2_prdy_vrss", signed_by="prdy_vrss_sign")]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    open: Annotated[int | None, Named("inter2_oprc", PRICE)]
    high: Annotated[int | None, Named("inter2_hgpr", PRICE)]
    low: Annotated[int | None, Named("inter2_lwpr", PRICE)]
    base: Annotated[int | None, Named("inter2_sdpr", PRICE)]
    previous_close: Annotated[int | None, Named("inter2_prdy_clpr", PRICE)]
    upper_limit: Annotated[int | None, Named("inter2_mxpr", PRICE)]
    lower_limit: Annotated[int | None, Named("inter2_llam", PRICE)]
    ask: Annotated[int | None, Named("inter2_askp", PRICE)]
    bid: Annotated[int | None, Named("inter2_bidp", PRICE)]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]


class Prices(Answer, frozen=True):
    """The answer to what several symbols cost."""

    rows: Annotated[tuple[PriceRow, ...], Out("output")]


class AskPrices(Ask[Prices], frozen=True, kw_only=True):
    """Ask what up to 30 symbols cost; `of_symbols` makes one. Places that are not used are blank."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PRICES

    venues: Annotated[tuple[str, ...], Named("FID_COND_MRKT_DIV_CODE_", count=MOST_SYMBOLS)]
    symbols: Annotated[tuple[str, ...], Named("FID_INPUT_ISCD_", count=MOST_SYMBOLS)]

    @classmethod
    def of_symbols(cls, symbols: Sequence[str], venue: Venue = Venue.KRX) -> Self:
        """Return the question about some symbols.

        Raises:
            ValueError: there are none, or more than 30.
        """
        if not 0 < len(symbols) <= MOST_SYMBOLS:
            raise ValueError(f"{len(symbols)} symbols, expected 1 to {MOST_SYMBOLS}")
        unused = ("",) * (MOST_SYMBOLS - len(symbols))
        return cls(venues=(OF_QUOTES.write(venue),) * len(symbols) + unused, symbols=(*symbols, *unused))


class Candle(Block, frozen=True, kw_only=True):
    """A day, week, month or year. `is_filled`: nothing traded, the broker repeats the close.

    `ex_code` names an ex-date (00: none), `adjustment` is its rate in percent, `revaluation` another reason for a new base price.
    """

    session: Annotated[dt.date, Named("stck_bsop_date")]
    open: Annotated[int | None, Named("stck_oprc", PRICE)]
    high: Annotated[int | None, Named("stck_hgpr", PRICE)]
    low: Annotated[int | None, Named("stck_lwpr", PRICE)]
    close: Annotated[int, Named("stck_clpr", PRICE)]
    volume: Annotated[int, Named("acml_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    is_filled: Annotated[bool | None, Named("mod_yn")]
    ex_code: Annotated[str, Named("flng_cls_code")]
    adjustment: Annotated[Decimal | None, Named("prtt_rate")]
    revaluation: Annotated[str, Named("revl_issu_reas")]


class ChartNow(Block, frozen=True, kw_only=True):
    """What the chart says beside its candles."""

    symbol: Annotated[str, Named("stck_shrn_iscd")]
    name: Annotated[str, Named("hts_kor_isnm")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    previous_close: Annotated[int | None, Named("stck_prdy_clpr", PRICE)]
    upper_limit: Annotated[int | None, Named("stck_mxpr", PRICE)]
    lower_limit: Annotated[int | None, Named("stck_llam", PRICE)]
    listed_shares: Annotated[int | None, Named("lstn_stcn", QUANTITY)]
    market_cap: Annotated[int | None, Named("hts_avls", HUNDRED_MILLIONS)]


class Chart(Answer, frozen=True):
    """At most 100 candles, newest first, cut at the oldest: ask again until the day before the last of them."""

    now: Annotated[ChartNow | None, Out("output1")]
    candles: Annotated[tuple[Candle, ...], Out("output2")]


class AskChart(AskSymbol[Chart], frozen=True, kw_only=True):
    """Ask for the candles from a day to a day."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CHART

    start: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    end: Annotated[dt.date, Named("FID_INPUT_DATE_2")]
    period: Annotated[Period, Named("FID_PERIOD_DIV_CODE", _PERIODS)] = Period.DAY
    is_adjusted: Annotated[bool, Named("FID_ORG_ADJ_PRC", _ADJUSTED_CHART)] = True


class MinuteCandle(Block, frozen=True, kw_only=True):
    """The minute that begins at `clock`; `day_value` is what was traded since the open, in won.

    The newest one repeats the volume of the minute before until something trades.
    """

    session: Annotated[dt.date, Named("stck_bsop_date")]
    clock: Annotated[dt.time, Named("stck_cntg_hour")]
    open: Annotated[int, Named("stck_oprc", PRICE)]
    high: Annotated[int, Named("stck_hgpr", PRICE)]
    low: Annotated[int, Named("stck_lwpr", PRICE)]
    close: Annotated[int, Named("stck_prpr", PRICE)]
    volume: Annotated[int, Named("cntg_vol", QUANTITY)]
    day_value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]


class MinutesNow(Block, frozen=True, kw_only=True):
    """What the chart says beside its minutes."""

    name: Annotated[str, Named("hts_kor_isnm")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    previous_close: Annotated[int | None, Named("stck_prdy_clpr", PRICE)]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]


class Minutes(Answer, frozen=True):
    """Minutes in which something traded, newest first. Asked before the first one, the broker repeats it for ever."""

    now: Annotated[MinutesNow | None, Out("output1")]
    candles: Annotated[tuple[MinuteCandle, ...], Out("output2")]


class AskMinutes(AskSymbol[Minutes], frozen=True, kw_only=True):
    """Ask for at most 30 minutes of today, counted back from a clock; one that is to come means now."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.MINUTES
    FIXED: ClassVar[Mapping[str, str]] = {"FID_ETC_CLS_CODE": ""}

    until: Annotated[dt.time, Named("FID_INPUT_HOUR_1")]
    with_past: Annotated[bool, Named("FID_PW_DATA_INCU_YN")] = False


class AskPastMinutes(AskSymbol[Minutes], frozen=True, kw_only=True):
    """Ask for at most 120 minutes counted back from a moment of about the last year. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PAST_MINUTES
    FIXED: ClassVar[Mapping[str, str]] = {"FID_FAKE_TICK_INCU_YN": ""}

    session: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    until: Annotated[dt.time, Named("FID_INPUT_HOUR_1")]
    with_past: Annotated[bool, Named("FID_PW_DATA_INCU_YN")] = False


class IndexCandle(Block, frozen=True, kw_only=True):
    """An index over a day, week, month or year, in points, shares and won."""

    session: Annotated[dt.date, Named("stck_bsop_date")]
    open: Annotated[Decimal | None, Named("bstp_nmix_oprc")]
    high: Annotated[Decimal | None, Named("bstp_nmix_hgpr")]
    low: Annotated[Decimal | None, Named("bstp_nmix_lwpr")]
    close: Annotated[Decimal, Named("bstp_nmix_prpr")]
    volume: Annotated[int | None, Named("acml_vol", THOUSANDS)]
    value: Annotated[int | None, Named("acml_tr_pbmn", MILLIONS)]


class IndexChart(Answer, frozen=True):
    """At most 50 candles, newest first, cut at the oldest."""

    candles: Annotated[tuple[IndexCandle, ...], Out("output2")]


class AskIndexChart(Ask[IndexChart], frozen=True, kw_only=True):
    """Ask for an index from a day to a day."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INDEX_CHART
    FIXED: ClassVar[Mapping[str, str]] = _INDEX_MARKET

    index: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    start: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    end: Annotated[dt.date, Named("FID_INPUT_DATE_2")]
    period: Annotated[Period, Named("FID_PERIOD_DIV_CODE", _PERIODS)] = Period.DAY


class InterruptionKind(enum.StrEnum):
    """What set off a volatility interruption."""

    STATIC = "1"
    DYNAMIC = "2"
    BOTH = "3"


_KINDS = coded("kind of interruption", {kind.value: kind for kind in InterruptionKind})


class Interruption(Block, frozen=True, kw_only=True):
    """A volatility interruption; `ended` is None while it lasts."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    session: Annotated[dt.date, Named("bsop_date")]
    is_in_force: Annotated[bool, Named("vi_cls_code")]
    started: Annotated[dt.time, Named("cntg_vi_hour")]
    ended: Annotated[dt.time | None, Named("vi_cncl_hour", LATER_CLOCK)]
    kind: Annotated[InterruptionKind | None, Named("vi_kind_code", _KINDS)]
    price: Annotated[int | None, Named("vi_prc", PRICE)]
    reference: Annotated[int | None, Named("vi_stnd_prc", PRICE)]
    dynamic_reference: Annotated[int | None, Named("vi_dmc_stnd_prc", PRICE)]
    number: Annotated[int | None, Named("vi_count")]

    def listed(self) -> ListedVi:
        """Return it as the state of interruptions takes it in."""
        ended = None if self.is_in_force or self.ended is None else kst.at(self.session, self.ended)
        return ListedVi(self.symbol, kst.at(self.session, self.started), ended)


class Interruptions(Answer, frozen=True):
    """The latest 30, newest first."""

    rows: Annotated[tuple[Interruption, ...], Out("output")]


class AskInterruptions(Ask[Interruptions], frozen=True, kw_only=True):
    """Ask for the volatility interruptions of a session, of all symbols or of one. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INTERRUPTIONS
    FIXED: ClassVar[Mapping[str, str]] = {
        "FID_DIV_CLS_CODE": "0",
        "FID_COND_SCR_DIV_CODE": "20139",
        "FID_MRKT_CLS_CODE": "0",
        "FID_RANK_SORT_CLS_CODE": "0",
        "FID_TRGT_CLS_CODE": "",
        "FID_TRGT_EXLS_CLS_CODE": "",
    }

    session: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    symbol: Annotated[str, Named("FID_INPUT_ISCD")] = ""


class Flows(Block, frozen=True, kw_only=True):
    """What persons, foreigners and institutions have bought net on a day, in shares and won. None until the day is over."""

    session: Annotated[dt.date, Named("stck_bsop_date")]
    close: Annotated[int | None, Named("stck_clpr", PRICE)]
    persons: Annotated[int | None, Named("prsn_ntby_qty")]
    foreigners: Annotated[int | None, Named("frgn_ntby_qty")]
    institutions: Annotated[int | None, Named("orgn_ntby_qty")]
    persons_value: Annotated[int | None, Named("prsn_ntby_tr_pbmn", MILLIONS)]
    foreigners_value: Annotated[int | None, Named("frgn_ntby_tr_pbmn", MILLIONS)]
    institutions_value: Annotated[int | None, Named("orgn_ntby_tr_pbmn", MILLIONS)]


class Investors(Answer, frozen=True):
    """About 30 days, newest first; today's row is blank until the close."""

    days: Annotated[tuple[Flows, ...], Out("output")]


class AskInvestors(AskSymbol[Investors], frozen=True, kw_only=True):
    """Ask who has bought a symbol on the last days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS


class InvestorsByDay(Answer, frozen=True):
    """Days back from the one asked for, newest first."""

    days: Annotated[tuple[Flows, ...], Out("output2")]


class AskInvestorsByDay(AskSymbol[InvestorsByDay], frozen=True, kw_only=True):
    """Ask who has bought a symbol until a day. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS_BY_DAY
    FIXED: ClassVar[Mapping[str, str]] = {"FID_ORG_ADJ_PRC": "", "FID_ETC_CLS_CODE": "1"}

    until: Annotated[dt.date, Named("FID_INPUT_DATE_1")]


class TradedRow(Block, frozen=True, kw_only=True):
    """A place among the most traded; `value` is won so far today."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]


class MostTraded(Answer, frozen=True):
    """At most 30 symbols, most traded first."""

    rows: Annotated[tuple[TradedRow, ...], Out("output")]


class AskMostTraded(Ask[MostTraded], frozen=True, kw_only=True):
    """Ask which common shares are traded most today, by value. Not on the mock server.

    Left out are what the exchange warns of, manages, delists or has halted, and funds, notes and SPACs.
    """

    ENDPOINT: ClassVar[Endpoint] = endpoints.VOLUME_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "FID_COND_SCR_DIV_CODE": "20171",
        "FID_INPUT_ISCD": "0000",
        "FID_DIV_CLS_CODE": "1",
        "FID_BLNG_CLS_CODE": "3",
        "FID_TRGT_CLS_CODE": "111111111",
        "FID_TRGT_EXLS_CLS_CODE": "1111111101",
        "FID_INPUT_PRICE_1": "",
        "FID_INPUT_PRICE_2": "",
        "FID_VOL_CNT": "",
        "FID_INPUT_DATE_1": "",
    }

    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX
