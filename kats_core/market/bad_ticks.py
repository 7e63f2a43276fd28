"""Tell trades that cannot have happened from those that did (`risk_standards.md` 9.6, FI-08).

Between two auctions no price moves far at once: a volatility interruption would have stopped it. So a single price far from
those before it is an error of the feed, and neither a stop nor a bar may see it. When the next ones agree with it, it was the
feed that had been wrong before, or a price scale that nobody knew of, and they count. The day's volume decides which trades are
new: a wrong one that is too large would silence the symbol for the rest of the day.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kats_core.market.exact import floor_times, to_ratio
from kats_core.market.limits import PriceLimits
from kats_core.model.bar import Trade

REMEMBERED = 5
"""Prices, odd ones too, whose median the next one is held against."""

FURTHEST = to_ratio("0.10")
"""How far a price may lie from that median."""

WIDEST_DAY = 7
"""A first session of 60 % to 400 % is the widest a day can be: a price and the day's mean are never further apart."""


def fits(price: int, day_volume: int, day_value: int) -> bool:
    """Tell whether a day's shares and won go together with a price of it; what is not told fits."""
    if not (price and day_volume and day_value):
        return True
    return day_value <= WIDEST_DAY * price * day_volume and price * day_volume <= WIDEST_DAY * day_value


@dataclass(slots=True)
class TradeJudge:
    """Judges one symbol's trades in their order. `limits` serve until enough of them were heard."""

    limits: PriceLimits
    _prices: deque[int] = field(init=False, default_factory=lambda: deque(maxlen=REMEMBERED))

    def is_bad(self, trade: Trade) -> bool:
        """Tell whether a trade is to be left out; the print of an auction may be at any price, and begins anew."""
        if not fits(trade.price, trade.day_volume, trade.day_value):
            return True
        if trade.is_auction:
            self._prices.clear()
        known = sorted(self._prices)
        self._prices.append(trade.price)
        if trade.is_auction:
            return False
        if len(known) < REMEMBERED:
            return not self.limits.contains(trade.price)
        middle = known[REMEMBERED // 2]
        return abs(trade.price - middle) > floor_times(middle, FURTHEST)
