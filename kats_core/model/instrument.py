"""Describe what is traded."""

from __future__ import annotations

import msgspec

from kats_core.model.kinds import InstrumentKind, Market


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A listed security. `symbol` is the six-character KRX code; `leverage` is the fund's multiple (-2 for inverse 2X).

    `is_market_known` is false where the data do not tell the board and `market` is only the usual one.
    """

    symbol: str
    name: str = ""
    market: Market = Market.KOSPI
    is_market_known: bool = True
    kind: InstrumentKind = InstrumentKind.STOCK
    sector: str | None = None
    leverage: int = 1
    lot_size: int = 1
    listed_shares: int | None = None

    def __post_init__(self) -> None:
        if len(self.symbol) != 6 or not self.symbol.isalnum():
            raise ValueError(f"symbol {self.symbol!r}: a KRX code has six letters or digits")
        if self.lot_size < 1:
            raise ValueError(f"{self.symbol}: lot size {self.lot_size} is not positive")
