"""Ask for prices, books, candles, indices, interruptions and the flows of investors.

Money is won and quantities are shares, whatever unit the broker writes: market caps come in hundred millions, values of
investors in millions. A price of zero is none. Unknown symbols are answered with zeros, which is no answer here.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Self

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.records import book_of
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import (
    CHART_CLOCK,
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
from kats_core.model.bar import Book

LEVELS: Final = 10
MOST_SYMBOLS: Final = 30

CHART_ROWS: Final = 100
"""Candles in one answer, counted back from the end of what was asked for."""
INDEX_CHART_ROWS: Final = 50
MINUTE_ROWS: Final = 30
PAST_MINUTE_ROWS: Final = 120


class Period(enum.StrEnum):
    """How long a candle lasts."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    YEAR = "Y"


_PERIODS = coded("period", {period.value: period for period in Period})
# The same parameter means the opposite in the two services.
_ADJUSTED_CHART = coded("0 or 1", {"0": True, "1": False})
_ADJUSTED_LIST = coded("0 or 1", {"1": True, "0": False})
_INDEX_MARKET = {"FID_COND_MRKT_DIV_CODE": "U"}


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


class AskPrice(Ask[Price], frozen=True, kw_only=True):
    """Ask what a symbol costs."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PRICE

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


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


class BookBlock(Block, frozen=True, kw_only=True):
    """Ten levels a side, best first; an empty level is 0 at 0."""

    clock: Annotated[dt.time, Named("aspr_acpt_hour")]
    ask_prices: Annotated[tuple[int, ...], Named("askp", QUANTITY, count=LEVELS)]
    bid_prices: Annotated[tuple[int, ...], Named("bidp", QUANTITY, count=LEVELS)]
    ask_sizes: Annotated[tuple[int, ...], Named("askp_rsqn", QUANTITY, count=LEVELS)]
    bid_sizes: Annotated[tuple[int, ...], Named("bidp_rsqn", QUANTITY, count=LEVELS)]
    total_ask_size: Annotated[int, Named("total_askp_rsqn", QUANTITY)]
    total_bid_size: Annotated[int, Named("total_bidp_rsqn", QUANTITY)]
    operation: Annotated[str, Named("new_mkop_cls_code")]


class BookNow(Block, frozen=True, kw_only=True):
    """The last price, and what the auction would trade; outside of auctions that is left over from the last one."""

    symbol: Annotated[str, Named("stck_shrn_iscd")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    base: Annotated[int | None, Named("stck_sdpr", PRICE)]
    expected_price: Annotated[int | None, Named("antc_cnpr", PRICE)]
    expected_quantity: Annotated[int | None, Named("antc_vol", QUANTITY)]
    is_vi: Annotated[bool | None, Named("vi_cls_code")]


class OrderBook(Answer, frozen=True):
    """The answer to who waits at which price."""

    levels: Annotated[BookBlock, Out("output1")]
    now: Annotated[BookNow | None, Out("output2")]

    def book(self, symbol: str, session: dt.date) -> Book:
        """Return the book as the engine knows it; raises WireError where its levels do not follow each other."""
        levels = self.levels
        return book_of(
            symbol,
            kst.at(session, levels.clock),
            (levels.ask_prices, levels.ask_sizes),
            (levels.bid_prices, levels.bid_sizes),
        )


class AskBook(Ask[OrderBook], frozen=True, kw_only=True):
    """Ask who waits at which price."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.BOOK

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class Execution(Block, frozen=True, kw_only=True):
    """A print; `strength` is what was bought in percent of what was sold."""

    clock: Annotated[dt.time, Named("stck_cntg_hour")]
    price: Annotated[int, Named("stck_prpr", PRICE)]
    quantity: Annotated[int, Named("cntg_vol", QUANTITY)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    strength: Annotated[Decimal | None, Named("tday_rltv")]


class Executions(Answer, frozen=True):
    """The latest prints, newest first."""

    executions: Annotated[tuple[Execution, ...], Out("output")]


class AskExecutions(Ask[Executions], frozen=True, kw_only=True):
    """Ask for the latest prints, about 30."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.EXECUTIONS

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class ExecutionByTime(Block, frozen=True, kw_only=True):
    """A print with the best quotes of its moment and the day's volume until then."""

    clock: Annotated[dt.time, Named("stck_cntg_hour")]
    price: Annotated[int, Named("stck_pbpr", PRICE, also=("stck_prpr",))]
    quantity: Annotated[int, Named("cnqn", QUANTITY)]
    day_volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    ask: Annotated[int | None, Named("askp", PRICE)]
    bid: Annotated[int | None, Named("bidp", PRICE)]
    strength: Annotated[Decimal | None, Named("tday_rltv")]


class ExecutionsByTime(Answer, frozen=True):
    """Prints of today, newest first."""

    executions: Annotated[tuple[ExecutionByTime, ...], Out("output2")]


class AskExecutionsByTime(Ask[ExecutionsByTime], frozen=True, kw_only=True):
    """Ask for at most 30 prints of today, counted back from a clock."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.EXECUTIONS_BY_TIME

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    until: Annotated[dt.time, Named("FID_INPUT_HOUR_1")]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class DailyPrice(Block, frozen=True, kw_only=True):
    """A day, week or month. `ex_code` names an ex-date (00: none), `foreign_net` is in shares."""

    session: Annotated[dt.date, Named("stck_bsop_date")]
    open: Annotated[int | None, Named("stck_oprc", PRICE)]
    high: Annotated[int | None, Named("stck_hgpr", PRICE)]
    low: Annotated[int | None, Named("stck_lwpr", PRICE)]
    close: Annotated[int, Named("stck_clpr", PRICE)]
    volume: Annotated[int, Named("acml_vol", QUANTITY)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    ex_code: Annotated[str, Named("flng_cls_code")]
    foreign_percent: Annotated[Decimal | None, Named("hts_frgn_ehrt")]
    foreign_net: Annotated[int | None, Named("frgn_ntby_qty")]


class DailyPrices(Answer, frozen=True):
    """The last 30 periods, newest first."""

    rows: Annotated[tuple[DailyPrice, ...], Out("output")]


class AskDailyPrices(Ask[DailyPrices], frozen=True, kw_only=True):
    """Ask for the last 30 days, weeks or months."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.DAILY_PRICES

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    period: Annotated[Period, Named("FID_PERIOD_DIV_CODE", _PERIODS)] = Period.DAY
    is_adjusted: Annotated[bool, Named("FID_ORG_ADJ_PRC", _ADJUSTED_LIST)] = True
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


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


class AskChart(Ask[Chart], frozen=True, kw_only=True):
    """Ask for the candles from a day to a day."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CHART

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    start: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    end: Annotated[dt.date, Named("FID_INPUT_DATE_2")]
    period: Annotated[Period, Named("FID_PERIOD_DIV_CODE", _PERIODS)] = Period.DAY
    is_adjusted: Annotated[bool, Named("FID_ORG_ADJ_PRC", _ADJUSTED_CHART)] = True
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


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


class AskMinutes(Ask[Minutes], frozen=True, kw_only=True):
    """Ask for at most 30 minutes of today, counted back from a clock; one that is to come means now."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.MINUTES
    FIXED: ClassVar[Mapping[str, str]] = {"FID_ETC_CLS_CODE": ""}

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    until: Annotated[dt.time, Named("FID_INPUT_HOUR_1")]
    with_past: Annotated[bool, Named("FID_PW_DATA_INCU_YN")] = False
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class AskPastMinutes(Ask[Minutes], frozen=True, kw_only=True):
    """Ask for at most 120 minutes counted back from a moment of about the last year. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PAST_MINUTES
    FIXED: ClassVar[Mapping[str, str]] = {"FID_FAKE_TICK_INCU_YN": ""}

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    session: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    until: Annotated[dt.time, Named("FID_INPUT_HOUR_1")]
    with_past: Annotated[bool, Named("FID_PW_DATA_INCU_YN")] = False
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class IndexBlock(Block, frozen=True, kw_only=True):
    """An index now, in points; `rising` and the like count its members. Volumes come in thousands, values in millions."""

    level: Annotated[Decimal, Named("bstp_nmix_prpr")]
    change: Annotated[Decimal | None, Named("bstp_nmix_prdy_vrss", signed_by="prdy_vrss_sign")]
    change_percent: Annotated[Decimal | None, Named("bstp_nmix_prdy_ctrt")]
    open: Annotated[Decimal | None, Named("bstp_nmix_oprc")]
    high: Annotated[Decimal | None, Named("bstp_nmix_hgpr")]
    low: Annotated[Decimal | None, Named("bstp_nmix_lwpr")]
    volume: Annotated[int | None, Named("acml_vol", THOUSANDS)]
    value: Annotated[int | None, Named("acml_tr_pbmn", MILLIONS)]
    rising: Annotated[int | None, Named("ascn_issu_cnt")]
    limit_up: Annotated[int | None, Named("uplm_issu_cnt")]
    unchanged: Annotated[int | None, Named("stnr_issu_cnt")]
    falling: Annotated[int | None, Named("down_issu_cnt")]
    limit_down: Annotated[int | None, Named("lslm_issu_cnt")]


class Index(Answer, frozen=True):
    """The answer to where an index stands."""

    index: Annotated[IndexBlock, Out("output")]


class AskIndex(Ask[Index], frozen=True, kw_only=True):
    """Ask where an index stands. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INDEX
    FIXED: ClassVar[Mapping[str, str]] = _INDEX_MARKET

    index: Annotated[str, Named("FID_INPUT_ISCD", CODE)]


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


class IndexMinute(Block, frozen=True, kw_only=True):
    """An index over a while. Rows beyond the session's last minute have no clock."""

    session: Annotated[dt.date, Named("stck_bsop_date")]
    clock: Annotated[dt.time | None, Named("stck_cntg_hour", CHART_CLOCK)]
    open: Annotated[Decimal | None, Named("bstp_nmix_oprc")]
    high: Annotated[Decimal | None, Named("bstp_nmix_hgpr")]
    low: Annotated[Decimal | None, Named("bstp_nmix_lwpr")]
    close: Annotated[Decimal, Named("bstp_nmix_prpr")]
    volume: Annotated[int | None, Named("cntg_vol", THOUSANDS)]


class IndexMinutes(Answer, frozen=True):
    """At most 102 rows, newest first."""

    rows: Annotated[tuple[IndexMinute, ...], Out("output2")]


class AskIndexMinutes(Ask[IndexMinutes], frozen=True, kw_only=True):
    """Ask for an index minute by minute (`seconds` 60), by ten minutes (600) or by the hour (3600). Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INDEX_MINUTES
    FIXED: ClassVar[Mapping[str, str]] = _INDEX_MARKET | {"FID_ETC_CLS_CODE": "0"}

    index: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    seconds: Annotated[int, Named("FID_INPUT_HOUR_1", QUANTITY)] = 60
    with_past: Annotated[bool, Named("FID_PW_DATA_INCU_YN")] = False


class IndexDays(Answer, frozen=True):
    """At most 100 days back from the one asked for, newest first."""

    now: Annotated[IndexBlock | None, Out("output1")]
    candles: Annotated[tuple[IndexCandle, ...], Out("output2")]


class AskIndexDays(Ask[IndexDays], frozen=True, kw_only=True):
    """Ask for an index back from a day. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INDEX_DAYS
    FIXED: ClassVar[Mapping[str, str]] = _INDEX_MARKET

    index: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    until: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
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


class AskInvestors(Ask[Investors], frozen=True, kw_only=True):
    """Ask who has bought a symbol on the last days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class DetailedFlows(Flows, frozen=True, kw_only=True):
    """The same by kind of institution, in shares."""

    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    securities: Annotated[int | None, Named("scrt_ntby_qty")]
    trusts: Annotated[int | None, Named("ivtr_ntby_qty")]
    private_funds: Annotated[int | None, Named("pe_fund_ntby_vol")]
    banks: Annotated[int | None, Named("bank_ntby_qty")]
    insurers: Annotated[int | None, Named("insu_ntby_qty")]
    merchant_banks: Annotated[int | None, Named("mrbn_ntby_qty")]
    funds: Annotated[int | None, Named("fund_ntby_qty")]
    others: Annotated[int | None, Named("etc_ntby_qty")]


class InvestorsByDay(Answer, frozen=True):
    """Days back from the one asked for, newest first."""

    days: Annotated[tuple[DetailedFlows, ...], Out("output2")]


class AskInvestorsByDay(Ask[InvestorsByDay], frozen=True, kw_only=True):
    """Ask who has bought a symbol until a day, in detail. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS_BY_DAY
    FIXED: ClassVar[Mapping[str, str]] = {"FID_ORG_ADJ_PRC": "", "FID_ETC_CLS_CODE": "1"}

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    until: Annotated[dt.date, Named("FID_INPUT_DATE_1")]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


ESTIMATED_AT: Final[Mapping[str, dt.time]] = {
    "1": dt.time(9, 30),
    "2": dt.time(10, 0),
    "3": dt.time(11, 20),
    "4": dt.time(13, 20),
    "5": dt.time(14, 30),
}
"""When the broker's people write down their estimates."""


class FlowEstimate(Block, frozen=True, kw_only=True):
    """What foreigners and institutions are thought to have bought net since the open, in shares."""

    slot: Annotated[str, Named("bsop_hour_gb")]
    foreigners: Annotated[int | None, Named("frgn_fake_ntby_qty")]
    institutions: Annotated[int | None, Named("orgn_fake_ntby_qty")]
    together: Annotated[int | None, Named("sum_fake_ntby_qty")]

    @property
    def clock(self) -> dt.time | None:
        """When it was estimated."""
        return ESTIMATED_AT.get(self.slot)


class FlowEstimates(Answer, frozen=True):
    """Today's estimates."""

    estimates: Annotated[tuple[FlowEstimate, ...], Out("output2")]


class AskFlowEstimates(Ask[FlowEstimates], frozen=True, kw_only=True):
    """Ask who is thought to buy a symbol today. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS_ESTIMATE

    symbol: Annotated[str, Named("MKSC_SHRN_ISCD", CODE)]


class ProgramRow(Block, frozen=True, kw_only=True):
    """What programs have bought and sold of a symbol until a clock, in shares and won."""

    clock: Annotated[dt.time, Named("bsop_hour")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    sold: Annotated[int | None, Named("whol_smtn_seln_vol")]
    bought: Annotated[int | None, Named("whol_smtn_shnu_vol")]
    net: Annotated[int | None, Named("whol_smtn_ntby_qty")]
    net_value: Annotated[int | None, Named("whol_smtn_ntby_tr_pbmn")]


class ProgramTrading(Answer, frozen=True):
    """Programs through the day, newest first."""

    rows: Annotated[tuple[ProgramRow, ...], Out("output")]


class AskProgramTrading(Ask[ProgramTrading], frozen=True, kw_only=True):
    """Ask what programs do with a symbol today. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PROGRAM_TRADING

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class FundBlock(Block, frozen=True, kw_only=True):
    """A listed fund now: its price and what its share is worth. `premium_percent` is the distance of the two."""

    price: Annotated[int, Named("stck_prpr", PRICE)]
    previous_close: Annotated[int | None, Named("stck_prdy_clpr", PRICE)]
    open: Annotated[int | None, Named("stck_oprc", PRICE)]
    high: Annotated[int | None, Named("stck_hgpr", PRICE)]
    low: Annotated[int | None, Named("stck_lwpr", PRICE)]
    upper_limit: Annotated[int | None, Named("stck_mxpr", PRICE)]
    lower_limit: Annotated[int | None, Named("stck_llam", PRICE)]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    worth: Annotated[Decimal | None, Named("nav")]
    premium_percent: Annotated[Decimal | None, Named("dprt")]
    tracking_error: Annotated[Decimal | None, Named("trc_errt")]
    multiple: Annotated[Decimal | None, Named("etf_trc_ert_mltp")]
    assets: Annotated[int | None, Named("etf_ntas_ttam", HUNDRED_MILLIONS)]
    listed_shares: Annotated[int | None, Named("lstn_stcn", QUANTITY)]
    listed_on: Annotated[dt.date | None, Named("stck_lstn_date")]
    index_name: Annotated[str, Named("etf_rprs_bstp_kor_isnm")]
    is_vi: Annotated[bool | None, Named("vi_cls_code")]


class Fund(Answer, frozen=True):
    """The answer to what a fund costs and is worth."""

    fund: Annotated[FundBlock, Out("output")]


class AskFund(Ask[Fund], frozen=True, kw_only=True):
    """Ask what a listed fund costs and is worth. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.FUND
    FIXED: ClassVar[Mapping[str, str]] = {"FID_COND_MRKT_DIV_CODE": "J"}

    symbol: Annotated[str, Named("FID_INPUT_ISCD", CODE)]
