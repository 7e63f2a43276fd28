"""Remember what profit and drawdown are measured from: the equity of the day, of the month, and the peak.

They are the core's, kept and never recomputed from memory (`spec/risk.md` section 1.2). Won.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(slots=True)
class Baselines:
    """E_day, E_month and E_peak. `realised_before` is what had been realised before the month began."""

    day: int | None = None
    month: int | None = None
    peak: int | None = None
    realised_before: int | None = None
    session: dt.date | None = None

    def begin_session(self, session: dt.date, equity: int, realised: int) -> None:
        """Take the equity at 08:50 for the day, and for the month if it is the month's first session."""
        is_new_month = self.session is None or (self.session.year, self.session.month) != (session.year, session.month)
        if is_new_month:
            self.month, self.realised_before = equity, realised
        self.day, self.session = equity, session
        if self.peak is None:
            self.peak = equity

    def close_session(self, equity: int) -> None:
        """Raise the peak to a higher closing equity."""
        self.peak = equity if self.peak is None else max(self.peak, equity)

    def reset_peak(self, equity: int) -> None:
        """Measure drawdown from here on, after a person allowed trading again."""
        self.peak = equity

    def realised_month(self, realised: int) -> int | None:
        """Return the net profit realised this month, given what was realised in all."""
        return None if self.realised_before is None else realised - self.realised_before
