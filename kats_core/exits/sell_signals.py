"""Know the six signals that sell all of a position at once (`spec/risk.md` section 4.4), as pure functions.

Three look at the day's bar, at 15:15 and after the close; one is a price below which a gap becomes a break; one looks at
the index; one at what the exchange or the operator says. A missing input is None: it sells nothing, and the caller says so.
"""

from __future__ import annotations

from fractions import Fraction

from kats_core.exits.day_bar import VOLUME_DAYS, DayBar, both
from kats_core.model.codes import CoreCode
from kats_core.model.event import DailyTail
from kats_core.model.signal import SellSignal

CODES = {
    SellSignal.BREAKOUT_FAILURE: CoreCode.BREAKOUT_FAILURE,
    SellSignal.DISTRIBUTION_BAR: CoreCode.DISTRIBUTION_BAR,
    SellSignal.GAP_DOWN_BREAK: CoreCode.GAP_DOWN_BREAK,
    SellSignal.MA50_BREAK: CoreCode.MA50_BREAK,
    SellSignal.MARKET_MA200_BREAK: CoreCode.MARKET_MA200_BREAK,
    SellSignal.BAD_NEWS: CoreCode.BAD_NEWS,
}

DESIGNATED = frozenset({"51", "52"})
"""The broker's status codes of 관리종목 and 투자위험; what has no code of its own comes as the fact `bad_news`."""

_LONG = 50
_HEAVY = Fraction(2)
_GAP = Fraction(97, 100)

BARS_NEEDED = {SellSignal.DISTRIBUTION_BAR: VOLUME_DAYS, SellSignal.GAP_DOWN_BREAK: 1, SellSignal.MA50_BREAK: _LONG}
"""Daily bars before the day that a signal looks at; the others need none."""


def at_close(signal: SellSignal, day: DayBar, *, pivot: int | None, is_entry_session: bool) -> bool | None:
    """Tell whether a signal that looks at the day's bar holds; False for the others.

    Bought today at a pivot of 38 600, a last price of 38 550 is a failed breakout and 38 600 is none.
    """
    match signal:
        case SellSignal.BREAKOUT_FAILURE:
            return is_entry_session and pivot is not None and day.close < pivot
        case SellSignal.DISTRIBUTION_BAR:
            return day.is_heavy_long_black(_HEAVY)
        case SellSignal.MA50_BREAK:
            return both(day.is_below_average(_LONG), day.was_at_average(_LONG))
    return False


def gap_break_level(day_open: int, history: DailyTail, dividend: int) -> int | None:
    """Return the highest price that breaks yesterday's low after a gap down, None on a day without such a gap.

    Yesterday's close and low are lowered by a `dividend` whose ex-date is today. A close of 50 000 and a low of 49 600
    with an open of 48 400 give 49 599; an open of 48 600 is no gap of 3 %.
    """
    if not history.close or not day_open <= (history.close[-1] - dividend) * _GAP:
        return None
    return history.low[-1] - dividend - 1


def index_breaks(
    before: float | None, change: float | None, mean_of_200: float | None, mean_of_199: float | None
) -> bool | None:
    """Tell whether the KOSPI falls below its 200-day average today, having closed at or above it yesterday.

    `before` is yesterday's close and `change` today's fraction; the means are those of the last closes up to yesterday. The
    index lies below the average that includes today if, and only if, it lies below the mean of the 199 others.
    """
    if before is None or change is None or mean_of_200 is None or mean_of_199 is None:
        return None
    return before * (1 + change) < mean_of_199 - 1e-9 and before >= mean_of_200 - 1e-9


def is_bad_news(status: object, flag: object) -> bool:
    """Tell whether the exchange's designation, or a flag that a person or the status feed has set, sells."""
    return status in DESIGNATED or (flag is not None and flag is not False and flag != "")
