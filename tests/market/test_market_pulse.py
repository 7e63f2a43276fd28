"""The market's pulse: distribution breaks an uptrend, a follow-through ends a correction (`spec/market.md` section 4.4)."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.pulse import PulseDay, PulseParams, PulseState, states
from kats_core.model.kinds import Pulse

PARAMS = PulseParams()
U, P, C = Pulse.UPTREND, Pulse.PRESSURE, Pulse.CORRECTION

CLOSES = [2600, 2590, 2604, 2596, 2605, 2594, 2600, 2588, 2595, 2583, 2560, 2530, 2536, 2531, 2540, 2580, 2590]
VALUES = [10, 11, 9, 10, 9, 10, 9, 10, 9, 10, 12, 13, 9, 8, 9, 11, 10]


def day(close: float, value: float = 10, low: float | None = None, short: float = 2570, long: float = 2400) -> PulseDay:
    return PulseDay(close, close * 0.996 if low is None else low, value, short, long)


def follow(*days: PulseDay, params: PulseParams = PARAMS) -> list[PulseState]:
    return list(states(days, params))


EXAMPLE = [day(close, value) for close, value in zip(CLOSES, VALUES, strict=True)]


def test_the_example_of_the_specification_day_by_day() -> None:
    """Seven days of distribution, PRESSURE from 7, CORRECTION from 10, the follow-through at 15."""
    found = follow(*EXAMPLE)
    assert [state.known for state in found] == [U] * 7 + [P] * 3 + [C] * 5 + [U] * 2
    marked = {one.day for state in found for one in state.distribution}
    assert sorted(marked) == [1, 3, 5, 7, 9, 10, 11]
    correction = found[14].correction
    assert correction is not None
    assert (correction.low, correction.rally) == (2530 * 0.996, 12)
    assert (found[15].followed, found[15].distribution) == (15, ())


def test_a_follow_through_that_is_undercut_within_ten_sessions_was_none() -> None:
    """A close below the low of that day is a correction again; after the ten sessions it is not."""
    low = 2580 * 0.996
    assert follow(*EXAMPLE, day(low - 1, 5))[-1].known is C
    calm = [day(2590, 5)] * 9
    assert follow(*EXAMPLE, *calm, day(low - 1, 4))[-1].known is U


def test_a_distribution_day_ends_after_its_window_or_by_a_recovery() -> None:
    """It counts on 25 sessions, its own included; a close 5 % above its own ends it."""
    first, fall = day(2700, 10), day(2690, 11)
    assert len(follow(first, fall, *[day(2690, 9)] * 24)[-1].distribution) == 1
    assert len(follow(first, fall, *[day(2690, 9)] * 25)[-1].distribution) == 0
    assert len(follow(first, fall, day(2690 * 1.0499, 9))[-1].distribution) == 1
    assert len(follow(first, fall, day(2690 * 1.05, 9))[-1].distribution) == 0


def test_below_the_short_average_one_day_of_distribution_less_is_enough() -> None:
    """Five and a close below SMA50."""
    five = [day(2700 - n % 2 * 10, 10 + n % 2) for n in range(10)]
    assert len(follow(*five)[-1].distribution) == 5
    assert follow(*five)[-1].known is P
    assert follow(*five[:-1], five[-1]._replace(short=2691))[-1].known is C


def test_a_close_below_the_long_average_is_a_correction_unless_a_follow_through_came_from_below() -> None:
    """A rally that starts under SMA200 is not stopped by it until it has been above."""
    assert follow(day(2500), day(2390))[-1].known is C
    base = [day(2500), day(2390), *(day(2000 - n, 9) for n in range(3)), *(day(2001 + n, 9) for n in range(3))]
    risen = [*base, day(2050, 11)]
    assert follow(*base)[-1].known is C
    assert follow(*risen)[-1].known is U
    assert follow(*risen, day(2060, 9))[-1].known is U
    assert follow(*risen, day(2410, 9), day(2399, 8))[-1].known is C


def test_a_new_low_restarts_the_count_of_the_rally() -> None:
    """Day one is the first rise from the lowest low on, so the follow-through must wait for its fourth day."""
    lower = [*EXAMPLE[:15], day(2536, 8, low=2510), day(2580, 9)]
    assert follow(*lower)[-1].known is C


def test_a_correction_ends_when_every_close_since_before_it_is_exceeded() -> None:
    """A slow rise has no follow-through; a close above all of them is an uptrend all the same, with nothing to undercut."""
    slow = [day(2531 + 6 * n, 8) for n in range(1, 14)]
    risen = follow(*EXAMPLE[:12], *slow)
    assert [state.known for state in risen[11:-1]] == [C] * 13
    assert risen[-1].known is U
    assert (risen[-1].followed, risen[-1].has_followed, risen[-1].distribution) == (None, True, ())


@pytest.mark.parametrize("missing", ["short", "long", "close", "low", "value"])
def test_what_is_not_known_has_no_pulse(missing: str) -> None:
    """Whoever needs one does not trade."""
    found = follow(*EXAMPLE[:3], EXAMPLE[3]._replace(**{missing: math.nan}), EXAMPLE[4])
    assert [state.known for state in found[2:]] == [U, None, U]


points = st.floats(2000, 3000)
DAYS = st.lists(
    st.builds(
        lambda close, dip, value, short, long: PulseDay(close, close * dip, value, short, long),
        st.one_of(points, st.just(math.nan)),
        st.floats(0.95, 1),
        st.floats(5, 15),
        points,
        points,
    ),
    max_size=60,
)


@given(DAYS, st.integers(0, 60))
def test_what_comes_later_does_not_change_what_was(days: list[PulseDay], cut: int) -> None:
    """A truncated history gives the same states up to its end."""
    assert follow(*days)[:cut] == follow(*days[:cut])


@given(DAYS)
def test_a_state_that_is_stored_and_restored_every_day_goes_on_as_if_it_had_not(days: list[PulseDay]) -> None:
    """Live, one session at a time through a database, equals the batch."""
    state, seen = PulseState(), []
    for one in days:
        state = msgspec.json.decode(msgspec.json.encode(state.after(one, PARAMS)), type=PulseState)
        seen.append(state)
    assert seen == follow(*days)
