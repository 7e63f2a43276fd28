"""Exposure: what is held and what is reserved count together, by grade, sector and symbol."""

from __future__ import annotations

from fractions import Fraction

from kats_core.engine.pipeline import LimitsReader
from kats_core.model.kinds import Grade, Regime
from kats_core.risk.exposure import shares_within
from kats_core.risk.limits import Limits
from kats_core.testing import FrozenContext, position, reservation


def test_a_position_and_a_live_order_in_one_symbol_add_up() -> None:
    """The example of stage 7: 150 shares held and 193 on order at 38 750 use 13 291 250."""
    context = FrozenContext(
        positions=[position(symbol="000010", quantity=150, average=Fraction(5_700_000) / 150)],
        reservations=[reservation(symbol="000010", quantity=193, price=38_750)],
        prices={"000010": 38_750},
    )
    used = context.exposure.of_symbol("000010").total
    assert used == 13_291_250
    assert shares_within(Fraction(20, 100), 100_000_000, used, 38_750) == 173


def test_without_a_price_a_position_counts_at_cost() -> None:
    """The cost is exact and may be a fraction of a won, which counts as a whole one."""
    context = FrozenContext(positions=[position(symbol="000010", quantity=3, average=Fraction(100, 3) / 3)])
    assert context.exposure.total == 34


def test_sums_are_told_apart_by_grade_and_sector_and_symbols_count_once() -> None:
    """Several slots in one symbol are one symbol."""
    context = FrozenContext(
        positions=[
            position(symbol="000010", quantity=10, average=Fraction(1_000) / 10),
            position(symbol="000010", quantity=10, average=Fraction(1_000) / 10),
        ],
        reservations=[reservation(symbol="000020", quantity=5, price=100, grade="A", sector="은행")],
        prices={"000010": 100},
    )
    found = context.exposure
    assert (found.of_grade("B").total, found.of_grade("A").total, found.of_sector("은행").total) == (2_000, 500, 500)
    assert found.symbols == {"000010", "000020"}


def test_what_is_lost_at_the_stops_is_exact_and_never_a_profit() -> None:
    """A third of a won counts as a third; shares whose stop lies above what they cost risk nothing."""
    context = FrozenContext(
        positions=[
            position(symbol="000010", quantity=3, average=Fraction(100, 9), stop=10),
            position(symbol="000020", quantity=5, average=Fraction(1_000), stop=1_100),
        ],
        reservations=[reservation(symbol="000030", quantity=7, price=1_000, stop=900)],
    )
    assert context.exposure.risk == Fraction(10, 3) + 7 * 100
    assert context.exposure.of_grade("B").of_sector("no such sector").risk == 0


def test_no_room_is_no_shares() -> None:
    """An excess after a downgrade never gives a negative number of shares."""
    assert shares_within(Fraction(1, 10), 100_000_000, 12_000_000, 38_750) == 0


def test_the_trail_notes_only_the_rows_of_a_table_that_were_read() -> None:
    """A verdict names the regime's row and the grade's cap, not the whole tables."""
    reader = LimitsReader(Limits())
    assert reader.allocation[Regime.BULL].total(Grade.B) == 0.25  # type: ignore[index]
    assert reader.max_count[Grade.B] == 3  # type: ignore[index]
    assert reader.read == {
        "allocation BULL": "a 0.3 b 0.25 c 0.05 etf 0.0 max_invested 0.6 min_cash 0.4 single_scale 1.0",
        "max_count B": 3,
    }
