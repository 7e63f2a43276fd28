"""Hold a rule that changes by date as one table: each row with its first day, its value, and where we know it from.

The exchange's numbers live in such tables and nowhere else. A day before the first row is an error, never a guess.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kats_core.model.labels import Labelled

T = TypeVar("T")


class MarketRuleError(ValueError):
    """No exchange rule is known for this date and instrument: needs a person, nothing may be priced meanwhile."""


class Certainty(Labelled):
    """How well a row is known."""

    CONFIRMED = "A", "확인됨", "confirmed"
    """A text of the exchange or the regulator, two independent sources, or our own check on data."""
    REPORTED = "B", "한 출처", "one source"
    """One press article, one broker's notice, or one maintained client."""
    ASSUMED = "C", "추정", "assumed"
    """General knowledge or inference: to be checked before real money depends on it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row comes from, in words, and how well that is known."""

    text: str
    certainty: Certainty

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a rule needs a source: write where it is known from")


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """A value that is in force from `since` until the next row."""

    since: dt.date
    value: T
    source: Source


class Dated(Generic[T]):
    """Values with the first day on which each is in force, oldest first, and the source of each.

    ```python
    guide = Source("the exchange's trading guide", Certainty.CONFIRMED)
    width = Dated("price limit of KOSPI", [(date(1998, 12, 7), 15, guide), (date(2015, 6, 15), 30, guide)])
    width.on(date(2015, 6, 12))   # 15
    width.on(date(2015, 6, 15))   # 30
    width.on(date(1998, 12, 5))   # MarketRuleError
    ```
    """

    __slots__ = ("_days", "name", "rows")

    def __init__(self, name: str, rows: Sequence[tuple[dt.date, T, Source]]) -> None:
        self.name = name
        self.rows = tuple(Row(since, value, source) for since, value, source in rows)
        self._days = [row.since for row in self.rows]
        if not rows or self._days != sorted(set(self._days)):
            raise ValueError(f"{name}: rows must start on different days, oldest first")

    def on(self, day: dt.date) -> T:
        """Return the value in force on `day`; raises as `row`."""
        return self.row(day).value

    def row(self, day: dt.date) -> Row[T]:
        """Return the row in force on `day`.

        Raises:
            MarketRuleError: `day` is before the first row.
        """
        position = bisect_right(self._days, day) - 1
        if position < 0:
            raise MarketRuleError(f"{self.name} is not known on {day}: the table starts on {self._days[0]}")
        return self.rows[position]
