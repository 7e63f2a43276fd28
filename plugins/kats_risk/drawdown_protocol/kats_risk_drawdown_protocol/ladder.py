"""Climb and leave the drawdown ladder (`spec/risk.md` section 6): levels, their periods, and the way back.

A level is left only with its period: a day's with the next session, a month's with the next month, RED and BLACK by a
person. Nothing here reads a clock; the session counts come with the events.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kats_core.api import Ratio

YELLOW_AT = Ratio(3, 100)
DAY_FLATTEN_AT = Ratio(5, 100)
RED_AT = Ratio(10, 100)
BLACK_AT = Ratio(15, 100)
FULL, THREE_QUARTERS, HALF = 4, 3, 2
"""Sizes while recovering, in quarters."""
RECENT = 10
"""Trades that the win rate in recovery looks at."""


class Level(enum.IntEnum):
    """How bad it is; boundaries belong to the worse level."""

    GREEN = 0
    REDUCED = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4
    BLACK = 5


_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class HaltTerms:
    """What has to come before trading is resumed."""

    calendar_days: int
    sessions: int
    consecutive_wins: int
    trades: int
    approvals: int
    needs_reference: bool


TERMS = {
    Level.RED: HaltTerms(7, 5, consecutive_wins=5, trades=0, approvals=1, needs_reference=False),
    Level.BLACK: HaltTerms(14, 5, consecutive_wins=5, trades=20, approvals=2, needs_reference=True),
}
APPROVALS_APART_S = 600


@dataclass(slots=True)
class Ladder:
    """Everything the ladder remembers; plain values, so that it survives a restart as JSON.

    `day`, `month` and `halt` are the levels of the three periods. `quarters` is the size of recovery; `won` and `lost` are
    streaks since trading was resumed; `recent` are the last trades' signs; `trial_*` are the paper trades of a halt.
    """

    session: str = ""
    day: int = Level.GREEN
    month: int = Level.GREEN
    halt: int = Level.GREEN
    is_day_flattened: bool = False
    halted_on: str = ""
    sessions_halted: int = 0
    cause: str = ""
    approved_at: int = 0
    trial_wins: int = 0
    trial_trades: int = 0
    trial_net: int = 0
    quarters: int = FULL
    won: int = 0
    lost: int = 0
    recent: tuple[bool, ...] = ()

    @property
    def level(self) -> Level:
        """The worst level in force."""
        return _LEVELS[max(self.day, self.month, self.halt)]

    @property
    def is_on_trial(self) -> bool:
        """Tell whether the time of a halt is over and its cause known, so that paper trades may prove the way back."""
        return self.halt >= Level.RED and bool(self.cause) and self._has_waited()

    def begin_session(self, session: dt.date) -> None:
        """Leave the levels whose period is over. The same session beginning again changes nothing."""
        if self.session == session.isoformat():
            return
        if self.session[:7] != session.isoformat()[:7]:
            self.month = Level.GREEN
        self.session, self.day, self.is_day_flattened = session.isoformat(), Level.GREEN, False
        if self.halt:
            self.sessions_halted += 1

    def rise(self, day: Level, month: Level, halt: Level) -> Level | None:
        """Take the levels of a moment; return the worst level where it is a new one, else None."""
        before = self.level
        self.day, self.month = max(self.day, day), max(self.month, month)
        if halt > self.halt:
            self.halt, self.halted_on, self.sessions_halted = halt, self.session, 0
            self.cause, self.approved_at = "", 0
            self.trial_wins = self.trial_trades = self.trial_net = 0
        return self.level if self.level > before else None

    def count(self, net: int) -> None:
        """Count a closed trade's net profit in won."""
        has_won = net > 0
        self.recent = (*self.recent, has_won)[-RECENT:]
        if self.is_on_trial:
            self.trial_wins = self.trial_wins + 1 if has_won else 0
            self.trial_trades += 1
            self.trial_net += net
        if self.halt or self.quarters == FULL:
            return
        self.won, self.lost = (self.won + 1, 0) if has_won else (0, self.lost + 1)
        if self.won >= 5:
            self.quarters = FULL
        elif self.won >= 3:
            self.quarters = max(self.quarters, THREE_QUARTERS)
        elif self.lost >= 2:
            self.quarters, self.lost = max(HALF, self.quarters - 1), 0

    def lacking(self, reference: str) -> list[str]:
        """Return, in words, what has to come before trading can be resumed; nothing when a person may approve."""
        terms = TERMS[Level(self.halt)]
        lacks = []
        if not self._has_waited():
            lacks.append(f"{terms.calendar_days} days and {terms.sessions} sessions from {self.halted_on}")
        if self.trial_wins < terms.consecutive_wins:
            lacks.append(f"{terms.consecutive_wins} winning paper trades in a row, {self.trial_wins} so far")
        if self.trial_trades < terms.trades or (terms.trades and self.trial_net <= 0):
            lacks.append(
                f"{terms.trades} paper trades that earn, {self.trial_trades} so far earned {self.trial_net} won"
            )
        if terms.needs_reference and not reference:
            lacks.append("the reference of a backtest report")
        return lacks

    def approve(self, at_s: int) -> bool:
        """Take a person's approval; return whether it was the last one needed, which ends the halt at half size."""
        if TERMS[Level(self.halt)].approvals > 1 and not (
            self.approved_at and at_s - self.approved_at >= APPROVALS_APART_S
        ):
            # A second approval that comes too soon does not move the first one.
            self.approved_at = self.approved_at or at_s
            return False
        self.halt, self.quarters, self.won, self.lost = Level.GREEN, HALF, 0, 0
        self.day = self.month = Level.GREEN
        return True

    def dump(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return asdict(self) | {"recent": list(self.recent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a dumped state where it is as bad as the present one or worse; of two sizes the smaller counts."""
        found = Ladder(**{**state, "recent": tuple(state["recent"])})
        quarters = min(self.quarters, found.quarters)
        if found.session >= self.session and found.level >= self.level:
            for name in Ladder.__dataclass_fields__:
                setattr(self, name, getattr(found, name))
        self.quarters = quarters

    def _has_waited(self) -> bool:
        terms = TERMS[Level(self.halt)]
        days = (dt.date.fromisoformat(self.session) - dt.date.fromisoformat(self.halted_on)).days
        return days >= terms.calendar_days and self.sessions_halted >= terms.sessions
