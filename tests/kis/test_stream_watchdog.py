"""Silence is judged by what is expected: a dead feed within seconds, a quiet symbol not at all (regression 23)."""

from __future__ import annotations

import datetime as dt
import heapq
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.watchdog import SilenceTerms, Watchdog, continuous_trading
from kats_core.market.sessions import SessionHours
from kats_core.model.time import MINUTE, SECOND, Nanos

HOURS = SessionHours.from_clocks(dt.date(2026, 9, 22), dt.time(9), dt.time(15, 30))
TEN = HOURS.at(dt.time(10))
EXPECTING = continuous_trading(HOURS)
SYMBOLS = [f"{n:06d}" for n in range(40)]


def since(now: Nanos) -> Nanos:
    found = EXPECTING(now)
    assert found is not None
    return found


def trading(watchdog: Watchdog, start: Nanos, seconds: int, every: int, symbols: list[str] | None = None) -> Nanos:
    """Let each symbol trade every so many seconds; return the last second."""
    now = start
    for second in range(seconds + 1):
        now = start + second * SECOND
        for number, symbol in enumerate(SYMBOLS if symbols is None else symbols):
            if (second + number) % every == 0:
                watchdog.hear(symbol, now, since(now))
    return now


def watched(symbols: list[str] | None = None) -> Watchdog:
    watchdog = Watchdog(SilenceTerms())
    for symbol in SYMBOLS if symbols is None else symbols:
        watchdog.watch(symbol, TEN)
    return watchdog


def first_silence(watchdog: Watchdog, after: Nanos, most: int = 300) -> tuple[int | None, int | None]:
    """Return after how many seconds the session fell silent, and was judged dead."""
    silent = dead = None
    for second in range(most):
        found = watchdog.judge(after + second * SECOND, EXPECTING(after + second * SECOND))
        silent = second if found.is_session_silent and silent is None else silent
        dead = second if found.is_dead and dead is None else dead
    return silent, dead


def test_a_feed_that_dies_while_connected_is_told_within_seconds() -> None:
    """Regression 23: forty symbols that traded all the time and then nothing: 6 s to the alarm, given up after half a minute."""
    watchdog = watched()
    last = trading(watchdog, TEN, 120, every=4)
    assert first_silence(watchdog, last) == (6, 31)


def test_a_feed_that_never_began_is_told_within_seconds() -> None:
    """Regression 23: registrations acknowledged, and nothing comes (`kis/quirks.md` F4)."""
    assert first_silence(watched(), TEN) == (6, 31)


def test_a_single_symbol_that_stops_among_others_is_named() -> None:
    """A symbol that traded each second is missed within 15 s; the others are not blamed."""
    watchdog = watched()
    last = trading(watchdog, TEN, 60, every=1)
    found: dict[int, tuple[str, ...]] = {}
    for second in range(1, 30):
        now = trading(watchdog, last + second * SECOND, 0, every=1, symbols=SYMBOLS[1:])
        judged = watchdog.judge(now, since(now))
        assert not judged.is_session_silent
        if judged.silent:
            found[second] = judged.silent
    ((after, silent),) = found.items()
    assert silent == (SYMBOLS[0],)
    assert 5 < after <= 15
    assert watchdog.is_silent(SYMBOLS[0])
    assert watchdog.hear(SYMBOLS[0], last + MINUTE, since(last + MINUTE))
    assert not watchdog.is_silent(SYMBOLS[0])


def test_a_symbol_with_long_pauses_is_given_its_time() -> None:
    """Ten seconds between trades: two minutes of silence are an alarm, one minute is none."""
    watchdog = watched([*SYMBOLS[:5], "900000"])
    last = TEN
    for _ in range(20):
        last = trading(watchdog, last + SECOND, 9, every=1, symbols=SYMBOLS[:5])
        watchdog.hear("900000", last, since(last))
    silent = []
    for second in range(1, 150):
        now = trading(watchdog, last + second * SECOND, 0, every=1, symbols=SYMBOLS[:5])
        silent += [(second, symbol) for symbol in watchdog.judge(now, since(now)).silent]
    assert [symbol for _, symbol in silent] == ["900000"]
    assert 60 < silent[0][0] <= 121


@pytest.mark.parametrize("mean_s", [0.5, 2.0, 6.0, 20.0])
def test_trades_that_come_by_chance_are_rarely_taken_for_a_dead_feed(mean_s: float) -> None:
    """Forty symbols for half an hour with random pauses of any mean: hardly an alarm of a symbol, none of the session."""
    dice = random.Random(1)
    watchdog = watched()
    due = [(TEN + int(dice.expovariate(1 / mean_s) * SECOND), symbol) for symbol in SYMBOLS]
    heapq.heapify(due)
    alarms: list[str] = []
    for now in range(TEN, TEN + 30 * MINUTE, SECOND):
        while due[0][0] <= now:
            at, symbol = due[0]
            watchdog.hear(symbol, at, since(at))
            heapq.heapreplace(due, (at + int(dice.expovariate(1 / mean_s) * SECOND), symbol))
        judged = watchdog.judge(now, since(now))
        assert not judged.is_session_silent
        alarms += judged.silent
    assert len(alarms) <= 3


def test_nothing_is_expected_before_the_open_in_the_auctions_and_after_the_close() -> None:
    """At 09:00:30 the count begins; at 15:20 it ends."""
    watchdog = Watchdog(SilenceTerms())
    for symbol in SYMBOLS:
        watchdog.watch(symbol, HOURS.at(dt.time(8, 50)))
    assert not any(first_silence(watchdog, HOURS.open - MINUTE, most=90))
    assert first_silence(watchdog, HOURS.open + 30 * SECOND, most=20)[0] == 6
    late = Watchdog(SilenceTerms())
    for symbol in SYMBOLS:
        late.watch(symbol, HOURS.close_auction - SECOND)
    assert first_silence(late, HOURS.close_auction) == (None, None)


def test_trades_before_any_are_expected_teach_nothing_about_pauses() -> None:
    """The first half minute behind the opening auction is busy; who trades every eight seconds later is not silent then."""
    watchdog = Watchdog(SilenceTerms())
    for symbol in SYMBOLS[:2]:
        watchdog.watch(symbol, HOURS.at(dt.time(8, 50)))
    for second in range(30):
        now = HOURS.open + second * SECOND
        for symbol in SYMBOLS[:2]:
            watchdog.hear(symbol, now, EXPECTING(now))
    silent: list[str] = []
    for second in range(30, 90):
        now = HOURS.open + second * SECOND
        watchdog.hear(SYMBOLS[0], now, EXPECTING(now))
        if second % 15 == 14:
            watchdog.hear(SYMBOLS[1], now, EXPECTING(now))
        silent += watchdog.judge(now, EXPECTING(now)).silent
    assert not silent


def test_who_is_known_not_to_have_traded_may_be_quiet_for_as_long_again() -> None:
    """A silence that was excused counts as a pause, whole."""
    watchdog = watched(SYMBOLS[:2])
    last = trading(watchdog, TEN, 120, every=1, symbols=SYMBOLS[:2])
    missed = []
    for second in range(1, 61):
        now = trading(watchdog, last + second * SECOND, 0, every=1, symbols=SYMBOLS[:1])
        missed += [second for _ in watchdog.judge(now, since(now)).silent]
        if missed == [second]:
            watchdog.excuse(SYMBOLS[1], now, since(now))
            assert not watchdog.is_silent(SYMBOLS[1])
    assert len(missed) == 2
    assert missed[1] >= 3 * missed[0]


def test_a_halted_symbol_is_not_missed_until_it_trades_again() -> None:
    """A VI stops trades for two minutes and more."""
    watchdog = watched(SYMBOLS[:2])
    last = trading(watchdog, TEN, 60, every=1, symbols=SYMBOLS[:2])
    watchdog.pause(SYMBOLS[0])
    watchdog.pause(SYMBOLS[1])
    assert first_silence(watchdog, last) == (None, None)
    resumed = last + 150 * SECOND
    watchdog.resume(SYMBOLS[0], resumed)
    judged = [watchdog.judge(resumed + s * SECOND, since(resumed)).silent for s in range(20)]
    assert [silent for silent in judged if silent] == [(SYMBOLS[0],)]


def test_a_session_in_which_all_were_stopped_begins_anew_with_the_first_that_trades_again() -> None:
    """Half an hour of a circuit breaker says nothing about the connection."""
    watchdog = watched(SYMBOLS[:3])
    last = trading(watchdog, TEN, 60, 1, SYMBOLS[:3])
    for symbol in SYMBOLS[:3]:
        watchdog.pause(symbol)
    resumed = last + 1_800 * SECOND
    assert not watchdog.judge(resumed, since(resumed)).is_dead
    watchdog.resume(SYMBOLS[0], resumed)
    assert not watchdog.judge(resumed + SECOND, since(resumed)).is_session_silent
    later = resumed + 60 * SECOND
    assert watchdog.judge(later, since(later)).is_dead


@given(st.lists(st.integers(0, 1_500_000_000), min_size=1, max_size=200), st.integers(2, 40))
def test_silence_is_told_exactly_once_and_within_a_minute(pauses: list[int], symbols: int) -> None:
    """Whatever came before: while messages come there is no alarm; after the last one there is one, never later than 61 s."""
    watchdog = watched(SYMBOLS[:symbols])
    now = TEN
    for number, pause in enumerate(pauses):
        now += pause
        assert not watchdog.judge(now, since(now)).is_session_silent
        watchdog.hear(SYMBOLS[number % symbols], now, since(now))
    told = [s for s in range(120) if watchdog.judge(now + s * SECOND, since(now)).is_session_silent]
    assert len(told) == 1
    assert 5 < told[0] <= 61
