"""Measure what came of trading: pure functions of lists, exact until somebody displays them.

The population is what the caller passes: closed trades of one run in a period, ordered by the time they were closed.
What cannot be said is None, never zero: a win rate of no trades, a profit factor without a loss.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

import msgspec

from kats_core.model.kinds import OrderState, Side
from kats_core.model.labels import Labelled
from kats_core.model.record import EquityRecord, FillRecord, OrderEventRecord, OrderRecord, TradeRecord
from kats_core.model.time import SECOND

SQN_NEEDS = 30
SQN_CAP = 100
SHARPE_NEEDS = 60
SESSIONS_A_YEAR = 250

K = TypeVar("K", str, int)


class SqnRating(Labelled):
    """Van Tharp's words for a system quality number."""

    POOR = "POOR", "나쁨", "poor"
    BELOW_AVERAGE = "BELOW_AVERAGE", "평균 이하", "below average"
    GOOD = "GOOD", "좋음", "good"
    EXCELLENT = "EXCELLENT", "우수", "excellent"
    SUPERB = "SUPERB", "탁월", "superb"
    HOLY_GRAIL = "HOLY_GRAIL", "성배 수준, 과최적화 확인 필요", "holy grail, check for over-fitting"


_RATINGS = (
    (1.6, SqnRating.POOR),
    (2.0, SqnRating.BELOW_AVERAGE),
    (3.0, SqnRating.GOOD),
    (5.0, SqnRating.EXCELLENT),
    (7.0, SqnRating.SUPERB),
)


class Sqn(msgspec.Struct, frozen=True):
    """A system quality number over the last `count` trades. Without a value, `note` says why."""

    value: float | None
    rating: SqnRating | None
    mean: float | None
    deviation: float | None
    count: int
    note: str = ""


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall of equity from a peak, as a negative fraction of the peak, with the days of both ends."""

    frac: float
    peak_day: dt.date
    trough_day: dt.date


class Streaks(msgspec.Struct, frozen=True):
    """The longest runs of wins and of losses."""

    wins: int
    losses: int


class Group(msgspec.Struct, frozen=True):
    """The trades that share something: a strategy, a weekday, an exit reason."""

    name: str | int
    count: int
    win_rate: float | None
    mean_r: float | None
    profit: int


def r_multiple(net_profit: int, initial_risk: Fraction) -> float | None:
    """Return the profit of a whole position in units of its initial risk; None where that risk is not positive."""
    return float(net_profit / initial_risk) if initial_risk > 0 else None


def wins(profits: Iterable[float]) -> int:
    """Count the profits above zero."""
    return sum(profit > 0 for profit in profits)


def losses(profits: Iterable[float]) -> int:
    """Count the profits below zero; a scratch, exactly zero, is neither win nor loss."""
    return sum(profit < 0 for profit in profits)


def win_rate(profits: Sequence[float]) -> float | None:
    """Return wins / (wins + losses)."""
    won = wins(profits)
    decided = won + losses(profits)
    return won / decided if decided else None


def mean(values: Sequence[float]) -> float | None:
    """Return the average: of R multiples the expectancy, of profits the money expectancy, scratches included."""
    return math.fsum(values) / len(values) if values else None


def deviation(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (n - 1)."""
    average = mean(values)
    if average is None or len(values) < 2:
        return None
    if min(values) == max(values):
        # Exactly, whatever rounding does to the average.
        return 0.0
    return math.sqrt(math.fsum((value - average) ** 2 for value in values) / (len(values) - 1))


def payoff(profits: Sequence[float]) -> float | None:
    """Return the average win over the size of the average loss."""
    won = mean([profit for profit in profits if profit > 0])
    lost = mean([profit for profit in profits if profit < 0])
    return None if won is None or lost is None else won / -lost


def profit_factor(profits: Sequence[float]) -> float | None:
    """Return the sum of wins over the size of the sum of losses; None without a loss."""
    lost = math.fsum(profit for profit in profits if profit < 0)
    return math.fsum(profit for profit in profits if profit > 0) / -lost if lost else None


def sqn(r_multiples: Sequence[float]) -> Sqn:
    """Return the system quality number of the last 100 trades, mean(R) / deviation(R) * sqrt(n); it needs 30."""
    last = r_multiples[-SQN_CAP:]
    average, spread = mean(last), deviation(last)
    if len(last) < SQN_NEEDS:
        return Sqn(None, None, average, spread, len(last), f"needs {SQN_NEEDS}, has {len(last)}")
    if average is None or not spread:
        return Sqn(None, None, average, spread, len(last), "all R are equal")
    value = average / spread * math.sqrt(len(last))
    return Sqn(value, _rating(value), average, spread, len(last))


def _rating(value: float) -> SqnRating:
    return next((rating for bound, rating in _RATINGS if value < bound), SqnRating.HOLY_GRAIL)


def max_drawdown(equity: Sequence[tuple[dt.date, float]], deposits: Sequence[float] | None = None) -> Drawdown | None:
    """Return the deepest fall of closing equity, given day by day; None for no days.

    `deposits[i]` is what was paid in during day i, less what was paid out: it is no profit, and moves the peak along.
    """
    if not equity:
        return None
    flows = deposits if deposits is not None else [0.0] * len(equity)
    peak_day, peak = equity[0]
    worst = Drawdown(0.0, peak_day, peak_day)
    for (day, value), flow in zip(equity[1:], flows[1:], strict=True):
        earned = value - flow
        if earned >= peak:
            peak_day, peak = day, value
            continue
        if earned / peak - 1 < worst.frac:
            worst = Drawdown(earned / peak - 1, peak_day, day)
        if flow and earned > 0:
            peak *= value / earned
    return worst


def compounded(returns: Iterable[float]) -> float:
    """Return the return of a period from the returns of its days."""
    return math.prod(1 + daily for daily in returns) - 1


def daily_returns(equity: Sequence[float], deposits: Sequence[float] | None = None) -> list[float]:
    """Return profit over the equity of the day before, for every day but the first; deposits are no profit."""
    flows = deposits if deposits is not None else [0.0] * len(equity)
    return [(today - flow) / before - 1 for before, today, flow in zip(equity[:-1], equity[1:], flows[1:], strict=True)]


def sharpe(returns: Sequence[float]) -> float | None:
    """Return mean over deviation of daily returns, for a year of 250 sessions; for information, and needs 60 days."""
    if len(returns) < SHARPE_NEEDS:
        return None
    average, spread = mean(returns), deviation(returns)
    return average / spread * math.sqrt(SESSIONS_A_YEAR) if average is not None and spread else None


def exposure(samples: Sequence[float]) -> float | None:
    """Return the average invested share of equity over equally spaced samples."""
    return mean(samples)


def time_in_market(samples: Sequence[float]) -> float | None:
    """Return the share of samples in which anything was invested."""
    return sum(sample > 0 for sample in samples) / len(samples) if samples else None


def streaks(profits: Iterable[float]) -> Streaks:
    """Return the longest runs of wins and of losses; scratches neither extend nor end a run."""
    longest = {True: 0, False: 0}
    running, length = True, 0
    for profit in profits:
        if profit == 0:
            continue
        length = length + 1 if (profit > 0) is running else 1
        running = profit > 0
        longest[running] = max(longest[running], length)
    return Streaks(longest[True], longest[False])


def grouped(trades: Iterable[TradeRecord], by: Callable[[TradeRecord], K]) -> list[Group]:
    """Return the trades counted by something, in its order: `grouped(trades, lambda trade: trade.exit_code)`."""
    groups: dict[K, list[TradeRecord]] = {}
    for trade in trades:
        groups.setdefault(by(trade), []).append(trade)
    return [_group(name, groups[name]) for name in sorted(groups)]


def _group(name: str | int, trades: Sequence[TradeRecord]) -> Group:
    profits = [trade.net_profit for trade in trades]
    return Group(name, len(trades), win_rate(profits), mean(r_multiples(trades)), sum(profits))


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How entries were carried out. Shares as fractions of the entries that were filled, slippage of the price it was asked at.

    `fill_s` is the mean time in seconds from an order to its last fill, `partial_frac` the share of orders that got less
    than they asked for. `expired` and `amended` are numbers of orders.
    """

    filled: int
    slippage: float | None
    fill_s: float | None
    partial_frac: float | None
    expired: int
    amended: int


def execution(
    orders: Iterable[OrderRecord],
    events: Iterable[OrderEventRecord],
    fills: Iterable[FillRecord],
    references: Mapping[str, int],
) -> Execution:
    """Return how the purchases among the orders were carried out; `references` are the prices of the signals, by their id."""
    bought: dict[str, list[FillRecord]] = {}
    for fill in fills:
        if fill.side is Side.BUY:
            bought.setdefault(fill.order_id, []).append(fill)
    purchases = {order.order_id: order for order in orders if order.side is Side.BUY}
    steps = [(event.order_id, event.after, event.event) for event in events if event.order_id in purchases]
    slips, waits, partial = [], [], 0
    for order_id, own in bought.items():
        order, shares = purchases[order_id], sum(fill.quantity for fill in own)
        reference = references.get(order.signal_id)
        if reference:
            slips.append(float(Fraction(sum(fill.amount for fill in own), shares * reference) - 1))
        waits.append((own[-1].ts - order.ts) / SECOND)
        partial += shares < order.quantity
    return Execution(
        filled=len(bought),
        slippage=mean(slips),
        fill_s=mean(waits),
        partial_frac=partial / len(bought) if bought else None,
        expired=len({order_id for order_id, after, _ in steps if after is OrderState.EXPIRED}),
        amended=len({order_id for order_id, _, event in steps if event == "AMENDED"}),
    )


def r_multiples(trades: Iterable[TradeRecord]) -> list[float]:
    """Return the R of the trades that have one."""
    return [trade.r_multiple for trade in trades if trade.r_multiple is not None]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run or a period; money in won, shares as fractions."""

    trades: int
    wins: int
    losses: int
    win_rate: float | None
    profit: int
    money_expectancy: float | None
    expectancy_r: float | None
    payoff: float | None
    profit_factor: float | None
    sqn: Sqn
    streaks: Streaks
    return_frac: float | None
    max_drawdown: Drawdown | None
    exposure: float | None
    time_in_market: float | None
    sharpe: float | None
    commission: int
    tax: int


def measure(trades: Sequence[TradeRecord], equity: Sequence[EquityRecord], capital: int) -> Statistics:
    """Return the figures of closed trades, ordered by their close, and of daily closing equity.

    `capital` is the equity before the first day. Exposure is the mean of the days' means.
    """
    profits = [trade.net_profit for trade in trades]
    closes = [capital, *(day.equity for day in equity)]
    returns = daily_returns(closes)
    exposures = [day.exposure for day in equity]
    # A fall on the first day counts too: it starts from the capital.
    curve = [(day.session, day.equity) for day in equity]
    if curve:
        curve.insert(0, (curve[0][0], capital))
    return Statistics(
        trades=len(trades),
        wins=wins(profits),
        losses=losses(profits),
        win_rate=win_rate(profits),
        profit=sum(profits),
        money_expectancy=mean(profits),
        expectancy_r=mean(r_multiples(trades)),
        payoff=payoff(profits),
        profit_factor=profit_factor(profits),
        sqn=sqn(r_multiples(trades)),
        streaks=streaks(profits),
        return_frac=closes[-1] / capital - 1 if equity else None,
        max_drawdown=max_drawdown(curve),
        exposure=exposure(exposures),
        time_in_market=time_in_market(exposures),
        sharpe=sharpe(returns),
        commission=sum(trade.commission for trade in trades),
        tax=sum(trade.tax for trade in trades),
    )
