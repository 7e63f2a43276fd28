"""Adding to winners: the worked example of `spec/risk.md` section 5, its near misses, and what an add may never do."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kats_core.market.ticks import tick_table
from kats_core.model import fact
from kats_core.model.event import FactsChanged
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, InstrumentKind, Market, Purpose, Style
from kats_core.model.record import OrderRecord, SignalRecord, SignalStatus, TradeRecord, VerdictRecord
from kats_core.model.signal import Exit, Target, TargetKind
from kats_core.model.verdict import Plan, Proposal, Verdict, approve, reject
from kats_core.risk.contract import Phase, StageContext
from kats_core.risk.limits import Limits, Pyramiding
from kats_core.risk.pyramid import add_cap, add_trigger, stage_quantity, stop_after_add

if TYPE_CHECKING:
    from conftest import Desk, House

TICKS = tick_table(dt.date(2026, 3, 4), Market.KOSPI, InstrumentKind.STOCK)
RATIOS = (0.5, 0.3, 0.2)
BASE = 38_400


def sizing(proposal: Proposal, context: StageContext) -> Verdict:
    """Plan 387, and buy half of it first, as the position sizer does."""
    return approve(proposal.quantity or 193, plan=Plan(387, 0.018))


def desk_of(house: type[House], *, strategy: Any = None, limits: Limits | None = None, **traits: Any) -> Desk:
    """A desk whose buyer pyramids: pivot 38 650, stop 36 650, T1 and T2 at 10 and 20 percent."""
    targets = (Target(TargetKind.FRACTION, 0.10), Target(TargetKind.FRACTION, 0.20))
    buyer = strategy or house.Buyer(cap=39_750, stop=36_650, targets=targets)
    usual: dict[str, Any] = {"pyramids": True, "style": Style.SWING}
    return house.Desk(
        strategies=(house.instance(buyer, **(usual | traits)),),
        stages=(house.stage(house.Answer(answering=sizing), "size", Phase.SIZE), house.stage(house.Answer(), "yes")),
        limits=limits or Limits(),
    )


def first_stage(house: type[House], **changes: Any) -> Desk:
    """193 shares at 38 700."""
    desk = desk_of(house, **changes).begin(house.setup(38_650), base=BASE)
    desk.minute("09:30", 38_650).minute("09:31", 38_650)
    assert desk.bought == [(38_700, 193)]
    return desk


def test_the_parts_of_a_plan() -> None:
    """387 is bought as 193, 116 and 77; there is no fourth part."""
    assert [stage_quantity(387, stage, RATIOS) for stage in (1, 2, 3, 4, 0)] == [193, 116, 77, 0, 0]


def test_the_prices_of_an_add() -> None:
    """Triggers 39 700 and 40 700, a cap one percent above, stops 37 800 and 38 400."""
    assert add_trigger(Fraction(38_700), 0.025, TICKS) == 39_700
    assert add_trigger(Fraction(39_700), 0.025, TICKS) == 40_700
    assert add_cap(39_700, 0.01, TICKS) == 40_050
    two = Fraction(193 * 38_700 + 116 * 39_700)
    assert stop_after_add(36_650, two / 309, 309, Fraction(395_650), TICKS) == 37_800
    assert stop_after_add(37_800, (two + 77 * 40_700) / 386, 386, Fraction(395_650), TICKS) == 38_400
    assert stop_after_add(39_000, two / 309, 309, Fraction(395_650), TICKS) == 39_000


@given(
    plan=st.integers(2, 5_000),
    price=st.integers(4_000, 400_000),
    width=st.integers(10, 900),
    above=st.sampled_from([0.02, 0.025, 0.05]),
)
def test_the_money_at_risk_never_grows(plan: int, price: int, width: int, above: float) -> None:
    """Whatever is added, all shares together lose at the stop at most what the first stage risked."""
    average = Fraction(TICKS.rup(price))
    stop = TICKS.rdn(average * (10_000 - width) / 10_000)
    quantity = stage_quantity(plan, 1, RATIOS)
    cost, risk = quantity * average, quantity * (average - stop)
    for stage in (2, 3):
        added = stage_quantity(plan, stage, RATIOS)
        average = Fraction(add_trigger(average, above, TICKS))
        cost, quantity = cost + added * average, quantity + added
        raised = stop_after_add(stop, cost / quantity, quantity, risk, TICKS)
        assert raised >= stop
        assert cost - raised * quantity <= risk
        stop = raised


def test_three_stages_as_in_the_example(house: type[House]) -> None:
    """Each is a signal of its own through all stages; targets stay those of the first, their shares follow."""
    desk = first_stage(house)
    assert desk.engine.positions[0].targets == ((42_600, 64), (46_450, 64))
    desk.minute("09:40", 39_650)
    assert len(desk.kept(OrderRecord)) == 1, "39 650 is not 39 700"
    desk.minute("09:41", 39_700).minute("09:42", 39_650)
    position = desk.engine.positions[0]
    assert (desk.bought[1], position.stop) == ((39_700, 116), 37_800)
    assert round(float(position.average), 2) == 39_075.40
    assert position.targets == ((42_600, 103), (46_450, 103))
    desk.minute("09:50", 40_700).minute("09:51", 40_650)
    position = desk.engine.positions[0]
    assert (desk.bought[2], position.stop) == ((40_700, 77), 38_400)
    assert round(float(position.average), 2) == 39_399.48
    assert position.initial_risk == 395_650
    desk.minute("10:00", 41_700).minute("10:01", 41_700)
    assert len(desk.bought) == 3
    signals = [s for s in desk.kept(SignalRecord) if s.status is SignalStatus.ORDERED]
    assert [s.purpose for s in signals] == [Purpose.ENTRY, Purpose.PYRAMID, Purpose.PYRAMID]
    assert len({s.signal_id for s in signals}) == 3
    for signal in signals:
        trail = [v.stage for v in desk.kept(VerdictRecord) if v.signal_id == signal.signal_id]
        assert trail == ["size", "yes", "core"]


def test_j_1_a_pyramid_that_was_scaled_out(house: type[House]) -> None:
    """R is of the whole position against what its first stage risked."""
    desk = first_stage(house).minute("09:41", 39_700).minute("09:42", 39_650)
    desk.minute("10:00", 42_600, 42_650, 42_600, 42_600).minute("10:01", 38_000)
    (trade,) = desk.kept(TradeRecord)
    assert trade.quantity == 309
    assert trade.initial_risk == "395650"


def test_an_add_goes_on_in_the_next_session(house: type[House]) -> None:
    """The plan and its newest stage belong to the position."""
    desk = first_stage(house).next_session(base=39_000)
    desk.minute("09:40", 39_700).minute("09:41", 39_650)
    assert desk.bought[1:] == [(39_700, 116)]


def test_nothing_is_added_to_a_loser_or_outside_the_window(house: type[House]) -> None:
    """Below the first stage never; before 09:30 and from 14:00 on not either."""
    desk = first_stage(house).minute("09:40", 38_600).minute("13:59", 39_650).minute("14:00", 39_750)
    assert len(desk.bought) == 1
    early = first_stage(house).next_session(base=39_000).minute("09:28", 39_750)
    assert len(early.kept(OrderRecord)) == 1
    assert len(early.minute("09:29", 39_700).kept(OrderRecord)) == 2, "the bar that ends at 09:30 is the first"


def test_nothing_is_added_above_the_cap_or_near_the_first_target(house: type[House]) -> None:
    """Cap 40 050; within two percent of T1 there is not enough left to win."""
    assert len(first_stage(house).minute("09:40", 40_100).kept(OrderRecord)) == 1
    near = house.Buyer(cap=39_750, stop=36_650, targets=(Target(TargetKind.ABSOLUTE, 40_500),))
    assert len(first_stage(house, strategy=near).minute("09:40", 39_700).kept(OrderRecord)) == 1
    far = house.Buyer(cap=39_750, stop=36_650, targets=(Target(TargetKind.ABSOLUTE, 40_550),))
    assert len(first_stage(house, strategy=far).minute("09:40", 39_700).kept(OrderRecord)) == 2


def test_nothing_is_added_once_the_first_target_was_reached(house: type[House]) -> None:
    """A fall back to the trigger does not bring the stage back."""
    soon = house.Buyer(cap=39_750, stop=36_650, targets=(Target(TargetKind.FRACTION, 0.05),))
    desk = first_stage(house, strategy=soon).minute("09:40", 40_650).minute("09:41", 40_650).minute("09:42", 39_700)
    assert len(desk.bought) == 1


def test_nothing_is_added_while_the_stage_before_still_buys(house: type[House]) -> None:
    """Filled or closed first."""
    desk = desk_of(house).begin(house.setup(38_650), base=BASE)
    desk.minute("09:30", 38_650).minute("09:31", 38_650, volume=2_000).minute("09:32", 39_700)
    assert desk.bought == [(38_700, 100)]
    desk.passes("09:37").minute("09:38", 39_700).minute("09:39", 39_650)
    assert desk.bought == [(38_700, 100), (39_700, 116)]


@pytest.mark.parametrize(
    ("name", "value"), [(fact.REGIME, "BEAR"), (fact.STATUS, "53"), (fact.STATUS, "58")], ids=["regime", "53", "58"]
)
def test_nothing_is_added_where_nothing_would_be_bought(house: type[House], name: str, value: str) -> None:
    """The regime no longer enables the strategy, or the exchange restricts the symbol."""
    desk = first_stage(house)
    now = desk.engine._state.now
    symbol = "" if name == fact.REGIME else house.SYMBOL
    desk.feed(FactsChanged(now, (Fact(name, value, now, FactSource.FEED, symbol),)))
    assert len(desk.minute("09:40", 39_700).minute("09:41", 39_700).bought) == 1


def test_a_strategy_that_does_not_pyramid_buys_once(house: type[House]) -> None:
    """The trait decides."""
    assert len(first_stage(house, pyramids=False).minute("09:40", 39_700).minute("09:41", 39_700).bought) == 1


def test_a_stage_may_refuse_an_add(house: type[House]) -> None:
    """Then it is muted for a minute and asked again; nothing stays reserved."""
    refusing = house.Answer(
        answering=lambda p, _: reject(house.OwnCode.NO) if p.purpose is Purpose.PYRAMID else approve(p.quantity or 0)
    )

    desk = desk_of(house)
    stages = (desk.stages[0], house.stage(refusing, "no"))
    refused = house.Desk(strategies=desk.strategies, stages=stages).begin(house.setup(38_650), base=BASE)
    refused.minute("09:30", 38_650).minute("09:31", 38_650)
    refused.minute("09:40", 39_700).minute("09:41", 39_700)
    assert [p.purpose for p in refusing.seen] == [Purpose.ENTRY, Purpose.PYRAMID, Purpose.PYRAMID]
    assert len(refused.bought) == 1
    assert refused.engine._state.reservations.all == ()


def test_a_stop_takes_an_add_back_and_sells_what_it_still_buys(house: type[House]) -> None:
    """One position, one end."""
    desk = first_stage(house).minute("09:41", 39_700)
    assert [order.purpose for order in desk.engine.live_orders] == [Purpose.PYRAMID]
    desk.minute("09:42", 39_800, 39_800, 36_600, 36_650)
    assert desk.engine.live_orders == ()
    assert desk.engine.positions == ()
    assert sum(quantity for _, quantity in desk.sold) == sum(quantity for _, quantity in desk.bought)


def test_nothing_is_added_to_what_is_being_sold(house: type[House]) -> None:
    """Also while the sale waits for its time."""
    manager = house.Manager(cap=39_750, stop=36_650, managing=lambda view, p: Exit(house.OwnCode.TIRED))
    desk = first_stage(house, strategy=manager, manage_every_min=10)
    desk.minute("09:39", 39_700)
    assert [order.purpose for order in desk.kept(OrderRecord)] == [Purpose.ENTRY, Purpose.EXIT]


def test_daily_bars_add_once_a_day_at_the_trigger(house: type[House]) -> None:
    """Not on the day of the entry; a low that reaches the raised stop ends the position at it."""
    desk = desk_of(house).begin(house.setup(38_650), base=BASE).day(38_500, 41_000, 38_400, 40_000)
    assert len(desk.bought) == 1
    desk.next_session(base=38_600).day(38_600, 41_000, 38_500, 40_900)
    assert desk.bought[1:] == [(39_750, 116)]
    assert desk.engine.positions[0].stop == 37_850
    low = desk_of(house).begin(house.setup(38_650), base=BASE).day(38_500, 38_800, 38_400, 38_700)
    low.next_session(base=38_600).day(38_600, 39_800, 37_500, 39_000)
    assert low.sold == [(37_800, 309)]


def test_terms_that_cannot_be_are_refused() -> None:
    """More than the plan, no part, a window outside the session."""
    wrong: list[dict[str, Any]] = [
        {"ratios": (0.6, 0.5)},
        {"ratios": ()},
        {"ratios": (0.5, 0)},
        {"trigger": 2.5},
        {"max_chase": 0.03},
        {"window": (dt.time(14), dt.time(9, 30))},
    ]
    for terms in wrong:
        with pytest.raises(ValidationError):
            Pyramiding(**terms)


def test_an_operator_may_choose_the_terms(house: type[House]) -> None:
    """Two equal parts, the second at five percent."""
    terms = Limits(pyramid=Pyramiding(ratios=(0.5, 0.5), trigger=0.05, max_chase=0))
    desk = first_stage(house, limits=terms).minute("09:40", 39_700).minute("09:41", 40_650).minute("09:42", 40_600)
    assert desk.bought[1:] == [(40_650, 193)]
