"""Ask for what companies report: income, and earnings a share.

Quarters are sums since the year began. Money is won, as a decimal number, since the broker writes hundred millions with two
decimals; ratios are percent. Fields that the broker does not provide (it writes 99.99) are not read. Rows come newest first; none
of these services exists on the mock server.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Generic

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.rest import A, Answer, Ask, Out
from kats_core.kis.wire.values import CODE, DECIMAL_HUNDRED_MILLIONS, MONTH, coded

_QUARTERLY = coded("0 or 1", {"0": False, "1": True})


class AskReports(Ask[A], Generic[A], frozen=True, kw_only=True):
    """Ask for a company's reports, by year or by quarter."""

    FIXED: ClassVar[Mapping[str, str]] = {"fid_cond_mrkt_div_code": "J"}

    symbol: Annotated[str, Named("fid_input_iscd", CODE)]
    quarterly: Annotated[bool, Named("FID_DIV_CLS_CODE", _QUARTERLY)] = False


class Ratios(Block, frozen=True, kw_only=True):
    """What a company has earned a share, in won, in the period that ends with a month."""

    period: Annotated[dt.date, Named("stac_yymm", MONTH)]
    eps: Annotated[Decimal | None, Named("eps")]


class FinancialRatios(Answer, frozen=True):
    """Ratios by period."""

    periods: Annotated[tuple[Ratios, ...], Out("output")]


class AskRatios(AskReports[FinancialRatios], frozen=True, kw_only=True):
    """Ask for a company's ratios, by year or by quarter."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.RATIOS


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


class AskIncome(AskReports[IncomeStatement], frozen=True, kw_only=True):
    """Ask for a company's income, by year or by quarter."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.INCOME
