"""Hold everything an engine remembers, as it is kept over a restart, and give it a form that can be stored.

What is kept is complete: an engine that has taken it up decides about the same events as one that was never stopped.
Strategies, stages and rules are not in it; they come from the configuration, and find their own state here by their names.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from kats_core.engine.adding import AddMemory
from kats_core.engine.baselines import Baselines
from kats_core.engine.desk import DeskMemory
from kats_core.engine.entries import EntriesMemory
from kats_core.engine.leaving import ExitsMemory
from kats_core.engine.portfolio import Key, PortfolioMemory
from kats_core.engine.trading import Hold
from kats_core.model.bar import Bar, Book
from kats_core.model.event import Rules, SessionPrepared
from kats_core.model.fact import Fact
from kats_core.model.kinds import BarKind, MarketPhase
from kats_core.model.setup import Scanned
from kats_core.model.time import Nanos
from kats_core.model.wire import decode_other, encode_other
from kats_core.risk.contract import EquityMarked
from kats_core.risk.reservation import Reservation

MEMORY_VERSION = 1
"""Of the stored form; another one is not read."""


class SymbolMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a symbol in the session."""

    symbol: str
    bar: Bar | None
    book: Book | None
    range_high: tuple[tuple[int, int], ...]
    is_untradable: bool
    gap_level: int | None
    first_trade: int | None
    minutes: tuple[Bar, ...]
    keeps_minutes: bool
    scans: tuple[Scanned, ...] = ()


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The session that was prepared last. `prepared` is its event without the facts: `facts` are those of the moment."""

    prepared: SessionPrepared
    phase: MarketPhase | None
    bar_kind: BarKind | None
    is_index_shocked: bool
    symbols: tuple[SymbolMemory, ...]
    facts: tuple[Fact, ...]
    stopped_symbols: tuple[str, ...]
    entered: tuple[tuple[Key, tuple[Nanos, int]], ...]
    exposure_at_check: float
    entries: EntriesMemory
    adds: tuple[AddMemory, ...]


class StageMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A risk stage; `state` is what it dumped, as JSON, None where it keeps nothing."""

    instance: str
    plugin: str
    is_parked: bool
    faults: int
    state: str | None


class StrategyMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy instance and what it has done wrong."""

    instance: str
    faults: int
    is_parked: bool


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an engine remembers.

    `marked` is how the account was valued last. `rules` are the shared caps, the order gate and the stages in force, None where the driver gave stages that nobody can
    name; `later` are those that wait for the next session.
    """

    now: Nanos
    baselines: Baselines
    marked: EquityMarked | None
    stages: tuple[StageMemory, ...]
    strategies: tuple[StrategyMemory, ...]
    rules: Rules | None
    later: Rules | None
    holds: tuple[Hold, ...]
    portfolio: PortfolioMemory
    reservations: tuple[tuple[Reservation, Fraction], ...]
    desk: DeskMemory
    exits: ExitsMemory
    session: SessionMemory | None


class _Envelope(msgspec.Struct, frozen=True):
    v: int
    body: Memory


class _Version(msgspec.Struct, frozen=True):
    v: int


_encoder = msgspec.json.Encoder(enc_hook=encode_other, order="deterministic")
_decoder = msgspec.json.Decoder(_Envelope, dec_hook=decode_other)
_versions = msgspec.json.Decoder(_Version)


def encode(memory: Memory) -> bytes:
    """Return the stored form, JSON; the same memory gives the same bytes."""
    return _encoder.encode(_Envelope(MEMORY_VERSION, memory))


def decode(stored: bytes | str) -> Memory:
    """Return what was stored.

    Raises:
        ValueError: it is damaged, or another version of KATS stored it.
    """
    try:
        found = _versions.decode(stored).v
        if found != MEMORY_VERSION:
            raise ValueError(f"stored in format {found}; this program reads format {MEMORY_VERSION}")
        return _decoder.decode(stored).body
    except msgspec.DecodeError as error:
        raise ValueError(f"damaged: {error}") from error
