"""Turn records of the broker's stream into what the market tells; pure.

Only the KRX's regular session counts: since 2026-09-14 its after-market comes on the same channels. A book that is shown while
an auction collects orders is nothing that could be taken: it counts as none displayed.
"""

from __future__ import annotations

import datetime as dt
import re

from msgspec import structs

from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.records import (
    BookRecord,
    IndexRecord,
    MarketStatus,
    QuotePhase,
    Record,
    TradeRecord,
    VenuePhase,
)
from kats_core.market.source import MarketMessage
from kats_core.market.vi import MarketHalt, StatusMessage
from kats_core.model import fact, time
from kats_core.model.bar import Book
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource
from kats_core.model.time import Nanos

KOSPI = "0001"
"""The broker's code of the index that stands for the market."""

_HALTS = {
    "164": MarketHalt.SUSPENSION,
    "174": MarketHalt.BREAKER,
    "175": MarketHalt.BREAKER_OVER,
    "184": MarketHalt.BREAKER,
    "185": MarketHalt.BREAKER_OVER,
    "187": MarketHalt.SIDECAR,
    "387": MarketHalt.SIDECAR,
    "397": MarketHalt.SIDECAR,
}
"""What stops a whole market, by the broker's codes (`MKOP_CLS_CODE`). The end of a sidecar, 388 and 398, is its time."""

_LEVEL = re.compile(r"([1-3])\s*단계")
_REGULAR = frozenset({VenuePhase.REGULAR, VenuePhase.UNKNOWN})


def market_message(record: Record, session: dt.date, now: Nanos) -> MarketMessage | None:
    """Return what a record tells of a session; None where it tells nothing that matters here."""
    match record:
        case TradeRecord():
            is_ours = record.venue_phase in _REGULAR and time.session_date(record.ts) == session
            return record.trade() if is_ours else None
        case BookRecord():
            return _book(record, session)
        case MarketStatus():
            return structs.replace(record.message(now), market=_halt_of(record))
        case IndexRecord() if record.index == KOSPI:
            change = _change(record)
            return None if change is None else Fact(fact.INDEX_CHANGE, change, now, FactSource.FEED)
    return None


def interruption_of(record: BookRecord, now: Nanos, known: frozenset[str]) -> StatusMessage | None:
    """Return what a book tells of an interruption that was not `known`, or is no more; None where nothing is new.

    For the mock server, which has no market status.
    """
    is_interrupted = record.quote_phase is QuotePhase.INTERRUPTED
    return None if is_interrupted == (record.symbol in known) else StatusMessage(now, record.symbol, is_interrupted)


def _halt_of(record: MarketStatus) -> MarketHalt | None:
    """Return what a status says of the whole market. The code of a circuit breaker has no level; its reason may name one."""
    halt = _HALTS.get(record.operation)
    told = _LEVEL.search(record.reason) if halt is MarketHalt.BREAKER else None
    return halt if told is None else MarketHalt[f"BREAKER_{told[1]}"]


def _book(record: BookRecord, session: dt.date) -> Book:
    """Return the book; an empty one where nothing can be taken from it, or where it contradicts itself."""
    if not record.quote_phase.is_auction:
        try:
            return record.book(session)
        except WireError:
            pass  # a crossed or broken ladder permits nothing
    return Book(record.symbol, time.midnight(session) + record.clock, (), ())


def _change(record: IndexRecord) -> float | None:
    """Return by what fraction the index stands above its last close."""
    if record.change is None or record.level <= record.change:
        return None
    return float(record.change / (record.level - record.change))
