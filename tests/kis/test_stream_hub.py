"""The pool without sockets: places over several lines, proof, silence, gaps, and one inbox of all that happens."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.budget import HARD_LIMIT, Need
from kats_core.kis.stream.conversation import Conversation, ConversationTerms, Ending
from kats_core.kis.stream.gaps import Gap, GapReason
from kats_core.kis.stream.hub import MOST_UNREADABLE, Hub, HubTerms
from kats_core.kis.stream.messages import FeedEvent, FeedMessage, Received, Told
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.stream.watchdog import continuous_trading
from kats_core.kis.wire import stream as wire
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.records import Notice, QuotePhase, Record, TradeRecord, write_record
from kats_core.kis.wire.stream import Ack, Frame
from kats_core.market.sessions import SessionHours
from kats_core.model.time import MINUTE, SECOND, Nanos

STREAMS = streams_of(is_mock=False)
KEYS = CipherKeys("abcdefghijklmnopabcdefghijklmnop", "0123456789abcdef")
HOURS = SessionHours.from_clocks(dt.date(2026, 9, 22), dt.time(9), dt.time(15, 30))
TEN = HOURS.at(dt.time(10))
OURS, THEIRS = "1234567801", "8765432101"


def symbols(*numbers: int) -> list[str]:
    return [f"{number:06d}" for number in numbers]


def far(*numbers: int) -> list[Need]:
    return [Need(symbol=symbol, rank=rank) for rank, symbol in enumerate(symbols(*numbers))]


def trade(symbol: str, ts: Nanos, volume: int) -> TradeRecord:
    return TradeRecord(
        symbol=symbol,
        ts=ts - ts % SECOND,
        price=70_000,
        quantity=10,
        aggressor=None,
        is_auction=False,
        day_volume=volume,
        day_value=volume * 70_000,
        open=70_000,
        high=70_000,
        low=70_000,
        ask=70_100,
        bid=70_000,
        is_halted=False,
    )


class Pool:
    """A hub whose lines are answered by a broker that takes everything, up to a limit."""

    def __init__(self, *limits: int, hts_id: str = "", terms: HubTerms | None = None) -> None:
        self.hub = Hub(STREAMS, OURS, terms or HubTerms())
        self.hub.expect(continuous_trading(HOURS))
        self.now = TEN
        self.talks: dict[str, Conversation] = {}
        self.sent: dict[str, list[str]] = {}
        self.volume = 0
        for number, limit in enumerate(limits):
            self.hub.add_line(f"line{number}", limit=limit, hts_id=hts_id)

    def want(self, needs: list[Need], indices: tuple[str, ...] = ()) -> None:
        self.hub.want(needs, self.now, indices=indices)

    def connect(self, name: str = "line0") -> None:
        self.talks[name] = Conversation(STREAMS, ConversationTerms(), self.hub.listener(name))
        self.hub.connected(name, self.talks[name], self.now)

    def answer(self, name: str = "line0", *, most: int = 1_000, broker_limit: int = 41) -> None:
        """Let the broker answer up to `most` messages of a line."""
        talk = self.talks[name]
        for _ in range(most):
            text = talk.next_text("key", self.now)
            if text is None:
                return
            asked = wire.read_registration(text)
            self.sent.setdefault(name, []).append(("-" if asked.is_unregister else "+") + asked.stream + asked.key)
            is_full = not asked.is_unregister and len(talk.live) >= broker_limit
            code = "OPSP0008" if is_full else "OPSP0001" if asked.is_unregister else "OPSP0000"
            ack = Ack(
                stream=asked.stream, key=asked.key, code=code, message="", result="1" if is_full else "0", keys=KEYS
            )
            talk.take(ack.text(), self.now)

    def up(self, *names: str) -> None:
        for name in names or ("line0",):
            self.connect(name)
            self.answer(name)

    def lose(self, name: str = "line0", ending: Ending = Ending.CLOSED) -> Nanos:
        del self.talks[name]
        return self.hub.ended(name, ending, "", self.now)

    def send(self, channel: Channel, *records: Record, name: str = "line0") -> None:
        frame = Frame.of(STREAMS[channel], [write_record(record, STREAMS[channel]) for record in records])
        if channel is Channel.NOTICES:
            frame = Frame.of(STREAMS[channel], [write_record(record, STREAMS[channel]) for record in records], KEYS)
        self.talks[name].take(frame.text(), self.now)

    def trade(self, *traded: str, name: str = "line0") -> None:
        for symbol in traded:
            self.volume += 10
            self.send(Channel.TRADES, trade(symbol, self.now, self.volume), name=name)

    def pass_seconds(self, seconds: int, *trading: str, name: str = "line0") -> None:
        for _ in range(seconds):
            self.now += SECOND
            self.trade(*trading, name=name)
            self.hub.judge(self.now)

    def pass_time(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.hub.judge(self.now)

    def do(self, what: str, how: Any) -> None:
        """Do one step of a random course; what is not possible now does nothing."""
        if what == "want":
            self.want([Need(symbol=f"{n:06d}", rank=n, is_held=is_held) for n, is_held in how])
        elif what == "connect" and how not in self.talks:
            self.connect(how)
        elif what == "lose" and how in self.talks:
            self.lose(how)
        elif what == "wait":
            self.pass_time(how)
        elif what == "answer":
            for name in self.talks:
                self.answer(name, most=how)

    def read(self) -> list[FeedMessage]:
        found: list[FeedMessage] = []
        while (message := self.hub.take()) is not None:
            found.append(message)
        return found

    def told(self) -> list[Told]:
        return [message for message in self.read() if isinstance(message, Told)]


def test_all_registrations_after_a_reconnect_are_proven_before_the_line_is_up() -> None:
    """Regression 19: what was registered before comes back by the broker's answers, and only then is it said to be there."""
    pool = Pool(40)
    pool.want(far(1, 2, 3))
    pool.connect()
    pool.answer(most=2)
    assert not pool.told()
    assert [pool.hub.is_fed(symbol) for symbol in symbols(1, 2, 3)] == [True, True, False]
    pool.answer()
    (up,) = pool.told()
    assert (up.event, set(up.symbols)) == (FeedEvent.UP, set(symbols(1, 2, 3)))
    pool.lose()
    (down,) = pool.told()
    assert (down.event, set(down.symbols)) == (FeedEvent.DOWN, set(symbols(1, 2, 3)))
    assert not pool.hub.is_fed("000001")
    pool.connect()
    assert not pool.told()
    pool.answer()
    assert [told.event for told in pool.told()] == [FeedEvent.UP]
    assert all(pool.hub.is_fed(symbol) for symbol in symbols(1, 2, 3))


def test_a_wish_made_before_the_connection_is_open_is_live_after_it() -> None:
    """Regression 19: what is wanted while nothing is connected is registered later, not lost."""
    pool = Pool(40)
    pool.want(far(1))
    pool.want(far(1, 2))
    pool.up()
    assert pool.hub.is_fed("000002")


def quiet_line(count: int) -> tuple[Pool, dict[str, int]]:
    """Symbols that trade each second until nothing comes any more and the line is suspected; what the stream brought of each."""
    pool = Pool(40)
    pool.want(far(*range(count)))
    pool.up()
    pool.read()
    pool.pass_seconds(20, *symbols(*range(count)))
    assert not pool.told()
    pool.pass_seconds(6)
    assert set(pool.hub.suspected) == set(symbols(*range(count)))
    return pool, {symbol: pool.volume - 10 * (count - 1 - n) for n, symbol in enumerate(symbols(*range(count)))}


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_connected_feed_that_is_silent_is_told_within_seconds_and_given_up_after_half_a_minute(
    is_asked: bool,
) -> None:
    """Regression 23: twenty symbols, nothing comes; one alarm names them all, then the line is to be connected anew.

    Told as soon as calls say that two of them trade, and five seconds later where no call answers.
    """
    pool, brought = quiet_line(20)
    quiet_since = pool.now - 6 * SECOND
    if is_asked:
        for symbol in symbols(1, 2):
            pool.hub.asked(symbol, brought[symbol] + 10, pool.now)
    else:
        pool.pass_seconds(5)
    told = pool.told()
    assert [one.event for one in told] == [FeedEvent.SILENT]
    assert set(told[0].symbols) == set(symbols(*range(20)))
    assert told[0].since == quiet_since
    talk = pool.talks["line0"]
    endings = [talk.ending]
    pool.pass_seconds(25)
    assert [*endings, talk.ending] == [None, Ending.SILENT]
    assert not pool.told()
    assert not any("-" in text for text in pool.sent["line0"])


def test_a_line_none_of_whose_symbols_trades_is_no_alarm_and_not_given_up() -> None:
    """Three quiet symbols: calls say of each that nothing was missed."""
    pool, brought = quiet_line(3)
    for _ in range(60):
        for symbol in pool.hub.suspected:
            pool.hub.asked(symbol, brought[symbol], pool.now)
        pool.pass_seconds(1)
    assert not pool.told()
    assert pool.talks["line0"].ending is None
    assert not pool.hub.gaps()


def test_the_index_alone_shows_that_a_line_lives() -> None:
    """Its symbols are then judged one by one."""
    pool = Pool(40)
    pool.want(far(1, 2), indices=("0001",))
    pool.up()
    pool.read()
    pool.pass_seconds(20, *symbols(1, 2))
    fields = "^".join(["0001", "100000", "2600.00", *["0"] * 27])
    for _ in range(9):
        pool.pass_seconds(1)
        pool.talks["line0"].take(f"0|{STREAMS[Channel.INDEX]}|001|{fields}", pool.now)
    assert not pool.hub.suspected
    pool.pass_seconds(60)
    assert pool.hub.suspected


def quiet_one() -> tuple[Pool, Nanos]:
    """Two symbols that trade each second, and then one alone, until the other is suspected; since when it is quiet."""
    pool = Pool(40)
    pool.want(far(1, 2))
    pool.up()
    pool.pass_seconds(60, *symbols(1, 2))
    pool.read()
    quiet_since = pool.now
    while not pool.hub.suspected:
        pool.pass_seconds(1, "000001")
    assert pool.now - quiet_since <= 15 * SECOND
    assert pool.hub.suspected == ("000002",)
    return pool, quiet_since


def test_a_symbol_that_does_not_trade_is_no_alarm() -> None:
    """The stream has brought as many shares as the exchange has traded: nothing was missed, there was no gap."""
    pool, quiet_since = quiet_one()
    assert not pool.hub.is_fed("000002")
    brought = pool.volume - (pool.now - quiet_since) // SECOND * 10
    pool.hub.asked("000002", brought, pool.now)
    assert pool.hub.is_fed("000002")
    assert not pool.hub.suspected
    longest = pool.now - quiet_since
    pool.pass_seconds(longest // SECOND, "000001")
    pool.answer()
    assert not pool.hub.suspected  # who was quiet for so long may be so again
    assert not pool.told()
    assert not pool.hub.gaps()
    assert not any("-" in text for text in pool.sent["line0"])


def test_a_symbol_that_trades_and_is_not_heard_is_told_with_the_time_and_registered_anew_but_not_in_a_loop() -> None:
    """Quirk F4; once in five minutes at most (quirk F5). It is a gap until it is heard."""
    pool, quiet_since = quiet_one()
    pool.hub.asked("000002", pool.volume + 10, pool.now)
    pool.pass_seconds(2, "000001")
    assert not pool.told()  # the trade may have been on its way
    pool.hub.asked("000002", pool.volume + 10, pool.now)
    pool.answer()
    (told,) = pool.told()
    assert (told.event, told.symbols, told.since) == (FeedEvent.SILENT, ("000002",), quiet_since)
    assert not pool.hub.is_fed("000002")
    assert pool.hub.is_fed("000001")
    assert pool.sent["line0"][-2:] == ["-H0STCNT0000002", "+H0STCNT0000002"]
    pool.pass_seconds(200, "000001")
    pool.answer()
    assert pool.sent["line0"].count("-H0STCNT0000002") == 1
    pool.trade("000002")
    assert [one.event for one in pool.told()] == [FeedEvent.HEARD]
    assert pool.hub.is_fed("000002")
    assert pool.hub.gaps() == (Gap("000002", quiet_since, pool.now, GapReason.SILENCE),)


def test_a_trade_that_was_on_its_way_ends_the_suspicion_without_a_word() -> None:
    """The call knew of it a moment before the stream brought it."""
    pool, _ = quiet_one()
    pool.hub.asked("000002", pool.volume + 10, pool.now)
    pool.trade("000002")
    pool.pass_seconds(3, *symbols(1, 2))
    assert not pool.told()
    assert pool.hub.is_fed("000002")


def unheard_one() -> Pool:
    """Two symbols of which one trades each second and nothing has come of the other yet: he is suspected."""
    pool = Pool(40)
    pool.want(far(1, 2))
    pool.up()
    pool.read()
    while not pool.hub.suspected:
        pool.pass_seconds(1, "000001")
    return pool


def test_of_a_symbol_that_was_never_heard_only_what_trades_from_now_on_is_missed() -> None:
    """What the day had brought before us proves nothing; nor does it that nothing trades for two seconds. Calls answer: no alarm."""
    pool = unheard_one()
    for _ in range(30):
        pool.hub.asked("000002", 5_000, pool.now)
        assert pool.hub.suspected == ("000002",)
        assert not pool.hub.is_fed("000002")
        pool.pass_seconds(2, "000001")
    pool.hub.asked("000002", 5_000, pool.now)
    assert not pool.hub.suspected
    assert pool.hub.is_fed("000002")
    assert not pool.told()


def test_a_symbol_that_has_not_traded_today_is_not_missed() -> None:
    """Nothing was there to be heard, before us and since."""
    pool = unheard_one()
    for _ in range(2):
        pool.hub.asked("000002", 0, pool.now)
    assert pool.hub.is_fed("000002")
    assert not pool.told()


def test_a_registration_that_never_brings_anything_is_told_with_the_first_trades_that_calls_show() -> None:
    """Quirk F4 from the beginning: a pause between two looks does not make it trusted."""
    pool = unheard_one()
    for volume in (5_000, 5_000, 5_000, 5_010, 5_010):
        pool.hub.asked("000002", volume, pool.now)
        pool.pass_seconds(2, "000001")
    (told,) = pool.told()
    assert (told.event, told.symbols) == (FeedEvent.SILENT, ("000002",))
    assert not pool.hub.is_fed("000002")


def test_what_trades_while_nobody_watches_is_not_missed() -> None:
    """While a line is down, and before a symbol has found its place on the stream, calls alone see it trade."""
    pool, _ = quiet_one()
    pool.lose()
    pool.hub.asked("000002", pool.volume, pool.now)
    pool.up()
    pool.read()
    while not pool.hub.suspected:
        pool.pass_seconds(1, "000001")
    for _ in range(31):
        pool.hub.asked("000002", 900_000, pool.now)
        pool.pass_seconds(2, "000001")
    assert not pool.told()
    assert pool.hub.is_fed("000002")


def test_no_silence_is_told_once_the_closing_auction_has_begun() -> None:
    """Suspected a moment before, and nothing is expected any more."""
    pool = Pool(40)
    pool.now = HOURS.close_auction - 90 * SECOND
    pool.want(far(1, 2))
    pool.up()
    pool.pass_seconds(75, *symbols(1, 2))
    pool.read()
    while not pool.hub.suspected:
        pool.pass_seconds(1, "000001")
    assert pool.now < HOURS.close_auction
    pool.pass_seconds(60)
    assert not pool.told()


def test_a_symbol_that_was_level_and_then_trades_unheard_does_not_excuse_its_line() -> None:
    """One seen ahead keeps the suspicion, whenever the answers of the others come."""
    pool, brought = quiet_line(3)
    first, *others = brought
    pool.hub.asked(first, brought[first], pool.now)
    pool.hub.asked(first, brought[first] + 10, pool.now)
    for symbol in others:
        pool.hub.asked(symbol, brought[symbol], pool.now)
    assert set(pool.hub.suspected) == set(brought)


def test_where_no_call_answers_a_symbol_of_which_nothing_comes_is_told_all_the_same() -> None:
    """In doubt people are told; when a call says later that nothing was missed, that is told too."""
    pool, quiet_since = quiet_one()
    brought = pool.volume - (pool.now - quiet_since) // SECOND * 10
    pool.pass_seconds(9, "000001")
    assert not pool.told()
    pool.pass_seconds(1, "000001")
    (told,) = pool.told()
    assert (told.event, told.symbols, told.since) == (FeedEvent.SILENT, ("000002",), quiet_since)
    assert pool.hub.suspected == ("000002",)
    pool.hub.asked("000002", brought, pool.now)
    assert [(one.event, one.symbols) for one in pool.told()] == [(FeedEvent.HEARD, ("000002",))]


def test_nothing_is_missed_outside_continuous_trading_nor_of_a_symbol_in_a_vi() -> None:
    """What is expected decides, not silence alone."""
    pool = Pool(40)
    pool.now = HOURS.close_auction
    pool.want(far(1, 2))
    pool.up()
    pool.pass_seconds(300)
    assert [one.event for one in pool.told()] == [FeedEvent.UP]
    halted = Pool(40)
    halted.want(far(1, 2))
    halted.up()
    halted.pass_seconds(60, *symbols(1, 2))
    halted.read()
    status = "000002^N^^^^^^55^Y^N"
    halted.talks["line0"].take(f"0|{STREAMS[Channel.STATUS]}|001|{status}", halted.now)
    halted.pass_seconds(120, "000001")
    assert not halted.hub.suspected
    halted.talks["line0"].take(f"0|{STREAMS[Channel.STATUS]}|001|{status.replace('^Y^', '^N^')}", halted.now)
    halted.pass_seconds(30, "000001")
    assert [one.symbols for one in halted.told()] == [("000002",)]


def test_a_lost_connection_is_a_gap_of_every_symbol_from_the_last_message_to_the_new_answer() -> None:
    """The order of one connection proves that nothing was missed before its last message."""
    pool = Pool(40)
    pool.want(far(1, 2))
    pool.up()
    pool.pass_seconds(10, *symbols(1, 2))
    last = pool.now
    pool.now += 2 * SECOND
    pool.lose()
    assert {gap.start for gap in pool.hub.gaps()} == {last}
    pool.now += 3 * SECOND
    pool.up()
    answered = pool.now
    pool.pass_seconds(5, *symbols(1, 2))
    assert pool.hub.gaps() == tuple(Gap(s, last, answered, GapReason.CONNECTION) for s in symbols(1, 2))


def test_a_connection_that_never_brought_anything_counts_as_none() -> None:
    """How long a connection was proven decides how long the next pause is."""
    pool = Pool(40)
    pool.want(far(1))
    pool.up()
    pool.now += 40 * SECOND
    assert pool.lose() == 0
    pool.up()
    pool.pass_seconds(70, "000001")
    assert pool.lose() == 70 * SECOND


def test_several_app_keys_are_one_pool_and_what_does_not_fit_is_named() -> None:
    """Two lines of three places: notices on the first, six registrations in all."""
    pool = Pool(3, 3, hts_id="user01")
    pool.want([*far(1, 2, 3, 4, 5, 6), Need(symbol="005930", rank=9, is_held=True)])
    pool.up("line0", "line1")
    assert len(pool.talks["line0"].live) == len(pool.talks["line1"].live) == 3
    assert next(iter(pool.talks["line0"].live)) == Registration(Channel.NOTICES, "user01")
    assert Registration(Channel.NOTICES, "user01") not in pool.talks["line1"].live
    assert pool.hub.allotment.unwatched == tuple(symbols(3, 4, 5, 6))
    assert pool.hub.is_fed("005930")
    assert [(line.is_up, line.proven, line.wanted) for line in pool.hub.status()] == [(True, 3, 3), (True, 3, 3)]


def test_a_line_that_stays_down_leaves_its_symbols_to_the_others() -> None:
    """After half a minute; the dearest move, the cheapest are named. When it is back they return."""
    pool = Pool(3, 3)
    pool.want(far(1, 2, 3, 4))
    pool.up("line0", "line1")
    lost = {one.key for one in pool.talks["line0"].live}
    pool.lose("line0")
    pool.pass_seconds(29, name="line1")
    assert {one.key for one in pool.talks["line1"].live} == set(symbols(1, 2, 3, 4)) - lost
    pool.pass_seconds(1, name="line1")
    pool.answer("line1")
    assert {one.key for one in pool.talks["line1"].live} == set(symbols(1, 2, 3))
    assert pool.hub.allotment.unwatched == ("000004",)
    pool.up("line0")
    assert all(pool.hub.is_fed(symbol) for symbol in symbols(1, 2, 3, 4))


def test_what_moves_to_another_line_is_given_up_only_after_it_is_proven_there() -> None:
    """No tick is lost on the way: for a moment both lines have it."""
    pool = Pool(3, 3)
    pool.want(far(1, 2, 3, 4))
    pool.up("line0", "line1")
    before = set(pool.talks["line0"].live)
    pool.sent.clear()
    pool.hub.listener("line0").full(len(before) - 1, pool.now)
    pool.answer("line0")
    assert set(pool.talks["line0"].live) == before
    pool.answer("line1")
    pool.answer("line0")
    ((given_up,), (taken,)) = pool.sent["line0"], pool.sent["line1"]
    assert (given_up[0], taken[0]) == ("-", "+")
    assert given_up[1:] == taken[1:]


def test_a_held_symbol_that_finds_no_place_is_told() -> None:
    """Somebody has to ask for its price (`spec/market.md` section 2)."""
    pool = Pool(2)
    held = [Need(symbol=symbol, rank=0, is_held=True) for symbol in symbols(1, 2, 3)]
    pool.want(held)
    (told,) = pool.told()
    assert (told.event, told.symbols) == (FeedEvent.HELD_UNWATCHED, ("000003",))
    pool.hub.judge(pool.now)
    assert not pool.told()


def test_a_symbol_that_comes_near_gets_book_and_status_without_losing_its_trades() -> None:
    """Promotion registers two more and gives nothing up but the cheapest, after the new ones are proven."""
    pool = Pool(4)
    needs = far(1, 2, 3, 4)
    pool.want(needs)
    pool.up()
    pool.sent.clear()
    near = replace(needs[0], distance=Fraction(1, 200))
    pool.want([near, *needs[1:]])
    pool.answer()
    assert pool.sent["line0"] == ["+H0STMKO0000001", "+H0STASP0000001", "-H0STCNT0000003", "-H0STCNT0000004"]
    assert pool.hub.allotment.unwatched == tuple(symbols(3, 4))
    pool.sent.clear()
    pool.now += 2 * MINUTE
    pool.want([replace(near, distance=Fraction(1, 10)), *needs[1:]])
    pool.answer()
    assert "-H0STCNT0000001" not in pool.sent["line0"]
    assert all(pool.hub.is_fed(symbol) for symbol in symbols(1, 2, 3, 4))


def test_fewer_places_than_planned_are_planned_with() -> None:
    """Quirk F2: the refused ones are named."""
    pool = Pool(10)
    pool.want(far(*range(8)))
    pool.connect()
    pool.answer(broker_limit=5)
    assert [told.event for told in pool.told()] == [FeedEvent.FULL, FeedEvent.UP]
    assert pool.hub.allotment.unwatched == tuple(symbols(5, 6, 7))


def test_a_trade_that_comes_twice_is_handed_on_once() -> None:
    """Cumulative volume only rises (`spec/ops.md` section 6); a new day begins anew."""
    pool = Pool(40)
    pool.want(far(1))
    pool.up()
    pool.read()
    first, second = trade("000001", pool.now, 10), trade("000001", pool.now, 20)
    pool.send(Channel.TRADES, first, second)
    pool.send(Channel.TRADES, first, second)
    tomorrow = trade("000001", pool.now + 24 * 60 * MINUTE, 5)
    pool.send(Channel.TRADES, tomorrow)
    assert [m.record for m in pool.read() if isinstance(m, Received)] == [first, second, tomorrow]
    assert pool.hub.counts.repeated_trades == 2


def notice(account: str) -> Notice:
    frame = Frame(
        STREAMS[Channel.NOTICES],
        False,
        1,
        f"user01^{account}^0000085100^^02^0^00^0^005930^0000000010^000071900^094415^0^2^2^00950^000000010^^000000000^1^Y^^10^^삼성^000071900",
    )
    from kats_core.kis.wire.records import read_records

    (record,) = read_records(frame)
    assert isinstance(record, Notice)
    return record


def test_notices_of_other_accounts_are_not_ours() -> None:
    """Quirk F9: the broker sends those of all accounts of the user."""
    pool = Pool(40, hts_id="user01")
    pool.want([])
    pool.up()
    pool.read()
    pool.send(Channel.NOTICES, notice(THEIRS), name="line0")
    pool.send(Channel.NOTICES, notice(OURS), name="line0")
    (message,) = pool.read()
    assert isinstance(message, Received)
    assert isinstance(message.record, Notice)
    assert message.record.account == OURS
    assert pool.hub.counts.foreign_notices == 1


def test_whether_notices_are_proven_can_be_asked() -> None:
    """While they are not, somebody has to ask about orders."""
    pool = Pool(40, hts_id="user01")
    pool.want([])
    pool.connect()
    heard = [pool.hub.hears_of_orders]
    pool.answer()
    heard.append(pool.hub.hears_of_orders)
    pool.lose()
    assert [*heard, pool.hub.hears_of_orders] == [False, True, False]


def test_many_unreadable_texts_within_a_minute_are_told_and_the_connection_goes_on() -> None:
    """A wrong width is counted; twenty within a minute are an alarm (`spec/ops.md` section 8)."""
    pool = Pool(40)
    pool.want(far(1))
    pool.up()
    pool.read()
    for _ in range(MOST_UNREADABLE):
        pool.talks["line0"].take("0|H0STCNT0|002|000001^100000^70000", pool.now)
    assert not pool.told()
    pool.talks["line0"].take("0|H0STCNT0|002|000001^100000^70000", pool.now)
    (told,) = pool.told()
    assert (told.event, told.symbols) == (FeedEvent.UNREADABLE, ("000001",))
    assert pool.hub.counts.unreadable == MOST_UNREADABLE + 1
    pool.trade("000001")
    assert len(pool.read()) == 1


def test_a_reader_that_falls_behind_loses_the_oldest_trades_and_is_told_so() -> None:
    """Bounded memory, a count, a gap in the report, and the alarms kept."""
    pool = Pool(40, terms=HubTerms(patience=5, capacity=10))
    pool.want(far(1))
    pool.up()
    pool.pass_seconds(30, "000001")
    backlog = pool.hub.backlog
    assert (backlog.waiting, backlog.most) == (10, 10)
    told = [message for message in pool.read() if isinstance(message, Told)]
    assert [one.event for one in told] == [FeedEvent.UP, FeedEvent.BEHIND]
    assert pool.hub.backlog.lost == 22
    assert [gap.reason for gap in pool.hub.gaps()] == [GapReason.BEHIND]


def test_books_are_handed_on_and_prove_the_feed() -> None:
    """A near symbol whose book moves is fed, though nobody trades it."""
    pool = Pool(40)
    pool.want([Need(symbol="000001", rank=0, is_held=True)])
    pool.up()
    pool.read()
    levels = "^".join(["0"] * 40)
    for _ in range(90):
        pool.now += SECOND
        text = f"000001^100000^{QuotePhase.TRADING.value}^{levels}^0^0^0^0^0^0^0^0^5^0.00^100^0^0^0^0^0^0^0^0^2"
        pool.talks["line0"].take(f"0|{STREAMS[Channel.BOOK]}|001|{text}", pool.now)
        pool.hub.judge(pool.now)
    assert not [message for message in pool.read() if isinstance(message, Told)]
    assert pool.hub.counts.unreadable == 0


moves = st.lists(
    st.one_of(
        st.tuples(
            st.just("want"), st.lists(st.tuples(st.integers(0, 9), st.booleans()), unique_by=lambda n: n[0], max_size=8)
        ),
        st.tuples(st.just("answer"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.sampled_from(["connect", "lose"]), st.sampled_from(["line0", "line1"])),
    ),
    max_size=25,
)


@given(moves, st.integers(1, 6), st.integers(1, 6))
def test_whatever_happens_to_lines_and_wishes_the_pool_ends_as_planned(
    path: list[tuple[str, Any]], first: int, second: int
) -> None:
    """Connections that come and go, answers that take their time, needs that change: at rest each place is taken and proven once."""
    pool = Pool(first, second, hts_id="user01")
    for what, how in path:
        pool.do(what, how)
        for talk in pool.talks.values():
            assert len(talk.live) <= HARD_LIMIT
    for name, talk in list(pool.talks.items()):
        if talk.ending is not None:
            pool.lose(name)  # given up for its silence: the feed connects again
    for name in {"line0", "line1"} - pool.talks.keys():
        pool.connect(name)
    for _ in range(3):
        for name in pool.talks:
            pool.answer(name)
    live = [one for talk in pool.talks.values() for one in talk.live]
    assert len(live) == len(set(live))
    assert set(live) == set(pool.hub.allotment.given)
    assert all(len(pool.talks[name].live) <= limit for name, limit in (("line0", first), ("line1", second)))
    assert pool.hub.hears_of_orders


@pytest.mark.parametrize("ending", [Ending.CREDENTIALS, Ending.UNREACHABLE])
def test_a_line_that_cannot_connect_is_told_once_and_its_places_are_not_counted_for_long(ending: Ending) -> None:
    """Without credentials at once, without a connection after half a minute: what it had is asked for by calls."""
    pool = Pool(40)
    pool.want(far(1))
    pool.hub.ended("line0", ending, "no", pool.now)
    assert [told.event for told in pool.told()] == [FeedEvent.DOWN]
    pool.pass_seconds(31)
    assert pool.hub.allotment.unwatched == ("000001",)
