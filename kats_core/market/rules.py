"""Bring together what the exchange prescribes for one instrument on one day."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import lru_cache

import msgspec

from kats_core.market.costs import tax_rate
from kats_core.market.exact import floor_times
from kats_core.market.limits import ADJUSTED_TOLERANCE, PriceLimits, price_limits
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Scope


class SymbolRules(msgspec.Struct, frozen=True, gc=False):
    """Ticks, price limits and the tax on sales.

    `limit_slack` is how far inside its limits an adjusted price may lie that stood at the limit when it was traded.
    """

    ticks: TickTable
    limits: PriceLimits
    tax_rate: Fraction
    limit_slack: int = 0

    def is_at_upper_limit(self, price: int) -> bool:
        """Tell whether a price leaves no seller."""
        return price >= self.limits.upper - self.limit_slack

    def is_at_lower_limit(self, price: int) -> bool:
        """Tell whether a price leaves no buyer."""
        return price <= self.limits.lower + self.limit_slack


def symbol_rules(instrument: Instrument, base: int, session: dt.date, scope: Scope) -> SymbolRules:
    """Return an instrument's rules on `session`, given its base price in won."""
    return _rules(base, session, instrument.market, instrument.kind, instrument.leverage, scope)


@lru_cache(maxsize=4096)
def _rules(
    base: int, session: dt.date, market: Market, kind: InstrumentKind, leverage: float, scope: Scope
) -> SymbolRules:
    return SymbolRules(
        tick_table(session, market, kind, scope),
        price_limits(base, session, market, kind, leverage, scope),
        tax_rate(session, market, kind),
        floor_times(base, 2 * ADJUSTED_TOLERANCE) if scope is Scope.ADJUSTED else 0,
    )
