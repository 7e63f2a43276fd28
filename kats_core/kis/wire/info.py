"""Ask for the calendar, for what a symbol is, and for what its company does: dividends, splits, new shares, mergers.

Days of corporate actions come in two spellings, and some as a text that names a span; those are kept as texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Final

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import CODE, LONG_SYMBOL, PRICE, QUANTITY, coded
from kats_core.model.kinds import Market

LISTED_PRODUCT: Final = "300"
"""Stocks and listed funds, among all that the broker sells."""

MARKETS: Final = coded("market", {"STK": Market.KOSPI, "KSQ": Market.KOSDAQ, "KNX": Market.KONEX})


class CalendarDay(Block, frozen=True, kw_only=True):
    """A day of the calendar. `is_session`: the exchange is open, which alone decides about orders."""

    day: Annotated[dt.date, Named("bass_dt")]
    is_session: Annotated[bool, Named("opnd_yn")]
    is_business_day: Annotated[bool | None, Named("bzdy_yn")]
    is_trading_day: Annotated[bool | None, Named("tr_day_yn")]
    is_settlement_day: Annotated[bool | None, Named("sttl_day_yn")]


class CalendarDays(Answer, frozen=True):
    """One page of days in a row."""

    days: Annotated[tuple[CalendarDay, ...], Out("output")]


class AskCalendar(Ask[CalendarDays], frozen=True, kw_only=True):
    """Ask for the days from one on. At most once a day, as the broker wishes; not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.CALENDAR

    start: Annotated[dt.date, Named("BASS_DT")]


class StockBlock(Block, frozen=True, kw_only=True):
    """What a symbol is. It can be traded at NXT where `is_on_nxt` and not `is_stopped_on_nxt`."""

    symbol: Annotated[str, Named("pdno", LONG_SYMBOL)]
    isin: Annotated[str, Named("std_pdno")]
    name: Annotated[str, Named("prdt_abrv_name")]
    market: Annotated[str, Named("mket_id_cd")]
    group: Annotated[str, Named("scty_grp_id_cd")]
    listed_shares: Annotated[int | None, Named("lstg_stqt", QUANTITY)]
    face_value: Annotated[Decimal | None, Named("papr")]
    is_kospi200: Annotated[bool | None, Named("kospi200_item_yn")]
    is_stopped: Annotated[bool | None, Named("tr_stop_yn")]
    is_managed: Annotated[bool | None, Named("admn_item_yn")]
    is_on_nxt: Annotated[bool | None, Named("cptt_trad_tr_psbl_yn")]
    is_stopped_on_nxt: Annotated[bool | None, Named("nxt_tr_stop_yn")]
    close: Annotated[int | None, Named("thdt_clpr", PRICE)]
    previous_close: Annotated[int | None, Named("bfdy_clpr", PRICE)]
    close_changed_on: Annotated[dt.date | None, Named("clpr_chng_dt")]
    listed_on_kospi: Annotated[dt.date | None, Named("scts_mket_lstg_dt")]
    listed_on_kosdaq: Annotated[dt.date | None, Named("kosdaq_mket_lstg_dt")]
    delisted_on: Annotated[dt.date | None, Named("lstg_abol_dt")]
    sector_code: Annotated[str, Named("idx_bztp_scls_cd")]
    sector: Annotated[str, Named("idx_bztp_scls_cd_name")]
    industry: Annotated[str, Named("std_idst_clsf_cd_name")]

    @property
    def board(self) -> Market | None:
        """The board on which it is listed, None for what is not a share or a fund."""
        return MARKETS.read(self.market) if self.market in ("STK", "KSQ", "KNX") else None


class Stock(Answer, frozen=True):
    """The answer to what a symbol is."""

    stock: Annotated[StockBlock, Out("output")]


class AskStock(Ask[Stock], frozen=True, kw_only=True):
    """Ask what a symbol is. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.STOCK
    FIXED: ClassVar[Mapping[str, str]] = {"PRDT_TYPE_CD": LISTED_PRODUCT}

    symbol: Annotated[str, Named("PDNO", CODE)]


class ProductBlock(Block, frozen=True, kw_only=True):
    """What a product of the broker is called."""

    symbol: Annotated[str, Named("shtn_pdno")]
    isin: Annotated[str, Named("std_pdno")]
    name: Annotated[str, Named("prdt_name")]
    english_name: Annotated[str, Named("prdt_eng_name")]
    kind: Annotated[str, Named("prdt_type_cd")]


class Product(Answer, frozen=True):
    """The answer to what a product is called."""

    product: Annotated[ProductBlock, Out("output")]


class AskProduct(Ask[Product], frozen=True, kw_only=True):
    """Ask what a product is called. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PRODUCT

    symbol: Annotated[str, Named("PDNO", CODE)]
    kind: Annotated[str, Named("PRDT_TYPE_CD", CODE)] = LISTED_PRODUCT


class Dividend(Block, frozen=True, kw_only=True):
    """A dividend: won a share in cash, percent in shares."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    kind: Annotated[str, Named("divi_kind")]
    per_share: Annotated[Decimal | None, Named("per_sto_divi_amt")]
    percent_of_face: Annotated[Decimal | None, Named("divi_rate")]
    percent_in_shares: Annotated[Decimal | None, Named("stk_divi_rate")]
    face_value: Annotated[Decimal | None, Named("face_val")]
    paid_on: Annotated[dt.date | None, Named("divi_pay_dt")]
    shares_paid_on: Annotated[dt.date | None, Named("stk_div_pay_dt")]
    share_kind: Annotated[str, Named("stk_kind")]


class Dividends(Answer, frozen=True):
    """One page of dividends."""

    rows: Annotated[tuple[Dividend, ...], Out("output1", ("output",))]


class AskDividends(Ask[Dividends], frozen=True, kw_only=True):
    """Ask which dividends have their record date between two days, of one company or of all."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.DIVIDENDS
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": "", "GB1": "0", "HIGH_GB": ""}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""


class Split(Block, frozen=True, kw_only=True):
    """A change of the face value: shares are multiplied by `face_before` over `face_after`. `stopped` names the span without trading."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    face_before: Annotated[int | None, Named("inter_bf_face_amt", QUANTITY)]
    face_after: Annotated[int | None, Named("inter_af_face_amt", QUANTITY)]
    stopped: Annotated[str, Named("td_stop_dt")]
    listed_on: Annotated[dt.date | None, Named("list_dt")]


class Splits(Answer, frozen=True):
    """One page of splits."""

    rows: Annotated[tuple[Split, ...], Out("output1", ("output",))]


class AskSplits(Ask[Splits], frozen=True, kw_only=True):
    """Ask which face values change between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.SPLITS
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": "", "MARKET_GB": "0"}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""


class BonusIssue(Block, frozen=True, kw_only=True):
    """New shares for nothing: `percent` of what is held on the record date."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    percent: Annotated[Decimal | None, Named("fix_rate")]
    ex_date: Annotated[dt.date | None, Named("right_dt")]
    listed_on: Annotated[dt.date | None, Named("list_date")]
    shares: Annotated[int | None, Named("issue_stk_qty", QUANTITY)]
    share_kind: Annotated[str, Named("stk_kind")]


class BonusIssues(Answer, frozen=True):
    """One page of bonus issues."""

    rows: Annotated[tuple[BonusIssue, ...], Out("output1", ("output",))]


class AskBonusIssues(Ask[BonusIssues], frozen=True, kw_only=True):
    """Ask which bonus issues have their record date between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.BONUS_ISSUES
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": ""}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""


class RightsIssue(Block, frozen=True, kw_only=True):
    """New shares for money: `percent` of what is held, at `price` won. `subscribed` names the span of subscription."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    percent: Annotated[Decimal | None, Named("fix_rate")]
    discount_percent: Annotated[Decimal | None, Named("disc_rate")]
    price: Annotated[int | None, Named("fix_price", PRICE)]
    ex_date: Annotated[dt.date | None, Named("right_dt")]
    subscribed: Annotated[str, Named("sub_term")]
    listed_on: Annotated[dt.date | None, Named("list_date")]
    shares: Annotated[int | None, Named("issue_stk_qty", QUANTITY)]


class RightsIssues(Answer, frozen=True):
    """One page of rights issues."""

    rows: Annotated[tuple[RightsIssue, ...], Out("output", ("output1",))]


class AskRightsIssues(Ask[RightsIssues], frozen=True, kw_only=True):
    """Ask which rights issues have their record date between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.RIGHTS_ISSUES
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": "", "GB1": "2"}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""


class Reduction(Block, frozen=True, kw_only=True):
    """A capital reduction: `rate` of the shares, by the way that `method` names."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("isin_name")]
    record_date: Annotated[dt.date, Named("record_date")]
    kind: Annotated[str, Named("reduce_cap_type")]
    rate: Annotated[Decimal | None, Named("reduce_cap_rate")]
    method: Annotated[str, Named("comp_way")]
    stopped: Annotated[str, Named("td_stop_dt")]
    listed_on: Annotated[dt.date | None, Named("list_dt")]


class Reductions(Answer, frozen=True):
    """One page of capital reductions."""

    rows: Annotated[tuple[Reduction, ...], Out("output1", ("output",))]


class AskReductions(Ask[Reductions], frozen=True, kw_only=True):
    """Ask which capital reductions have their record date between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.REDUCTIONS
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": ""}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""


class Merger(Block, frozen=True, kw_only=True):
    """A merger or a spin-off: `rate` shares of `other` for each."""

    symbol: Annotated[str, Named("sht_cd", CODE)]
    name: Annotated[str, Named("cust_nm")]
    other: Annotated[str, Named("opp_cust_nm")]
    record_date: Annotated[dt.date, Named("record_date")]
    kind: Annotated[str, Named("merge_type")]
    rate: Annotated[Decimal | None, Named("merge_rate")]
    stopped: Annotated[str, Named("td_stop_dt")]
    listed_on: Annotated[dt.date | None, Named("list_dt")]


class Mergers(Answer, frozen=True):
    """One page of mergers."""

    rows: Annotated[tuple[Merger, ...], Out("output1", ("output",))]


class AskMergers(Ask[Mergers], frozen=True, kw_only=True):
    """Ask which mergers and spin-offs have their record date between two days."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.MERGERS
    FIXED: ClassVar[Mapping[str, str]] = {"CTS": ""}

    start: Annotated[dt.date, Named("F_DT")]
    end: Annotated[dt.date, Named("T_DT")]
    symbol: Annotated[str, Named("SHT_CD")] = ""
