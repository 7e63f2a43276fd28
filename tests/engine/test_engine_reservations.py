"""What a live entry order holds back, by the worked example of `spec/risk.md` section 3.2."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from kats_core.engine.reservations import Reservations
from kats_core.market.costs import Costs
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Order
from kats_core.testing import NOW

ORDER = Order(
    order_id=1,
    signal_id="s",
    instance="test",
    symbol="005930",
    slot=0,
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=193,
    limit=38_750,
    state=OrderState.SUBMITTED,
    created_at=NOW,
)
PART = replace(ORDER, state=OrderState.PARTIAL_FILLED, filled_quantity=100, filled_amount=100 * 38_700)


def held() -> Reservations:
    reservations = Reservations(Costs())
    reservations.hold(ORDER, Fraction(2_100), 36_650, "B", "반도체")
    return reservations


def test_the_example_holds_limit_and_commission_share_by_share() -> None:
    """193 at 38 750 hold 7 479 871; after 100 at 38 700 the rest holds 3 604 290, and the better price is free."""
    reservations = held()
    assert reservations.cash == 7_479_871
    reservations.shrink(PART)
    (rest,) = reservations.all
    assert (rest.quantity, rest.cash, rest.notional, rest.risk) == (93, 3_604_290, 93 * 38_750, Fraction(93 * 2_100))
    assert (PART.filled_amount, Costs().commission_on(PART.filled_amount)) == (3_870_000, 580)
    reservations.shrink(replace(PART, state=OrderState.CANCELLED))
    assert (reservations.all, reservations.cash) == ((), 0)


def test_an_order_of_which_nobody_knows_keeps_its_reservation() -> None:
    """Until reconciliation decides; the stop and what it risks stay as they were."""
    reservations = held()
    reservations.shrink(replace(ORDER, state=OrderState.UNKNOWN))
    (kept,) = reservations.all
    assert (kept.quantity, kept.cash, kept.stop) == (193, 7_479_871, 36_650)
