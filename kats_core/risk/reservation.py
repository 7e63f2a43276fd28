"""Hold room for what a live entry order may still buy."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from kats_core.model.order import OrderId


class Reservation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Room held for the unfilled part of a live entry order; `cash` includes commission, `risk` is r times shares.

    `stop` is the stop that the shares will have, won.
    """

    order_id: OrderId
    instance: str
    symbol: str
    grade: str
    sector: str
    quantity: int
    price: int
    notional: int
    cash: int
    risk: Fraction
    stop: int
