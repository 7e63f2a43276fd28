"""Ask which symbols lead: by volume, change, size, buying power, nearness to a high, ratios, dividends, net buying.

Each answer has at most 30 rows and no second page. None of these services exists on the mock server.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Final

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import CODE, HUNDRED_MILLIONS, MILLIONS, PRICE, QUANTITY, coded
from kats_core.kis.wire.venues import OF_QUOTES, Venue

MOST_ROWS: Final = 30


class Universe(enum.StrEnum):
    """Among which symbols it is ranked."""

    ALL = "0000"
    KOSPI = "0001"
    KOSDAQ = "1001"
    KOSPI200 = "2001"


_UNIVERSES = coded("universe", {each.value: each for each in Universe})


class VolumeSort(enum.StrEnum):
    """By what volumes are ranked."""

    AVERAGE_VOLUME = "0"
    VOLUME_GROWTH = "1"
    AVERAGE_TURNOVER = "2"
    VALUE = "3"
    AVERAGE_VALUE_TURNOVER = "4"


_VOLUME_SORTS = coded("sort", {each.value: each for each in VolumeSort})


class VolumeRow(Block, frozen=True, kw_only=True):
    """A place in the volume ranking."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    previous_volume: Annotated[int | None, Named("prdy_vol", QUANTITY)]
    value: Annotated[int | None, Named("acml_tr_pbmn", QUANTITY)]
    listed_shares: Annotated[int | None, Named("lstn_stcn", QUANTITY)]
    volume_growth_percent: Annotated[Decimal | None, Named("vol_inrt")]


class VolumeRanking(Answer, frozen=True):
    """Most traded first."""

    rows: Annotated[tuple[VolumeRow, ...], Out("output")]


class AskVolumeRanking(Ask[VolumeRanking], frozen=True, kw_only=True):
    """Ask which symbols are traded most. `excluded` are ten flags: 1 leaves out what the broker lists at that place."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.VOLUME_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "FID_COND_SCR_DIV_CODE": "20171",
        "FID_DIV_CLS_CODE": "0",
        "FID_TRGT_CLS_CODE": "111111111",
        "FID_INPUT_DATE_1": "",
    }

    by: Annotated[VolumeSort, Named("FID_BLNG_CLS_CODE", _VOLUME_SORTS)] = VolumeSort.VALUE
    universe: Annotated[Universe, Named("FID_INPUT_ISCD", _UNIVERSES)] = Universe.ALL
    excluded: Annotated[str, Named("FID_TRGT_EXLS_CLS_CODE")] = "0000000000"
    lowest: Annotated[int | None, Named("FID_INPUT_PRICE_1", PRICE)] = None
    highest: Annotated[int | None, Named("FID_INPUT_PRICE_2", PRICE)] = None
    least_volume: Annotated[int | None, Named("FID_VOL_CNT", PRICE)] = None
    venue: Annotated[Venue, Named("FID_COND_MRKT_DIV_CODE", OF_QUOTES)] = Venue.KRX


class ChangeSort(enum.StrEnum):
    """By what changes are ranked."""

    GAINERS = "0"
    LOSERS = "1"
    GAIN_SINCE_OPEN = "2"
    LOSS_SINCE_OPEN = "3"
    RANGE = "4"


_CHANGE_SORTS = coded("sort", {each.value: each for each in ChangeSort})


class ChangeRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of changes."""

    symbol: Annotated[str, Named("stck_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    change: Annotated[int | None, Named("prdy_vrss", signed_by="prdy_vrss_sign")]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    high: Annotated[int | None, Named("stck_hgpr", PRICE)]
    low: Annotated[int | None, Named("stck_lwpr", PRICE)]
    since_open: Annotated[int | None, Named("oprc_vrss_prpr", signed_by="oprc_vrss_prpr_sign")]
    since_open_percent: Annotated[Decimal | None, Named("oprc_vrss_prpr_rate")]


class ChangeRanking(Answer, frozen=True):
    """Largest change first."""

    rows: Annotated[tuple[ChangeRow, ...], Out("output")]


class AskChangeRanking(Ask[ChangeRanking], frozen=True, kw_only=True):
    """Ask which symbols have moved most, against yesterday's close where `against_close`."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CHANGE_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "fid_cond_scr_div_code": "20170",
        "fid_input_cnt_1": "0",
        "fid_trgt_cls_code": "0",
        "fid_trgt_exls_cls_code": "0",
        "fid_div_cls_code": "0",
    }

    by: Annotated[ChangeSort, Named("fid_rank_sort_cls_code", _CHANGE_SORTS)] = ChangeSort.GAINERS
    against_close: Annotated[bool, Named("fid_prc_cls_code", coded("0 or 1", {"0": False, "1": True}))] = True
    universe: Annotated[Universe, Named("fid_input_iscd", _UNIVERSES)] = Universe.ALL
    least_percent: Annotated[Decimal | None, Named("fid_rsfl_rate1")] = None
    most_percent: Annotated[Decimal | None, Named("fid_rsfl_rate2")] = None
    lowest: Annotated[int | None, Named("fid_input_price_1", PRICE)] = None
    highest: Annotated[int | None, Named("fid_input_price_2", PRICE)] = None
    least_volume: Annotated[int | None, Named("fid_vol_cnt", PRICE)] = None
    venue: Annotated[Venue, Named("fid_cond_mrkt_div_code", OF_QUOTES)] = Venue.KRX


class CapRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of sizes; the market cap is won."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    listed_shares: Annotated[int | None, Named("lstn_stcn", QUANTITY)]
    market_cap: Annotated[int | None, Named("stck_avls", HUNDRED_MILLIONS)]


class CapRanking(Answer, frozen=True):
    """Largest first."""

    rows: Annotated[tuple[CapRow, ...], Out("output")]


class AskCapRanking(Ask[CapRanking], frozen=True, kw_only=True):
    """Ask which symbols are largest."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CAP_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "fid_cond_scr_div_code": "20174",
        "fid_div_cls_code": "0",
        "fid_trgt_cls_code": "0",
        "fid_trgt_exls_cls_code": "0",
    }

    universe: Annotated[Universe, Named("fid_input_iscd", _UNIVERSES)] = Universe.ALL
    lowest: Annotated[int | None, Named("fid_input_price_1", PRICE)] = None
    highest: Annotated[int | None, Named("fid_input_price_2", PRICE)] = None
    least_volume: Annotated[int | None, Named("fid_vol_cnt", PRICE)] = None
    venue: Annotated[Venue, Named("fid_cond_mrkt_div_code", OF_QUOTES)] = Venue.KRX


class PowerRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of buying power: what was bought in percent of what was sold."""

    symbol: Annotated[str, Named("stck_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    strength: Annotated[Decimal | None, Named("tday_rltv")]
    sold: Annotated[int | None, Named("seln_cnqn_smtn", QUANTITY)]
    bought: Annotated[int | None, Named("shnu_cnqn_smtn", QUANTITY)]


class PowerRanking(Answer, frozen=True):
    """Strongest first."""

    rows: Annotated[tuple[PowerRow, ...], Out("output")]


class AskPowerRanking(Ask[PowerRanking], frozen=True, kw_only=True):
    """Ask which symbols are bought most eagerly."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.POWER_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "fid_cond_scr_div_code": "20168",
        "fid_div_cls_code": "0",
        "fid_trgt_cls_code": "0",
        "fid_trgt_exls_cls_code": "0",
    }

    universe: Annotated[Universe, Named("fid_input_iscd", _UNIVERSES)] = Universe.ALL
    lowest: Annotated[int | None, Named("fid_input_price_1", PRICE)] = None
    highest: Annotated[int | None, Named("fid_input_price_2", PRICE)] = None
    least_volume: Annotated[int | None, Named("fid_vol_cnt", PRICE)] = None
    venue: Annotated[Venue, Named("fid_cond_mrkt_div_code", OF_QUOTES)] = Venue.KRX


class HighRow(Block, frozen=True, kw_only=True):
    """A symbol near a new high or low; the distances are in percent."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    base: Annotated[int | None, Named("stck_sdpr", PRICE)]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    ask: Annotated[int | None, Named("askp", PRICE)]
    bid: Annotated[int | None, Named("bidp", PRICE)]
    high: Annotated[int | None, Named("new_hgpr", PRICE)]
    from_high_percent: Annotated[Decimal | None, Named("hprc_near_rate")]
    low: Annotated[int | None, Named("new_lwpr", PRICE)]
    from_low_percent: Annotated[Decimal | None, Named("lwpr_near_rate")]


class HighsRanking(Answer, frozen=True):
    """Nearest first."""

    rows: Annotated[tuple[HighRow, ...], Out("output")]


class AskHighsRanking(Ask[HighsRanking], frozen=True, kw_only=True):
    """Ask which symbols are near a new high, or a new low."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.HIGHS_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "fid_cond_mrkt_div_code": "J",
        "fid_cond_scr_div_code": "20187",
        "fid_div_cls_code": "0",
        "fid_trgt_cls_code": "0",
        "fid_trgt_exls_cls_code": "0",
        "fid_aply_rang_vol": "0",
    }

    of_lows: Annotated[bool, Named("fid_prc_cls_code", coded("0 or 1", {"0": False, "1": True}))] = False
    nearest: Annotated[int, Named("fid_input_cnt_1", QUANTITY)] = 0
    farthest: Annotated[int, Named("fid_input_cnt_2", QUANTITY)] = 10
    universe: Annotated[Universe, Named("fid_input_iscd", _UNIVERSES)] = Universe.ALL
    lowest: Annotated[int | None, Named("fid_aply_rang_prc_1", PRICE)] = None
    highest: Annotated[int | None, Named("fid_aply_rang_prc_2", PRICE)] = None


class RatioSort(enum.StrEnum):
    """By which ratios companies are ranked."""

    PROFITABILITY = "7"
    STABILITY = "11"
    GROWTH = "15"
    ACTIVITY = "20"


class RatioPeriod(enum.StrEnum):
    """Until which report of the year."""

    FIRST_QUARTER = "0"
    HALF = "1"
    THIRD_QUARTER = "2"
    YEAR = "3"


_RATIO_SORTS = coded("sort", {each.value: each for each in RatioSort})
_RATIO_PERIODS = coded("report", {each.value: each for each in RatioPeriod})


class RatioRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of ratios, all in percent."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    rank: Annotated[int | None, Named("data_rank")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    return_on_assets: Annotated[Decimal | None, Named("cptl_ntin_rate")]
    net_margin: Annotated[Decimal | None, Named("sale_ntin_rate")]
    debt: Annotated[Decimal | None, Named("lblt_rate")]
    sales_growth: Annotated[Decimal | None, Named("grs")]
    operating_growth: Annotated[Decimal | None, Named("bsop_prfi_inrt")]
    net_growth: Annotated[Decimal | None, Named("ntin_inrt")]


class RatioRanking(Answer, frozen=True):
    """Best first."""

    rows: Annotated[tuple[RatioRow, ...], Out("output")]


class AskRatioRanking(Ask[RatioRanking], frozen=True, kw_only=True):
    """Ask which companies have the best ratios of a year."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.RATIO_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {
        "fid_cond_scr_div_code": "20175",
        "fid_trgt_cls_code": "0",
        "fid_div_cls_code": "0",
        "fid_blng_cls_code": "0",
        "fid_trgt_exls_cls_code": "0",
    }

    year: Annotated[int, Named("fid_input_option_1", QUANTITY)]
    report: Annotated[RatioPeriod, Named("fid_input_option_2", _RATIO_PERIODS)] = RatioPeriod.YEAR
    by: Annotated[RatioSort, Named("fid_rank_sort_cls_code", _RATIO_SORTS)] = RatioSort.PROFITABILITY
    universe: Annotated[Universe, Named("fid_input_iscd", _UNIVERSES)] = Universe.ALL
    lowest: Annotated[int | None, Named("fid_input_price_1", PRICE)] = None
    highest: Annotated[int | None, Named("fid_input_price_2", PRICE)] = None
    least_volume: Annotated[int | None, Named("fid_vol_cnt", PRICE)] = None
    venue: Annotated[Venue, Named("fid_cond_mrkt_div_code", OF_QUOTES)] = Venue.KRX


class DividendBoard(enum.StrEnum):
    """Among which symbols dividends are ranked."""

    ALL = "0"
    KOSPI = "1"
    KOSPI200 = "2"
    KOSDAQ = "3"


_DIVIDEND_BOARDS = coded("board", {each.value: each for each in DividendBoard})


class DividendRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of dividends: won a share, and percent of the face value."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    rank: Annotated[int | None, Named("rank")]
    record_date: Annotated[dt.date | None, Named("record_date")]
    per_share: Annotated[Decimal | None, Named("per_sto_divi_amt")]
    percent_of_face: Annotated[Decimal | None, Named("divi_rate")]
    kind: Annotated[str, Named("divi_kind")]


class DividendRanking(Answer, frozen=True):
    """Highest first. The broker's documents and its servers name the block differently."""

    rows: Annotated[tuple[DividendRow, ...], Out("output1", ("output",))]


class AskDividendRanking(Ask[DividendRanking], frozen=True, kw_only=True):
    """Ask which companies have paid most in cash between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.DIVIDEND_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {"CTS_AREA": "", "GB2": "0", "GB3": "2", "GB4": "0"}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    board: Annotated[DividendBoard, Named("GB1", _DIVIDEND_BOARDS)] = DividendBoard.ALL
    sector: Annotated[str, Named("UPJONG")] = "0001"


class Buyers(enum.StrEnum):
    """Whose buying is ranked."""

    ALL = "0"
    FOREIGNERS = "1"
    INSTITUTIONS = "2"
    OTHERS = "3"


_BUYERS = coded("buyers", {each.value: each for each in Buyers})


class FlowRow(Block, frozen=True, kw_only=True):
    """A place in the ranking of estimated net buying today, in shares and won."""

    symbol: Annotated[str, Named("mksc_shrn_iscd", CODE)]
    name: Annotated[str, Named("hts_kor_isnm")]
    price: Annotated[int | None, Named("stck_prpr", PRICE)]
    change_percent: Annotated[Decimal | None, Named("prdy_ctrt")]
    volume: Annotated[int | None, Named("acml_vol", QUANTITY)]
    net: Annotated[int | None, Named("ntby_qty")]
    foreigners: Annotated[int | None, Named("frgn_ntby_qty")]
    institutions: Annotated[int | None, Named("orgn_ntby_qty")]
    foreigners_value: Annotated[int | None, Named("frgn_ntby_tr_pbmn", MILLIONS)]
    institutions_value: Annotated[int | None, Named("orgn_ntby_tr_pbmn", MILLIONS)]


class FlowRanking(Answer, frozen=True):
    """Most bought first."""

    rows: Annotated[tuple[FlowRow, ...], Out("output")]


class AskFlowRanking(Ask[FlowRanking], frozen=True, kw_only=True):
    """Ask what foreigners and institutions are thought to buy, or sell, today."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INVESTORS_RANKING
    FIXED: ClassVar[Mapping[str, str]] = {"FID_COND_MRKT_DIV_CODE": "V", "FID_COND_SCR_DIV_CODE": "16449"}

    universe: Annotated[Universe, Named("FID_INPUT_ISCD", _UNIVERSES)] = Universe.ALL
    by_value: Annotated[bool, Named("FID_DIV_CLS_CODE", coded("0 or 1", {"0": False, "1": True}))] = True
    of_sellers: Annotated[bool, Named("FID_RANK_SORT_CLS_CODE", coded("0 or 1", {"0": False, "1": True}))] = False
    buyers: Annotated[Buyers, Named("FID_ETC_CLS_CODE", _BUYERS)] = Buyers.ALL
