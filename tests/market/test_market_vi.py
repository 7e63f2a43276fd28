"""The VI state machine of `spec/market.md` section 7: each of its transitions, its worked example, and market-wide halts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.breakers import static_vi_bounds
from kats_core.market.calendar import krx_calendar
from kats_core.market.ticks import tick_table
from kats_core.market.vi import (
    NO_ENTRY,
    ListedVi,
    MarketHalt,
    StatusMessage,
    ViMonitor,
    ViState,
    ViTerms,
)
from kats_core.model import fact, time
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.time import Nanos

SESSION = dt.date(2026, 3, 4)
HOURS = krx_calendar().hours(SESSION)
TICKS = tick_table(SESSION, Market.KOSPI, InstrumentKind.STOCK)
SYMBOL, OTHER = "005930", "035720"
BASE = 50_000


def at(second: float) -> Nanos:
    """An instant, in seconds from 10:00."""
    return time.at(SESSION, dt.time(10)) + int(second * time.SECOND)


@dataclass(slots=True)
class Watch:
    """A monitor of a KOSPI symbol (base 50 000) and a KOSDAQ one; instants in seconds from 10:00."""

    is_known: bool = True
    monitor: ViMonitor = field(default_factory=ViMonitor)

    def __post_init__(self) -> None:
        self.monitor.begin_session(HOURS)
        self.monitor.follow(SYMBOL, Market.KOSPI, BASE, TICKS, is_known=self.is_known)
        self.monitor.follow(OTHER, Market.KOSDAQ, BASE, TICKS, is_known=self.is_known)

    @property
    def state(self) -> ViState:
        return self.monitor.state(SYMBOL)

    def subscribe(self, *, is_subscribed: bool = True) -> Watch:
        self.monitor.on_subscribed(SYMBOL, is_subscribed=is_subscribed)
        return self

    def trade(self, second: float, price: int, *, is_auction: bool = False) -> Watch:
        self.monitor.on_trade(SYMBOL, price, at(second), is_auction=is_auction)
        return self

    def vi(self, second: float, is_vi: bool) -> Watch:
        self.monitor.on_message(StatusMessage(at(second), SYMBOL, is_vi=is_vi))
        return self

    def halt(self, second: float, is_halted: bool) -> Watch:
        self.monitor.on_message(StatusMessage(at(second), SYMBOL, is_halted=is_halted))
        return self

    def read(self, second: float, *rows: tuple[float, float | None]) -> Watch:
        listed = [ListedVi(SYMBOL, at(start), None if end is None else at(end)) for start, end in rows]
        self.monitor.on_list(at(second), listed)
        return self

    def market(self, second: float, halt: MarketHalt) -> list[str]:
        return self.monitor.on_message(StatusMessage(at(second), SYMBOL, market=halt))

    def kept_away(self, symbol: str = SYMBOL) -> object:
        """Until when a symbol's market keeps entries away."""
        facts = {one.name: one.value for one in self.monitor.facts([symbol], at(0))}
        return facts.get(fact.NO_ENTRIES_UNTIL)

    def wait(self, second: float) -> Watch:
        self.monitor.on_time(at(second))
        return self


def test_the_worked_example() -> None:
    """Opening print 52 000: triggers 57 200 and 46 800; 56 700 warns, 56 500 does not any more; print 57 900 is the next reference."""
    watch = Watch().trade(0, 52_000, is_auction=True)
    known = watch.monitor.of(SYMBOL)
    assert (known.reference, known.lower, known.upper) == (52_000, 46_800, 57_200)
    assert watch.trade(1, 56_700).state is ViState.WARNING
    assert watch.trade(2, 56_550).state is ViState.WARNING
    assert watch.trade(3, 56_500).state is ViState.NORMAL
    watch.vi(4, True).trade(130, 57_900, is_auction=True)
    assert (watch.state, watch.monitor.of(SYMBOL).reference) == (ViState.VI_AUCTION, 57_900)


def test_before_the_opening_print_the_base_price_is_the_reference() -> None:
    """v1.1 stays at 55 000 and 45 000 all day; here that holds until the opening print only."""
    known = Watch().monitor.of(SYMBOL)
    assert (known.lower, known.upper) == (45_000, 55_000)


@pytest.mark.parametrize(
    ("reference", "lower", "upper"), [(52_000, 46_800, 57_200), (12_340, 11_100, 13_580), (1_999, 1_799, 2_200)]
)
def test_triggers_are_rounded_outward(reference: int, lower: int, upper: int) -> None:
    """The upper one up to a tick, the lower one down."""
    assert static_vi_bounds(SESSION, reference, TICKS) == (lower, upper)


def test_the_exchanges_own_reference_goes_before_the_estimate() -> None:
    """The trade message's static reference replaces the last print."""
    watch = Watch().trade(0, 52_000, is_auction=True)
    assert watch.monitor.on_reference(SYMBOL, 53_000) == [SYMBOL]
    assert watch.monitor.of(SYMBOL).upper == 58_300
    assert watch.monitor.on_reference(SYMBOL, 53_000) == []


class TestInterruption:
    """Start, end and what lies behind."""

    def test_a_message_starts_and_ends_it(self) -> None:
        """VI_AUCTION, then COOLING for 30 s, then NORMAL with the first fresh trade."""
        watch = Watch().trade(0, 50_000, is_auction=True).vi(10, True)
        assert watch.state is ViState.VI_AUCTION
        assert watch.vi(140, False).state is ViState.COOLING
        assert watch.trade(169.9, 52_000).state is ViState.COOLING
        assert watch.trade(170, 52_000).state is ViState.NORMAL

    def test_cooling_needs_a_fresh_trade(self) -> None:
        """Time alone does not end it when the last trade is older than five seconds."""
        watch = Watch().vi(10, True).vi(140, False).trade(160, 52_000).wait(180)
        assert watch.state is ViState.COOLING
        assert watch.trade(200, 52_000).state is ViState.NORMAL
        assert Watch().vi(10, True).vi(140, False).trade(168, 52_000).wait(170).state is ViState.NORMAL

    def test_cooling_can_lead_into_a_warning(self) -> None:
        """The price behind the auction is already close to the next trigger."""
        watch = Watch().vi(10, True).trade(140, 52_000, is_auction=True).vi(140, False)
        assert watch.trade(171, 57_000).state is ViState.WARNING

    def test_another_one_may_start_while_cooling(self) -> None:
        """There is no limit to a symbol's interruptions in a day."""
        assert Watch().vi(10, True).vi(140, False).vi(150, True).state is ViState.VI_AUCTION

    def test_the_list_starts_and_ends_it_too(self) -> None:
        """A row without an end is a VI in force; the end that it gets later ends it."""
        watch = Watch().read(12, (10, None))
        assert (watch.state, watch.monitor.of(SYMBOL).started) == (ViState.VI_AUCTION, at(10))
        assert watch.read(142, (10, 140)).state is ViState.COOLING

    def test_an_older_row_of_the_list_changes_nothing(self) -> None:
        """A VI that was over before this one began does not end this one."""
        assert Watch().vi(500, True).read(501, (10, 140)).state is ViState.VI_AUCTION
        assert Watch().read(501, (10, 140)).state is ViState.NORMAL

    def test_a_missing_end_is_given_up(self) -> None:
        """After 600 s the state is unknown, whatever the list still says."""
        watch = Watch().vi(0, True).read(1, (0, None))
        assert watch.read(599, (0, None)).wait(599.9).state is ViState.VI_AUCTION
        assert watch.wait(600).read(605, (0, None)).state is ViState.UNKNOWN
        assert watch.read(700, (0, 690)).state is ViState.NORMAL


class TestHalts:
    """A halt goes before everything else."""

    def test_a_halted_symbol_knows_no_interruption(self) -> None:
        """VI start from any state but HALTED."""
        assert Watch().halt(0, True).vi(1, True).state is ViState.HALTED

    def test_its_end_leads_into_cooling(self) -> None:
        """HALTED, flag off: COOLING."""
        watch = Watch().halt(0, True).halt(60, False)
        assert watch.state is ViState.COOLING
        assert watch.trade(91, 50_000).state is ViState.NORMAL

    def test_a_halt_interrupts_an_interruption(self) -> None:
        """VI_AUCTION, flag on: HALTED."""
        assert Watch().vi(0, True).halt(1, True).vi(2, False).state is ViState.HALTED

    def test_a_breaker_halts_its_market_only(self) -> None:
        """Twenty minutes HALTED, ten minutes of auction, no entries for the rest of the day."""
        watch = Watch()
        assert watch.monitor.on_market_halt(at(0), Market.KOSPI, MarketHalt.BREAKER_1) == [SYMBOL]
        assert (watch.state, watch.monitor.state(OTHER)) == (ViState.HALTED, ViState.NORMAL)
        assert watch.wait(20 * 60 - 1).state is ViState.HALTED
        assert watch.wait(20 * 60).state is ViState.VI_AUCTION
        watch.trade(30 * 60, 46_000, is_auction=True).vi(30 * 60, False).trade(30 * 60 + 31, 46_000)
        assert watch.state is ViState.NORMAL
        assert watch.kept_away() == HOURS.close
        assert watch.kept_away(OTHER) is None

    def test_the_third_breaker_ends_the_session(self) -> None:
        """HALTED until the close; the close jobs are due when no market that is followed goes on."""
        watch = Watch()
        watch.monitor.on_market_halt(at(0), Market.KOSPI, MarketHalt.BREAKER_3)
        over = [watch.monitor.is_session_over]
        assert watch.wait(4 * 3600).state is ViState.HALTED
        watch.monitor.on_market_halt(at(4 * 3600), Market.KOSDAQ, MarketHalt.BREAKER_3)
        over.append(watch.monitor.is_session_over)
        assert over == [False, True]
        assert not ViMonitor().is_session_over

    def test_a_symbol_that_is_halted_itself_stays_so_behind_a_breaker(self) -> None:
        """Its own flag has to go off, too."""
        watch = Watch().halt(0, True)
        watch.monitor.on_market_halt(at(1), Market.KOSPI, MarketHalt.BREAKER_1)
        assert watch.wait(1_300).state is ViState.HALTED

    def test_a_sidecar_keeps_entries_away_for_five_minutes(self) -> None:
        """The state of the symbols does not change; what another symbol tells of the same one does not prolong it."""
        watch = Watch()
        assert watch.market(0, MarketHalt.SIDECAR) == [SYMBOL]
        assert watch.state is ViState.NORMAL
        assert watch.kept_away() == at(300)
        assert watch.market(1, MarketHalt.SIDECAR) == []
        assert watch.kept_away() == at(300)
        assert watch.market(300, MarketHalt.SIDECAR) == [SYMBOL]
        assert watch.kept_away() == at(600)

    def test_each_of_its_symbols_tells_of_the_same_breaker(self) -> None:
        """A code without a level is the day's next one: the third ends the session."""
        watch = Watch()
        assert watch.market(0, MarketHalt.BREAKER) == [SYMBOL]
        assert watch.market(1, MarketHalt.BREAKER) == []
        assert watch.market(25 * 60, MarketHalt.BREAKER) == []
        assert watch.wait(20 * 60).state is ViState.VI_AUCTION
        assert watch.market(40 * 60, MarketHalt.BREAKER) == [SYMBOL]
        assert watch.wait(60 * 60).state is ViState.VI_AUCTION
        watch.market(80 * 60, MarketHalt.BREAKER)
        assert watch.wait(200 * 60).state is ViState.HALTED

    def test_the_flag_of_a_symbol_that_its_market_halts_is_the_markets(self) -> None:
        """All of them come with it; the auction begins although nobody takes the flag back for a symbol."""
        watch = Watch()
        watch.monitor.on_message(StatusMessage(at(0), SYMBOL, is_vi=False, is_halted=True, market=MarketHalt.BREAKER))
        watch.halt(5, True)
        assert watch.state is ViState.HALTED
        assert watch.wait(20 * 60).state is ViState.VI_AUCTION
        assert watch.vi(20 * 60 + 1, False).state is ViState.VI_AUCTION
        assert watch.wait(30 * 60).state is ViState.UNKNOWN
        assert watch.read(30 * 60 + 1).state is ViState.NORMAL

    def test_the_exchange_says_when_the_auction_begins(self) -> None:
        """Whatever its time would have been; it lasts its ten minutes."""
        watch = Watch()
        watch.market(0, MarketHalt.BREAKER)
        assert watch.market(1_190, MarketHalt.BREAKER_OVER) == [SYMBOL]
        assert watch.state is ViState.VI_AUCTION
        assert watch.market(1_191, MarketHalt.BREAKER_OVER) == []
        assert watch.wait(1_789).state is ViState.VI_AUCTION
        assert watch.wait(1_790).state is ViState.UNKNOWN

    def test_a_release_of_what_nobody_told_keeps_entries_away(self) -> None:
        """There was a circuit breaker before we listened."""
        watch = Watch()
        assert watch.market(0, MarketHalt.BREAKER_OVER) == [SYMBOL]
        assert (watch.state, watch.kept_away()) == (ViState.NORMAL, HOURS.close)

    def test_a_suspension_counts_as_no_level(self) -> None:
        """Code 164: nobody says for how long; a circuit breaker in it goes before it."""
        watch = Watch()
        assert watch.market(0, MarketHalt.SUSPENSION) == [SYMBOL]
        assert (watch.state, watch.kept_away()) == (ViState.HALTED, HOURS.close)
        assert watch.market(60, MarketHalt.BREAKER) == [SYMBOL]
        assert watch.wait(1_259).state is ViState.HALTED
        assert watch.wait(1_260).state is ViState.VI_AUCTION

    def test_who_is_heard_first_in_the_auction_behind_a_breaker_is_in_it(self) -> None:
        """Its messages come from now on, and the list tells of no interruption of its own."""
        watch = Watch().subscribe(is_subscribed=False)
        watch.market(0, MarketHalt.BREAKER)
        watch.wait(1_200).subscribe(is_subscribed=False)
        assert watch.subscribe().read(1_300).state is ViState.VI_AUCTION
        assert watch.wait(1_799).state is ViState.VI_AUCTION
        assert watch.wait(1_800).state is ViState.UNKNOWN

    def test_a_rule_that_is_not_known_keeps_entries_away(self) -> None:
        """Fail closed: before the table of circuit breakers begins nobody knows how long one halts."""
        monitor = ViMonitor()
        monitor.begin_session(krx_calendar().hours(dt.date(1998, 12, 1)))
        monitor.follow(SYMBOL, Market.KOSPI, BASE, TICKS, is_known=True)
        for halt in (MarketHalt.BREAKER, MarketHalt.SIDECAR):
            monitor.on_market_halt(at(0), Market.KOSPI, halt)
            assert fact.NO_ENTRIES_UNTIL in {one.name for one in monitor.facts([SYMBOL], 0)}
            assert monitor.state(SYMBOL) is ViState.NORMAL


class TestUnknown:
    """What is not told is not known."""

    def test_a_symbol_is_unknown_until_it_is_subscribed_and_the_list_was_read(self) -> None:
        """Both, in either order."""
        watch = Watch(is_known=False)
        assert watch.read(0).state is ViState.UNKNOWN
        assert watch.subscribe().state is ViState.UNKNOWN
        assert watch.read(1).state is ViState.NORMAL
        assert watch.monitor.state("999999") is ViState.UNKNOWN

    def test_the_list_may_know_of_a_vi_in_force(self) -> None:
        """Restored into VI_AUCTION."""
        watch = Watch(is_known=False)
        watch.subscribe()
        assert watch.read(20, (10, None)).state is ViState.VI_AUCTION

    def test_without_its_messages_it_is_unknown_until_they_come_and_the_list_was_read(self) -> None:
        """Whoever listens says so as soon as a connection is lost."""
        watch = Watch().subscribe(is_subscribed=False)
        assert watch.read(32).state is ViState.UNKNOWN
        assert watch.subscribe().state is ViState.UNKNOWN
        assert watch.read(41).state is ViState.NORMAL

    def test_a_halt_outlives_the_connection(self) -> None:
        """The list of interruptions does not tell of halts: what was halted is halted again."""
        watch = Watch().halt(0, True).subscribe(is_subscribed=False)
        assert watch.wait(12).state is ViState.UNKNOWN
        assert watch.subscribe().read(14).state is ViState.HALTED


def test_decisions_read_the_state_as_a_fact() -> None:
    """The state, the static reference and its triggers, of the symbol, as of now; nothing is under way."""
    watch = Watch().trade(0, 52_000, is_auction=True)
    values = {one.name: (one.value, one.symbol, one.as_of) for one in watch.monitor.facts([SYMBOL], at(0))}
    assert values == {
        fact.VI_STATE: ("NORMAL", SYMBOL, at(0)),
        fact.VI_REFERENCE: (52_000, SYMBOL, at(0)),
        fact.VI_LOWER: (46_800, SYMBOL, at(0)),
        fact.VI_UPPER: (57_200, SYMBOL, at(0)),
        fact.VI_UNTIL: (None, SYMBOL, at(0)),
    }


def test_decisions_read_when_an_interruption_is_expected_to_end() -> None:
    """Two minutes after it began; then 30 seconds after it ended; after a circuit breaker 30 minutes, auction included."""

    def until() -> object:
        return next(one.value for one in watch.monitor.facts([SYMBOL], at(0)) if one.name == fact.VI_UNTIL)

    watch = Watch().vi(10, True)
    assert until() == at(130)
    watch.vi(140, False)
    assert until() == at(170)
    watch.monitor.on_market_halt(at(300), Market.KOSPI, MarketHalt.BREAKER_1)
    assert until() == at(300 + 30 * 60)
    watch.wait(300 + 20 * 60)
    assert (watch.state, until()) == (ViState.VI_AUCTION, at(300 + 30 * 60))
    watch.halt(1_600, True)
    assert until() is None


def test_the_strictest_of_several_terms_counts() -> None:
    """The longest wait and the widest zone; nobody asks for the usual ones."""
    several = [ViTerms(cooling=time.SECOND), ViTerms(proximity=Fraction(0)), ViTerms(cooling=0, proximity=Fraction(0))]
    assert ViTerms.strictest(several) == ViTerms()
    assert ViTerms.strictest(several[2:]) == several[2]
    assert ViTerms.strictest([]) == ViTerms()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.one_of(
            st.tuples(st.just("trade"), st.integers(400, 600)),
            st.tuples(st.just("print"), st.integers(400, 600)),
            st.tuples(st.just("vi"), st.booleans()),
            st.tuples(st.just("halt"), st.booleans()),
            st.tuples(st.just("wait"), st.none()),
            st.tuples(st.just("read"), st.booleans()),
        ),
    ),
    max_size=40,
)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_an_interruption_blocks_and_has_a_way_out(
    steps: list[tuple[int, tuple[str, int | None]]],
) -> None:
    """A VI or a halt in force never allows an entry; and when all is told and quiet, the symbol is tradable again."""
    watch, now, is_vi, is_halted = Watch(), 0, False, False
    for wait, (kind, what) in steps:
        now += wait
        match kind:
            case "trade" | "print":
                watch.trade(now, int(what or 0) * 100, is_auction=kind == "print")
            case "vi":
                is_vi = bool(what)
                watch.vi(now, is_vi)
            case "halt":
                is_halted = bool(what)
                watch.halt(now, is_halted)
            case "read":
                watch.read(now)
            case _:
                watch.wait(now)
        if is_halted:
            assert watch.state in NO_ENTRY
        lower, upper = watch.monitor.of(SYMBOL).lower, watch.monitor.of(SYMBOL).upper
        assert lower < watch.monitor.of(SYMBOL).reference < upper
    watch.halt(now, False).vi(now, False).read(now).wait(now + 31).trade(now + 31, watch.monitor.of(SYMBOL).reference)
    assert watch.state is ViState.NORMAL


def test_time_alone_changes_nothing_before_it_is_said_to() -> None:
    """The end of cooling, the give-up of a VI without an end, that of an auction behind a breaker."""
    watch = Watch().vi(0, True)
    assert watch.monitor.next_change() == at(600)
    assert watch.wait(600).state is ViState.UNKNOWN
    assert watch.monitor.next_change() is None
    watch = Watch().vi(0, True).vi(140, False)
    assert watch.monitor.next_change() == at(170)
    watch = Watch()
    watch.monitor.on_market_halt(at(0), Market.KOSPI, MarketHalt.BREAKER_1)
    assert watch.monitor.next_change() == at(20 * 60)
    assert watch.wait(20 * 60).monitor.next_change() == at(30 * 60)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_a_driver_may_sleep_until_the_next_change(steps: list[tuple[int, tuple[str, int | None]]]) -> None:
    """Whatever happened: up to the instant that `next_change` names, letting time pass leaves every state as it is."""
    watch, now = Watch(), 0
    for wait, (kind, what) in steps:
        due, before = watch.monitor.next_change(), watch.state
        now += wait
        if due is None or at(now) < due:
            assert watch.wait(now).state is before
        match kind:
            case "trade" | "print":
                watch.trade(now, int(what or 0) * 100, is_auction=kind == "print")
            case "vi":
                watch.vi(now, bool(what))
            case "halt":
                watch.halt(now, bool(what))
            case "read":
                watch.read(now)
            case _:
                watch.wait(now)
