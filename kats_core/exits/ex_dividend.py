"""Take a dividend out of the prices that an exit compares with, on the morning of its ex-date (배당락).

The market opens lower by about the dividend, and the exchange does not lower the base price for cash: without this a
position would be stopped out by its own dividend.
"""

from __future__ import annotations

from msgspec import structs

from kats_core.market.ticks import TickTable
from kats_core.model.position import Position


def less_dividend(position: Position, dividend: int, ticks: TickTable) -> Position:
    """Return a position held over an ex-date with stop, targets, peak and cost for exits lowered by a dividend a share.

    A stop of 42 950 with a dividend of 1 500 becomes 41 450. What the shares cost stays as it is; what is owed for them the account
    books (`Portfolio.go_ex`).
    """
    return structs.replace(
        position,
        stop=_lowered(position.stop, dividend, ticks),
        targets=tuple((_lowered(price, dividend, ticks), shares) for price, shares in position.targets),
        peak=max(1, position.peak - dividend),
        dividends=position.dividends + dividend * position.quantity,
    )


def _lowered(price: int, dividend: int, ticks: TickTable) -> int:
    return ticks.rup(max(1, price - dividend))
