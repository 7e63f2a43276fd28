"""Join a session's minute bars into longer ones, and tell whether minutes are missing among them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from kats_core.market.intraday import vwap
from kats_core.model import time
from kats_core.model.bar import Bar
from kats_core.model.time import Nanos


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
