"""A dividend is owed from its ex-date on and paid later: equity, month, result and cash say so, to the won."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.dividends import after_tax, usual_payment
from kats_core.model import fact
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Side, Style
from kats_core.model.receivable import Receivable
from kats_core.model.record import EquityRecord, FillRecord, PositionRecord, TradeRecord
from kats_core.model.signal import Portion, Target, TargetKind
from kats_core.model.time import Nanos
from kats_core.risk.contract import EquityMarked
from kats_core.runtime.paper import PaperBroker

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
PAID = 25_500
DIVIDEND = 1_200
OWED = 101_520
"""100 shares x 1 200 won, less 15.4 %."""


def held(house: type[House], *targets: Target) -> Desk:
    """A desk that holds 100 shares over night; they cost 25 500 and closed at 25 450."""
    buyer = house.Buyer(stop=24_000, targets=targets)
    desk = house.Desk(strategies=(house.instance(buyer, style=Style.SWING),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert desk.bought == [(PAID, 100)]
    return desk.close()


def over_night(desk: Desk, facts: Mapping[str, fact.FactValue] | None = None) -> Desk:
    """Begin the next session with a dividend that goes ex in it."""
    return desk.next_session(base=25_450, facts={fact.DIVIDEND: DIVIDEND} | dict(facts or {}))


def snapshot(desk: Desk) -> tuple[int, dict[str, int], tuple[Receivable, ...]]:
    broker = desk.broker
    assert isinstance(broker, PaperBroker)
    told = broker.snapshot()
    return told.cash, dict(told.held), told.receivables


class TestExDate:
    """The morning, and what the market makes of it."""

    def test_equity_falls_by_the_tax_alone(self, house: type[House]) -> None:
        """The shares are worth less by the dividend before anybody trades them; what is owed for it is no cash."""
        desk = held(house)
        before, cash = desk.engine.equity, desk.engine.cash
        over_night(desk)
        assert before - desk.engine.equity == DIVIDEND * 100 - OWED
        assert desk.engine.cash == cash
        assert desk.engine.last_price(SYMBOL) == 25_450 - DIVIDEND
        assert [one.won for one in desk.engine.receivables] == [OWED]

    def test_the_fall_is_no_loss_of_the_day(self, house: type[House]) -> None:
        """Stages measure the day from what is left behind the dividend."""
        heard: list[EquityMarked] = []

        def hearing(event: object) -> tuple[()]:
            heard.extend([event] if isinstance(event, EquityMarked) else [])
            return ()

        stage = house.stage(house.Listener(hearing=hearing), "listener")
        buyer = house.instance(house.Buyer(stop=24_000), style=Style.SWING)
        desk = house.Desk(strategies=(buyer,), stages=house.sized(100, stage)).begin(house.setup())
        over_night(desk.minute("09:30", 25_450).minute("09:31", 25_450))
        desk.minute("09:00", 25_450 - DIVIDEND)
        morning = desk.hours.at(dt.time(8, 50))
        assert {event.equity - (event.equity_day or 0) for event in heard if event.ts >= morning} == {0}

    def test_it_counts_as_realised_at_once(self, house: type[House]) -> None:
        """What has gone ex cannot be lost any more; the month's loss limit sees it."""
        desk = held(house)
        before = desk.engine.fact(fact.REALISED_MONTH).value
        over_night(desk)
        after = desk.engine.fact(fact.REALISED_MONTH).value
        assert isinstance(before, int)
        assert isinstance(after, int)
        assert after - before == OWED

    def test_who_is_sold_on_the_ex_date_is_paid_all_the_same(self, house: type[House]) -> None:
        """And who bought on it gets nothing."""
        desk = over_night(held(house)).minute("09:10", 22_000).minute("09:11", 22_000)
        assert desk.engine.positions == ()
        assert [one.won for one in desk.engine.receivables] == [OWED]
        bought = house.Desk().begin(house.setup(), facts={fact.DIVIDEND: DIVIDEND})
        assert bought.minute("09:30", 25_450).minute("09:31", 25_450).engine.receivables == ()


class TestPayment:
    """From what is owed to cash."""

    def test_it_is_paid_on_its_day(self, house: type[House]) -> None:
        """Equity stays as it is; cash rises by what was owed."""
        desk = over_night(held(house), {fact.DIVIDEND_PAID_ON: "2026-03-09"})
        cash, equity = desk.engine.cash, desk.engine.equity
        desk.next_session(base=24_250)
        assert (desk.session, desk.engine.cash) == (dt.date(2026, 3, 6), cash)
        desk.next_session(base=24_250)
        assert (desk.session, desk.engine.cash) == (dt.date(2026, 3, 9), cash + OWED)
        assert (desk.engine.equity, desk.engine.receivables) == (equity, ())
        assert snapshot(desk) == (cash + OWED, {SYMBOL: 100}, ())

    def test_a_day_that_is_no_session_pays_on_the_next_one(self, house: type[House]) -> None:
        """2026-03-07 is a Saturday."""
        desk = over_night(held(house), {fact.DIVIDEND_PAID_ON: "2026-03-07"})
        cash = desk.engine.cash
        assert desk.next_session(base=24_250).engine.cash == cash
        assert desk.next_session(base=24_250).engine.cash == cash + OWED

    @pytest.mark.parametrize(
        ("goes_ex", "paid_on"),
        [("2025-12-29", "2026-04-20"), ("2026-03-30", "2026-05-19"), ("2026-06-29", "2026-08-18")],
    )
    def test_without_a_stated_day_it_is_the_usual_one(self, goes_ex: str, paid_on: str) -> None:
        """Year-end dividends within a month of the general meeting of March, others within weeks of the record date."""
        assert usual_payment(dt.date.fromisoformat(goes_ex)) == dt.date.fromisoformat(paid_on)

    def test_the_tax_is_rounded_down(self) -> None:
        """15.4 % of 1 501 won are 231.154."""
        assert [after_tax(won) for won in (1_500_000, 1_501, 0)] == [1_269_000, 1_270, 0]


class TestResult:
    """What the trade made."""

    def test_a_trade_holds_its_dividend(self, house: type[House]) -> None:
        """Its profit and its R are those of all it brought."""
        desk = over_night(held(house)).minute("09:10", 22_000).minute("09:11", 22_000)
        (trade,) = desk.kept(TradeRecord)
        assert trade.dividend == OWED
        charges = trade.commission + trade.tax
        assert trade.net_profit == trade.sold_amount - trade.bought_amount - charges + OWED
        assert trade.r_multiple == round(trade.net_profit / int(trade.initial_risk), 6)
        assert desk.engine.equity == desk.capital + trade.net_profit

    def test_shares_that_left_before_get_nothing(self, house: type[House]) -> None:
        """A third was sold at its target the day before."""
        target = Target(TargetKind.ABSOLUTE, 25_800, Portion.THIRD)
        buyer = house.Buyer(stop=24_000, targets=(target,))
        desk = house.Desk(strategies=(house.instance(buyer, style=Style.SWING),)).begin(house.setup())
        desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:40", 25_800).minute("09:41", 25_800).close()
        (position,) = desk.engine.positions
        over_night(desk)
        assert position.quantity == 67
        assert [one.won for one in desk.engine.receivables] == [after_tax(67 * DIVIDEND)]

    def test_the_session_ends_with_what_is_owed(self, house: type[House]) -> None:
        """`receivable` of the account's record; equity is the sum."""
        over_night(held(house)).minute("09:10", 24_300)
        desk = over_night(held(house)).minute("09:10", 24_300).close()
        last = desk.kept(EquityRecord)[-1]
        assert last.receivable == OWED
        assert last.equity == last.cash + last.market_value + OWED

    def test_a_restart_forgets_nothing_that_is_owed(self, house: type[House]) -> None:
        """The account as it is kept."""
        desk = over_night(held(house))
        equity, owed = desk.engine.equity, desk.engine.receivables
        desk.restart(*house.sized())
        assert (desk.engine.equity, desk.engine.receivables) == (equity, owed)


@dataclass(frozen=True, slots=True)
class Paying:
    """Announces seeded dividends: of each symbol on one of three days one, sometimes with its day of payment."""

    seed: int
    symbols: tuple[str, ...]

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Fact]:
        """Return those of the session."""
        return self._facts(session, at)

    def _facts(self, session: dt.date, at: Nanos) -> Iterator[Fact]:
        chance = random.Random(self.seed * 1_000_003 + session.toordinal())
        for symbol in self.symbols:
            won, is_stated, days = chance.randrange(1, 400), chance.random() < 0.7, chance.randrange(0, 5)
            if chance.random() < 1 / 3:
                yield Fact(fact.DIVIDEND, won, at, FactSource.FILE, symbol)
                if is_stated:
                    paid_on = (session + dt.timedelta(days=days)).isoformat()
                    yield Fact(fact.DIVIDEND_PAID_ON, paid_on, at, FactSource.FILE, symbol)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_money_is_conserved_whatever_goes_ex(house: type[House], seed: int) -> None:
    """Cash is what fills and payments say, equity the sum of its parts, profit what trades and dividends made; the broker agrees."""
    panel = house.random_panel(seed, 14, 6)
    buyers = [house.instance(house.Buyer(cap=0, stop=n), f"buyer{n}", style=Style.SWING) for n in (92, 95)]
    desk = house.Desk(strategies=tuple(buyers), stages=house.sized(37), participation=1.0)
    minutes = house.random_minutes(seed, panel, panel.sessions[-1])
    desk.play(panel, mixed=[*panel.sessions[4:-1], minutes], also=(Paying(seed, panel.symbols),))
    flow = sum(
        (1 if fill.side is Side.SELL else -1) * fill.amount - fill.commission - fill.tax
        for fill in desk.kept(FillRecord)
    )
    engine, trades = desk.engine, desk.kept(TradeRecord)
    assert snapshot(desk) == (engine.cash, _shares(desk), engine.receivables)
    for day in desk.kept(EquityRecord):
        worth = sum(p.market_value for p in desk.kept(PositionRecord) if p.session == day.session)
        assert day.equity == day.cash + worth + day.receivable
    paid = engine.cash - desk.capital - flow
    owed = sum(one.won for one in engine.receivables)
    assert paid >= 0
    if not engine.positions:
        assert sum(trade.dividend for trade in trades) == paid + owed
        assert engine.equity == desk.capital + sum(trade.net_profit for trade in trades)


def _shares(desk: Desk) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for position in desk.engine.positions:
        found[position.symbol] += position.quantity
    return dict(found)
