"""Say which of a run's records are wanted."""

from __future__ import annotations

import datetime as dt

import msgspec

from kats_core.model.record import Record


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to read; what is None selects everything.

    Whatever belongs to a signal (verdicts, orders, fills, trade, its setup) comes with it. The signals of a session are
    those that arose in it and those with an order in it. `signal` may be the beginning of an id. `only` are the kinds of
    records that are wanted at all.
    """

    session: dt.date | None = None
    symbol: str | None = None
    signal: str | None = None
    only: frozenset[type[Record]] | None = None

    def wants(self, kind: type[Record]) -> bool:
        """Tell whether records of a kind are wanted."""
        return self.only is None or kind in self.only

    @property
    def is_all(self) -> bool:
        """Tell whether nothing is left out."""
        return self.session is None and self.symbol is None and self.signal is None
