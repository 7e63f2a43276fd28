"""Messages keep everything on the wire, name their version, and cannot be built from nonsense or changed afterwards."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.model import bar, event, fact, order, position, record, setup, signal, verdict
from kats_core.model.bar import Bar, Book, BookLevel, Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Cancel, Command, Fetch, Notify, Persist, Send
from kats_core.model.event import (
    Event,
    OrderFilled,
    PhaseReached,
    ResumeOrdered,
    SetupsArmed,
    StateOrdered,
    TimePassed,
)
from kats_core.model.fact import Fact, missing
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import (
    BarKind,
    FactSource,
    MarketPhase,
    OrderState,
    OrderType,
    Purpose,
    Severity,
    Side,
    TradingState,
)
from kats_core.model.labels import Labelled
from kats_core.model.order import Order
from kats_core.model.record import EquityRecord, FillRecord, Record
from kats_core.model.scope import ALL, ScopeKind, TradingScope
from kats_core.model.setup import (
    Above,
    Below,
    DayOpen,
    Fixed,
    Group,
    Lifetime,
    OnBar,
    OpeningRangeHigh,
    Rounding,
    Setup,
)
from kats_core.model.signal import ExitPlan, Signal
from kats_core.model.wire import (
    WIRE_VERSION,
    Envelope,
    WireVersionError,
    decode_command,
    decode_event,
    decode_record,
    encode,
    encode_record,
    encode_records,
)

NANOS = st.integers(0, 2**62)
WON = st.integers(1, 2**53)
TEXT = st.text(max_size=12)
SYMBOL = st.sampled_from(["005930", "00088K", ""])
DATES = st.dates(dt.date(1995, 5, 2), dt.date(2027, 12, 30))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.dictionaries(TEXT, st.integers(-(2**53), 2**53) | FLOATS | TEXT, max_size=3)
LEVELS = st.one_of(
    st.builds(Fixed, WON),
    st.builds(DayOpen, st.integers(-1000, 1000), st.sampled_from(Rounding)),
    st.builds(OpeningRangeHigh, st.integers(1, 60), st.integers(0, 3)),
)
TRIGGERS = st.one_of(st.builds(Above, LEVELS), st.builds(Below, LEVELS), st.builds(OnBar, st.integers(1, 60)))

SCOPES = st.one_of(
    st.just(ALL),
    st.builds(TradingScope.instance, st.text(min_size=1)),
    st.builds(TradingScope.symbol, st.sampled_from(["005930", "00088K"])),
)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    value = draw(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS | TEXT)
    known = [source for source in FactSource if source is not FactSource.MISSING]
    source = FactSource.MISSING if value is None else draw(st.sampled_from(known))
    return Fact(draw(TEXT), value, draw(NANOS), source, draw(SYMBOL))


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, a, b, high = sorted(draw(st.lists(WON, min_size=4, max_size=4)))
    start, volume = draw(NANOS), draw(WON)
    return Bar(
        symbol=draw(SYMBOL),
        kind=draw(st.sampled_from(BarKind)),
        start=start,
        end=start + draw(st.integers(1, 10**12)),
        open=a,
        high=high,
        low=low,
        close=b,
        volume=volume,
        value=volume * b,
        day_open=a,
        day_high=high,
        day_low=low,
        day_volume=volume,
        day_value=volume * b,
        is_auction=draw(st.booleans()),
    )


@st.composite
def books(draw: st.DrawFn) -> Book:
    prices = sorted(draw(st.lists(WON, unique=True, max_size=4)))
    levels = [BookLevel(price, draw(WON)) for price in prices]
    return Book(draw(SYMBOL), draw(NANOS), tuple(levels[2:]), tuple(reversed(levels[:2])))


PLAIN: dict[type, st.SearchStrategy[Any]] = {
    msgspec.inspect.IntType: st.integers(1, 2**53),
    msgspec.inspect.FloatType: FLOATS,
    msgspec.inspect.StrType: TEXT,
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.NoneType: st.none(),
    msgspec.inspect.DateType: DATES,
    msgspec.inspect.TimeType: st.times(),
}
FIELDS: dict[type, st.SearchStrategy[Any]] = {
    Fact: facts(),
    Bar: bars(),
    Book: books(),
    TradingScope: SCOPES,
    StateOrdered: st.builds(
        StateOrdered,
        ts=NANOS,
        scope=SCOPES,
        state=st.sampled_from([TradingState.REDUCING, TradingState.HALTED]),
        who=TEXT,
        reason=TEXT,
    ),
    ResumeOrdered: st.builds(ResumeOrdered, ts=NANOS, scope=SCOPES, who=TEXT, reason=TEXT)
    | st.builds(ResumeOrdered, ts=NANOS, scope=st.just(ALL), who=TEXT, reason=TEXT, cause=TEXT, reference=TEXT),
    Instrument: st.builds(Instrument, symbol=st.from_regex(r"[0-9A-Z]{6}", fullmatch=True), leverage=st.just(-2)),
}


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for msgspec's description of a type."""
    match kind:
        case msgspec.inspect.EnumType(cls):
            return st.sampled_from(cls)
        case msgspec.inspect.StructType(cls):
            return built(cls)
        case msgspec.inspect.UnionType(types):
            return st.one_of([of_type(one) for one in types])
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(of_type(item), max_size=2).map(tuple)
        case msgspec.inspect.DictType(value_type=msgspec.inspect.UnionType()):
            return NUMBERS
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(of_type(key), of_type(value), max_size=2)
    # A message is made of plain values; anything else has no entry here.
    return PLAIN[type(kind)]


def built(kind: type) -> st.SearchStrategy[Any]:
    """Return a strategy for messages of one kind."""
    if kind in FIELDS:
        return FIELDS[kind]
    found: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        found[field.name] = of_type(field.type)
    if kind is Setup:
        del found["lifetime"]
        return st.builds(setup_of, **found)
    return st.builds(kind, **found)


def setup_of(group: Group | None, **fields: Any) -> Setup:
    """Return a setup whose life is that of its group."""
    lifetime = Lifetime.SESSION if group is None else Lifetime.UNTIL_CANCELLED
    return Setup(group=group, lifetime=lifetime, **fields)


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_an_event_comes_back_as_it_was(kind: type) -> None:
    """encode, decode: equal, and the same bytes again."""

    @given(built(kind))
    @settings(max_examples=20, deadline=None)
    def round_trip(message: Any) -> None:
        data = encode(message)
        assert decode_event(data) == message
        assert encode(decode_event(data)) == data

    round_trip()


@pytest.mark.parametrize("kind", get_args(Command), ids=lambda kind: kind.__name__)
def test_a_command_comes_back_as_it_was(kind: type) -> None:
    """The same for what the engine asks for; `Persist` carries any record."""

    @given(built(kind))
    @settings(max_examples=20, deadline=None)
    def round_trip(message: Any) -> None:
        assert decode_command(encode(message)) == message

    round_trip()


@pytest.mark.parametrize("kind", get_args(Record), ids=lambda kind: kind.__name__)
def test_a_record_comes_back_as_it_was(kind: type) -> None:
    """A line of the decision log is one record."""

    @given(built(kind))
    @settings(max_examples=20, deadline=None)
    def round_trip(message: Any) -> None:
        line = encode_record(message)
        assert b"\n" not in line
        assert decode_record(line) == message

    round_trip()


@given(st.lists(st.one_of(built(FillRecord), built(EquityRecord)), max_size=4))
@settings(max_examples=20, deadline=None)
def test_records_together_are_the_lines_of_each(records: list[Record]) -> None:
    """A decision log does not depend on how many records were written at once."""
    assert encode_records(records) == b"".join(encode_record(one) + b"\n" for one in records)


def test_an_envelope_names_its_version() -> None:
    """Everything that leaves the process says which format it is written in."""
    data = encode(TimePassed(1))
    assert msgspec.json.decode(data) == {"v": WIRE_VERSION, "body": {"type": "time_passed", "ts": 1}}


@pytest.mark.parametrize("version", [WIRE_VERSION - 1, WIRE_VERSION + 1])
def test_another_version_is_refused(version: int) -> None:
    """A message of another version is not guessed at."""
    data = msgspec.json.encode(Envelope(version, TimePassed(1)))
    for decode in (decode_event, decode_command):
        with pytest.raises(WireVersionError, match=f"version {version}"):
            decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b'{"v":1}',
        b'{"v":1,"body":{}}',
        b'{"v":1,"body":{"type":"nothing"}}',
        b'{"v":"1","body":1}',
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    """Bytes that hold no event raise msgspec's DecodeError."""
    with pytest.raises(msgspec.DecodeError):
        decode_event(data)


def test_what_has_no_wire_form_is_not_written() -> None:
    """An object that the format does not know is an error, never a text that looks like one."""
    with pytest.raises(TypeError, match="no wire form"):
        encode(Notify(1, Severity.INFO, "core:TTL", "", {"x": object()}))  # type: ignore[dict-item]


def test_fractions_are_written_exactly() -> None:
    """A fraction is its own text, not a float."""
    held = position.Position(
        instance="a",
        symbol="005930",
        slot=0,
        quantity=3,
        cost=Fraction(1, 3),
        stop=1,
        exits=ExitPlan(stop=1),
        targets=(),
        opened_at=0,
        opened_on=dt.date(2026, 3, 4),
        signal_id="s",
        initial_risk=Fraction(1),
        initial_stop=1,
        bought=3,
        peak=1,
    )
    assert b'"cost":"1/3"' in encode_record(held)  # type: ignore[arg-type]  # any struct goes the same way


GOOD_BAR: dict[str, Any] = {
    "symbol": "005930",
    "kind": BarKind.MINUTE,
    "start": 0,
    "end": 60,
    "open": 100,
    "high": 110,
    "low": 90,
    "close": 105,
    "volume": 10,
    "value": 1_000,
    "day_open": 100,
    "day_high": 110,
    "day_low": 90,
    "day_volume": 10,
    "day_value": 1_000,
}
NAN: Any = float("nan")


def but(changes: dict[str, Any]) -> Any:
    return pytest.param(changes, id=", ".join(f"{name}={value}" for name, value in changes.items()))


@pytest.mark.parametrize(
    "changes",
    [
        but({"high": 104}),
        but({"low": 101}),
        but({"low": 0}),
        but({"open": 111}),
        but({"close": 89}),
        but({"volume": 0}),
        but({"volume": -1}),
        but({"end": 0}),
        but({"open": NAN}),
        but({"high": NAN}),
        but({"low": NAN}),
        but({"close": NAN}),
        but({"volume": NAN}),
        but({"day_high": 109}),
        but({"day_low": 91}),
        but({"day_volume": 9}),
        but({"day_open": NAN}),
        but({"day_value": 999}),
        but({"volume": 10.0}),
        but({"close": np.int64(100)}),
    ],
)
def test_a_bar_that_contradicts_itself_cannot_be_built(changes: dict[str, Any]) -> None:
    """O and C lie between L and H, the day around the bar; a bar has volume and a length; NaN is no price."""
    with pytest.raises(ValueError, match="005930"):
        Bar(**(GOOD_BAR | changes))


def test_a_sound_bar_knows_whether_it_is_the_first() -> None:
    """The day's volume is its own."""
    assert Bar(**GOOD_BAR).is_first
    assert not Bar(**(GOOD_BAR | {"day_volume": 11})).is_first


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_fact_that_is_not_a_number_cannot_be_built(value: float) -> None:
    """NaN in a fact is an error at construction."""
    with pytest.raises(ValueError, match="not a number"):
        Fact("equity", value, 0, FactSource.FEED)


def test_a_fact_is_missing_or_has_a_value() -> None:
    """None and MISSING go together."""
    with pytest.raises(ValueError, match="contradicts"):
        Fact("equity", None, 0, FactSource.FEED)
    with pytest.raises(ValueError, match="contradicts"):
        Fact("equity", 1, 0, FactSource.MISSING)
    assert missing("equity").is_missing
    assert not Fact("equity", 0, 0, FactSource.FEED).is_missing


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: Trade("005930", 0, 0, 1, None, 1, 1), id="a trade at no price"),
        pytest.param(lambda: Trade("005930", 0, 1, 0, None, 1, 1), id="a trade of nothing"),
        pytest.param(lambda: Trade("005930", 0, NAN, 1, None, 1, 1), id="a trade at NaN"),
        pytest.param(lambda: Trade("005930", 0, 1.0, 1, None, 1, 1), id="a trade at a float"),  # type: ignore[arg-type]
        pytest.param(lambda: OrderFilled(0, 1, 0, 1), id="a fill at no price"),
        pytest.param(lambda: OrderFilled(0, 1, 1, 1.5), id="a fill of half a share"),  # type: ignore[arg-type]
        pytest.param(lambda: OrderFilled(0, 1, 1, -1), id="a fill of less than nothing"),
        pytest.param(lambda: OrderFilled(0, 1, 1, NAN), id="a fill of NaN"),
        pytest.param(lambda: setup_with(atr=NAN), id="a setup with NaN"),
        pytest.param(lambda: TradingScope(ScopeKind.ALL, "x"), id="everything with a name"),
        pytest.param(lambda: TradingScope.symbol(""), id="a symbol without a name"),
        pytest.param(
            lambda: StateOrdered(ts=1, scope=ALL, state=TradingState.ACTIVE, who="kim"), id="an order to go on"
        ),
        pytest.param(
            lambda: ResumeOrdered(ts=1, scope=TradingScope.symbol("005930"), who="kim", cause="MARKET"),
            id="a cause for a symbol",
        ),
        pytest.param(lambda: signal_with(entry_limit=0), id="a signal without a limit"),
        pytest.param(lambda: signal_with(entry_limit=NAN), id="a signal with a limit of NaN"),
        pytest.param(lambda: signal_with(chase_cap=99), id="a signal above its cap"),
        pytest.param(lambda: signal_with(exits=ExitPlan(stop=0)), id="a signal without a stop"),
        pytest.param(lambda: signal_with(exits=ExitPlan(stop=NAN)), id="a signal with a stop of NaN"),
        pytest.param(lambda: signal_with(position_hint=0), id="a signal for nothing"),
        pytest.param(lambda: signal_with(position_hint=1.01), id="a signal for more than everything"),
        pytest.param(lambda: signal_with(position_hint=NAN), id="a signal for NaN"),
    ],
)
def test_a_message_of_nonsense_cannot_be_built(build: Any) -> None:
    """No stop, no signal; no price, no trade; NaN is nothing at all."""
    with pytest.raises(ValueError, match=r"."):
        build()


def setup_with(**numbers: Any) -> Setup:
    return Setup(session=dt.date(2026, 3, 4), instance="a", symbol="b", trigger=Above(Fixed(1)), numbers=numbers)


def signal_with(**changes: Any) -> Signal:
    good: dict[str, Any] = {
        "trigger_price": 100,
        "reference": 100,
        "entry_limit": 100,
        "chase_cap": 100,
        "exits": ExitPlan(stop=90),
        "position_hint": 0.1,
    }
    return Signal(**(good | changes))


MODULES = (bar, event, fact, order, position, record, setup, signal, verdict)
STRUCTS = sorted(
    {
        one
        for module in MODULES
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct
    }
    | {Persist, Send, Cancel, Fetch, Notify, Instrument},
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_a_message_is_never_changed_afterwards(kind: type[msgspec.Struct]) -> None:
    """Values that cross a border are frozen."""
    assert kind.__struct_config__.frozen


def test_a_frozen_message_refuses_a_new_value() -> None:
    """And the freezing holds."""
    with pytest.raises(AttributeError):
        TimePassed(1).ts = 2  # type: ignore[misc]


def test_two_messages_of_the_same_content_are_equal() -> None:
    """Messages are values."""
    assert SetupsArmed(1, (setup_with(a=1),)) == SetupsArmed(1, (setup_with(a=1),))
    assert PhaseReached(1, MarketPhase.OPEN) != PhaseReached(2, MarketPhase.OPEN)
    assert EquityRecord(session=dt.date(2026, 3, 4), equity=1, cash=1, market_value=0, exposure=0.0) == decode_record(
        b'{"type":"equity","session":"2026-03-04","equity":1,"cash":1,"market_value":0,"exposure":0.0}'
    )


def test_a_book_keeps_an_empty_side() -> None:
    """At a price limit one side is empty."""
    book = Book("005930", 1, (), (BookLevel(100, 5),))
    assert book.asks == ()


def test_an_order_knows_what_is_left_and_whether_it_lives() -> None:
    """remaining, is_live, is_reducing, key."""
    one = Order(
        order_id=1,
        signal_id="s",
        instance="vb",
        symbol="005930",
        slot=2,
        purpose=Purpose.EXIT,
        side=Side.SELL,
        order_type=OrderType.MARKET,
        quantity=10,
        limit=None,
        state=OrderState.UNKNOWN,
        created_at=0,
        filled_quantity=4,
    )
    assert (one.remaining, one.is_live, one.is_reducing, one.key) == (6, True, True, ("vb", "005930", 2))
    ended = {state for state in OrderState if not msgspec.structs.replace(one, state=state).is_live}
    assert ended == {
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.EXPIRED,
        OrderState.ERROR,
    }


def test_a_code_is_told_from_its_owner_and_its_name() -> None:
    """`owner:CODE`."""
    assert str(CoreCode.CHASE) == "core:CHASE"
    assert not issubclass(CoreCode, Labelled)
