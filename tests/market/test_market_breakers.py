"""Specify what stops trading: `krx_rules.md` sections 4.1 to 4.3, `spec/market.md` sections 7.1 and 7.4."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.breakers import (
    VolatilityClass,
    breaker_levels,
    breaker_reached,
    dynamic_threshold,
    has_vi,
    sidecar,
    sidecar_reached,
    static_threshold,
    static_vi_bounds,
    vi_trigger_arrays,
    vi_triggers,
    volatility_class,
)
from kats_core.market.calendar import krx_calendar
from kats_core.market.dated import MarketRuleError
from kats_core.market.limits import ListingPhase
from kats_core.market.phases import SessionPhase
from kats_core.market.ticks import tick_table
from kats_core.model import time as kst
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market

P = SessionPhase
CALM, USUAL = VolatilityClass.CALM, VolatilityClass.USUAL
NOW = dt.date(2026, 3, 9)
HOURS = krx_calendar().hours(NOW)
TICKS = tick_table(NOW, Market.KOSPI, InstrumentKind.STOCK)
TEN = Fraction(1, 10)


def percent(number: str) -> Fraction:
    return Fraction(number) / 100


def at(clock: str, day: dt.date = NOW) -> int:
    return kst.at(day, dt.time.fromisoformat(clock))


class TestVolatilityInterruption:
    @pytest.mark.parametrize(
        ("of", "phase", "expiry", "expected"),
        [
            (CALM, P.CONTINUOUS, False, 3),
            (USUAL, P.CONTINUOUS, False, 6),
            (CALM, P.CLOSING_AUCTION, False, 2),
            (USUAL, P.CLOSING_AUCTION, False, 4),
            (CALM, P.CLOSING_AUCTION, True, 1),
            (USUAL, P.CLOSING_AUCTION, True, 1),
            (USUAL, P.CONTINUOUS, True, 6),
            (USUAL, P.OPENING_AUCTION, False, None),
        ],
    )
    def test_dynamic_threshold(
        self, of: VolatilityClass, phase: SessionPhase, expiry: bool, expected: int | None
    ) -> None:
        """By class and phase; 1 % for underlyings in the closing auction of their derivatives' last day."""
        found = dynamic_threshold(NOW, of, phase, is_derivative_expiry=expiry)
        assert found == (None if expected is None else Fraction(expected, 100))

    def test_static_threshold_is_ten_percent_in_the_regular_session(self) -> None:
        """Whatever the class; there was none in the single-price session."""
        for of in VolatilityClass:
            assert {
                static_threshold(NOW, of, phase) for phase in (P.OPENING_AUCTION, P.CONTINUOUS, P.CLOSING_AUCTION)
            } == {TEN}
            assert static_threshold(NOW, of, P.SINGLE_PRICE) is None

    @pytest.mark.parametrize(
        ("changes", "is_broad", "expected"),
        [
            ({}, True, CALM),
            ({}, False, USUAL),
            ({}, None, CALM),
            ({"market": Market.KOSDAQ}, None, USUAL),
            ({"kind": InstrumentKind.ETF}, True, CALM),
            ({"kind": InstrumentKind.ETF, "leverage": -1}, True, CALM),
            ({"kind": InstrumentKind.ETF, "leverage": -2}, True, USUAL),
            ({"kind": InstrumentKind.ETF}, False, USUAL),
        ],
    )
    def test_class_of_an_instrument(
        self, changes: dict[str, Any], is_broad: bool | None, expected: VolatilityClass
    ) -> None:
        """KOSDAQ stocks and leveraged funds are never calm; what nobody knows is taken for it."""
        assert volatility_class(Instrument(symbol="005930", **changes), is_broad=is_broad) is expected

    def test_interruptions_came_in_2014_and_2015(self) -> None:
        """Dynamic on 2014-09-01, static on 2015-06-15."""
        days = [dt.date(2014, 8, 29), dt.date(2014, 9, 1), dt.date(2015, 6, 12), dt.date(2015, 6, 15)]
        assert [dynamic_threshold(day, CALM, P.CONTINUOUS) for day in days] == [None, *[Fraction(3, 100)] * 3]
        assert [static_threshold(day, CALM, P.CONTINUOUS) for day in days] == [None, None, None, TEN]

    def test_the_after_market_took_the_place_of_the_single_price_session(self) -> None:
        """Its thresholds are assumed to be the regular ones."""
        before, since = dt.date(2026, 9, 11), dt.date(2026, 9, 14)
        assert [dynamic_threshold(day, USUAL, P.SINGLE_PRICE) for day in (before, since)] == [percent("6"), None]
        assert [dynamic_threshold(day, USUAL, P.AFTER_MARKET) for day in (before, since)] == [None, percent("6")]

    def test_listings_of_their_own_have_none(self) -> None:
        """Not on the first day, in a delisting sale, or in 30-minute auctions."""
        assert has_vi(ListingPhase.USUAL)
        assert not has_vi(ListingPhase.FIRST_DAY)
        assert not has_vi(ListingPhase.DELISTING_SALE)
        assert not has_vi(ListingPhase.USUAL, is_single_priced=True)

    def test_static_reference_example(self) -> None:
        """Opening print 52 000: upper 57 200, lower 46 800; from the base of 50 000 it would be 55 000 and 45 000."""
        assert vi_triggers(52_000, TEN, TICKS) == (46_800, 57_200)
        assert vi_triggers(50_000, TEN, TICKS) == (45_000, 55_000)
        assert vi_triggers(42_000, TEN, TICKS) == (37_800, 46_200)
        assert static_vi_bounds(NOW, 52_000, TICKS) == static_vi_bounds(dt.date(2010, 1, 4), 52_000, TICKS)
        assert static_vi_bounds(NOW, 52_000, TICKS) == (46_800, 57_200)

    @given(st.lists(st.integers(1, 2_000_000), max_size=20), st.sampled_from([1, 2, 3, 4, 6, 10]))
    def test_triggers_are_on_tick_around_the_reference_and_the_same_for_arrays(
        self, prices: list[int], rate: int
    ) -> None:
        """Rounded outward, one price or many."""
        threshold = Fraction(rate, 100)
        lower, upper = vi_trigger_arrays(np.array(prices, dtype=np.int64), threshold, TICKS)
        pairs = [vi_triggers(price, threshold, TICKS) for price in prices]
        assert list(zip(lower.tolist(), upper.tolist(), strict=True)) == pairs
        for price, (low, high) in zip(prices, pairs, strict=True):
            assert low <= price * (1 - threshold) < price * (1 + threshold) <= high
            assert TICKS.is_on_tick(low)
            assert TICKS.is_on_tick(high)


class TestCircuitBreaker:
    def test_levels(self) -> None:
        """8, 15 and 20 %; the first two halt 20 minutes and end in a ten-minute auction, the last ends the session."""
        levels = breaker_levels(NOW, Market.KOSDAQ)
        assert [level.drop for level in levels] == [Fraction(8, 100), Fraction(15, 100), Fraction(20, 100)]
        assert [level.ends_session for level in levels] == [False, False, True]
        assert {(level.halt, level.auction) for level in levels[:2]} == {(20 * kst.MINUTE, 10 * kst.MINUTE)}

    def test_one_step_of_ten_percent_before_2015_06_15(self) -> None:
        """The three levels came with the wider price limits."""
        assert [level.drop for level in breaker_levels(dt.date(2015, 6, 12), Market.KOSPI)] == [TEN]

    def test_kospi_of_2026_03_09(self) -> None:
        """5 132.07 at 10:31:52 was 8.11 % below the previous close: level 1."""
        level = breaker_reached(Market.KOSPI, percent("-8.11"), HOURS, at("10:31:52"))
        assert level is not None
        assert level.level == 1
        assert breaker_reached(Market.KOSPI, percent("-7.99"), HOURS, at("10:31:52")) is None

    @pytest.mark.parametrize(
        ("change", "last", "expected"),
        [
            ("-15", (1, "-8.1"), 2),
            ("-14.9", (1, "-8.1"), None),
            ("-15.2", (1, "-14.5"), None),
            ("-15.5", (1, "-14.5"), 2),
            ("-20", (2, "-15.1"), 3),
            ("-20.5", (2, "-19.8"), None),
            ("-25", (3, "-20"), None),
        ],
    )
    def test_a_further_level_lies_a_point_below_the_one_before(
        self, change: str, last: tuple[int, str], expected: int | None
    ) -> None:
        """Each level once a day, in turn, and at least one percentage point apart."""
        found = breaker_reached(Market.KOSPI, percent(change), HOURS, at("11:00"), (last[0], percent(last[1])))
        assert (None if found is None else found.level) == expected

    def test_the_first_two_levels_end_at_ten_to_three(self) -> None:
        """The last one stops the market at any time; on an exam day the clock is an hour later."""
        assert breaker_reached(Market.KOSPI, percent("-9"), HOURS, at("14:50")) is not None
        assert breaker_reached(Market.KOSPI, percent("-9"), HOURS, at("14:51")) is None
        assert breaker_reached(Market.KOSPI, percent("-21"), HOURS, at("15:10"), (2, percent("-15.5"))) is not None
        exam = krx_calendar().hours(dt.date(2026, 11, 19))
        assert breaker_reached(Market.KOSPI, percent("-9"), exam, at("15:45", exam.session)) is not None

    def test_konex_has_none(self) -> None:
        """Nor a sidecar."""
        for question in (breaker_levels, sidecar):
            with pytest.raises(MarketRuleError):
                question(NOW, Market.KONEX)


class TestSidecar:
    def test_kospi_looks_at_futures_alone(self) -> None:
        """5 % up or down; not in the first five minutes, nor after 14:50."""
        for move in ("5", "-5"):
            assert sidecar_reached(Market.KOSPI, percent(move), None, HOURS, at("09:06:02"))
        assert not sidecar_reached(Market.KOSPI, percent("-4.99"), None, HOURS, at("09:06:02"))
        assert not sidecar_reached(Market.KOSPI, percent("-5"), None, HOURS, at("09:04:59"))
        assert not sidecar_reached(Market.KOSPI, percent("-5"), None, HOURS, at("14:50:01"))

    @pytest.mark.parametrize(
        ("futures", "index", "expected"),
        [("6", "3", True), ("-6", "-3", True), ("-6", "-2.9", False), ("-5.9", "-3", False), ("-6", "3", False)],
    )
    def test_kosdaq_wants_futures_and_index(self, futures: str, index: str, expected: bool) -> None:
        """6 % of the futures and 3 % of the index, the same way."""
        assert sidecar_reached(Market.KOSDAQ, percent(futures), percent(index), HOURS, at("10:00")) is expected

    def test_a_missing_index_never_pauses(self) -> None:
        """Half of the condition is not the condition."""
        assert not sidecar_reached(Market.KOSDAQ, percent("-7"), None, HOURS, at("10:00"))
