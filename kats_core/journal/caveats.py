"""Say on what a result rests: its bars, what these do not show, what was assumed, and what flatters it.

The object is kept with the run, and every face that shows a result shows it too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kats_core.journal.statistics import Statistics


class BarsPlayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions were played on daily bars, on minute bars, and on both side by side.

    `chosen` is which bars were asked for (`--bars`). `off_scale` counts symbols and days whose minute bars do not fit their adjusted daily bars, so that the latter were played.
    """

    chosen: str = "auto"
    daily: int = 0
    minute: int = 0
    mixed: int = 0
    off_scale: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to; money in won, shares as fractions. `return_frac` counts what is still held at its last price."""

    trades: int
    profit: int
    return_frac: float | None
    win_rate: float | None
    average_r: float | None
    max_drawdown: float | None


class BarPaths(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on the unknown order of prices inside a bar (`bar_path`).

    `dependent_trades` are the trades with entry and exit, or stop and target, in one bar, `dependent_positions` those still
    held at the end; `totals` are by path, the played one first, and both only where the other was played too.
    `is_undecided`: the bars cannot tell whether the run wins or loses.
    """

    path: str
    dependent_trades: int
    dependent_positions: int
    totals: dict[str, Totals]
    is_undecided: bool


class Survivorship(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the symbols end before the data do, as those that were delisted must.

    `is_biased`: fewer than `USUAL_ENDINGS` a year, so the data seem to hold only who survived, and results are too good.
    None: the sessions are too few to tell.
    """

    symbols: int
    ended: int
    years: float
    is_biased: bool | None


class Caveats(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `approximated`, `assumed` and `derived` name inputs, `left_out` strategies that need minute bars."""

    bars: BarsPlayed
    approximated: tuple[str, ...]
    assumed: tuple[str, ...]
    derived: tuple[str, ...]
    left_out: tuple[str, ...]
    ticks_approximate: bool
    survivorship: Survivorship
    bar_path: BarPaths


USUAL_ENDINGS = 0.005
"""Share of the listed stocks that leave the exchange in a year, at the least: an engineering figure, Korea has 1 to 3 %."""


def added(chosen: str, sessions: Sequence[BarsPlayed]) -> BarsPlayed:
    """Return the sum over sessions."""
    return BarsPlayed(
        chosen=chosen,
        daily=sum(one.daily for one in sessions),
        minute=sum(one.minute for one in sessions),
        mixed=sum(one.mixed for one in sessions),
        off_scale=sum(one.off_scale for one in sessions),
    )


def totals(figures: Statistics) -> Totals:
    """Return the few figures by which two plays of the same run are compared."""
    return Totals(
        trades=figures.trades,
        profit=figures.profit,
        return_frac=figures.return_frac,
        win_rate=figures.win_rate,
        average_r=figures.expectancy_r,
        max_drawdown=None if figures.max_drawdown is None else figures.max_drawdown.frac,
    )


def is_undecided(of: dict[str, Totals]) -> bool:
    """Tell whether one path wins where another loses."""
    returns = [one.return_frac or 0.0 for one in of.values()]
    return min(returns) < 0 < max(returns)


def survivorship(symbols: int, ended: int, years: float) -> Survivorship:
    """Judge how many symbols end early; less than a year tells nothing."""
    expected = USUAL_ENDINGS * symbols * years
    is_biased = None if years < 1 or expected < 1 else ended < expected
    return Survivorship(symbols=symbols, ended=ended, years=round(years, 2), is_biased=is_biased)
