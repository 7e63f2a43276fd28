"""Bring the lines of the pool together: who watches what, what has come, who is silent, what is missing.

A line is one app key with its one session. The hub plans the places, hears what each connection brings, and says what is to be
done; sockets, tasks and clocks are `feed`'s. Everything that happens leaves by one inbox, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kats_core.kis.stream.answers import Meaning
from kats_core.kis.stream.budget import USUAL_LIMIT, Allotment, Nearness, NearTerms, Need, allot
from kats_core.kis.stream.conversation import Conversation, Ending
from kats_core.kis.stream.gaps import Gap, GapReason, Gaps
from kats_core.kis.stream.inbox import Backlog, Inbox
from kats_core.kis.stream.messages import FeedEvent, FeedMessage, Received, Told
from kats_core.kis.stream.placement import place
from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.kis.stream.watchdog import Expecting, SilenceTerms, Watchdog
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.records import (
    BookRecord,
    ExpectedRecord,
    IndexRecord,
    MarketStatus,
    Notice,
    Record,
    TradeRecord,
    read_records,
)
from kats_core.kis.wire.stream import Frame
from kats_core.model.time import MINUTE, SECOND, Nanos

MOST_UNREADABLE = 20
"""Unreadable texts within a minute after which the feed of a line is not trusted (`spec/ops.md` section 8)."""


_BETWEEN_SESSIONS: Nanos = 8 * 60 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTerms:
    """How the hub judges.

    `reassign_after`: a line that is down for so long leaves its symbols to the others. `renew_after`: how often a silent
    registration is given back and asked for anew at most; doing so in a loop gets a client blocked (`kis/quirks.md` F5).
    `tell_unanswered`: a symbol of which nothing comes is told after so long even where no call says whether it trades, a line
    on which nothing at all comes after `tell_unanswered_line`.
    """

    near: NearTerms = field(default_factory=NearTerms)
    silence: SilenceTerms = field(default_factory=SilenceTerms)
    reassign_after: Nanos = 30 * SECOND
    renew_after: Nanos = 5 * MINUTE
    tell_unanswered: Nanos = 10 * SECOND
    tell_unanswered_line: Nanos = 5 * SECOND
    patience: int = 2_000
    capacity: int = 100_000


@dataclass(frozen=True, slots=True)
class LineStatus:
    """A line as a person sees it. `last_text` is when anything came on it last."""

    name: str
    is_up: bool
    proven: int
    wanted: int
    last_text: Nanos | None
    why_down: str


@dataclass(slots=True)
class Counts:
    """What was dropped, and why nobody misses it."""

    foreign_notices: int = 0
    """Notices of other accounts of the same user."""
    repeated_trades: int = 0
    """Trades whose cumulative volume was known already, as after a reconnect."""
    unreadable: int = 0


@dataclass(slots=True)
class _Suspicion:
    """A symbol of which nothing has come `since` then, which was seen to be long, or a call said little of, `at` an instant.

    `is_ahead`: a call has shown trades that the stream did not bring; `is_proven`: a second has, so they were not just on their way.
    """

    since: Nanos
    at: Nanos
    is_told: bool
    is_ahead: bool = False
    is_proven: bool = False


@dataclass(slots=True)
class _Quiet:
    """A line on which nothing has come `since` then, which was seen to be long `at` an instant.

    `ahead` are symbols of which a call has shown more than the stream brought, `level` those of which it has not.
    """

    since: Nanos
    at: Nanos
    is_told: bool = False
    ahead: set[str] = field(default_factory=set)
    level: set[str] = field(default_factory=set)


@dataclass
class _Line:
    name: str
    limit: int
    watchdog: Watchdog
    notices: Registration | None
    places: int = 0
    talk: Conversation | None = None
    down_since: Nanos | None = None
    why_down: str = "not connected yet"
    is_out: bool = False
    is_announced: bool = False
    first_proof: Nanos | None = None
    last_text: Nanos | None = None
    unreadable: deque[Nanos] = field(default_factory=deque)
    quiet: _Quiet | None = None


class Hub:
    """The pool without its sockets.

    `streams` are the channels that the environment offers; `account` (ten digits) is whose notices are ours, none where it is
    None. `arrived` is called after each message that waits in the inbox.
    """

    def __init__(
        self,
        streams: Mapping[Channel, str],
        account: str | None,
        terms: HubTerms,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        self._streams, self._account, self._terms, self._arrived = streams, account, terms, arrived
        self._lines: dict[str, _Line] = {}
        self._needs: tuple[Need, ...] = ()
        self._indices: tuple[str, ...] = ()
        self._nearness = Nearness(terms.near)
        self._at: dict[Registration, str] = {}
        self._planned: tuple[object, ...] = ()
        self._barred: dict[Registration, str] = {}
        self._expecting: Expecting = lambda _: None
        self._volume: dict[str, tuple[Nanos, int]] = {}
        self._renewed: dict[str, Nanos] = {}
        self._suspected: dict[str, _Suspicion] = {}
        self._brought: dict[str, int] = {}
        self._looked: dict[str, tuple[int, Nanos]] = {}
        self._held_unwatched: tuple[str, ...] = ()
        self._told_behind: Nanos | None = None
        self._lost_told = 0
        self._gaps = Gaps()
        self._inbox = Inbox[FeedMessage](_slot, _is_kept, self._lose, patience=terms.patience, capacity=terms.capacity)
        self.allotment = Allotment((), ())
        self.counts = Counts()

    # What is wanted

    def add_line(self, name: str, *, limit: int = USUAL_LIMIT, hts_id: str = "") -> None:
        """Add an app key's session; the first with an HTS id carries the notices."""
        has_notices = any(line.notices is not None for line in self._lines.values())
        notices = Registration(Channel.NOTICES, hts_id) if hts_id and not has_notices else None
        self._lines[name] = _Line(name, limit, Watchdog(self._terms.silence), notices, places=limit)

    def want(self, needs: Iterable[Need], now: Nanos, *, indices: Sequence[str] = ()) -> None:
        """Watch these symbols and indices from now on, and no others."""
        self._needs, self._indices = tuple(needs), tuple(indices)
        self._plan(now)

    def expect(self, expecting: Expecting) -> None:
        """Judge silence by when trades are expected (`watchdog.continuous_trading`); none are until this is called."""
        self._expecting = expecting

    def set_trading(self, symbol: str, now: Nanos, *, is_trading: bool) -> None:
        """Expect no trades of a symbol that is halted, or expect them again; what the stream says of it does the same."""
        for line in self._lines.values():
            if is_trading:
                line.watchdog.resume(symbol, now)
            else:
                line.watchdog.pause(symbol)

    # What the lines do

    def connected(self, name: str, talk: Conversation, now: Nanos) -> None:
        """Note that a line has a connection; nothing of it is proven yet."""
        line = self._lines[name]
        line.talk, line.places, line.is_out, line.is_announced = talk, line.limit, False, False
        line.first_proof = line.last_text = None
        line.unreadable.clear()
        self._plan(now)

    def ended(self, name: str, ending: Ending, detail: str, now: Nanos) -> Nanos:
        """Note that a line has lost its connection, or got none; return for how long it had been proven."""
        line = self._lines[name]
        proven_for = 0
        if line.first_proof is not None and line.last_text is not None:
            proven_for = line.last_text - line.first_proof
        symbols = self._symbols_of(line)
        for symbol in symbols:
            self._gaps.begin(symbol, line.last_text or line.first_proof or now, GapReason.CONNECTION)
            self._forget(symbol)
        was_up = line.talk is not None
        line.talk, line.is_out, line.why_down = None, ending is Ending.CREDENTIALS, detail or ending.value
        line.watchdog.forget_all()
        line.quiet = None
        if was_up or line.down_since is None or line.is_out:
            line.down_since = line.down_since or now
            if ending is not Ending.STOPPED:
                self._tell(FeedEvent.DOWN, line, now, symbols, f"{ending.value}: {detail}" if detail else ending.value)
        self._plan(now)
        return proven_for

    def judge(self, now: Nanos) -> None:
        """Look at all lines as time passes, once a second or so: who is silent, who is down for long, who is near no more."""
        since = self._expecting(now)
        for line in self._lines.values():
            if line.talk is None:
                continue
            found = line.watchdog.judge(now, since)
            if found.is_session_silent:
                line.quiet = _Quiet(line.last_text or line.first_proof or now, now)
            elif not line.watchdog.is_all_silent:
                line.quiet = None
            quiet = None if since is None else line.quiet
            if quiet is not None and now - quiet.at >= self._terms.tell_unanswered_line:
                self._tell_quiet(line, quiet, now)
            self._suspect(line, found.silent, now)
            if found.is_dead:
                line.talk.end(Ending.SILENT)
        self._tell_unanswered(now, since)
        self._tell_behind(now)
        self._plan(now)

    @property
    def suspected(self) -> tuple[str, ...]:
        """Symbols of which nothing comes for longer than usual: a call has to tell whether they trade at all (`asked`)."""
        quiet = (symbol for line in self._lines.values() if line.quiet is not None for symbol in self._symbols_of(line))
        alone = (symbol for symbol, one in self._suspected.items() if not one.is_proven)
        return tuple(dict.fromkeys([*alone, *quiet]))

    def asked(self, symbol: str, day_volume: int, now: Nanos) -> None:
        """Take in how many shares of a suspected symbol a call says were traded today.

        Not more than the stream brought: nothing was missed. More, at two looks in between which nothing came: it is silent,
        for a trade seen by the first may have been on its way. Where the connection has brought nothing of the symbol, what was
        traded before the first look is missed by nobody, and that nothing was traded since says something only after a while.
        """
        since = self._expecting(now)
        if since is None or symbol not in self.suspected:
            return
        if symbol in self._brought:
            known, is_proof = self._brought[symbol], True
        elif symbol in self._looked:
            known, at = self._looked[symbol]
            is_proof = not day_volume or now - at >= self._terms.silence.unheard
        else:
            self._looked[symbol] = day_volume, now
            self._wait_on(symbol, now)
            return
        is_missed = day_volume > known
        self._judge_quiet(symbol, now, since, is_missed=is_missed)
        if is_missed or is_proof:
            self._judge_suspected(symbol, now, since, is_missed=is_missed)
        else:
            self._wait_on(symbol, now)

    def listener(self, name: str) -> LineListener:
        """Return who hears a line's connection."""
        return LineListener(self, self._lines[name])

    # What is to be read

    def take(self) -> FeedMessage | None:
        """Return the oldest message, None when nothing waits."""
        return self._inbox.take()

    @property
    def backlog(self) -> Backlog:
        """How far the reader is behind, and was."""
        return self._inbox.backlog

    def gaps(self, symbols: Iterable[str] | None = None) -> tuple[Gap, ...]:
        """Report from when to when there was no proof of feed, of all symbols or of some."""
        return self._gaps.report(symbols)

    def status(self) -> tuple[LineStatus, ...]:
        """Return the state of each line."""
        return tuple(self._status(line) for line in self._lines.values())

    def refused(self) -> Mapping[Registration, str]:
        """Return the registrations that the broker refuses for good, and why."""
        return dict(self._barred)

    def live(self, channel: Channel) -> frozenset[str]:
        """Return the keys of a channel whose registrations the broker has confirmed on a connection that stands."""
        talks = (line.talk for line in self._lines.values() if line.talk is not None)
        return frozenset(one.key for talk in talks for one in talk.live if one.channel is channel)

    def is_fed(self, symbol: str) -> bool:
        """Tell whether a symbol's trades are registered, proven by the broker's answer, and not judged silent."""
        one = Registration(Channel.TRADES, symbol)
        return any(
            line.talk is not None and one in line.talk.live and not line.watchdog.is_silent(symbol)
            for line in self._lines.values()
        )

    @property
    def hears_of_orders(self) -> bool:
        """Tell whether the notices are registered and proven; where they are not, orders have to be asked about."""
        lines = self._lines.values()
        return any(
            line.talk is not None and line.notices in line.talk.live for line in lines if line.notices is not None
        )

    def _status(self, line: _Line) -> LineStatus:
        return LineStatus(
            name=line.name,
            is_up=line.talk is not None,
            proven=0 if line.talk is None else len(line.talk.live),
            wanted=sum(1 for name in self._at.values() if name == line.name),
            last_text=line.last_text,
            why_down="" if line.talk is not None else line.why_down,
        )

    def _plan(self, now: Nanos) -> None:
        """Give the places anew where anything has changed that decides about them, and tell each session its aim."""
        usable = {line.name: line.places for line in self._lines.values() if self._is_usable(line, now)}
        near = self._nearness.update(self._needs, now)
        # How far it is to a level decides by who is near, and moves with each trade; the rest hardly ever changes.
        wishes = [(need.symbol, need.rank, need.is_held, need.is_due, need.also) for need in self._needs]
        asked = (wishes, near, self._indices, usable, len(self._barred))
        if asked != self._planned:
            self._give_places(near, usable)
            self._planned = asked
        for line in self._lines.values():
            if line.talk is not None:
                line.talk.aim_at(self._aim(line, line.talk.live))
        self._tell_unwatched(now)

    def _give_places(self, near: Collection[str], usable: Mapping[str, int]) -> None:
        pinned = {line.notices: line.name for line in self._lines.values() if line.notices is not None}
        always = [*pinned, *(Registration(Channel.INDEX, index) for index in self._indices)]
        self.allotment = allot(
            always, self._needs, near, sum(usable.values()), offered=self._streams.keys(), barred=self._barred.keys()
        )
        self._at = place(self.allotment.given, self._at, usable, pinned)

    def _is_usable(self, line: _Line, now: Nanos) -> bool:
        if line.talk is not None or line.down_since is None:
            return True
        return not line.is_out and now - line.down_since < self._terms.reassign_after

    def _aim(self, line: _Line, live: Collection[Registration]) -> list[Registration]:
        """Return what a line shall have: its own, and what is to move to another line until it is proven there."""
        own = [one for one, name in self._at.items() if name == line.name]
        leaving = [
            one for one in live if self._at.get(one, line.name) != line.name and not self._is_proven_at_home(one)
        ]
        return own + leaving

    def _is_proven_at_home(self, one: Registration) -> bool:
        home = self._lines[self._at[one]].talk
        return home is not None and one in home.live

    def _tell_unwatched(self, now: Nanos) -> None:
        held = {need.symbol for need in self._needs if need.is_held}
        unwatched = tuple(symbol for symbol in self.allotment.unwatched if symbol in held)
        if unwatched != self._held_unwatched:
            self._held_unwatched = unwatched
            if unwatched:
                self._put(Told(now, FeedEvent.HELD_UNWATCHED, "", unwatched, "ask for their prices by calls"))

    def _symbols_of(self, line: _Line) -> tuple[str, ...]:
        live = () if line.talk is None else line.talk.live
        return tuple(one.key for one in live if one.channel is Channel.TRADES)

    def _suspect(self, line: _Line, silent: tuple[str, ...], now: Nanos) -> None:
        for symbol in silent:
            heard = line.watchdog.last_heard(symbol)
            since = now if heard is None else heard
            self._gaps.begin(symbol, since, GapReason.SILENCE)
            self._suspected[symbol] = _Suspicion(since, now, is_told=line.quiet is not None and line.quiet.is_told)

    def _judge_quiet(self, symbol: str, now: Nanos, since: Nanos, *, is_missed: bool) -> None:
        """Judge the line of a symbol on which nothing comes: two symbols that trade prove its silence, or one seen twice."""
        for line in self._lines.values():
            quiet, symbols = line.quiet, self._symbols_of(line)
            if quiet is None or symbol not in symbols:
                continue
            if is_missed:
                is_proven = bool(quiet.ahead)
                quiet.ahead.add(symbol)
                quiet.level.discard(symbol)
                if is_proven:
                    self._tell_quiet(line, quiet, now)
                continue
            quiet.level.add(symbol)
            if quiet.level >= set(symbols):
                line.quiet = None
                line.watchdog.excuse_all(now, since)
                if quiet.is_told:
                    self._tell(FeedEvent.HEARD, line, now, symbols, "they do not trade, and nothing was missed")

    def _wait_on(self, symbol: str, now: Nanos) -> None:
        """Go on looking at a symbol of which a call has said something, but not enough: it is not trusted until then."""
        one = self._suspected.get(symbol)
        if one is not None:
            one.at = now

    def _judge_suspected(self, symbol: str, now: Nanos, since: Nanos, *, is_missed: bool) -> None:
        one, line = self._suspected.get(symbol), self._line_of(symbol)
        if one is None or line is None:
            return
        if not is_missed:
            self._excuse(line, symbol, one, now, since)
            return
        one.is_proven = one.is_ahead
        one.is_ahead = True
        if one.is_proven and not one.is_told:
            self._tell_silent(line, symbol, one, now, "registered, and nothing comes, though it trades")

    def _tell_quiet(self, line: _Line, quiet: _Quiet, now: Nanos) -> None:
        if quiet.is_told:
            return
        quiet.is_told = True
        symbols = self._symbols_of(line)
        self._tell(FeedEvent.SILENT, line, now, symbols, "nothing comes on this line", since=quiet.since)
        for symbol in self._suspected.keys() & set(symbols):
            self._suspected[symbol].is_told = True

    def _tell_unanswered(self, now: Nanos, since: Nanos | None) -> None:
        """Tell of symbols of which nobody could say whether they trade; forget those that are not watched any more."""
        for symbol, one in tuple(self._suspected.items()):
            line = self._line_of(symbol)
            if line is None:
                del self._suspected[symbol]
            elif since is None or one.is_told or line.quiet is not None:
                continue
            elif now - one.at >= self._terms.tell_unanswered:
                self._tell_silent(line, symbol, one, now, "registered, and nothing comes")

    def _tell_silent(self, line: _Line, symbol: str, one: _Suspicion, now: Nanos, detail: str) -> None:
        one.is_told = True
        self._tell(FeedEvent.SILENT, line, now, (symbol,), detail, since=one.since)
        if line.talk is not None and not line.watchdog.is_all_silent:
            self._renew(line.talk, symbol, now)

    def _excuse(self, line: _Line, symbol: str, one: _Suspicion, now: Nanos, since: Nanos) -> None:
        line.watchdog.excuse(symbol, now, since)
        self._gaps.disprove(symbol, now)
        del self._suspected[symbol]
        if one.is_told:
            self._tell(FeedEvent.HEARD, line, now, (symbol,), "it does not trade, and nothing was missed")

    def _line_of(self, symbol: str) -> _Line | None:
        """Return the line on which a symbol is silent."""
        return next((line for line in self._lines.values() if line.watchdog.is_silent(symbol)), None)

    def _renew(self, talk: Conversation, symbol: str, now: Nanos) -> None:
        before = self._renewed.get(symbol)
        if before is None or now - before >= self._terms.renew_after:
            self._renewed[symbol] = now
            for one in tuple(talk.live):
                if one.key == symbol and one.channel is Channel.TRADES:
                    talk.renew(one)

    # What connections bring

    def proven(self, line: _Line, registration: Registration, now: Nanos) -> None:
        """Count a registration from here on."""
        line.first_proof = line.first_proof or now
        line.down_since = None
        if registration.channel in (Channel.TRADES, Channel.BOOK):
            line.watchdog.watch(registration.key, now)
        if registration.channel is Channel.TRADES and not line.watchdog.is_silent(registration.key):
            self._gaps.answered(registration.key, now)
        if self._at.get(registration) == line.name:
            self._plan(now)
        self._announce(line, now)

    def released(self, line: _Line, registration: Registration, now: Nanos) -> None:
        """Stop expecting anything of a registration that was given back, unless it is to come again."""
        symbol = registration.key
        if line.talk is None or self._at.get(registration) == line.name:
            return
        if not any(one.key == symbol and one.channel in (Channel.TRADES, Channel.BOOK) for one in line.talk.live):
            line.watchdog.forget(symbol)
        if registration.channel is Channel.TRADES and registration not in self._at:
            self._gaps.forget(symbol, now)
            self._volume.pop(symbol, None)
            self._forget(symbol)

    def _forget(self, symbol: str) -> None:
        """Suspect a symbol no more, and forget how much of its day is known: what trades while nobody watches is not missed."""
        self._suspected.pop(symbol, None)
        self._brought.pop(symbol, None)
        self._looked.pop(symbol, None)

    def refuse(self, line: _Line, registration: Registration, meaning: Meaning, why: str, now: Nanos) -> None:
        """Bar what the broker refuses for good; what it refuses for its own trouble is asked again later."""
        if meaning is not Meaning.TEMPORARY:
            self._barred[registration] = why
        self._tell(FeedEvent.REFUSED, line, now, (registration.key,), f"{registration}: {why}")
        self._plan(now)
        self._announce(line, now)

    def filled(self, line: _Line, places: int, now: Nanos) -> None:
        """Plan with the places that the broker really gives."""
        if places < line.places:
            line.places = places
            self._tell(FeedEvent.FULL, line, now, (), f"{places} registrations and no more")
            self._plan(now)
        self._announce(line, now)

    def _announce(self, line: _Line, now: Nanos) -> None:
        """Tell once a connection that everything on it is proven."""
        if line.talk is not None and line.talk.live and line.talk.is_settled and not line.is_announced:
            line.is_announced = True
            self._tell(FeedEvent.UP, line, now, self._symbols_of(line), f"{len(line.talk.live)} registrations proven")

    def frame(self, line: _Line, frame: Frame, now: Nanos) -> None:
        """Read a frame of data and hand on what is ours of it."""
        line.last_text = now
        try:
            records = read_records(frame)
        except WireError as error:
            self.unreadable(line, error, now)
            return
        since = self._expecting(now)
        for record in records:
            self._record(line, record, now, since)

    def unreadable(self, line: _Line, error: WireError, now: Nanos) -> None:
        """Count a text that cannot be read; many within a minute are told once."""
        self.counts.unreadable += 1
        line.last_text = now
        recent = line.unreadable
        recent.append(now)
        while recent[0] <= now - MINUTE:
            recent.popleft()
        if len(recent) > MOST_UNREADABLE:
            recent.clear()
            symbols = self._symbols_of(line)
            for symbol in symbols:
                self._gaps.lost(symbol, now, GapReason.UNREADABLE)
            self._tell(FeedEvent.UNREADABLE, line, now, symbols, str(error))

    def _record(self, line: _Line, record: Record, now: Nanos, since: Nanos | None) -> None:
        if isinstance(record, TradeRecord):
            self._hear(line, record.symbol, now, since)
            self._brought[record.symbol] = max(record.day_volume, self._brought.get(record.symbol, 0))
            if not self._is_new(record):
                self.counts.repeated_trades += 1
                return
        elif isinstance(record, BookRecord):
            self._hear(line, record.symbol, now, since)
        elif isinstance(record, Notice):
            if record.account != self._account:
                self.counts.foreign_notices += 1
                return
        elif isinstance(record, MarketStatus):
            self._follow(record, now)
        elif isinstance(record, IndexRecord):
            line.watchdog.hear_else(now, since)
        self._put(Received(now, record))

    def _hear(self, line: _Line, symbol: str, now: Nanos, since: Nanos | None) -> None:
        self._gaps.heard(symbol, now)
        if line.watchdog.hear(symbol, now, since):
            one = self._suspected.pop(symbol, None)
            if one is None or one.is_told:
                self._tell(FeedEvent.HEARD, line, now, (symbol,), "")

    def _is_new(self, record: TradeRecord) -> bool:
        """Tell whether a trade moves its day on: the exchange's cumulative volume only rises within a session."""
        known = self._volume.get(record.symbol)
        if known is not None and record.day_volume <= known[1] and record.ts - known[0] < _BETWEEN_SESSIONS:
            return False
        self._volume[record.symbol] = (record.ts, record.day_volume)
        return True

    def _follow(self, record: MarketStatus, now: Nanos) -> None:
        states = [state for state in (record.is_halted, record.is_vi) if state is not None]
        if states:
            self.set_trading(record.symbol, now, is_trading=not any(states))

    def _tell(
        self,
        event: FeedEvent,
        line: _Line,
        now: Nanos,
        symbols: tuple[str, ...],
        detail: str,
        *,
        since: Nanos | None = None,
    ) -> None:
        self._put(Told(now, event, line.name, symbols, detail, since))

    def _put(self, message: FeedMessage) -> None:
        self._inbox.put(message)
        self._arrived()

    def _lose(self, message: FeedMessage) -> None:
        if isinstance(message, Received) and isinstance(message.record, TradeRecord):
            self._gaps.lost(message.record.symbol, message.at, GapReason.BEHIND)

    def _tell_behind(self, now: Nanos) -> None:
        backlog = self.backlog
        is_due = self._told_behind is None or now - self._told_behind >= MINUTE
        if backlog.lost > self._lost_told and is_due:
            detail = f"{backlog.waiting} messages wait, {backlog.lost - self._lost_told} were thrown away"
            self._told_behind, self._lost_told = now, backlog.lost
            self._put(Told(now, FeedEvent.BEHIND, "", (), detail))


@dataclass(frozen=True, slots=True)
class LineListener:
    """Hears one connection for the hub."""

    _hub: Hub
    _line: _Line

    def proven(self, registration: Registration, now: Nanos) -> None:
        self._hub.proven(self._line, registration, now)

    def released(self, registration: Registration, now: Nanos) -> None:
        self._hub.released(self._line, registration, now)

    def refused(self, registration: Registration, meaning: Meaning, why: str, now: Nanos) -> None:
        self._hub.refuse(self._line, registration, meaning, why, now)

    def full(self, places: int, now: Nanos) -> None:
        self._hub.filled(self._line, places, now)

    def frame(self, frame: Frame, now: Nanos) -> None:
        self._hub.frame(self._line, frame, now)

    def unreadable(self, error: WireError, now: Nanos) -> None:
        self._hub.unreadable(self._line, error, now)


def _slot(message: FeedMessage) -> Hashable | None:
    if isinstance(message, Received) and isinstance(message.record, BookRecord | ExpectedRecord):
        return type(message.record), message.record.symbol
    return None


def _is_kept(message: FeedMessage) -> bool:
    return not isinstance(message, Received) or isinstance(message.record, Notice | MarketStatus)
