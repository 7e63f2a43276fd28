"""Write daily history as rows of numbers, and read what a strategy arms from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.ticks import tick_table
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Scope
from kats_core.model.labels import Code
from kats_core.model.setup import Setup
from kats_core.strategy.contract import ARMED, Strategy
from kats_core.testing.moments import SESSION

DailyRow: TypeAlias = tuple[int, int, int, int, int]
"""(open, high, low, close, volume) of one session, in won and shares."""

_NO_TRADING: DailyRow = (0, 0, 0, 0, 0)


def panel(
    rows: Mapping[str, Sequence[DailyRow | None]],
    *,
    instruments: Sequence[Instrument] = (),
    armed_for: dt.date = SESSION,
    scope: Scope = Scope.RAW,
) -> Panel:
    """Return daily history that ends on the eve of `armed_for`.

    Each symbol's rows are oldest first and end together, so a shorter list is a younger listing; None is a session
    without trading. Symbols are KOSPI stocks unless `instruments` says otherwise.

    ```python
    panel({"005930": [(25_000, 25_600, 24_700, 25_400, 100_000)]})
    panel({"005930": [day, day, day], "000660": [day, None, day]})
    ```
    """
    length = max(map(len, rows.values()), default=0)
    known = {instrument.symbol: instrument for instrument in instruments}
    padded = [[_NO_TRADING] * (length - len(days)) + [day or _NO_TRADING for day in days] for days in rows.values()]
    cells = np.array(padded, dtype=np.int64)
    columns = cells.reshape(len(rows), length, len(_NO_TRADING)).transpose(2, 1, 0).copy()
    calendar = krx_calendar()
    sessions = tuple(calendar.shift(armed_for, lag) for lag in range(-length, 0))
    return Panel(
        sessions=sessions,
        next_session=(*sessions[1:], armed_for) if sessions else (),
        instruments=tuple(known.get(symbol, Instrument(symbol=symbol)) for symbol in rows),
        present=columns[4] > 0,
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=columns[4],
        value=columns[3] * columns[4],
        scope=scope,
    )


def path(anchors: Sequence[tuple[int, int]], volumes: Mapping[tuple[int, int], int] | None = None) -> list[DailyRow]:
    """Return a deterministic daily series through anchors (index, close), for `panel`.

    Closes are linear in between, on tick; each day opens at the close before; high and low lie half a percent beyond.
    Volume is 100 000, except on the index ranges of `volumes`, both ends included.

    ```python
    path([(0, 20_000), (60, 40_000), (70, 32_000)], {(65, 70): 40_000})
    ```
    """
    ticks = tick_table(SESSION, Market.KOSPI, InstrumentKind.STOCK)
    closes = [anchors[0][1]]
    for (start, before), (end, after) in pairwise(anchors):
        steps = range(1, end - start + 1)
        closes += [ticks.rnear(before + Fraction((after - before) * step, end - start)) for step in steps]
    rows: list[DailyRow] = []
    for i, close in enumerate(closes):
        opens = closes[max(i - 1, 0)]
        high, low = max(opens, close), min(opens, close)
        volume = next((v for (first, last), v in (volumes or {}).items() if first <= i <= last), 100_000)
        rows.append((opens, ticks.rup(Fraction(high * 201, 200)), ticks.rdn(Fraction(low * 199, 200)), close, volume))
    return rows


def setups_after(strategy: Strategy, history: Panel) -> dict[str, Setup | Code]:
    """Return, by symbol, what the strategy arms for the session after the last row, or the reason why it does not.

    Of several slots the first is returned. This is the strategy's own answer: selection, ranks and the checks that all strategies share are the runtime's.
    """
    answer = strategy.arm(history)
    session = history.next_session[-1]
    if session is None:
        raise ValueError("the panel's last row has no next session: the calendar ends there")
    found: dict[str, Setup | Code] = {}
    for j, symbol in enumerate(history.symbols):
        reason = int(answer.reasons[-1, j])
        if reason != ARMED:
            found[symbol] = answer.codes[reason - 1]
            continue
        numbers = {name: column[-1, j].item() for name, column in answer.numbers.items()}
        found[symbol] = answer.of_cell(numbers, session=session, instance="test", symbol=symbol)[0]
    return found
