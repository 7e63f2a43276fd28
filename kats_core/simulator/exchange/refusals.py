"""Name why the desk refuses; what the broker calls it on either server is the server's."""

from __future__ import annotations

from enum import Enum


class Refusal(Enum):
    """Why an order, an amendment or a cancellation was not taken."""

    NO_SESSION = "the exchange is closed today"
    BEFORE_OPEN = "orders are not taken yet"
    AFTER_CLOSE = "orders are not taken any more"
    NOT_NOW = "this kind of order is not taken in this phase"
    NO_MARKET_NOW = "orders at any price are not taken in this phase"
    UNKNOWN_KIND = "there is no such kind of order"
    UNKNOWN_SYMBOL = "there is no such stock"
    NOT_ON_VENUE = "the stock is not traded at this venue"
    HALTED = "trading in the stock is halted"
    OFF_TICK = "the price is not on tick"
    BEYOND_LIMITS = "the price lies outside the day's limits"
    NO_QUANTITY = "the quantity is not a whole positive number of lots"
    NOTHING_OPPOSITE = "there is no quote to take the price from"
    NO_CASH = "not enough cash"
    NO_SHARES = "not enough shares"
    NOTHING_HELD = "nothing of the stock is held"
    NOTHING_LEFT = "nothing is left to amend or cancel"
    NOT_ARRIVED = "the order has not reached the exchange yet"
    ACCOUNT_CLOSED = "the account cannot trade"
