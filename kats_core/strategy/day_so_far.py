"""Read the session so far: its average price, its volume against the usual, how the index stands.

Daily bars show nothing of this. Where a strategy runs on them too, what bars cannot show counts as met and the run names it
as approximated; a missing number on minute bars never permits anything.
"""

from __future__ import annotations

from fractions import Fraction

from kats_core.market.intraday import vwap
from kats_core.market.volume_curve import projected_volume
from kats_core.model import fact
from kats_core.strategy.contract import View


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
