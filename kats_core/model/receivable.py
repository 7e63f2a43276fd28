"""Hold what is owed to the account and not paid yet: dividends between their ex-date and their payment."""

from __future__ import annotations

import datetime as dt

import msgspec


class Receivable(msgspec.Struct, frozen=True, gc=False):
    """A dividend of shares that were held over its ex-date: won that will be paid, the tax withheld is taken off."""

    symbol: str
    paid_on: dt.date
    won: int
