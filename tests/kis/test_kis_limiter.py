"""Calls leave in the order of their lanes, within the broker's limits, and no lane starves."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.limiter import LEAST_SPACING, TURN, Lane, Limiter, Ticket
from kats_core.model.time import SECOND, Nanos

MILLISECOND: Nanos = 1_000_000
REAL, MOCK = (15.0, 18.0), (1.0, 1.0)


@dataclass(frozen=True)
class Arrival:
    """A call that somebody wants to make."""

    at: Nanos
    lane: Lane = Lane.QUERY
    is_ledger: bool = False


@dataclass(frozen=True)
class Departure:
    """A call that left, with those that waited when it came (older) and when it went (left behind)."""

    at: Nanos
    ticket: Ticket
    came: Nanos
    older: int
    grants_before: int
    behind: tuple[Ticket, ...]


def played(limiter: Limiter, arrivals: Iterable[Arrival], until: Nanos = 10_000 * SECOND) -> list[Departure]:
    """Let calls come and go by a clock of our own until nobody waits."""
    coming = deque(sorted(arrivals, key=lambda arrival: arrival.at))
    waiting: dict[Ticket, tuple[Nanos, int, int]] = {}
    gone: list[Departure] = []
    now: Nanos = 0
    while now <= until:
        while coming and coming[0].at <= now:
            arrival = coming.popleft()
            ticket = limiter.enter(arrival.lane, is_ledger=arrival.is_ledger)
            waiting[ticket] = (now, len(waiting), len(gone))
        left = limiter.grant(now)
        if left is not None:
            came, older, before = waiting.pop(left)
            gone.append(Departure(now, left, came, older, len(gone) - before, tuple(waiting)))
            continue
        moments = [arrival.at for arrival in itertools.islice(coming, 1)]
        if (next_at := limiter.next_at(now)) is not None:
            assert next_at > now
            moments.append(next_at)
        if not moments:
            break
        now = min(moments)
    return gone


def most_in_a_second(moments: Sequence[Nanos]) -> int:
    return max((sum(start <= other < start + SECOND for other in moments) for start in moments), default=0)


arrivals = st.lists(
    st.builds(
        Arrival,
        at=st.integers(0, 20 * SECOND) | st.just(0),
        lane=st.sampled_from(Lane),
        is_ledger=st.booleans(),
    ),
    max_size=50,
)


@given(arrivals)
def test_no_second_has_more_calls_than_the_real_broker_takes(calls: list[Arrival]) -> None:
    """Eighteen a second, wherever the second begins, and at least 60 ms apart."""
    moments = [departure.at for departure in played(Limiter(REAL[0], ceiling=REAL[1]), calls)]
    assert len(moments) == len(calls)
    assert most_in_a_second(moments) <= 18
    assert all(later - earlier >= LEAST_SPACING for earlier, later in itertools.pairwise(moments))


@given(arrivals)
def test_no_second_has_two_calls_to_the_mock_server(calls: list[Arrival]) -> None:
    """One a second."""
    moments = [departure.at for departure in played(Limiter(MOCK[0], ceiling=MOCK[1]), calls)]
    assert len(moments) == len(calls)
    assert most_in_a_second(moments) <= 1


@given(arrivals, st.sampled_from([REAL, MOCK]))
def test_no_call_starves(calls: list[Arrival], limits: tuple[float, float]) -> None:
    """Of any eight grants one goes to the call that has waited longest, so a call with n older ones waits for 8 (n + 1)."""
    for departure in played(Limiter(limits[0], ceiling=limits[1]), calls):
        assert departure.grants_before < TURN * (departure.older + 1)


@given(arrivals)
def test_a_better_lane_goes_first(calls: list[Arrival]) -> None:
    """Except for the turn of the longest waiting, nobody of a better lane is left behind without need."""
    passed_over = 0
    for departure in played(Limiter(MOCK[0], ceiling=MOCK[1]), calls):
        was_oldest = all(departure.ticket.number < other.number for other in departure.behind)
        better = [other for other in departure.behind if other.lane < departure.ticket.lane]
        if better:
            assert was_oldest
            assert passed_over >= TURN - 1
        passed_over = 0 if was_oldest else passed_over + 1


def test_an_inquiry_gets_through_a_storm_of_cancels() -> None:
    """More cancels than the broker takes, without end: a balance is still read within three turns."""
    storm = [Arrival(n * 60 * MILLISECOND, Lane.EXIT) for n in range(100)]
    gone = played(Limiter(15, ceiling=18), [Arrival(0, Lane.EXIT), *storm, Arrival(1, Lane.QUERY)])
    inquiry = next(departure for departure in gone if departure.ticket.lane is Lane.QUERY)
    assert inquiry.grants_before <= 3 * TURN


@given(st.integers(0, 6 * SECOND))
def test_a_cancel_never_waits_behind_a_flood_of_inquiries(at: Nanos) -> None:
    """A fifth of the bucket is kept for it: it leaves within one interval of the bucket."""
    flood = [Arrival(0, Lane.HISTORY) for _ in range(80)]
    gone = played(Limiter(15, ceiling=18), [*flood, Arrival(at, Lane.EXIT)])
    cancel = next(departure for departure in gone if departure.ticket.lane is Lane.EXIT)
    assert cancel.at - cancel.came <= SECOND // 15 + 1


def test_lanes_leave_in_their_order() -> None:
    """Cancels and exits before entries before inquiries before history."""
    calls = [Arrival(0, lane) for lane in (Lane.HISTORY, Lane.QUERY, Lane.ENTRY, Lane.EXIT)]
    assert [d.ticket.lane for d in played(Limiter(1, ceiling=1), calls)] == sorted(Lane)


def test_a_call_that_nobody_waits_for_takes_no_turn() -> None:
    """Whoever gave up does not use up the broker's patience."""
    limiter = Limiter(1, ceiling=1)
    first, second = limiter.enter(Lane.QUERY, is_ledger=False), limiter.enter(Lane.QUERY, is_ledger=False)
    limiter.withdraw(first)
    assert limiter.grant(0) == second
    limiter.withdraw(second)
    assert limiter.next_at(0) is None


def test_a_refusal_slows_down_and_time_heals_it() -> None:
    """EGW00201: by thirty percent; the refusals of calls that had already left do not count again; then 5 % each 5 s."""
    limiter = Limiter(10, ceiling=18)
    limiter.refused(sent_at=0, now=50 * MILLISECOND, by_ledger=False)
    assert limiter.rate(50 * MILLISECOND) == 7.0
    limiter.refused(sent_at=40 * MILLISECOND, now=60 * MILLISECOND, by_ledger=False)
    assert limiter.rate(60 * MILLISECOND) == 7.0
    limiter.refused(sent_at=70 * MILLISECOND, now=100 * MILLISECOND, by_ledger=False)
    slowed = limiter.rate(100 * MILLISECOND)
    assert slowed < 5
    assert limiter.rate(100 * MILLISECOND + 5 * SECOND) == slowed * 1.05
    assert limiter.rate(200 * SECOND) == 10.0


def test_a_refusal_stops_everything_for_a_moment() -> None:
    """At least 0.1 s on the real host, a second on the mock one."""
    for (rate, ceiling), pause in ((REAL, SECOND // 10), (MOCK, SECOND)):
        limiter = Limiter(rate, ceiling=ceiling)
        limiter.enter(Lane.EXIT, is_ledger=True)
        limiter.refused(sent_at=0, now=SECOND, by_ledger=False)
        next_at = limiter.next_at(SECOND)
        assert next_at is not None
        assert next_at >= SECOND + pause


def test_the_ledgers_refusal_slows_only_what_reaches_the_ledger() -> None:
    """EGW00215: balances and orders wait, quotes do not."""
    limiter = Limiter(15, ceiling=18)
    for moment in range(1, 11, 2):
        limiter.refused(sent_at=moment, now=moment + 1, by_ledger=True)
    calls = [Arrival(0, Lane.EXIT, is_ledger=True) for _ in range(20)] + [Arrival(0, Lane.HISTORY) for _ in range(20)]
    gone = played(limiter, calls)
    assert limiter.rate(0) == 15.0
    last_quote = max(departure.at for departure in gone if not departure.ticket.is_ledger)
    last_balance = max(departure.at for departure in gone if departure.ticket.is_ledger)
    assert last_quote < 3 * SECOND < last_balance


@pytest.mark.parametrize("limit", [2, 3, 5, 10, 15])
def test_it_finds_a_limit_below_the_one_that_was_told(limit: int) -> None:
    """A new customer's three a second, or a limiter that refuses early: few refusals, and most of the limit is used."""
    limiter = Limiter(15, ceiling=18)
    accepted: list[Nanos] = []
    refused = 0
    now: Nanos = 0
    while now < 120 * SECOND:
        if not len(limiter):
            limiter.enter(Lane.QUERY, is_ledger=False)
        if limiter.grant(now) is None:
            next_at = limiter.next_at(now)
            assert next_at is not None
            now = next_at
        elif sum(now - SECOND < moment for moment in accepted[-limit:]) >= limit:
            refused += 1
            limiter.refused(now, now + 20 * MILLISECOND, by_ledger=False)
        else:
            accepted.append(now)
    assert refused <= 0.15 * len(accepted)
    assert len(accepted) >= 0.5 * min(limit, 12) * 120
