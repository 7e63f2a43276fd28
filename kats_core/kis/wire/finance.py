"""Ask for what companies report: ratios, income, balance sheets, and what analysts expect.

Quarters of the income statement are sums since the year began. Money is won, as a decimal number, since the broker writes hundred
millions with two decimals; ratios are percent. Fields that the broker does not provide (it writes 99.99) are not read. Rows come
newest first; none of these services exists on the mock server.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import CODE, DECIMAL_HUNDRED_MILLIONS, LONG_SYMBOL, MONTH, coded

_QUARTERLY = coded("0 or 1", {"0": False, "1": True})
_STOCKS: Mapping[str, str] = {"fid_cond_mrkt_div_code": "J"}


class Ratios(Block, frozen=True, kw_only=True):
    """Growth, return and values a share of a period that ends with a month. Growth out of a loss is written as 0."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    sales_growth: Annotated[Decimal | None, Named("grs")]
    operating_growth: Annotated[Decimal | None, Named("bsop_prfi_inrt")]
    net_growth: Annotated[Decimal | None, Named("ntin_inrt")]
    return_on_equity: Annotated[Decimal | None, Named("roe_val")]
    eps: Annotated[Decimal | None, Named("eps")]
    sales_per_share: Annotated[Decimal | None, Named("sps")]
    bps: Annotated[Decimal | None, Named("bps")]
    reserves: Annotated[Decimal | None, Named("rsrv_rate")]
    debt: Annotated[Decimal | None, Named("lblt_rate")]


class FinancialRatios(Answer, frozen=True):
    """Ratios by period."""

    periods: Annotated[tuple[Ratios, ...], Out("output")]


class AskRatios(Ask[FinancialRatios], frozen=True, kw_only=True):
    """Ask for a company's ratios, by year or by quarter."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.RATIOS
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("FID_DIV_CLS_CODE", _QUARTERLY)] = False


class Income(Block, frozen=True, kw_only=True):
    """Income since the year began, in won."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    sales: Annotated[Decimal | None, Named("sale_account", DECIMAL_HUNDRED_MILLIONS)]
    cost_of_sales: Annotated[Decimal | None, Named("sale_cost", DECIMAL_HUNDRED_MILLIONS)]
    gross_profit: Annotated[Decimal | None, Named("sale_totl_prfi", DECIMAL_HUNDRED_MILLIONS)]
    operating_profit: Annotated[Decimal | None, Named("bsop_prti", DECIMAL_HUNDRED_MILLIONS)]
    ordinary_profit: Annotated[Decimal | None, Named("op_prfi", DECIMAL_HUNDRED_MILLIONS)]
    net_income: Annotated[Decimal | None, Named("thtr_ntin", DECIMAL_HUNDRED_MILLIONS)]


class IncomeStatement(Answer, frozen=True):
    """Income by period."""

    periods: Annotated[tuple[Income, ...], Out("output")]


class AskIncome(Ask[IncomeStatement], frozen=True, kw_only=True):
    """Ask for a company's income, by year or by quarter."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INCOME
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("FID_DIV_CLS_CODE", _QUARTERLY)] = False


class Sheet(Block, frozen=True, kw_only=True):
    """What a company owns and owes at the end of a month, in won."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    current_assets: Annotated[Decimal | None, Named("cras", DECIMAL_HUNDRED_MILLIONS)]
    fixed_assets: Annotated[Decimal | None, Named("fxas", DECIMAL_HUNDRED_MILLIONS)]
    assets: Annotated[Decimal | None, Named("total_aset", DECIMAL_HUNDRED_MILLIONS)]
    current_liabilities: Annotated[Decimal | None, Named("flow_lblt", DECIMAL_HUNDRED_MILLIONS)]
    fixed_liabilities: Annotated[Decimal | None, Named("fix_lblt", DECIMAL_HUNDRED_MILLIONS)]
    liabilities: Annotated[Decimal | None, Named("total_lblt", DECIMAL_HUNDRED_MILLIONS)]
    equity: Annotated[Decimal | None, Named("total_cptl", DECIMAL_HUNDRED_MILLIONS)]


class BalanceSheet(Answer, frozen=True):
    """Balance sheets by period."""

    periods: Annotated[tuple[Sheet, ...], Out("output")]


class AskBalanceSheet(Ask[BalanceSheet], frozen=True, kw_only=True):
    """Ask for a company's balance sheets, by year or by quarter."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.BALANCE_SHEET
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("FID_DIV_CLS_CODE", _QUARTERLY)] = False


class Profits(Block, frozen=True, kw_only=True):
    """Profit in percent of assets, of equity and of sales."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    return_on_assets: Annotated[Decimal | None, Named("cptl_ntin_rate")]
    return_on_equity: Annotated[Decimal | None, Named("self_cptl_ntin_inrt")]
    net_margin: Annotated[Decimal | None, Named("sale_ntin_rate")]
    gross_margin: Annotated[Decimal | None, Named("sale_totl_rate")]


class Profitability(Answer, frozen=True):
    """Profitability by period."""

    periods: Annotated[tuple[Profits, ...], Out("output")]


class AskProfitability(Ask[Profitability], frozen=True, kw_only=True):
    """Ask how profitable a company is."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.PROFITABILITY
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("FID_DIV_CLS_CODE", _QUARTERLY)] = False


class Growths(Block, frozen=True, kw_only=True):
    """Growth of sales, operating profit, equity and assets in percent."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    sales: Annotated[Decimal | None, Named("grs")]
    operating_profit: Annotated[Decimal | None, Named("bsop_prfi_inrt")]
    equity: Annotated[Decimal | None, Named("equt_inrt")]
    assets: Annotated[Decimal | None, Named("totl_aset_inrt")]


class Growth(Answer, frozen=True):
    """Growth by period."""

    periods: Annotated[tuple[Growths, ...], Out("output")]


class AskGrowth(Ask[Growth], frozen=True, kw_only=True):
    """Ask how a company grows."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.GROWTH
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("fid_div_cls_code", _QUARTERLY)] = False


class Soundness(Block, frozen=True, kw_only=True):
    """Debt, borrowing and liquidity in percent."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    debt: Annotated[Decimal | None, Named("lblt_rate")]
    borrowings: Annotated[Decimal | None, Named("bram_depn")]
    current_ratio: Annotated[Decimal | None, Named("crnt_rate")]
    quick_ratio: Annotated[Decimal | None, Named("quck_rate")]


class Stability(Answer, frozen=True):
    """Stability by period."""

    periods: Annotated[tuple[Soundness, ...], Out("output")]


class AskStability(Ask[Stability], frozen=True, kw_only=True):
    """Ask how sound a company is."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.STABILITY
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("fid_div_cls_code", _QUARTERLY)] = False


class Worth(Block, frozen=True, kw_only=True):
    """Earnings before interest, taxes and depreciation, in won, and the price of the company in multiples of them."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    eva: Annotated[Decimal | None, Named("eva", DECIMAL_HUNDRED_MILLIONS)]
    ebitda: Annotated[Decimal | None, Named("ebitda", DECIMAL_HUNDRED_MILLIONS)]
    ev_to_ebitda: Annotated[Decimal | None, Named("ev_ebitda")]


class OtherRatios(Answer, frozen=True):
    """Worth by period."""

    periods: Annotated[tuple[Worth, ...], Out("output")]


class AskOtherRatios(Ask[OtherRatios], frozen=True, kw_only=True):
    """Ask what a company is worth in multiples of its earnings."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.OTHER_RATIOS
    FIXED: ClassVar[Mapping[str, str]] = _STOCKS

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("fid_div_cls_code", _QUARTERLY)] = False


class Covered(Block, frozen=True, kw_only=True):
    """A company that an analyst of the broker follows, and since when the figures stand."""

    symbol: Annotated[str, Named("sht_cd", LONG_SYMBOL)]
    name: Annotated[str, Named("item_kor_nm")]
    analyst: Annotated[str, Named("name1")]
    estimated_on: Annotated[dt.date | None, Named("estdate")]
    opinion: Annotated[str, Named("rcmd_name")]


class FivePeriods(Block, frozen=True, kw_only=True):
    """One figure in each of five periods."""

    values: Annotated[tuple[Decimal | None, ...], Named("data", count=5)]


class PeriodName(Block, frozen=True, kw_only=True):
    """The month with which a period ends, as the broker writes it: 2025.12, an E behind it where it is expected."""

    text: Annotated[str, Named("dt", CODE)]


class Estimates(Answer, frozen=True):
    """What is expected of a company, figure by figure for five periods.

    `results`: sales, their growth, operating profit, its growth, net income, its growth. `ratios`: EBITDA, earnings a share, their growth,
    price to earnings, enterprise value to EBITDA, return on equity, debt, interest cover. Sales and profits are hundred millions of
    won, growth and ratios tenths.
    """

    company: Annotated[Covered | None, Out("output1")]
    results: Annotated[tuple[FivePeriods, ...], Out("output2")]
    ratios: Annotated[tuple[FivePeriods, ...], Out("output3")]
    periods: Annotated[tuple[PeriodName, ...], Out("output4")]


class AskEstimates(Ask[Estimates], frozen=True, kw_only=True):
    """Ask what is expected of a company; about 160 are followed."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.ESTIMATES

    symbol: Annotated[str, Named("SHT_CD", CODE)]
