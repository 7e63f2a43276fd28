"""Propose an entry to a risk stage."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from kats_core.market.costs import tax_rate
from kats_core.market.exact import to_fraction
from kats_core.model.kinds import InstrumentKind, Market, Purpose
from kats_core.model.signal import ExitPlan, Signal
from kats_core.model.time import Nanos
from kats_core.model.verdict import Plan, Proposal
from kats_core.risk.limits import Limits
from kats_core.risk.per_share import risk_per_share
from kats_core.testing.moments import NOW, SESSION


def proposal(
    *,
    price: int = 38_750,
    stop: int = 36_650,
    quantity: int | None = None,
    purpose: Purpose = Purpose.ENTRY,
    position_hint: float = 0.15,
    pyramids: bool = False,
    plan: Plan | None = None,
    risk: Fraction | None = None,
    symbol: str = "005930",
    instance: str = "test",
    session: dt.date = SESSION,
    now: Nanos = NOW,
) -> Proposal:
    """Return a proposal to buy at most at `price`, with its stop.

    `quantity` is what comes in from the stage before; leave it out to test a sizing stage. `risk` is the risk per share,
    computed as for a stock under the default limits, unless given.
    """
    return Proposal(
        signal_id=f"{session}|{instance}|{symbol}",
        session=session,
        ts=now,
        instance=instance,
        symbol=symbol,
        slot=0,
        sequence=1,
        purpose=purpose,
        signal=Signal(
            trigger_price=price,
            reference=price,
            entry_limit=price,
            chase_cap=price,
            exits=ExitPlan(stop=stop),
            position_hint=position_hint,
        ),
        risk_per_share=_risk_of_a_stock(price, stop, session) if risk is None else risk,
        pyramids=pyramids,
        quantity=quantity,
        plan=plan,
    )


def _risk_of_a_stock(price: int, stop: int, session: dt.date) -> Fraction:
    limits = Limits()
    return risk_per_share(
        price,
        stop,
        min_stop_frac=to_fraction(limits.min_stop_frac),
        commission=to_fraction(limits.commission),
        tax=tax_rate(session, Market.KOSPI, InstrumentKind.STOCK),
    )
