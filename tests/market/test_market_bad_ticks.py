"""A price that cannot be is left out; prices that agree with each other count, however far they lie (`bad_ticks`, FI-08)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kats_core.market.bad_ticks import REMEMBERED, TradeJudge
from kats_core.market.limits import PriceLimits
from kats_core.model.bar import Trade

LIMITS = PriceLimits(base=71_000, lower=49_700, upper=92_300)


def trade(price: int, *, is_auction: bool = False) -> Trade:
    return Trade("005930", 0, price, 10, None, 10, 10 * price, is_auction)


def judged(*prices: int) -> list[bool]:
    """Return for each price whether it is left out."""
    judge = TradeJudge(LIMITS)
    return [judge.is_bad(trade(price)) for price in prices]


def test_one_price_far_below_is_left_out_and_the_next_one_counts() -> None:
    """FI-08: forty percent below, then normal."""
    assert judged(71_300, 71_300, 71_200, 71_300, 71_400, 42_800, 71_300) == [False] * 5 + [True, False]


def test_ten_percent_from_the_median_still_count() -> None:
    """The median is 71 000: down to 63 900 and up to 78 100."""
    same = (71_000,) * REMEMBERED
    assert [judged(*same, price)[-1] for price in (63_900, 63_800, 78_100, 78_200)] == [False, True, False, True]


def test_until_there_are_five_the_day_s_limits_serve() -> None:
    assert judged(49_600, 49_700, 92_300, 92_400) == [True, False, False, True]


def test_prices_that_stay_where_they_went_count_from_the_fourth_on() -> None:
    """Three of five make the median: a stop waits for so many trades, and not for ever."""
    assert judged(*(71_000,) * 5, *(60_000,) * 5) == [False] * 5 + [True] * 3 + [False] * 2


def test_a_scale_that_nobody_knew_of_is_found_out_after_five_trades() -> None:
    """The base price is that before a split: all trades lie outside the limits, and what is held must be sold all the same."""
    assert judged(*(1_420,) * 7) == [True] * 5 + [False] * 2


def test_a_day_s_volume_that_its_won_do_not_pay_for_is_left_out() -> None:
    """A wrong field would make every later trade look old: 71 000 won a share, and a hundred times the shares, or a hundredth."""
    judge = TradeJudge(LIMITS)
    sound = Trade("005930", 0, 71_000, 10, None, 1_000, 71_000_000)
    assert not judge.is_bad(sound)
    assert judge.is_bad(structs.replace(sound, day_volume=100_000))
    assert judge.is_bad(structs.replace(sound, day_volume=10))
    assert not judge.is_bad(structs.replace(sound, day_volume=100_000, day_value=0))


def test_the_print_of_an_auction_may_be_anywhere_and_begins_anew() -> None:
    """After an interruption the price may have gone far; what was before says nothing of what follows."""
    judge = TradeJudge(LIMITS)
    for _ in range(REMEMBERED):
        judge.is_bad(trade(71_000))
    assert not judge.is_bad(trade(60_000, is_auction=True))
    assert not judge.is_bad(trade(59_900))


@given(st.lists(st.integers(LIMITS.lower, LIMITS.upper), min_size=1, max_size=30), st.integers(1, 2 * LIMITS.upper))
def test_whatever_came_before_a_price_counts_when_it_stays(before: list[int], price: int) -> None:
    judge = TradeJudge(LIMITS)
    for one in before:
        judge.is_bad(trade(one))
    for _ in range(REMEMBERED):
        judge.is_bad(trade(price))
    assert not judge.is_bad(trade(price))
