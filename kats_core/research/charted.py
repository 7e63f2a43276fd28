"""Choose the trades that the report draws, and put them with their candles into few bytes; the page draws them when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Side
from kats_core.model.setup import Numbers
from kats_core.model.time import clock, session_date
from kats_core.research.market import Candles, day_number
from kats_core.research.metrics import UNKNOWN, By
from kats_core.research.results import Story
from kats_core.research.words import Words

CHARTED = 500
"""So many trades a report draws unless it is told otherwise: about a megabyte."""

KEPT = 5_000
"""Of so many trades a run's folder keeps the candles."""


def chosen(stories: Sequence[Story], most: int) -> list[Story]:
    """Return at most so many trades, ordered as they were: a quarter the worst, a quarter the best, the rest the latest."""
    if len(stories) <= most:
        return list(stories)
    by_profit = sorted(stories, key=lambda story: story.trade.net_profit)
    quarter = most // 4
    numbers = {story.number for story in (*by_profit[:quarter], *by_profit[len(stories) - quarter :])}
    for story in reversed(stories):
        if len(numbers) >= most:
            break
        numbers.add(story.number)
    return [story for story in stories if story.number in numbers]


def packed(stories: Sequence[Story], candles: Mapping[str, Candles], words: Words) -> dict[str, Any]:
    """Return the trades and the bars around them as plain values; each bar once, though windows overlap."""
    shown: dict[str, BoolArray] = {}
    for story in stories:
        own = candles.get(story.trade.symbol)
        if own is not None:
            marks = shown.get(story.trade.symbol)
            if marks is None:
                marks = shown[story.trade.symbol] = np.zeros(len(own.days), dtype=np.bool_)
            marks[own.around(story.trade.opened_on, story.trade.closed_on)] = True
    return {
        "trades": [_trade(story, words) for story in stories],
        "candles": {symbol: _bars(candles[symbol], marks) for symbol, marks in shown.items()},
    }


def _bars(own: Candles, marks: BoolArray) -> dict[str, list[int]]:
    columns: dict[str, npt.NDArray[Any]] = {
        "d": own.days,
        "o": own.open,
        "h": own.high,
        "l": own.low,
        "c": own.close,
        "v": own.volume,
    }
    return {name: column[marks].tolist() for name, column in columns.items()}


def _trade(story: Story, words: Words) -> dict[str, Any]:
    trade, signal, setup = story.trade, story.signal, story.setup
    numbers: Numbers = {} if setup is None else setup.numbers
    return {
        "n": story.number,
        "s": trade.symbol,
        "name": words.named(trade.symbol),
        "i": trade.instance,
        "o": day_number(trade.opened_on),
        "c": day_number(trade.closed_on),
        "q": trade.quantity,
        "b": round(trade.bought_amount / trade.quantity, 2),
        "x": round(trade.sold_amount / trade.quantity, 2),
        "p": trade.net_profit,
        "r": None if trade.r_multiple is None else round(trade.r_multiple, 3),
        "e": words.reason(trade.exit_code),
        "m": words.group(By.REGIME, story.regime or UNKNOWN),
        "g": words.group(By.GRADE, story.grade or UNKNOWN),
        "t": None if signal is None else signal.trigger_price,
        "l": None if signal is None else signal.entry_limit,
        "st": None if signal is None else signal.stop,
        "pd": trade.is_path_dependent,
        "setup": {name: _short(value) for name, value in numbers.items()},
        "rank": None if setup is None else setup.rank,
        "stops": [[day_number(day), stop] for day, stop in story.stops],
        "targets": _targets(story),
        "f": [
            [
                day_number(session_date(fill.ts)),
                f"{clock(fill.ts):%H:%M:%S}",
                fill.side is Side.BUY,
                fill.price,
                fill.quantity,
            ]
            for fill in story.fills
        ],
    }


def _targets(story: Story) -> list[int]:
    """Return the profit targets that were reached, as prices."""
    codes = (str(CoreCode.T1), str(CoreCode.T2))
    reached = (order.trigger or order.limit for order in story.orders if order.reason in codes)
    return sorted({*(price for price in reached if price is not None)})


def _short(value: float | str) -> float | str:
    return round(value, 4) if isinstance(value, float) else value
