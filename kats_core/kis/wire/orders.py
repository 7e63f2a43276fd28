"""Send orders, amend and cancel them, and ask what became of them.

An ack says that the broker has passed the order on: not that the exchange has taken it, and not that anything was filled. There
is no number of ours on the wire, so an order whose ack was lost is found by what it was: `OrderRow`.
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
from kats_core.kis.wire.values import CODE, ORDER_NUMBER, PRICE, QUANTITY, coded
from kats_core.kis.wire.venues import OF_ORDERS, Venue
from kats_core.market.phases import BoardOrder
from kats_core.model.kinds import Side
from kats_core.model.masking import masked

DIVISIONS: Final = coded(
    "kind of order",
    {
        "00": BoardOrder.LIMIT,
        "01": BoardOrder.MARKET,
        "02": BoardOrder.CONDITIONAL_LIMIT,
        "03": BoardOrder.BEST_OPPOSITE,
        "04": BoardOrder.BEST_SAME,
        "05": BoardOrder.PRE_CLOSE_PRICE,
        "06": BoardOrder.AFTER_CLOSE_PRICE,
        "07": BoardOrder.SINGLE_PRICE,
        "11": BoardOrder.LIMIT_IOC,
        "12": BoardOrder.LIMIT_FOK,
        "13": BoardOrder.MARKET_IOC,
        "14": BoardOrder.MARKET_FOK,
        "15": BoardOrder.BEST_OPPOSITE_IOC,
        "16": BoardOrder.BEST_OPPOSITE_FOK,
        "21": BoardOrder.MID_PRICE,
        "22": BoardOrder.STOP_LIMIT,
        "23": BoardOrder.MID_PRICE_IOC,
        "24": BoardOrder.MID_PRICE_FOK,
    },
)
"""The broker's codes of the regular session and the close-price sessions; the after-market has codes of its own."""

PRICED: Final = frozenset(
    {
        BoardOrder.LIMIT,
        BoardOrder.CONDITIONAL_LIMIT,
        BoardOrder.SINGLE_PRICE,
        BoardOrder.LIMIT_IOC,
        BoardOrder.LIMIT_FOK,
        BoardOrder.STOP_LIMIT,
    }
)
"""Kinds of orders that name a price; the others are sent with 0."""

SIDES: Final = coded("side", {"01": Side.SELL, "02": Side.BUY})


class Account(Block, frozen=True):
    """An account: 8 digits and the 2 of its product."""

    number: Annotated[str, Named("CANO", CODE)]
    product: Annotated[str, Named("ACNT_PRDT_CD", CODE)] = "01"

    def __repr__(self) -> str:
        return f"Account({masked(self.number)}-{self.product})"

    @property
    def digits(self) -> str:
        """All ten digits, as notices have them."""
        return self.number + self.product


class AckBlock(Block, frozen=True, kw_only=True):
    """The broker's number of what it has passed on. It is unique on its day and in its branch."""

    number: Annotated[str, Named("ODNO", ORDER_NUMBER)]
    branch: Annotated[str, Named("KRX_FWDG_ORD_ORGNO")]
    clock: Annotated[dt.time | None, Named("ORD_TMD")] = None


class OrderAck(Answer, frozen=True):
    """The answer to an order, an amendment or a cancellation."""

    ack: Annotated[AckBlock, Out("output")]


class PlaceOrder(Ask[OrderAck], frozen=True, kw_only=True):
    """Buy or sell for cash. `price` is 0 where the kind of order names none; `trigger` is for a stop limit alone."""

    account: Account
    side: Side
    symbol: Annotated[str, Named("PDNO", CODE)]
    division: Annotated[BoardOrder, Named("ORD_DVSN", DIVISIONS)]
    quantity: Annotated[int, Named("ORD_QTY", QUANTITY)]
    price: Annotated[int, Named("ORD_UNPR", QUANTITY)]
    trigger: Annotated[int | None, Named("CNDT_PRIC", PRICE)] = None
    venue: Annotated[Venue, Named("EXCG_ID_DVSN_CD", OF_ORDERS)] = Venue.KRX

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"ORD_QTY: an order of {self.quantity} shares")
        _require_price("ORD_UNPR", self.division, self.price)
        if (self.trigger is not None) != (self.division is BoardOrder.STOP_LIMIT):
            raise ValueError(f"CNDT_PRIC: a trigger of {self.trigger} for an order of kind {self.division.en}")

    @property
    def endpoint(self) -> Endpoint:
        """The id decides the side; the body does not say it."""
        return endpoints.BUY if self.side is Side.BUY else endpoints.SELL


def _require_price(name: str, division: BoardOrder, price: int) -> None:
    if (price > 0) != (division in PRICED):
        raise ValueError(f"{name}: a price of {price} for an order of kind {division.en}")


class Change(enum.StrEnum):
    """What is done to an order."""

    AMEND = "01"
    CANCEL = "02"


_CHANGES = coded("change", {change.value: change for change in Change})


class ChangeOrder(Ask[OrderAck], frozen=True, kw_only=True):
    """Amend or cancel an order by its last number: all that is left of it (`quantity` 0), or a part.

    Amended, it has a new number and the old one is gone; the cancellation has a number too. `branch` is that of the ack.
    """

    ENDPOINT: ClassVar[Endpoint] = endpoints.AMEND_OR_CANCEL

    account: Account
    branch: Annotated[str, Named("KRX_FWDG_ORD_ORGNO")]
    number: Annotated[str, Named("ORGN_ODNO", ORDER_NUMBER)]
    division: Annotated[BoardOrder, Named("ORD_DVSN", DIVISIONS)]
    change: Annotated[Change, Named("RVSE_CNCL_DVSN_CD", _CHANGES)]
    quantity: Annotated[int, Named("ORD_QTY", QUANTITY)]
    price: Annotated[int, Named("ORD_UNPR", QUANTITY)]
    is_whole: Annotated[bool, Named("QTY_ALL_ORD_YN")]
    venue: Annotated[Venue, Named("EXCG_ID_DVSN_CD", OF_ORDERS)] = Venue.KRX

    def __post_init__(self) -> None:
        if self.is_whole != (self.quantity == 0):
            raise ValueError(f"QTY_ALL_ORD_YN: {self.quantity} shares, and all that is left: {self.is_whole}")
        if self.change is Change.AMEND:
            _require_price("ORD_UNPR", self.division, self.price)


def amend(account: Account, branch: str, number: str, *, price: int, quantity: int = 0) -> ChangeOrder:
    """Return the wish to give a limit order another price, all that is left of it unless a quantity is given."""
    return _change(account, branch, number, Change.AMEND, BoardOrder.LIMIT, quantity, price)


def cancel(
    account: Account, branch: str, number: str, *, division: BoardOrder = BoardOrder.LIMIT, quantity: int = 0
) -> ChangeOrder:
    """Return the wish to cancel an order, all that is left of it unless a quantity is given."""
    return _change(account, branch, number, Change.CANCEL, division, quantity, 0)


def _change(
    account: Account, branch: str, number: str, change: Change, division: BoardOrder, quantity: int, price: int
) -> ChangeOrder:
    return ChangeOrder(
        account=account,
        branch=branch,
        number=number,
        division=division,
        change=change,
        quantity=quantity,
        price=price,
        is_whole=quantity == 0,
    )


class ListedOrder(Block, frozen=True, kw_only=True):
    """An order as the broker lists it. `filled` counts all fills so far; `price` is None for market orders."""

    number: Annotated[str, Named("odno", ORDER_NUMBER)]
    original: Annotated[str | None, Named("orgn_odno", ORDER_NUMBER)]
    branch: Annotated[str, Named("ord_gno_brno")]
    symbol: Annotated[str, Named("pdno", CODE)]
    name: Annotated[str, Named("prdt_name")]
    side: Annotated[Side, Named("sll_buy_dvsn_cd", SIDES)]
    division: Annotated[str, Named("ord_dvsn_cd")]
    quantity: Annotated[int, Named("ord_qty", QUANTITY)]
    price: Annotated[int | None, Named("ord_unpr", PRICE)]
    clock: Annotated[dt.time | None, Named("ord_tmd")]
    filled: Annotated[int, Named("tot_ccld_qty", QUANTITY)]
    filled_amount: Annotated[int | None, Named("tot_ccld_amt", QUANTITY)]
    venue: Annotated[str, Named("excg_id_dvsn_cd")]


class OpenOrder(ListedOrder, frozen=True, kw_only=True):
    """An order that lives; `remaining` is what can still be amended or cancelled."""

    remaining: Annotated[int, Named("psbl_qty", QUANTITY)]


class OpenOrders(Answer, frozen=True):
    """One page of the orders that live."""

    orders: Annotated[tuple[OpenOrder, ...], Out("output")]


class AskOpenOrders(Ask[OpenOrders], frozen=True, kw_only=True):
    """Ask which orders may still be amended or cancelled. Not on the mock server."""

    ENDPOINT: ClassVar[Endpoint] = endpoints.OPEN_ORDERS
    FIXED: ClassVar[Mapping[str, str]] = {"INQR_DVSN_1": "0", "INQR_DVSN_2": "0"}

    account: Account


class Filter(enum.StrEnum):
    """Which orders are asked for."""

    ALL = "00"
    FILLED = "01"
    NOT_FILLED = "02"


_FILTERS = coded("filter", {each.value: each for each in Filter})


class OrderRow(ListedOrder, frozen=True, kw_only=True):
    """What became of an order. Amendments and cancellations are rows of their own and name the `original`.

    `average` is the price of all fills. A fill may be better than the limit.
    """

    session: Annotated[dt.date, Named("ord_dt")]
    average: Annotated[Decimal | None, Named("avg_prvs")]
    is_cancelled: Annotated[bool | None, Named("cncl_yn")]
    cancelled: Annotated[int | None, Named("cncl_cfrm_qty", QUANTITY, also=("cnc_cfrm_qty",))]
    remaining: Annotated[int | None, Named("rmn_qty", QUANTITY)]
    refused: Annotated[int | None, Named("rjct_qty", QUANTITY)]
    told_at: Annotated[dt.time | None, Named("infm_tmd")] = None


class OrderTotals(Block, frozen=True, kw_only=True):
    """Sums over the days that were asked for, whatever number was asked for: no costs of one order."""

    quantity: Annotated[int | None, Named("tot_ord_qty")]
    filled: Annotated[int | None, Named("tot_ccld_qty")]
    filled_amount: Annotated[int | None, Named("tot_ccld_amt")]
    estimated_costs: Annotated[int | None, Named("prsm_tlex_smtl")]


class Orders(Answer, frozen=True):
    """One page of orders."""

    orders: Annotated[tuple[OrderRow, ...], Out("output1")]
    totals: Annotated[OrderTotals | None, Out("output2")]


class AskOrders(Ask[Orders], frozen=True, kw_only=True):
    """Ask for the orders from a day to a day, oldest first. Days of more than three months ago are `is_old`."""

    FIXED: ClassVar[Mapping[str, str]] = {
        "SLL_BUY_DVSN_CD": "00",
        "INQR_DVSN": "01",
        "INQR_DVSN_1": "",
        "INQR_DVSN_3": "00",
    }

    account: Account
    start: Annotated[dt.date, Named("INQR_STRT_DT")]
    end: Annotated[dt.date, Named("INQR_END_DT")]
    symbol: Annotated[str, Named("PDNO")] = ""
    branch: Annotated[str, Named("ORD_GNO_BRNO")] = ""
    number: Annotated[str | None, Named("ODNO", ORDER_NUMBER)] = None
    filter: Annotated[Filter, Named("CCLD_DVSN", _FILTERS)] = Filter.ALL
    venue: Annotated[Venue, Named("EXCG_ID_DVSN_CD", OF_ORDERS)] = Venue.KRX
    is_old: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """Another id answers for older days."""
        return endpoints.OLDER_ORDERS if self.is_old else endpoints.ORDERS
