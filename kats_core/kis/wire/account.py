"""Ask what an account holds, what it can pay, and what its trades have cost.

What can be paid without borrowing is `Orderable.no_margin_amount`. Cash in the balance is by settlement day: what is bought today
leaves the cash of two days ahead first, so none of the balance's figures is what an order can use.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar

from kats_core.kis.wire import endpoints
from kats_core.kis.wire.blocks import Block, Named
from kats_core.kis.wire.endpoints import Endpoint
from kats_core.kis.wire.orders import DIVISIONS, Account
from kats_core.kis.wire.rest import Answer, Ask, Out
from kats_core.kis.wire.values import CODE, PRICE, QUANTITY
from kats_core.market.phases import BoardOrder


class Holding(Block, frozen=True, kw_only=True):
    """Shares of one symbol. What was sold completely stays listed, with no quantity, until it is settled."""

    symbol: Annotated[str, Named("pdno", CODE)]
    name: Annotated[str, Named("prdt_name")]
    quantity: Annotated[int, Named("hldg_qty", QUANTITY)]
    sellable: Annotated[int, Named("ord_psbl_qty", QUANTITY)]
    average_price: Annotated[Decimal | None, Named("pchs_avg_pric")]
    cost: Annotated[int | None, Named("pchs_amt")]
    price: Annotated[int | None, Named("prpr", PRICE)]
    value: Annotated[int | None, Named("evlu_amt")]
    profit: Annotated[int | None, Named("evlu_pfls_amt")]
    bought_today: Annotated[int | None, Named("thdt_buyqty")]
    sold_today: Annotated[int | None, Named("thdt_sll_qty")]
    kind: Annotated[str, Named("trad_dvsn_name")] = ""
    loaned_on: Annotated[dt.date | None, Named("loan_dt")] = None
    loan: Annotated[int | None, Named("loan_amt")] = None


class Cash(Block, frozen=True, kw_only=True):
    """Cash by settlement day, and what all is worth; `worth` is holdings and the cash of two days ahead."""

    today: Annotated[int, Named("dnca_tot_amt")]
    tomorrow: Annotated[int | None, Named("nxdy_excc_amt")]
    settled: Annotated[int, Named("prvs_rcdl_excc_amt")]
    holdings: Annotated[int | None, Named("scts_evlu_amt")]
    worth: Annotated[int, Named("tot_evlu_amt")]
    net_assets: Annotated[int | None, Named("nass_amt")]
    bought_today: Annotated[int | None, Named("thdt_buy_amt")]
    sold_today: Annotated[int | None, Named("thdt_sll_amt")]
    costs_today: Annotated[int | None, Named("thdt_tlex_amt")]
    loans: Annotated[int | None, Named("tot_loan_amt")]
    worth_yesterday: Annotated[int | None, Named("bfdy_tot_asst_evlu_amt")]


class Balance(Answer, frozen=True):
    """One page of an account's holdings. The cash is the whole account's on each page."""

    holdings: Annotated[tuple[Holding, ...], Out("output1")]
    cash: Annotated[Cash | None, Out("output2")]


class AskBalance(Ask[Balance], frozen=True, kw_only=True):
    """Ask for the holdings of an account at the prices of the regular session, by stock, and its cash."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.BALANCE
    FIXED: ClassVar[Mapping[str, str]] = {
        "AFHR_FLPR_YN": "N",
        "OFL_YN": "",
        "INQR_DVSN": "02",
        "UNPR_DVSN": "01",
        "FUND_STTL_ICLD_YN": "N",
        "FNCG_AMT_AUTO_RDPT_YN": "N",
        "PRCS_DVSN": "00",
    }

    account: Account


class OrderableBlock(Block, frozen=True, kw_only=True):
    """What can be bought: without borrowing (`no_margin_`), and at most, with money that is still to be paid in."""

    cash: Annotated[int, Named("ord_psbl_cash")]
    no_margin_amount: Annotated[int, Named("nrcvb_buy_amt")]
    no_margin_quantity: Annotated[int | None, Named("nrcvb_buy_qty")]
    most_amount: Annotated[int | None, Named("max_buy_amt")]
    most_quantity: Annotated[int | None, Named("max_buy_qty")]
    counted_price: Annotated[int | None, Named("psbl_qty_calc_unpr", PRICE)]
    from_sales: Annotated[int | None, Named("ruse_psbl_amt")]


class Orderable(Answer, frozen=True):
    """The answer to what can be bought."""

    orderable: Annotated[OrderableBlock, Out("output")]


class AskOrderable(Ask[Orderable], frozen=True, kw_only=True):
    """Ask what can be bought of a symbol, by the symbol's own margin rate.

    Asked for a market order, the broker counts with the upper limit price; without a symbol only amounts are told.
    """

    ENDPOINT: ClassVar[Endpoint] = endpoints.ORDERABLE
    FIXED: ClassVar[Mapping[str, str]] = {"CMA_EVLU_AMT_ICLD_YN": "N", "OVRS_ICLD_YN": "N"}

    account: Account
    symbol: Annotated[str, Named("PDNO")] = ""
    price: Annotated[int | None, Named("ORD_UNPR", PRICE)] = None
    division: Annotated[BoardOrder, Named("ORD_DVSN", DIVISIONS)] = BoardOrder.MARKET


class CostRow(Block, frozen=True, kw_only=True):
    """One symbol on one day."""

    session: Annotated[dt.date, Named("trad_dt")]
    symbol: Annotated[str, Named("pdno", CODE)]
    name: Annotated[str, Named("prdt_name")]
    bought: Annotated[int | None, Named("buy_qty")]
    bought_amount: Annotated[int | None, Named("buy_amt")]
    sold: Annotated[int | None, Named("sll_qty")]
    sold_amount: Annotated[int | None, Named("sll_amt")]
    profit: Annotated[Decimal | None, Named("rlzt_pfls")]
    commission: Annotated[Decimal | None, Named("fee")]
    tax: Annotated[Decimal | None, Named("tl_tax")]


class Costs(Answer, frozen=True):
    """One page of what trades have cost."""

    rows: Annotated[tuple[CostRow, ...], Out("output1")]


class AskCosts(Ask[Costs], frozen=True, kw_only=True):
    """Ask what trades of some days have cost: the only service that tells fees and taxes as they were charged."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.COSTS
    FIXED: ClassVar[Mapping[str, str]] = {"SORT_DVSN": "01", "CBLC_DVSN": "00"}

    account: Account
    start: Annotated[dt.date, Named("INQR_STRT_DT")]
    end: Annotated[dt.date, Named("INQR_END_DT")]
    symbol: Annotated[str, Named("PDNO")] = ""
