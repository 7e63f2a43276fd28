"""The account's value is kept until something changes it, and then it is computed anew."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kats_core.engine.portfolio import Opening, Portfolio
from kats_core.market.costs import Costs
from kats_core.model.kinds import OrderState, OrderType, Purpose, Side
from kats_core.model.order import Fill, Order
from kats_core.model.signal import ExitPlan
from kats_core.testing import NOW, SESSION

SYMBOLS = ("000010", "000020")
steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "price", "stop", "expect", "expect nothing", "expect nothing any more"]),
        st.sampled_from(SYMBOLS),
        st.sampled_from(["one", "two"]),
        st.integers(1, 5),
        st.sampled_from([900, 1_000, 1_100]),
    ),
    max_size=30,
)


def trade(book: Portfolio, side: Side, symbol: str, instance: str, quantity: int, price: int, number: int) -> None:
    """Book a fill without costs."""
    order = Order(
        order_id=number,
        signal_id="x",
        instance=instance,
        symbol=symbol,
        slot=0,
        purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
        side=side,
        order_type=OrderType.LIMIT,
        quantity=quantity,
        limit=price,
        state=OrderState.SUBMITTED,
        created_at=NOW,
    )
    fill = Fill(
        order_id=number,
        sequence=1,
        ts=NOW,
        symbol=symbol,
        side=side,
        price=price,
        quantity=quantity,
        commission=0,
        tax=0,
    )
    book.book(order, fill, Opening("x", SESSION, ExitPlan(stop=1), "B", ""))


def picture(book: Portfolio) -> object:
    """Return everything that a value or an exposure is measured from."""
    prices = [book.last[p.symbol] for p in book.positions.values()]
    return dict(book.positions), prices, dict(book.expected)


@given(steps)
def test_what_is_kept_is_what_would_be_measured_now(
    steps: list[tuple[str, str, str, int, int]],
) -> None:
    """Whatever happens to positions, prices and expectations, in any order; and every such change is counted."""
    book = Portfolio(10**6, Costs(Fraction(0)))
    for number, (what, symbol, instance, quantity, price) in enumerate(steps, 1):
        key = (instance, symbol, 0)
        held = book.positions.get(key)
        before, changes = picture(book), book.changes
        if what == "buy":
            trade(book, Side.BUY, symbol, instance, quantity, price, number)
        elif what == "price":
            book.value_at(symbol, price)
        elif what == "expect nothing any more":
            book.expect_nothing_any_more()
        elif what == "expect nothing":
            book.expect_nothing(key)
        elif held is not None and what == "sell":
            book.expect_nothing(key)
            trade(book, Side.SELL, symbol, instance, min(quantity, held.quantity), price, number)
        elif held is not None and what == "stop":
            book.replace(structs.replace(held, stop=price))
        elif held is not None:
            book.expect(key, min(quantity, held.quantity), quantity * price)
        assert book.market_value == sum(p.quantity * book.last[p.symbol] for p in book.positions.values()) + sum(
            won - shares * book.last[symbol] for (_, symbol, _), (shares, won) in book.expected.items()
        )
        for one in SYMBOLS:
            assert book.held(one) == [p for p in book.positions.values() if p.symbol == one]
        assert picture(book) == before or book.changes > changes
