"""Price an exit that must go out: from the best bid down to the market within six seconds (`spec/orders.md` section 4.3).

| step | since the first order | order                        |
| ---- | --------------------- | ---------------------------- |
| 0    | 0 s                   | limit at the best bid        |
| 1    | 3 s                   | limit two ticks below it     |
| 2    | 6 s                   | market                       |

Without bids to look at, as on bars, an exit goes to the market at once.
"""

from __future__ import annotations

from typing import NamedTuple

from kats_core.market.limits import PriceLimits
from kats_core.market.ticks import TickTable
from kats_core.model import time
from kats_core.model.bar import Book
from kats_core.model.time import Nanos

STEP: Nanos = 3 * time.SECOND
TARGET_LIFE: Nanos = 60 * time.SECOND
"""A sell at a target lives so long; the target stays active for what it has not sold."""

FRESH: Nanos = 5 * time.SECOND
"""A book that is older prices nothing."""

_DEEP_PERCENT = 99


class Rung(NamedTuple):
    """An order of the ladder: its limit, None for the market, and when the next step is due, None where there is none."""

    limit: int | None
    until: Nanos | None


_MARKET = Rung(None, None)


def rung(
    started: Nanos,
    now: Nanos,
    book: Book | None,
    *,
    last: int,
    stop: int,
    is_urgent: bool,
    ticks: TickTable,
    limits: PriceLimits,
) -> Rung:
    """Return the order for an exit whose first one was sent at `started`.

    `is_urgent`: no time for steps: liquidations, designations by the exchange, the last minutes before the closing auction.
    So is a last price one percent or more below the stop. At the lower limit without bids the order queues at that limit.
    """
    if book is None or now - book.ts > FRESH:
        return _MARKET
    if book.bid is None:
        return Rung(ticks.rup(limits.lower), None) if last <= limits.lower else _MARKET
    step = (now - started) // STEP
    if is_urgent or step >= 2 or 100 * last <= _DEEP_PERCENT * stop:
        return _MARKET
    price = ticks.rdn(book.bid) if step == 0 else ticks.dn(book.bid, 2)
    return Rung(max(price, ticks.rup(limits.lower)), started + (step + 1) * STEP)
