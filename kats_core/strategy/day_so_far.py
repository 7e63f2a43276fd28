"""Read the session so far: its bars of any length, its average price, its volume against the usual.

Daily bars show nothing of this. Where a strategy runs on them too, what bars cannot show counts as met and the run names it
as approximated; a missing number on minute bars never permits anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from kats_core.market.intraday import vwap
from kats_core.market.volume_curve import projected_volume
from kats_core.model import fact, time
from kats_core.model.bar import Bar
from kats_core.model.time import Nanos

if TYPE_CHECKING:
    from kats_core.strategy.contract import View


class IntradayBar(NamedTuple):
    """A completed bar of the session. `vwap` is the session's average price through it, `day_volume` its volume; prices in won."""

    start: Nanos
    end: Nanos
    open: int
    high: int
    low: int
    close: int
    volume: int
    day_volume: int
    vwap: Decimal

    @property
    def is_rising(self) -> bool:
        """Whether it closed above its open."""
        return self.close > self.open


def joined(bars: Sequence[Bar], minutes: int, opening: Nanos, now: Nanos) -> tuple[IntradayBar, ...]:
    """Return a session's minute bars as completed bars of `minutes`, counted from the open, oldest first.

    A span in which nothing traded gives no bar; the one that is still running at `now` is left out, the print of the
    closing auction too.
    """
    span = minutes * time.MINUTE
    done = opening + (now - opening) // span * span
    found: list[IntradayBar] = []
    for bar in bars:
        if bar.is_auction or bar.end > done:
            continue
        start = opening + (bar.start - opening) // span * span
        average = vwap(bar.day_value, bar.day_volume)
        if average is None:
            continue
        if found and found[-1].start == start:
            last = found[-1]
            found[-1] = last._replace(
                high=max(last.high, bar.high),
                low=min(last.low, bar.low),
                close=bar.close,
                volume=last.volume + bar.volume,
                day_volume=bar.day_volume,
                vwap=average,
            )
            continue
        figures = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.day_volume, average)
        found.append(IntradayBar(start, start + span, *figures))
    return tuple(found)


def has_gap(bars: Sequence[IntradayBar], opening: Nanos, until: Nanos) -> bool:
    """Tell whether a minute in which shares traded is missing between `opening` and `until`: the feed was late, or fell silent.

    `bars` are those of one minute. A minute without trading is no gap: the exchange's count of shares went on where it was.
    """
    end, day_volume = opening, 0
    for bar in bars:
        if end >= until:
            break
        if bar.start > end and bar.day_volume - bar.volume > day_volume:
            return True
        end, day_volume = bar.end, bar.day_volume
    return False


def relative_volume(view: View, usual: float) -> Fraction | None:
    """Return what the day's volume projects to over the usual one (V20 or V50); None where either is not known.

    ```python
    relative_volume(view, 82_000)     # 1.540 at 09:45 after 36 000 shares, S1-1: U(45) is 0.285
    ```
    """
    if view.bar is None or not usual > 0:
        return None
    return projected_volume(view.bar.day_volume, view.now, view.hours) / Fraction(usual)


def has_volume(view: View, usual: float, ratio: Fraction) -> bool:
    """Tell whether the projected volume is at least `ratio` times the usual one; daily bars cannot show it."""
    if view.bar is None:
        return True
    relative = relative_volume(view, usual)
    return relative is not None and relative >= ratio


def is_above_vwap(view: View) -> bool:
    """Tell whether the last price is above the session's average; daily bars cannot show it."""
    if view.bar is None:
        return True
    average = vwap(view.bar.day_value, view.bar.day_volume)
    return average is not None and view.last > average


def index_change(view: View) -> float | None:
    """Return by what fraction the market's index stands above its last close in this session; None where nobody tells."""
    change = view.fact(fact.INDEX_CHANGE)
    is_live = change.as_of >= view.hours.open
    return float(change.value) if is_live and isinstance(change.value, (int, float)) else None


def index_has_fallen(view: View) -> bool:
    """Tell whether the market's index stands below its last close; a feed that is silent permits nothing."""
    change = index_change(view)
    return change is not None and change < 0
