"""Who gets the places of the stream: need by need, never more than there are, and no swinging (`spec/market.md` section 2)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.budget import USUAL_LIMIT, Nearness, NearTerms, Need, allot, distance_to
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.model.time import MINUTE, SECOND

NOTICES = Registration(Channel.NOTICES, "user01")
KOSPI = Registration(Channel.INDEX, "0001")
ALWAYS = (NOTICES, KOSPI)

distances = st.none() | st.integers(-100, 100).map(lambda thousandths: Fraction(thousandths, 1000))


@st.composite
def some_needs(draw: st.DrawFn) -> list[Need]:
    count = draw(st.integers(0, 16))
    return [
        Need(
            symbol=f"{number:06d}",
            rank=draw(st.integers(0, 20)),
            is_held=draw(st.booleans()),
            distance=draw(distances),
            is_due=draw(st.booleans()),
        )
        for number in range(count)
    ]


def channels_of(symbol: str, given_to: tuple[Registration, ...]) -> set[Channel]:
    return {one.channel for one in given_to if one.key == symbol}


def test_many_symbols_are_watched_by_trades_and_the_few_near_ones_get_book_and_status() -> None:
    """Forty places: notices, index, one held, one near (three each), and 32 of 50 others by trades alone."""
    needs = [Need(symbol=f"{n:06d}", rank=n) for n in range(50)]
    needs += [
        Need(symbol="005930", rank=99, is_held=True),
        Need(symbol="000660", rank=98, distance=Fraction(1, 100)),
    ]
    near = Nearness(NearTerms()).update(needs, 0)
    found = allot(ALWAYS, needs, near, USUAL_LIMIT)
    assert len(found.given) == 40
    assert found.given[:2] == ALWAYS
    assert channels_of("005930", found.given) == {Channel.TRADES, Channel.BOOK, Channel.STATUS}
    assert channels_of("000660", found.given) == {Channel.TRADES, Channel.BOOK, Channel.STATUS}
    assert [one.key for one in found.given if one.key.startswith("0000")][-1] == "000031"
    assert found.unwatched == tuple(f"{n:06d}" for n in range(32, 50))


def test_who_may_be_bought_at_any_price_is_near_but_stands_behind_those_near_a_level() -> None:
    """Places for two of three: the level that is near is rarer than a bar that ends."""
    due = [Need(symbol=f"00000{n}", rank=n, is_due=True) for n in range(2)]
    needs = [*due, Need(symbol="000660", rank=9, distance=Fraction(1, 1000))]
    near = Nearness(NearTerms()).update(needs, 0)
    assert near == {need.symbol for need in needs}
    found = allot(ALWAYS, needs, near, 9)
    assert len(channels_of("000660", found.given)) == 3
    assert len(channels_of("000000", found.given)) == 3
    assert channels_of("000001", found.given) == {Channel.TRADES}


@given(some_needs(), st.integers(0, 40))
def test_every_wish_is_either_given_or_named(needs: list[Need], capacity: int) -> None:
    """Nothing is dropped in silence, nothing is given twice, and never more than there is."""
    near = Nearness(NearTerms()).update(needs, 0)
    found = allot(ALWAYS, needs, near, capacity)
    wishes = set(ALWAYS)
    for need in needs:
        wishes.add(Registration(Channel.TRADES, need.symbol))
        if need.symbol in near:
            wishes |= {Registration(Channel.BOOK, need.symbol), Registration(Channel.STATUS, need.symbol)}
    assert len(found.given) == min(capacity, len(set(found.given)), len(wishes))
    assert len(found.given) + len(found.left_out) == len(wishes)
    assert set(found.given) | set(found.left_out) == wishes


@given(some_needs(), st.integers(1, 40))
def test_who_is_not_held_gets_nothing_while_a_held_symbol_lacks_trades(needs: list[Need], capacity: int) -> None:
    """Positions never lose their subscription to candidates; notices go before everything."""
    near = Nearness(NearTerms()).update(needs, 0)
    found = allot(ALWAYS, needs, near, capacity)
    held = {need.symbol for need in needs if need.is_held}
    assert found.given[0] == NOTICES
    lacking = [symbol for symbol in held if Registration(Channel.TRADES, symbol) in found.left_out]
    if lacking:
        assert all(one in ALWAYS or one.key in held for one in found.given)
        assert all(one in ALWAYS or one.channel is Channel.TRADES for one in found.given)


@given(some_needs(), st.integers(0, 40))
def test_a_candidate_has_all_its_channels_or_trades_alone(needs: list[Need], capacity: int) -> None:
    """Book without status buys nothing, so it is not paid for."""
    near = Nearness(NearTerms()).update(needs, 0)
    found = allot((), needs, near, capacity)
    for need in needs:
        if not need.is_held:
            assert channels_of(need.symbol, found.given) in (
                set(),
                {Channel.TRADES},
                {Channel.TRADES, Channel.BOOK, Channel.STATUS},
            )


def test_the_mock_server_offers_neither_status_nor_indices() -> None:
    """What an environment does not stream takes no place and is not left out either."""
    needs = [Need(symbol="005930", rank=0, is_held=True)]
    offered = {Channel.NOTICES, Channel.TRADES, Channel.BOOK}
    found = allot(ALWAYS, needs, {"005930"}, 40, offered=offered)
    assert found.given == (
        NOTICES,
        Registration(Channel.TRADES, "005930"),
        Registration(Channel.BOOK, "005930"),
    )
    assert not found.left_out


def test_what_the_broker_refuses_takes_no_place_and_is_named() -> None:
    """A barred registration is left out, and the place goes to the next."""
    needs = [Need(symbol=f"{n:06d}", rank=n) for n in range(3)]
    barred = {Registration(Channel.TRADES, "000000")}
    found = allot((), needs, (), 2, barred=barred)
    assert [one.key for one in found.given] == ["000001", "000002"]
    assert found.unwatched == ("000000",)


def test_further_channels_get_what_is_left_over() -> None:
    """The indicative price of a candidate takes no place from the trades of another."""
    needs = [Need(symbol=f"{n:06d}", rank=n, also=(Channel.EXPECTED,)) for n in range(3)]
    found = allot((), needs, (), 4)
    assert [str(one) for one in found.given] == [
        *("trades of 000000", "trades of 000001", "trades of 000002", "expected of 000000")
    ]
    assert found.unwatched == ()


def test_a_symbol_with_two_needs_is_a_fault_of_the_caller() -> None:
    """Which of the two would count is nobody's guess."""
    with pytest.raises(ValueError, match="two needs"):
        allot((), [Need(symbol="005930", rank=0), Need(symbol="005930", rank=1)], (), 40)


@pytest.mark.parametrize(
    ("level", "price", "is_above", "expected"),
    [
        (100_000, 99_000, True, Fraction(1, 100)),
        (100_000, 100_500, True, Fraction(-1, 200)),
        (50_000, 50_500, False, Fraction(1, 100)),
    ],
)
def test_distance_is_the_way_left_as_a_fraction_of_the_level(
    level: int, price: int, is_above: bool, expected: Fraction
) -> None:
    """Beyond the level it is negative."""
    assert distance_to(level, price, is_above=is_above) == expected


@pytest.mark.parametrize("level", [0, -1])
def test_distance_to_no_level_is_refused(level: int) -> None:
    """A price of zero is a missing price."""
    with pytest.raises(ValueError, match="no distance"):
        distance_to(level, 100, is_above=True)


@given(st.lists(st.tuples(st.integers(0, 20), distances), min_size=1, max_size=30))
def test_a_price_that_swings_changes_a_tier_at_most_once_a_minute(path: list[tuple[int, Fraction | None]]) -> None:
    """Each promotion lasts a minute, however the price moves in the meantime (`kis/quirks.md` F5)."""
    nearness, now, was_near = Nearness(NearTerms()), 0, False
    promotions: list[int] = []
    demotions: list[int] = []
    for seconds, distance in path:
        now += seconds * SECOND
        is_near = bool(nearness.update([Need(symbol="005930", rank=0, distance=distance)], now))
        if is_near != was_near:
            (promotions if is_near else demotions).append(now)
        was_near = is_near
    for promoted, demoted in zip(promotions, demotions, strict=False):
        assert demoted - promoted >= MINUTE


@given(st.lists(st.integers(101, 120).map(lambda parts: Fraction(parts, 10_000)), max_size=20))
def test_between_the_two_lines_nothing_changes(path: list[Fraction]) -> None:
    """From 1 to 1.2 % a near symbol stays near and a far one far."""
    near, far = Nearness(NearTerms(dwell=0)), Nearness(NearTerms(dwell=0))
    near.update([Need(symbol="005930", rank=0, distance=Fraction(1, 100))], 0)
    for moment, distance in enumerate(path):
        need = [Need(symbol="005930", rank=0, distance=distance)]
        assert near.update(need, moment) == {"005930"}
        assert far.update(need, moment) == frozenset()


def test_a_symbol_without_a_price_is_not_promoted_and_stays_near_no_longer_than_a_minute() -> None:
    """Unknown is never near."""
    nearness = Nearness(NearTerms())
    unknown = [Need(symbol="005930", rank=0)]
    assert nearness.update(unknown, 0) == frozenset()
    assert nearness.update([Need(symbol="005930", rank=0, distance=Fraction(0))], 0)
    assert nearness.update(unknown, MINUTE - 1)
    assert nearness.update(unknown, MINUTE) == frozenset()


def test_terms_that_would_swing_are_refused() -> None:
    """A symbol that leaves before it enters would change with each price."""
    with pytest.raises(ValueError, match="end is before begin"):
        NearTerms(begin=Fraction(2, 100), end=Fraction(1, 100))
