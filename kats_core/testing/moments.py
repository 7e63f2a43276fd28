"""Fix one session and one instant that all builders share."""

from __future__ import annotations

import datetime as dt
from typing import Final

from kats_core.market.sessions import SessionHours
from kats_core.model import time
from kats_core.model.time import Nanos

SESSION: Final = dt.date(2026, 3, 4)
"""An ordinary Wednesday; the tax on its sales is 0.0020, as in the worked examples."""

HOURS: Final = SessionHours.from_clocks(SESSION, dt.time(9, 0), dt.time(15, 30))
"""The hours of `SESSION`."""

NOW: Final[Nanos] = time.at(SESSION, dt.time(10, 0))
"""10:00 on `SESSION`."""
