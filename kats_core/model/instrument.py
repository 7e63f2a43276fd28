"""Describe what is traded."""

from __future__ import annotations

import datetime as dt

import msgspec

from kats_core.model.kinds import InstrumentKind, Market, ShareClass


class Instrument(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A listed security. `symbol` is the six-character KRX code; `leverage` is a fund's multiple (-2 for inverse 2X).

    `is_market_known` is false where the data do not tell the board and `market` is only the usual one. `share_class` is None
    where nobody states it; `listed` and `delisted` are the first day on the board and the first day off it, where known.
    """

    symbol: str
    name: str = ""
    market: Market = Market.KOSPI
    is_market_known: bool = True
    kind: InstrumentKind = InstrumentKind.STOCK
    share_class: ShareClass | None = None
    sector: str | None = None
    leverage: int | float = 1
    lot_size: int = 1
    listed_shares: int | None = None
    listed: dt.date | None = None
    delisted: dt.date | None = None

    def __post_init__(self) -> None:
        if len(self.symbol) != 6 or not self.symbol.isalnum():
            raise ValueError(f"symbol {self.symbol!r}: a KRX code has six letters or digits")
        if self.lot_size < 1:
            raise ValueError(f"{self.symbol}: lot size {self.lot_size} is not positive")
