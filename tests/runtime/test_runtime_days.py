"""Whole sessions as the runtime plays them: who is armed, what is fed, what a gap in the data does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.tables import IndexSeries
from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.event import SessionPrepared
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Regime, Side
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OrderRecord,
    PositionRecord,
    SetupRecord,
    SetupStatus,
)
from kats_core.model.setup import Below, Fixed, Group, Lifetime, Rearm, Setup
from kats_core.model.signal import NotYet, SellSignal, TimeExit, TimeExitKind, Trail, TrailMethod
from kats_core.runtime.arming import ArmingDesk
from kats_core.runtime.inputs import Given, Inputs, SessionInputs
from kats_core.strategy.contract import Setups, View
from kats_core.strategy.params import StrategyParams
from kats_core.testing import panel as panel_of

if TYPE_CHECKING:
    from conftest import Desk, House

DAY = (25_000, 25_600, 24_700, 25_400, 100_000)
SYMBOL = "005930"
SESSION = dt.date(2026, 3, 4)


def history(*symbols: str, days: int = 6) -> Panel:
    return panel_of({symbol: [DAY] * days for symbol in symbols})


def minutes_of(*rows: tuple[str, str, int], session: dt.date = SESSION) -> MinuteBars:
    """Minute bars of one price and 100 000 shares each: (symbol, clock, price)."""
    symbols = tuple(sorted({symbol for symbol, _, _ in rows}))
    starts = [time.at(session, dt.time.fromisoformat(clock)) for _, clock, _ in rows]
    cells = sorted((start, symbols.index(row[0]), row[2]) for start, row in zip(starts, rows, strict=True))
    start, symbol, price = np.array(cells, dtype=np.int64).T
    volume = np.full(len(rows), 100_000)
    return MinuteBars(
        session=session,
        symbols=symbols,
        symbol=symbol.astype(np.int32),
        start=start,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=volume,
        value=volume * price,
        is_auction=start >= krx_calendar().hours(session).close_auction,
    )


def desk_of(house: type[House], **traits: Any) -> Desk:
    """One buyer above yesterday's close that sells at 15:15."""
    buyer = house.Buyer(cap=0, stop=95, time_exit=house.clock_exit())
    return house.Desk(strategies=(house.instance(buyer, **traits),))


def test_a_session_of_minutes_is_played_to_its_end(house: type[House]) -> None:
    """Armed, bought, sold at 15:15, valued at the close."""
    rows = [(SYMBOL, clock, 25_450) for clock in ("09:00", "09:01", "09:30", "15:14", "15:15", "15:30")]
    desk = desk_of(house).play(history(SYMBOL), [minutes_of(*rows)])
    assert desk.fills == [("BUY", 25_500, 100), ("SELL", 25_400, 100)]
    assert [record.status for record in desk.kept(SetupRecord)] == [SetupStatus.ARMED, SetupStatus.FIRED]
    assert desk.kept(EquityRecord)[0].equity == desk.engine.cash


@pytest.mark.parametrize(("read", "kept"), [("BEAR", Regime.BEAR), ("UNKNOWN", Regime.UNKNOWN), (None, None)])
def test_a_session_keeps_its_regime(house: type[House], read: str | None, kept: Regime | None) -> None:
    """Whatever came of it: with the account at its end."""
    desk = desk_of(house).play(history(SYMBOL), [minutes_of((SYMBOL, "09:00", 25_450))], facts={fact.REGIME: read})
    assert [day.regime for day in desk.kept(EquityRecord)] == [kept]


def test_an_order_whose_life_ended_in_a_gap_of_the_data_is_not_filled_behind_it(house: type[House]) -> None:
    """A time to live of 60 s ends at 09:02 although no symbol trades until 09:30."""
    rows = [(SYMBOL, "09:00", 25_450), (SYMBOL, "09:30", 25_450), (SYMBOL, "09:31", 25_450)]
    desk = desk_of(house, ttl_s=60).play(history(SYMBOL), [minutes_of(*rows)])
    assert desk.kept(OrderRecord)[0].expires_at == time.at(SESSION, dt.time(9, 2))
    assert desk.bought == []


def test_an_order_of_one_minute_sees_one_more_bar(house: type[House]) -> None:
    """Decided at the end of 09:00, matched in 09:01, cancelled before 09:02."""
    rows = [(SYMBOL, "09:00", 25_450), (SYMBOL, "09:01", 26_500), (SYMBOL, "09:02", 25_450)]
    assert desk_of(house, ttl_s=60).play(history(SYMBOL), [minutes_of(*rows)]).bought == []
    assert desk_of(house, ttl_s=120).play(history(SYMBOL), [minutes_of(*rows)]).bought == [(25_500, 100)]


def test_every_symbol_that_is_known_has_a_record(house: type[House]) -> None:
    """Armed, or not armed with the first reason that holds."""
    panel = panel_of(
        {
            "000001": [DAY] * 6,
            "000002": [DAY] * 5 + [None],
            "000003": [DAY, DAY, None, DAY, DAY, DAY],
            "000004": [DAY] * 6,
            "000005": [DAY] * 6,
            "000006": [(5_000, 5_120, 4_940, 5_080, 500_000)] * 3 + [DAY] * 3,
        }
    )
    rows = [(symbol, "09:00", 25_300) for symbol in ("000001", "000003", "000004", "000009")]
    strategy = house.instance(house.Buyer(cap=0, stop=95), params=StrategyParams(max_armed=1))
    desk = house.Desk(strategies=(strategy,)).play(panel, [minutes_of(*rows)])
    codes = {r.symbol: r.code for r in desk.kept(SetupRecord) if r.status is SetupStatus.NOT_ARMED}
    assert codes == {
        "000002": "core:STALE_DATA",
        "000003": "core:RECENT_HALT",
        "000004": "core:NOT_SELECTED",
        "000005": "core:NO_MINUTE_BARS",
        "000006": "core:CORPORATE_ACTION",
        "000009": "core:STALE_DATA",
    }
    assert [r.symbol for r in desk.kept(SetupRecord) if r.status is SetupStatus.ARMED] == ["000001"]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({fact.REGIME: "BEAR"}, "core:REGIME_OFF"),
        ({fact.REGIME: None}, "core:REGIME_OFF"),
        ({fact.GRADE: "D"}, "core:GRADE"),
        ({fact.STARS: 2}, "core:CONFIDENCE_LOW"),
    ],
)
def test_what_may_not_trade_today_is_not_armed(house: type[House], facts: dict[str, Any], code: str) -> None:
    """The common conditions are asked before the ranks."""
    desk = desk_of(house).play(history(SYMBOL), [minutes_of((SYMBOL, "09:00", 25_450))], facts=facts)
    assert [record.code for record in desk.kept(SetupRecord)] == [code]


def known(panel: Panel, *facts: Fact) -> SessionInputs:
    """What the registry says on the eve of the session when it was given these facts."""
    return Inputs(panel.symbols, (Given(facts),)).of_session(SESSION, 0)


def ranked(house: type[House], panel: Panel, *facts: Fact, max_armed: int = 2) -> list[tuple[int, str]]:
    strategy = house.instance(house.Buyer(), params=StrategyParams(max_armed=max_armed))
    desk = ArmingDesk(panel, [strategy], lambda s, e: pytest.fail(str(e)))
    return [(setup.rank, setup.symbol) for setup in desk.for_session(SESSION, known(panel, *facts))]


def test_setups_are_ranked_by_stars_then_turnover_then_symbol(house: type[House]) -> None:
    """A20 decides between equal stars, the symbol between equal turnovers; rank 1 is the best."""
    busy = (25_000, 25_600, 24_700, 25_400, 200_000)
    rows = {"000003": [DAY] * 20, "000001": [DAY] * 20, "000002": [busy] * 20, "000004": [DAY] * 20}
    panel = panel_of(dict(sorted(rows.items())))
    assert ranked(house, panel, *house.assumed(), max_armed=3) == [(1, "000002"), (2, "000001"), (3, "000003")]
    five = Fact(fact.STARS, 5, 0, FactSource.FILE, "000004")
    assert ranked(house, panel, *house.assumed(), five) == [(1, "000004"), (2, "000002")]


def test_a_panel_that_ends_early_arms_nothing(house: type[House]) -> None:
    """Without the evening before there is no setup: STALE_DATA for all."""
    panel = history(SYMBOL)
    later = krx_calendar().shift(SESSION, 1)
    desk = desk_of(house).play(panel, [minutes_of((SYMBOL, "09:00", 25_450), session=later)])
    assert [record.code for record in desk.kept(SetupRecord)] == ["core:STALE_DATA"]


def test_a_panel_that_lacks_the_evening_before_arms_nothing(house: type[House]) -> None:
    """A session that is missing in the data counts as dropped: the row before it is two sessions old."""
    panel = house.random_panel(3, 12, 2, gap=0)
    keep = [t for t in range(12) if t != 10]
    columns = ("present", "open", "high", "low", "close", "volume", "value")
    shorter = replace(
        panel,
        sessions=tuple(panel.sessions[t] for t in keep),
        next_session=tuple(panel.next_session[t] for t in keep),
        **{name: getattr(panel, name)[keep] for name in columns},
    )
    arming = ArmingDesk(shorter, [house.instance()], lambda s, e: pytest.fail(str(e)))
    assert arming.for_session(panel.sessions[11], known(shorter, *house.assumed())) == ()


def test_a_strategy_that_cannot_arm_is_named_and_left_out(house: type[House]) -> None:
    """The others go on; the fault is on record."""

    class Broken(house.Buyer):  # type: ignore[misc, name-defined]
        def arm(self, panel: Panel) -> Any:
            raise ZeroDivisionError("range")

    desk = house.Desk(strategies=(house.instance(Broken(), "broken"), house.instance(house.Buyer(cap=0, stop=95))))
    desk.play(history(SYMBOL), [minutes_of((SYMBOL, "09:00", 25_450), (SYMBOL, "09:01", 25_450))])
    assert [(f.owner, f.code) for f in desk.kept(FaultRecord)] == [("broken", "core:STRATEGY_ERROR")]
    assert desk.bought == [(25_500, 100)]


@pytest.mark.parametrize("answer", [None, 5, "a panel of another shape"])
def test_a_strategy_that_arms_nonsense_is_left_out_too(house: type[House], answer: Any) -> None:
    """A guest that answers what it must not stops nobody else's day."""

    class Broken(house.Buyer):  # type: ignore[misc, name-defined]
        def arm(self, panel: Panel) -> Any:
            return super().arm(panel.until(panel.sessions[2])) if isinstance(answer, str) else answer

    desk = house.Desk(strategies=(house.instance(Broken(), "broken"), house.instance(house.Buyer(cap=0, stop=95))))
    desk.play(history(SYMBOL), [minutes_of((SYMBOL, "09:00", 25_450), (SYMBOL, "09:01", 25_450))])
    assert [f.owner for f in desk.kept(FaultRecord)] == ["broken"]
    assert desk.bought == [(25_500, 100)]


def test_a_parked_strategy_is_not_asked_to_manage_either(house: type[House]) -> None:
    """Three faults park it; its position keeps the stop it has, and people are not told every minute."""

    def managing(view: Any, position: Any) -> Any:
        raise RuntimeError("lost")

    manager = house.Manager(cap=0, stop=95, managing=managing)
    clocks = [f"09:{minute:02d}" for minute in range(30)]
    desk = house.Desk(strategies=(house.instance(manager, manage_every_min=1),))
    desk.play(history(SYMBOL), [minutes_of(*((SYMBOL, clock, 25_450) for clock in clocks))])
    assert [fault.code for fault in desk.kept(FaultRecord)] == [*["core:STRATEGY_ERROR"] * 3, "core:STRATEGY_PARKED"]


def test_an_account_goes_on_from_session_to_session(house: type[House]) -> None:
    """What the data left open is sold first thing in the next session."""
    panel = panel_of({SYMBOL: [DAY] * 8}, armed_for=krx_calendar().shift(SESSION, 1))
    first = minutes_of((SYMBOL, "09:00", 25_450), (SYMBOL, "09:01", 25_450), session=SESSION)
    second = minutes_of((SYMBOL, "09:00", 25_350), session=krx_calendar().shift(SESSION, 1))
    desk = desk_of(house).play(panel, [first, second])
    assert desk.fills == [("BUY", 25_500, 100), ("SELL", 25_300, 100)]
    assert [(p.quantity, p.last, p.code) for p in desk.kept(PositionRecord)] == [(100, 25_450, "core:DATA_ENDED")]
    assert desk.kept(OrderRecord)[-1].reason == str(CoreCode.FORCED_OVERNIGHT)


def test_the_best_rank_has_the_first_claim_on_cash(house: type[House]) -> None:
    """On daily bars setups are fed by rank: with cash for one, the busiest symbol is bought."""
    up = (25_400, 25_600, 25_300, 25_500, 100_000)
    busy = (25_000, 25_600, 24_700, 25_400, 900_000)
    rows: dict[str, list[Any]] = {"000001": [*[DAY] * 20, up], "000002": [*[busy] * 20, up]}
    panel = panel_of(rows, armed_for=krx_calendar().shift(SESSION, 1))
    desk = desk_of(house)
    desk = house.Desk(strategies=desk.strategies, capital=3_000_000).play(panel, days=[SESSION])
    assert [fill.symbol for fill in desk.kept(FillRecord)] == ["000002", "000002"]


def test_daily_bars_are_brought_for_what_an_exit_looks_at(house: type[House]) -> None:
    """Of an armed symbol as its strategy's traits say, of a held one as its own plan says too."""
    buyer = house.Buyer(cap=0, stop=91, trail=Trail(TrailMethod.MOVING_AVG, 10))
    instance = house.instance(buyer, sell_signals=frozenset({SellSignal.GAP_DOWN_BREAK}))
    desk = house.Desk(strategies=(instance,))
    seen = []
    feed = desk.pump.feed

    def watching(event: Any) -> None:
        if isinstance(event, SessionPrepared):
            seen.append([len(one.close) for one in event.tails])
        feed(event)

    desk.pump.feed = watching  # type: ignore[method-assign]
    panel = history(SYMBOL, days=16)
    desk.play(panel, days=panel.sessions[-2:])
    assert seen == [[1], [9]]


def test_daily_bars_are_brought_for_what_lives_on(house: type[House]) -> None:
    """A grid that was armed two evenings ago, and holds nothing yet, is shown its history like any other."""
    seen: list[tuple[dt.date, int]] = []

    def confirming(view: View, setup: Setup) -> NotYet:
        seen.append((view.hours.session, 0 if view.daily is None else len(view.daily.close)))
        return NotYet(house.OwnCode.LATER)

    @dataclass(slots=True)
    class Grid(house.Buyer):  # type: ignore[misc, name-defined]
        def arm(self, panel: Panel) -> Setups:
            armed = house.Buyer.arm(self, panel)
            reasons = armed.reasons.copy()
            reasons[13:] = 1
            terms = Group(bar_after_stop=5, expire_when_flat=10)
            lasting: dict[str, Any] = {"lifetime": Lifetime.UNTIL_CANCELLED, "rearm": Rearm.AFTER_FLAT, "group": terms}
            return replace(armed, reasons=reasons, **lasting)

    grid = Grid(confirming=confirming, waiting=lambda level: Below(Fixed(2 * level)))
    panel = history(SYMBOL, days=16)
    house.Desk(strategies=(house.instance(grid, daily_tail=5),)).play(panel, days=panel.sessions[-3:])
    assert seen == [(session, 5) for session in panel.sessions[-3:]]


def test_a_daily_run_sells_by_the_close_of_its_own_day_and_of_the_index(house: type[House]) -> None:
    """The index's close stands for its value at 15:15, as the close of the bar does for the price."""
    panel = history(SYMBOL, days=6)
    closes = np.array([2_500.0, 2_500, 2_500, 2_500, 2_500, 2_400])
    index = IndexSeries("KOSPI", panel.sessions, closes, closes, closes, closes, closes, "test")
    market = frozenset({SellSignal.MARKET_MA200_BREAK})
    facts = {fact.INDEX_CLOSE: 2_500.0, fact.INDEX_MA200: 2_490.0, fact.INDEX_MA199: 2_490.0}

    def sold(of: Panel) -> list[tuple[int, int]]:
        desk = house.Desk(strategies=(house.instance(house.Buyer(cap=0, stop=91, flags=market)),))
        return desk.play(of, days=panel.sessions[-1:], facts=facts).sold

    assert sold(replace(panel, indices={"KOSPI": index})) == [(25_350, 100)]
    assert sold(panel) == []


def test_a_strategy_that_needs_minutes_waits_only_where_there_are_some(house: type[House]) -> None:
    """Beside minute bars the others trade on their daily bar; on a session of daily bars it arms nothing."""
    up = (25_000, 25_600, 24_700, 25_400, 100_000)
    panel = panel_of(
        {"000001": [*[DAY] * 5, up], "000002": [*[DAY] * 5, up]}, armed_for=krx_calendar().shift(SESSION, 1)
    )
    minutes = minutes_of(("000001", "09:00", 25_450), ("000001", "09:01", 25_450), ("000001", "15:15", 25_450))

    def armed(session: MinuteBars | dt.date) -> set[tuple[str, str]]:
        needing = house.instance(house.Buyer(cap=0, stop=95), "needing", needs_minute_bars=True)
        content = house.instance(house.Buyer(cap=0, stop=95), "content")
        desk = house.Desk(strategies=(needing, content)).play(panel, mixed=[session])
        return {(r.instance, r.symbol) for r in desk.kept(SetupRecord) if r.status is SetupStatus.ARMED}

    everywhere = {("content", "000001"), ("content", "000002")}
    assert armed(minutes) == {("needing", "000001"), *everywhere}
    assert armed(SESSION) == everywhere


def test_clocks_of_minutes_do_not_end_what_a_daily_bar_trades(house: type[House]) -> None:
    """An exit after five minutes ends with the minute bars' clock, or at the close of the daily bar."""
    panel = panel_of({"000001": [DAY] * 6, "000002": [DAY] * 6}, armed_for=krx_calendar().shift(SESSION, 1))
    clocks = [f"09:{minute:02d}" for minute in range(20)]
    minutes = minutes_of(*(("000001", clock, 25_450) for clock in (*clocks, "15:15")))
    buyer = house.Buyer(cap=0, stop=91, time_exit=TimeExit(TimeExitKind.MINUTES, 5))
    desk = house.Desk(strategies=(house.instance(buyer),)).play(panel, mixed=[minutes])
    sold = {f.symbol: (f.price, f"{time.clock(f.ts):%H:%M}") for f in desk.kept(FillRecord) if f.side is Side.SELL}
    assert sold == {"000001": (25_400, "09:08"), "000002": (25_350, "15:15")}
