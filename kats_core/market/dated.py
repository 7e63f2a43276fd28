"""Hold a rule that changes by date as one table, and answer which row is in force on a day."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class MarketRuleError(ValueError):
    """No exchange rule is known for this date and instrument: needs a person, nothing may be priced meanwhile."""


class Dated(Generic[T]):
    """Values with the first day on which each is in force, oldest first.

    ```python
    width = Dated("price limit of KOSPI", [(date(1998, 12, 7), 15), (date(2015, 6, 15), 30)])
    width.on(date(2015, 6, 12))   # 15
    width.on(date(2015, 6, 15))   # 30
    width.on(date(1998, 12, 5))   # MarketRuleError
    ```
    """

    __slots__ = ("_days", "_values", "name")

    def __init__(self, name: str, rows: Sequence[tuple[dt.date, T]]) -> None:
        self.name = name
        self._days = [day for day, _ in rows]
        self._values = [value for _, value in rows]
        if not rows or self._days != sorted(set(self._days)):
            raise ValueError(f"{name}: rows must start on different days, oldest first")

    def on(self, day: dt.date) -> T:
        """Return the value in force on `day`.

        Raises:
            MarketRuleError: `day` is before the first row.
        """
        row = bisect_right(self._days, day) - 1
        if row < 0:
            raise MarketRuleError(f"{self.name} is not known on {day}: the table starts on {self._days[0]}")
        return self._values[row]
