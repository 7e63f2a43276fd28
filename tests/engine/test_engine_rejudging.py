"""A second opinion beside the stages of a run: it sees what they see, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kats_core.engine.pipeline import StageInstance
from kats_core.engine.rejudging import Opinion, Rejudging
from kats_core.model.codes import CoreCode
from kats_core.model.command import Fetch
from kats_core.model.event import Fetched
from kats_core.model.fact import ORDERABLE_CASH, Fact
from kats_core.model.kinds import FactSource, Severity
from kats_core.model.record import OrderRecord, SignalRecord, SignalStatus
from kats_core.model.verdict import Proposal, Verdict, approve, reject
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import Action, EquityMarked, Flatten, StageContext, StageEvent, Tell
from kats_core.risk.limits import Limits

if TYPE_CHECKING:
    from conftest import Desk, House


def nothing(request: Fetch) -> Fetched:
    """Know no answer."""
    return Fetched(request.ts, request.request, ())


def judged(
    house: type[House], stages: Sequence[StageInstance], limits: Limits | None = None, fetch: Any = nothing, **desk: Any
) -> tuple[Desk, Opinion]:
    """Let a session bring one signal, with these stages beside; return the desk and what they say."""
    said: list[Opinion] = []
    rejudging = Rejudging(stages=tuple(stages), limits=limits or Limits(), keep=said.append, fetch=fetch)
    played = house.Desk(rejudging=rejudging, **desk).begin(house.setup()).day(25_000, 25_600, 24_800, 25_500)
    (opinion,) = said
    return played, opinion


def test_it_judges_by_its_own_limits(house: type[House]) -> None:
    """What one share risks follows from them: a stop one percent away counts as two where they say so."""
    buyer = house.instance(house.Buyer(stop=25_250))
    desk, opinion = judged(house, house.sized(), Limits(min_stop_frac=0.02), strategies=(buyer,))
    own = Fraction(desk.kept(SignalRecord)[-1].risk_per_share)
    assert opinion.proposal.entry_limit == 25_500
    assert opinion.proposal.risk_per_share - own == 510 - 250


def test_exposure_is_checked_by_its_limits_and_the_gate_by_its_quantity(house: type[House]) -> None:
    """The core's own last check and the order gate have the last word on it too."""
    _, small = judged(house, house.sized(), Limits(max_exposure=0.01))
    assert (small.status, small.code) == (SignalStatus.REJECTED, CoreCode.EXPOSURE)
    _, large = judged(house, house.sized(1_500), gate=GateConfig())
    assert (large.status, large.code, large.quantity) == (SignalStatus.REJECTED, CoreCode.MAX_NOTIONAL, 1_500)


def test_what_its_stages_want_done_is_not_done(house: type[House]) -> None:
    """They hear of every valuation; their orders to sell, and what they tell people, stay with them."""
    heard: list[StageEvent] = []

    def panic(event: StageEvent) -> Sequence[Action]:
        heard.append(event)
        return (Flatten(house.OwnCode.NO), Tell(Severity.CRITICAL, house.OwnCode.NO))

    listener = house.stage(house.Listener(hearing=panic), "panic")
    desk, opinion = judged(house, house.sized(100, listener))
    assert any(isinstance(event, EquityMarked) for event in heard)
    assert opinion.status is SignalStatus.ORDERED
    assert desk.bought
    assert not desk.sold
    assert not desk.notices


def test_a_stage_that_fails_to_listen_refuses_as_in_a_run(house: type[House]) -> None:
    """It is parked; the run goes on, and counts no fault."""

    def failing(event: StageEvent) -> Sequence[Action]:
        raise ZeroDivisionError

    desk, opinion = judged(house, house.sized(100, house.stage(house.Listener(hearing=failing), "broken")))
    assert (opinion.status, opinion.code) == (SignalStatus.REJECTED, CoreCode.STAGE_ERROR)
    assert desk.bought
    assert not desk.notices


def test_what_only_it_asks_for_is_fetched(house: type[House]) -> None:
    """The run's own stages need nothing; the answer is used, and the run does not learn it."""

    def cash(proposal: Proposal, context: StageContext) -> Verdict:
        known = context.fact(ORDERABLE_CASH).value
        return approve(proposal.quantity or 0) if known == 77 else reject(house.OwnCode.NO)

    def fetch(request: Fetch) -> Fetched:
        assert request.needs == (ORDERABLE_CASH,)
        known = Fact(ORDERABLE_CASH, 77, request.ts, FactSource.DERIVED, request.symbol)
        return Fetched(request.ts, request.request, (known,))

    guard = house.stage(house.Answer(cash), "guard", needs=(ORDERABLE_CASH,))
    desk, opinion = judged(house, house.sized(100, guard), fetch=fetch)
    assert opinion.status is SignalStatus.ORDERED
    assert desk.engine.fact(ORDERABLE_CASH, house.SYMBOL).is_missing


def test_it_leaves_no_trace_in_the_log(house: type[House]) -> None:
    """The same records, order numbers among them, with and without it."""
    with_it, _ = judged(house, house.sized(7))
    without = house.Desk().begin(house.setup()).day(25_000, 25_600, 24_800, 25_500)
    assert with_it.log == without.log
    assert with_it.kept(OrderRecord)
