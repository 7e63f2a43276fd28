"""Tell an engine, while a session is played, by how much the market's index stands above its last close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np

from kats_core.market.conditions import MARKET_INDEX
from kats_core.market.source import IndexMinutesSource
from kats_core.market.tables import IndexMinutes, IndexSeries
from kats_core.model import fact
from kats_core.model.event import FactsChanged
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource
from kats_core.model.time import Nanos


class IndexFeed:
    """The index as it stood at each minute, where the source knows it; silent elsewhere."""

    def __init__(
        self, source: IndexMinutesSource | None, daily: IndexSeries | None, feed: Callable[[FactsChanged], None]
    ) -> None:
        self._source, self._feed = source, feed
        self._closed_before = _closed_before(daily)
        self._course: IndexMinutes | None = None
        self._base, self._told = 0.0, 0

    def begin(self, session: dt.date) -> bool:
        """Take up a session; tell whether its index is known."""
        base = self._closed_before.get(session)
        several = {} if self._source is None or base is None else self._source.index_minutes(session)
        self._course, self._told = several.get(MARKET_INDEX), 0
        self._base = base or 0.0
        return self._course is not None

    @property
    def is_live(self) -> bool:
        """Tell whether there is something to tell within the session."""
        return self._course is not None

    def until(self, now: Nanos) -> None:
        """Tell where the index stands at an instant, if it has moved on since it was told last."""
        if self._course is None:
            return
        known = int(np.searchsorted(self._course.at, now, side="right"))
        if known > self._told:
            self._told = known
            at, points = self._course.at.item(known - 1), self._course.points.item(known - 1)
            change = Fact(fact.INDEX_CHANGE, points / self._base - 1, at, FactSource.FEED)
            self._feed(FactsChanged(now, (change,)))


def _closed_before(daily: IndexSeries | None) -> Mapping[dt.date, float]:
    if daily is None:
        return {}
    pairs = zip(daily.sessions[1:], daily.close.tolist(), strict=False)
    return {session: close for session, close in pairs if close == close and close > 0}
